"""The loss without labels is least where the answer is true, and it can be learned from."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from bodydouble.geometry import camera
from bodydouble.training.loss import joint_positions
from bodydouble.training.network import LifterNetwork, Prediction
from bodydouble.training.training_loop import STATE_FILE, TrainOptions, train
from bodydouble.training.unlabelled import features_with_flipped, stack_windows
from bodydouble.training.unlabelled_loss import (
    MAX_SPEED,
    ObservedPoints,
    fit_scale,
    flip_prediction,
    predicted_offsets,
    project,
    robust_error,
    split_predictions,
    unlabelled_loss_terms,
    unproject,
)
from bodydouble.training.windows import Window
from bodydouble.training.windows import flip_horizontally as mirrored_window
from tests.builders import assert_same
from tests.training import unlabelled_scenes as scenes

EXACT = ("seen", "constancy", "sides", "speed", "mirror")
"""Terms that are zero where the answer is true."""
NEARLY = 0.004
"""Sizes; the middle of the hips in the picture is not quite the picture of their middle."""
Terms = dict[str, float]


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    return [scenes.labelled(seed) for seed in range(2)]


@pytest.fixture(scope="module")
def seen(windows: list[Window]) -> ObservedPoints:
    return ObservedPoints.from_windows(stack_windows([scenes.unlabelled(one) for one in windows]))


@pytest.fixture(scope="module")
def answer(windows: list[Window]) -> Prediction:
    return scenes.true_answer(windows)


def costs(answer: Prediction, seen: ObservedPoints, other: Prediction | None = None) -> Terms:
    found = unlabelled_loss_terms(answer, other or flip_prediction(answer), seen)
    return {name.removeprefix("unlabelled_"): float(term) for name, term in found.items()}


def noise(like: torch.Tensor, size: float) -> torch.Tensor:
    return size * torch.randn(like.shape, generator=torch.Generator().manual_seed(1))


def test_terms_vanish_where_the_answer_is_true(answer: Prediction, seen: ObservedPoints) -> None:
    found = costs(answer, seen)
    for name in EXACT:
        assert found[name] == pytest.approx(0.0, abs=1e-5), name
    assert found["skeleton"] < NEARLY
    assert found["acceleration"] < 0.01


@pytest.mark.parametrize(
    ("term", "field"),
    [
        ("seen", "points"), ("skeleton", "rotations"), ("skeleton", "log_bone_scales"), ("constancy", "depths"),
        ("constancy", "points"), ("sides", "depths"), ("acceleration", "depths"), ("acceleration", "points"),
    ],
)  # fmt: skip
def test_errors_cost_more_the_larger_they_are(term: str, field: str, answer: Prediction, seen: ObservedPoints) -> None:
    there = getattr(answer, field)
    off = noise(there, 1.0)
    if field == "log_bone_scales":
        off = off[:, :1].expand_as(there)
    found = [costs(replace(answer, **{field: there + size * off}), seen)[term] for size in (0.0, 0.05, 0.2)]
    assert found[0] + 1e-3 < found[1] < found[2]


def test_only_what_is_too_fast_costs(answer: Prediction, seen: ObservedPoints) -> None:
    frames = torch.arange(answer.depths.shape[1])[:, None] / 1.0
    for speed, costs_something in ((0.5 * MAX_SPEED, False), (2 * MAX_SPEED, True)):
        fast = replace(answer, depths=(speed * frames).expand_as(answer.depths), points=torch.zeros_like(answer.points))
        assert (costs(fast, seen)["speed"] > 1e-3) == costs_something


@pytest.mark.parametrize(
    "field", ["points", "depths", "rotations", "gravity_up", "velocity", "contacts", "log_bone_scales"]
)
def test_answers_that_the_mirror_changes_cost(field: str, answer: Prediction, seen: ObservedPoints) -> None:
    other = flip_prediction(answer)
    there = getattr(other, field)
    assert costs(answer, seen, replace(other, **{field: there + noise(there, 0.3)}))["mirror"] > 1e-3


def test_the_mirror_image_of_everything_costs_the_same(answer: Prediction, windows: list[Window]) -> None:
    wrong = replace(answer, **{n: getattr(answer, n) + noise(getattr(answer, n), 0.1) for n in ("depths", "rotations")})
    plain, image = ([scenes.unlabelled(one) for one in many] for many in (windows, map(mirrored_window, windows)))
    found = costs(wrong, ObservedPoints.from_windows(stack_windows(plain)), flip_prediction(answer))
    expected = costs(flip_prediction(wrong), ObservedPoints.from_windows(stack_windows(image)), answer)
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_answer_to_the_mirror_image_is_mirrored(answer: Prediction, windows: list[Window]) -> None:
    expected = scenes.true_answer([mirrored_window(one) for one in windows])
    for field in fields(Prediction):
        assert_same(getattr(flip_prediction(answer), field.name), getattr(expected, field.name), 1e-5)


def test_what_is_not_seen_or_not_sure_counts_less(answer: Prediction, windows: list[Window]) -> None:
    made = scenes.unlabelled(windows[0])
    one = split_predictions(answer, [1, 1])[0]
    points = made.points.copy()
    points[20:30, :, 0] += 0.5
    found = []
    for trusted in (1.0, 0.2, 0.0):
        confidence = made.confidence.copy()
        confidence[20:30] *= trusted
        found.append(
            costs(
                one, ObservedPoints.from_windows(stack_windows([replace(made, points=points, confidence=confidence)]))
            )
        )
    hidden = replace(made, points=points, observed=~np.isin(np.arange(len(points)), np.arange(20, 30)))
    assert found[0]["seen"] > 2 * found[1]["seen"] > found[2]["seen"] == pytest.approx(0.0, abs=1e-5)
    assert costs(one, ObservedPoints.from_windows(stack_windows([hidden])))["seen"] == pytest.approx(0.0, abs=1e-5)


def test_outliers_count_by_their_logarithm() -> None:
    small, large = (float(robust_error(torch.tensor(error), 0.3)) for error in (0.003, 3.0))
    assert small == pytest.approx(0.003, rel=0.01)
    assert large < 0.3 * 3.0


def test_projection_is_that_of_a_camera_straight_at_the_hips(windows: list[Window], answer: Prediction) -> None:
    size = torch.tensor([float(one.scale) for one in windows])
    space = unproject(answer.points, answer.depths, size)
    distance = 1 / size[:, None, None, None]
    from_camera = (space + torch.cat([torch.zeros(*distance.shape[:3], 2), distance], dim=-1)).numpy()
    expected = camera.project(np.diag([1.0, 1.0, 1.0]), from_camera) / size.numpy()[:, None, None, None]
    assert_same(project(space, size), expected, 1e-5)
    assert_same(project(space, size), answer.points, 1e-5)


def test_the_scale_brings_a_skeleton_onto_its_picture() -> None:
    rng = torch.Generator().manual_seed(3)
    joints, size, true = torch.randn((2, 5, 12, 3), generator=rng), torch.tensor([0.1, 0.3]), torch.tensor([2.0, 1.5])
    points = project(true[:, None, None, None] * joints.clamp(-1, 1), size)
    found = fit_scale(joints.clamp(-1, 1), points, torch.ones(2, 5, 12), size)
    assert_same(found, true[:, None].expand(2, 5), 1e-4)


def test_the_skeleton_of_true_lengths_is_the_true_one(answer: Prediction, windows: list[Window]) -> None:
    found = joint_positions(answer.rotations, predicted_offsets(answer.log_bone_scales))
    for one, window, seed in zip(found, windows, range(2), strict=True):
        sizes = torch.from_numpy(window.offsets).float()
        scaled = joint_positions(answer.rotations[seed : seed + 1], sizes[None])[0]
        ratio = scaled.norm(dim=-1).sum(dim=-1) / one.norm(dim=-1).sum(dim=-1)
        assert_same(one * ratio[:, None, None], scaled, 1e-4)


def asked(network: LifterNetwork, windows: list[Window]) -> dict[str, torch.Tensor]:
    many = stack_windows([scenes.unlabelled(one) for one in windows])
    plain, image = split_predictions(network(torch.from_numpy(features_with_flipped(many))), [len(windows)] * 2)
    return unlabelled_loss_terms(plain, image, ObservedPoints.from_windows(many))


def test_every_term_reaches_the_network(windows: list[Window]) -> None:
    torch.manual_seed(4)
    network = LifterNetwork()
    with torch.no_grad():
        network.answer.weight.mul_(10.0)  # so that something is too fast
    for name, term in asked(network, windows).items():
        network.zero_grad()
        term.backward(retain_graph=True)
        gradient = network.answer.weight.grad
        assert gradient is not None
        assert torch.isfinite(gradient).all(), name
        assert gradient.abs().max() > 0, name


def test_a_few_steps_make_the_loss_smaller(windows: list[Window]) -> None:
    torch.manual_seed(5)
    network = LifterNetwork().train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    totals = []
    for _ in range(12):
        total = torch.stack(list(asked(network, windows).values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(float(total.detach()))
    assert totals[-1] < 0.7 * totals[0]


@pytest.mark.parametrize("projector", [False, True])
def test_training_goes_on_where_it_was_interrupted(projector: bool, windows: list[Window], tmp_path: Path) -> None:
    video = [scenes.unlabelled(one) for one in windows]
    told: list[dict[str, Any]] = []

    def run(steps: int) -> None:
        options = TrainOptions(
            steps, batch_size=2, validation_interval=1, seed=1, projector=projector, unlabelled_batch_size=2
        )
        train([scenes.somebody(80)], windows, windows[:1], tmp_path, options, told.append, video)

    run(1)
    before = torch.load(tmp_path / STATE_FILE, weights_only=True)
    run(2)
    after = torch.load(tmp_path / STATE_FILE, weights_only=True)
    assert [figures["step"] for figures in told] == [1, 2]
    assert before.keys() == after.keys() >= {"step", "network", "optimizer"}
    assert ("projector_network" in after) == projector
    for name in (name for name in after if name.endswith("network")):
        assert any(not torch.equal(value, after[name][key]) for key, value in before[name].items())
    for name in (name for name in after if name.endswith("optimizer")):
        assert {int(state["step"]) for state in after[name]["state"].values()} == {2}
    assert all(np.isfinite(value) for figures in told for value in figures.values())
    assert {"unlabelled_seen", "unlabelled_mirror"} <= told[-1].keys()
    assert ("unlabelled_cycle" in told[-1]) == projector

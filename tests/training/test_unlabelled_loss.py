"""Self-supervised loss: its terms vanish for the true prediction, and it can be minimised."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from bodydouble.geometry import camera
from bodydouble.training.augmentation import Recording
from bodydouble.training.loss import joint_positions
from bodydouble.training.network import LifterNetwork, Prediction
from bodydouble.training.training_loop import STATE_FILE, TrainOptions, train
from bodydouble.training.unlabelled import build_features_with_flips, stack_windows
from bodydouble.training.unlabelled_loss import (
    MAX_SPEED,
    ObservedPoints,
    compute_unlabelled_loss_terms,
    fit_scale,
    flip_prediction,
    predicted_offsets,
    project,
    robust_error,
    split_predictions,
    unproject,
)
from bodydouble.training.windows import Window, flip_horizontally
from tests.builders import assert_same
from tests.training import unlabelled_scenes as scenes

EXACT = ("seen", "constancy", "sides", "speed", "mirror")
"""Terms that are zero for the true prediction."""
NEARLY = 0.004
"""Tolerance in person sizes: the centre of projected hips is not exactly the projection of their centre."""
Terms = dict[str, float]


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    return [scenes.labelled_window(seed) for seed in range(2)]


@pytest.fixture(scope="module")
def observed(windows: list[Window]) -> ObservedPoints:
    return ObservedPoints.from_windows(stack_windows([scenes.unlabelled_window(window) for window in windows]))


@pytest.fixture(scope="module")
def prediction(windows: list[Window]) -> Prediction:
    return scenes.true_prediction(windows)


def term_values(prediction: Prediction, observed: ObservedPoints, flipped: Prediction | None = None) -> Terms:
    terms = compute_unlabelled_loss_terms(prediction, flipped or flip_prediction(prediction), observed)
    return {name.removeprefix("unlabelled_"): float(term) for name, term in terms.items()}


def noise(like: torch.Tensor, size: float) -> torch.Tensor:
    return size * torch.randn(like.shape, generator=torch.Generator().manual_seed(1))


def test_terms_vanish_for_the_true_prediction(prediction: Prediction, observed: ObservedPoints) -> None:
    values = term_values(prediction, observed)
    for name in EXACT:
        assert values[name] == pytest.approx(0.0, abs=1e-5), name
    assert values["skeleton"] < NEARLY
    assert values["acceleration"] < 0.01


@pytest.mark.parametrize(
    ("term", "field"),
    [
        ("seen", "points"), ("skeleton", "rotations"), ("skeleton", "log_bone_scales"), ("constancy", "depths"),
        ("constancy", "points"), ("sides", "depths"), ("acceleration", "depths"), ("acceleration", "points"),
    ],
)  # fmt: skip
def test_terms_grow_with_the_error(term: str, field: str, prediction: Prediction, observed: ObservedPoints) -> None:
    value = getattr(prediction, field)
    offsets = noise(value, 1.0)
    if field == "log_bone_scales":
        offsets = offsets[:, :1].expand_as(value)
    values = [
        term_values(replace(prediction, **{field: value + size * offsets}), observed)[term] for size in (0.0, 0.05, 0.2)
    ]
    assert values[0] + 1e-3 < values[1] < values[2]


def test_speed_term_penalises_excessive_speed_only(prediction: Prediction, observed: ObservedPoints) -> None:
    frames = torch.arange(prediction.depths.shape[1])[:, None] / 1.0
    for speed, costs_something in ((0.5 * MAX_SPEED, False), (2 * MAX_SPEED, True)):
        fast = replace(
            prediction, depths=(speed * frames).expand_as(prediction.depths), points=torch.zeros_like(prediction.points)
        )
        assert (term_values(fast, observed)["speed"] > 1e-3) == costs_something


@pytest.mark.parametrize(
    "field", ["points", "depths", "rotations", "gravity_up", "velocity", "contacts", "log_bone_scales"]
)
def test_flip_inconsistency_raises_the_loss(field: str, prediction: Prediction, observed: ObservedPoints) -> None:
    flipped = flip_prediction(prediction)
    value = getattr(flipped, field)
    assert term_values(prediction, observed, replace(flipped, **{field: value + noise(value, 0.3)}))["mirror"] > 1e-3


def test_loss_is_invariant_to_horizontal_flips(prediction: Prediction, windows: list[Window]) -> None:
    wrong = replace(
        prediction, **{n: getattr(prediction, n) + noise(getattr(prediction, n), 0.1) for n in ("depths", "rotations")}
    )
    plain, image = (
        [scenes.unlabelled_window(window) for window in many] for many in (windows, map(flip_horizontally, windows))
    )
    values = term_values(wrong, ObservedPoints.from_windows(stack_windows(plain)), flip_prediction(prediction))
    expected = term_values(flip_prediction(wrong), ObservedPoints.from_windows(stack_windows(image)), prediction)
    assert values == pytest.approx(expected, rel=1e-4)


def test_flipped_prediction_is_the_truth_of_the_flipped_window(prediction: Prediction, windows: list[Window]) -> None:
    expected = scenes.true_prediction([flip_horizontally(window) for window in windows])
    for field in fields(Prediction):
        assert_same(getattr(flip_prediction(prediction), field.name), getattr(expected, field.name), 1e-5)


def test_unobserved_or_uncertain_points_count_less(prediction: Prediction, windows: list[Window]) -> None:
    window = scenes.unlabelled_window(windows[0])
    first_prediction = split_predictions(prediction, [1, 1])[0]
    points = window.points.copy()
    points[20:30, :, 0] += 0.5
    values = []
    for trusted in (1.0, 0.2, 0.0):
        confidence = window.confidence.copy()
        confidence[20:30] *= trusted
        values.append(
            term_values(
                first_prediction,
                ObservedPoints.from_windows(stack_windows([replace(window, points=points, confidence=confidence)])),
            )
        )
    occluded = replace(window, points=points, observed=~np.isin(np.arange(len(points)), np.arange(20, 30)))
    assert values[0]["seen"] > 2 * values[1]["seen"] > values[2]["seen"] == pytest.approx(0.0, abs=1e-5)
    assert term_values(first_prediction, ObservedPoints.from_windows(stack_windows([occluded])))[
        "seen"
    ] == pytest.approx(0.0, abs=1e-5)


def test_outliers_count_logarithmically() -> None:
    small, large = (float(robust_error(torch.tensor(error), 0.3)) for error in (0.003, 3.0))
    assert small == pytest.approx(0.003, rel=0.01)
    assert large < 0.3 * 3.0


def test_projection_is_perspective_along_the_view_of_the_hips(windows: list[Window], prediction: Prediction) -> None:
    size = torch.tensor([float(window.scale) for window in windows])
    space = unproject(prediction.points, prediction.depths, size)
    distance = 1 / size[:, None, None, None]
    from_camera = (space + torch.cat([torch.zeros(*distance.shape[:3], 2), distance], dim=-1)).numpy()
    expected = camera.project(np.diag([1.0, 1.0, 1.0]), from_camera) / size.numpy()[:, None, None, None]
    assert_same(project(space, size), expected, 1e-5)
    assert_same(project(space, size), prediction.points, 1e-5)


def test_fitted_scale_reprojects_the_skeleton() -> None:
    rng = torch.Generator().manual_seed(3)
    joints, size, true = torch.randn((2, 5, 12, 3), generator=rng), torch.tensor([0.1, 0.3]), torch.tensor([2.0, 1.5])
    points = project(true[:, None, None, None] * joints.clamp(-1, 1), size)
    scale = fit_scale(joints.clamp(-1, 1), points, torch.ones(2, 5, 12), size)
    assert_same(scale, true[:, None].expand(2, 5), 1e-4)


def test_skeleton_with_true_bone_scales_is_the_true_one(prediction: Prediction, windows: list[Window]) -> None:
    skeletons = joint_positions(prediction.rotations, predicted_offsets(prediction.log_bone_scales))
    for skeleton, window, seed in zip(skeletons, windows, range(2), strict=True):
        sizes = torch.from_numpy(window.offsets).float()
        scaled = joint_positions(prediction.rotations[seed : seed + 1], sizes[None])[0]
        ratio = scaled.norm(dim=-1).sum(dim=-1) / skeleton.norm(dim=-1).sum(dim=-1)
        assert_same(skeleton * ratio[:, None, None], scaled, 1e-4)


def loss_terms_of(network: LifterNetwork, windows: list[Window]) -> dict[str, torch.Tensor]:
    stacked = stack_windows([scenes.unlabelled_window(window) for window in windows])
    stacked.exactness[:, 10:20] = 1.0
    plain, image = split_predictions(network(torch.from_numpy(build_features_with_flips(stacked))), [len(windows)] * 2)
    return compute_unlabelled_loss_terms(plain, image, ObservedPoints.from_windows(stacked))


def test_every_term_has_a_gradient(windows: list[Window]) -> None:
    torch.manual_seed(4)
    network = LifterNetwork()
    with torch.no_grad():
        network.answer.weight.mul_(10.0)  # so that some landmarks are too fast
    for name, term in loss_terms_of(network, windows).items():
        network.zero_grad()
        term.backward(retain_graph=True)
        gradient = network.answer.weight.grad
        assert gradient is not None
        assert torch.isfinite(gradient).all(), name
        assert gradient.abs().max() > 0, name


def test_optimisation_reduces_the_loss(windows: list[Window]) -> None:
    torch.manual_seed(5)
    network = LifterNetwork().train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    totals = []
    for _ in range(12):
        total = torch.stack(list(loss_terms_of(network, windows).values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(float(total.detach()))
    assert totals[-1] < 0.7 * totals[0]


@pytest.mark.parametrize("projector", [False, True])
def test_interrupted_training_resumes(projector: bool, windows: list[Window], tmp_path: Path) -> None:
    video = [scenes.unlabelled_window(window) for window in windows]
    reports: list[dict[str, Any]] = []

    def run(steps: int) -> None:
        options = TrainOptions(
            steps, batch_size=2, validation_interval=1, seed=1, projector=projector, unlabelled_batch_size=2
        )
        train([Recording(scenes.swaying_motion(80))], windows, windows[:1], tmp_path, options, reports.append, video)

    run(1)
    before = torch.load(tmp_path / STATE_FILE, weights_only=True)
    run(2)
    after = torch.load(tmp_path / STATE_FILE, weights_only=True)
    assert [metrics["step"] for metrics in reports] == [1, 2]
    assert before.keys() == after.keys() >= {"step", "network", "optimizer"}
    assert ("projector_network" in after) == projector
    for name in (name for name in after if name.endswith("network")):
        assert any(not torch.equal(value, after[name][key]) for key, value in before[name].items())
    for name in (name for name in after if name.endswith("optimizer")):
        assert {int(state["step"]) for state in after[name]["state"].values()} == {2}
    assert all(np.isfinite(value) for metrics in reports for value in metrics.values())
    assert {"unlabelled_seen", "unlabelled_mirror"} <= reports[-1].keys()
    assert ("unlabelled_cycle" in reports[-1]) == projector

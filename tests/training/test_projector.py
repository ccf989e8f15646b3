"""The projector: at first a camera, then the detector's habits; it and the lifter learn from each other."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from dataclasses import replace

import torch

from bodydouble.training.network import OUTPUT_SIZES, LifterNetwork
from bodydouble.training.projector import ProjectorNetwork, cycle_consistency_loss, truth_projection_loss
from bodydouble.training.samples import features_with_gaps
from bodydouble.training.training_loop import STATE_FILE, TrainOptions, target_from_windows, train
from bodydouble.training.unlabelled_loss import ObservedPoints, unproject
from bodydouble.training.windows import Window, stack_windows
from tests.builders import assert_same
from tests.training import unlabelled_scenes as scenes

DEPTHS = slice(OUTPUT_SIZES["points"], OUTPUT_SIZES["points"] + OUTPUT_SIZES["depths"])
"""Rows of the network's last layer."""
HABIT = np.array([0.1, -0.05])
"""Sizes; a detector that sees everything there, beside the truth."""


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    return [scenes.labelled(seed) for seed in range(2)]


@pytest.fixture(scope="module")
def habitual(windows: list[Window]) -> Window:
    return stack_windows([replace(one, points=one.true_points + HABIT) for one in windows])


def test_at_first_it_is_a_camera(windows: list[Window]) -> None:
    truth, seen = target_from_windows(stack_windows(windows)), ObservedPoints.from_windows(stack_windows(windows))
    projector = ProjectorNetwork()
    assert_same(projector(unproject(truth.points, truth.depths, seen.scale), seen.scale).detach(), truth.points, 1e-5)
    for off in (
        truth_projection_loss(projector, truth, seen),
        cycle_consistency_loss(projector, scenes.true_answer(windows), seen),
    ):
        assert float(off.detach()) == pytest.approx(0.0, abs=1e-5)


def test_what_is_seen_elsewhere_costs_more_the_further_it_is(windows: list[Window]) -> None:
    projector, truth = ProjectorNetwork(), target_from_windows(stack_windows(windows))
    found = []
    for size in (0.0, 0.5, 1.0):
        moved = stack_windows([replace(one, points=one.true_points + size * HABIT) for one in windows])
        found.append(float(truth_projection_loss(projector, truth, ObservedPoints.from_windows(moved)).detach()))
    assert found[0] + 1e-3 < found[1] < found[2]


def test_it_learns_the_habits_of_the_detector(habitual: Window) -> None:
    torch.manual_seed(1)
    projector, truth, seen = ProjectorNetwork(), target_from_windows(habitual), ObservedPoints.from_windows(habitual)
    optimizer = torch.optim.AdamW(projector.parameters(), lr=3e-3)
    before = float(truth_projection_loss(projector, truth, seen).detach())
    for _ in range(40):
        optimizer.zero_grad()
        truth_projection_loss(projector, truth, seen).backward()
        optimizer.step()
    assert float(truth_projection_loss(projector, truth, seen).detach()) < 0.3 * before
    found = projector(unproject(truth.points, truth.depths, seen.scale), seen.scale) - truth.points
    assert_same(found.mean(dim=(0, 1, 2)).detach(), HABIT, 0.03)


def test_the_way_back_teaches_both(habitual: Window) -> None:
    torch.manual_seed(2)
    network, projector = LifterNetwork(), ProjectorNetwork()
    first, last = projector.habits[0], projector.habits[-1]
    assert isinstance(first, torch.nn.Conv1d)
    assert isinstance(last, torch.nn.Conv1d)
    torch.nn.init.normal_(last.weight, 0, 0.1)
    observed = np.ones(habitual.confidence.shape[:2], dtype=bool)
    answer = network(torch.from_numpy(features_with_gaps(habitual, observed)))
    cycle_consistency_loss(projector, answer, ObservedPoints.from_windows(habitual)).backward()
    assert network.answer.weight.grad is not None
    for gradient in (network.answer.weight.grad[DEPTHS], first.weight.grad):
        assert gradient is not None
        assert torch.isfinite(gradient).all()
        assert gradient.abs().max() > 0


def test_a_run_without_it_goes_on_with_it_and_the_other_way_round(windows: list[Window], tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []

    def run(steps: int, projector: bool) -> dict[str, Any]:
        options = TrainOptions(steps, batch_size=2, validation_interval=1, seed=1, projector=projector)
        train([scenes.somebody(80)], windows, windows[:1], tmp_path, options, told.append)
        state: dict[str, Any] = torch.load(tmp_path / STATE_FILE, weights_only=True)
        return state

    states = [run(1, False), run(2, True), run(3, False)]
    assert [state["step"] for state in states] == [1, 2, 3]
    assert ["projector_network" in state for state in states] == [False, True, False]
    assert ["projector" in figures for figures in told] == [False, True, False]
    assert ["cycle" in figures for figures in told] == [False, True, False]

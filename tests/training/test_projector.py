"""Projector: a perspective projection at first, then with the detector's bias; gradients for projector and lifter."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from dataclasses import replace

import torch

from bodydouble.training.augmentation import Recording
from bodydouble.training.network import OUTPUT_SIZES, LifterNetwork
from bodydouble.training.projector import ProjectorNetwork, cycle_consistency_loss, truth_projection_loss
from bodydouble.training.samples import build_features_with_gaps
from bodydouble.training.training_loop import STATE_FILE, TrainOptions, target_from_windows, train
from bodydouble.training.unlabelled_loss import ObservedPoints, unproject
from bodydouble.training.windows import Window, stack_windows
from tests.builders import assert_same
from tests.training import unlabelled_scenes as scenes

DEPTHS = slice(OUTPUT_SIZES["points"], OUTPUT_SIZES["points"] + OUTPUT_SIZES["depths"])
"""Rows of the network's last layer that predict depths."""
BIAS = np.array([0.1, -0.05])
"""Bias in person sizes of a detector that displaces all points."""
LEARNING_STEPS = 40
"""Number of steps after which the loss was 2 to 5 % of the initial one, for five seeds."""
MAX_REMAINING_LOSS = 0.3
"""Bound on the final loss relative to the initial one, six times the largest for these seeds."""
MAX_BIAS_ERROR = 0.03
"""Bound on the error of the mean bias in person sizes, five times the largest for these seeds."""


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    return [scenes.labelled_window(seed) for seed in range(2)]


@pytest.fixture(scope="module")
def biased_window(windows: list[Window]) -> Window:
    return stack_windows([replace(one, points=one.true_points + BIAS) for one in windows])


def test_untrained_projector_is_a_perspective_projection(windows: list[Window]) -> None:
    target, observed = target_from_windows(stack_windows(windows)), ObservedPoints.from_windows(stack_windows(windows))
    projector = ProjectorNetwork()
    assert_same(
        projector(unproject(target.points, target.depths, observed.scale), observed.scale).detach(), target.points, 1e-5
    )
    for error in (
        truth_projection_loss(projector, target, observed),
        cycle_consistency_loss(projector, scenes.true_prediction(windows), observed),
    ):
        assert float(error.detach()) == pytest.approx(0.0, abs=1e-5)


def test_loss_grows_with_the_distance_of_the_detections(windows: list[Window]) -> None:
    projector, target = ProjectorNetwork(), target_from_windows(stack_windows(windows))
    losses = []
    for size in (0.0, 0.5, 1.0):
        moved = stack_windows([replace(one, points=one.true_points + size * BIAS) for one in windows])
        losses.append(float(truth_projection_loss(projector, target, ObservedPoints.from_windows(moved)).detach()))
    assert losses[0] + 1e-3 < losses[1] < losses[2]


def test_projector_learns_the_bias_of_the_detector(biased_window: Window) -> None:
    torch.manual_seed(1)
    projector, target, observed = (
        ProjectorNetwork(),
        target_from_windows(biased_window),
        ObservedPoints.from_windows(biased_window),
    )
    optimizer = torch.optim.AdamW(projector.parameters(), lr=3e-3)
    before = float(truth_projection_loss(projector, target, observed).detach())
    for _ in range(LEARNING_STEPS):
        optimizer.zero_grad()
        truth_projection_loss(projector, target, observed).backward()
        optimizer.step()
    assert float(truth_projection_loss(projector, target, observed).detach()) < MAX_REMAINING_LOSS * before
    learned = projector(unproject(target.points, target.depths, observed.scale), observed.scale) - target.points
    assert_same(learned.mean(dim=(0, 1, 2)).detach(), BIAS, MAX_BIAS_ERROR)


def test_cycle_consistency_has_gradients_for_both_networks(biased_window: Window) -> None:
    torch.manual_seed(2)
    network, projector = LifterNetwork(), ProjectorNetwork()
    first, last = projector.habits[0], projector.habits[-1]
    assert isinstance(first, torch.nn.Conv1d)
    assert isinstance(last, torch.nn.Conv1d)
    torch.nn.init.normal_(last.weight, 0, 0.1)
    observed = np.ones(biased_window.confidence.shape[:2], dtype=bool)
    prediction = network(torch.from_numpy(build_features_with_gaps(biased_window, observed)))
    cycle_consistency_loss(projector, prediction, ObservedPoints.from_windows(biased_window)).backward()
    assert network.answer.weight.grad is not None
    for gradient in (network.answer.weight.grad[DEPTHS], first.weight.grad):
        assert gradient is not None
        assert torch.isfinite(gradient).all()
        assert gradient.abs().max() > 0


def test_runs_resume_with_and_without_projector(windows: list[Window], tmp_path: Path) -> None:
    reports: list[dict[str, Any]] = []

    def run(steps: int, projector: bool) -> dict[str, Any]:
        options = TrainOptions(steps, batch_size=2, validation_interval=1, seed=1, projector=projector)
        train([Recording(scenes.swaying_motion(80))], windows, windows[:1], tmp_path, options, reports.append)
        state: dict[str, Any] = torch.load(tmp_path / STATE_FILE, weights_only=True)
        return state

    states = [run(1, False), run(2, True), run(3, False)]
    assert [state["step"] for state in states] == [1, 2, 3]
    assert ["projector_network" in state for state in states] == [False, True, False]
    assert ["projector" in figures for figures in reports] == [False, True, False]
    assert ["cycle" in figures for figures in reports] == [False, True, False]

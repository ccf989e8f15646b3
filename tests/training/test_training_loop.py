"""Training loop: runs resume, progress is logged, and calibrated sigmas hold."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from bodydouble.data import LANDMARK_COUNT
from bodydouble.training.augmentation import Recording
from bodydouble.training.network import LifterNetwork
from bodydouble.training.training_loop import (
    LOG_FILE,
    ONE_SIGMA_FRACTION,
    STATE_FILE,
    Calibration,
    TrainOptions,
    compute_errors,
    train,
)
from bodydouble.training.windows import Window, stack_windows
from tests.training.scenes import detected_window, swaying_motion


@pytest.fixture(scope="module")
def detected() -> list[Window]:
    return [detected_window(seed, noise=2.0) for seed in range(3)]


def run(folder: Path, detected: list[Window], steps: int, report: Any = lambda _: None) -> LifterNetwork:
    options = TrainOptions(steps=steps, batch_size=2, validation_interval=2, seed=1)
    return train([Recording(swaying_motion(80))], detected, detected[:1], folder, options, report)


def weights(network: LifterNetwork) -> dict[str, Any]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def load_checkpoint(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / STATE_FILE, weights_only=True)
    return found


def read_log(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / LOG_FILE).read_text().splitlines()]


def assert_equal(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_interrupted_run_resumes(tmp_path: Path, detected: list[Window]) -> None:
    def interrupt(metrics: dict[str, Any]) -> None:
        raise KeyboardInterrupt(metrics["step"])

    with pytest.raises(KeyboardInterrupt, match="2"):
        run(tmp_path, detected, 4, interrupt)
    assert load_checkpoint(tmp_path)["step"] == 2
    half = load_checkpoint(tmp_path)["network"]
    reported_steps: list[int] = []
    network = run(tmp_path, detected, 4, lambda metrics: reported_steps.append(metrics["step"]))
    assert reported_steps == [4]
    assert load_checkpoint(tmp_path)["step"] == 4
    assert [line["step"] for line in read_log(tmp_path)] == [2, 4]
    for line in read_log(tmp_path):
        assert all(np.isfinite(value) for value in line.values())
        assert 0 <= line["across_within_one_sigma"] <= 1
    assert_equal(load_checkpoint(tmp_path)["network"], weights(network))
    assert not torch.equal(half["read.weight"], weights(network)["read.weight"])
    counts = {int(state["step"]) for state in load_checkpoint(tmp_path)["optimizer"]["state"].values()}
    assert counts == {4}
    again = run(tmp_path, detected, 4)
    assert_equal(weights(again), weights(network))
    assert len(read_log(tmp_path)) == 2


def test_calibrated_sigma_covers_68_percent_of_errors(detected: list[Window]) -> None:
    torch.manual_seed(3)
    network = LifterNetwork()
    factors = np.exp(Calibration.from_windows(network, detected).log_factors)
    point_errors, depth_errors, scales_across, scales_along = compute_errors(network, stack_windows(detected))
    for error, scale, factor in (
        (point_errors, scales_across, factors[:LANDMARK_COUNT]),
        (depth_errors, scales_along, factors[LANDMARK_COUNT:]),
    ):
        within = (error <= factor * scale).mean(axis=(0, 1))
        np.testing.assert_allclose(within, ONE_SIGMA_FRACTION, atol=0.02)

"""Training: it goes on where it stopped, it can be followed, and what it calibrates is calibrated."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from bodydouble.data import LANDMARK_COUNT
from bodydouble.training.network import LifterNetwork
from bodydouble.training.training_loop import (
    LOG_FILE,
    ONE_SIGMA_FRACTION,
    STATE_FILE,
    Calibration,
    TrainOptions,
    prediction_errors,
    train,
)
from bodydouble.training.windows import Window, stack_windows
from tests.training.scenes import moving, seen_window


@pytest.fixture(scope="module")
def seen() -> list[Window]:
    return [seen_window(seed, noise=2.0) for seed in range(3)]


def run(folder: Path, seen: list[Window], steps: int, report: Any = lambda _: None) -> LifterNetwork:
    options = TrainOptions(steps=steps, batch_size=2, validation_interval=2, seed=1)
    return train([moving(80)], seen, seen[:1], folder, options, report)


def weights(network: LifterNetwork) -> dict[str, Any]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def state(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / STATE_FILE, weights_only=True)
    return found


def logged(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / LOG_FILE).read_text().splitlines()]


def assert_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_it_goes_on_where_it_was_interrupted(tmp_path: Path, seen: list[Window]) -> None:
    def interrupt(figures: dict[str, Any]) -> None:
        raise KeyboardInterrupt(figures["step"])

    with pytest.raises(KeyboardInterrupt, match="2"):
        run(tmp_path, seen, 4, interrupt)
    assert state(tmp_path)["step"] == 2
    half = state(tmp_path)["network"]
    told: list[int] = []
    network = run(tmp_path, seen, 4, lambda figures: told.append(figures["step"]))
    assert told == [4]
    assert state(tmp_path)["step"] == 4
    assert [line["step"] for line in logged(tmp_path)] == [2, 4]
    for line in logged(tmp_path):
        assert all(np.isfinite(value) for value in line.values())
        assert 0 <= line["across_within_one_sigma"] <= 1
    assert_equal(state(tmp_path)["network"], weights(network))
    assert not torch.equal(half["read.weight"], weights(network)["read.weight"])
    counts = {int(state["step"]) for state in state(tmp_path)["optimizer"]["state"].values()}
    assert counts == {4}
    again = run(tmp_path, seen, 4)
    assert_equal(weights(again), weights(network))
    assert len(logged(tmp_path)) == 2


def test_calibration_makes_one_sigma_hold_68_percent(seen: list[Window]) -> None:
    torch.manual_seed(3)
    network = LifterNetwork()
    factors = np.exp(Calibration.from_windows(network, seen).log_factors)
    off, deep, across, along = prediction_errors(network, stack_windows(seen))
    for error, scale, factor in (
        (off, across, factors[:LANDMARK_COUNT]),
        (deep, along, factors[LANDMARK_COUNT:]),
    ):
        within = (error <= factor * scale).mean(axis=(0, 1))
        np.testing.assert_allclose(within, ONE_SIGMA_FRACTION, atol=0.02)

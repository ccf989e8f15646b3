"""Noise of the detector: the most similar pose is chosen, in either direction of time, and from the mirror image."""

import numpy as np
import pytest

pytest.importorskip("torch")

from bodydouble.training.detector_noise import DetectorNoise, NoiseLibrary
from bodydouble.training.windows import Window, flip_horizontally, time_reversed
from tests.builders import assert_same
from tests.training.scenes import detected_window


@pytest.fixture(scope="module")
def detected() -> list[Window]:
    return [detected_window(seed, noise=2.0) for seed in range(3)]


@pytest.mark.parametrize("change", [lambda window: window, time_reversed, flip_horizontally])
def test_the_own_noise_fits_best(change: object, detected: list[Window]) -> None:
    assert callable(change)
    window = change(detected[1])
    chosen = NoiseLibrary(detected).choose(window.true_points, window.depths, np.random.default_rng(0))
    expected = DetectorNoise.from_window(window)
    assert_same(chosen.points, expected.points, 1e-9)
    assert_same(chosen.landmarks_3d, expected.landmarks_3d, 1e-9)
    assert_same(chosen.confidence, expected.confidence, 0.0)

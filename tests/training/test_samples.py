"""Training samples: they equal the ground truth up to the detector's noise, and the seed determines them."""

from dataclasses import fields

import numpy as np
import pytest

pytest.importorskip("torch")

from bodydouble.data import FloatArray
from bodydouble.motion.lifting import lifter
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.synthetic import bodies
from bodydouble.training.augmentation import Recording
from bodydouble.training.detections import FPS, WINDOW_FRAMES
from bodydouble.training.detector_noise import DetectorNoise
from bodydouble.training.samples import (
    MAX_GAP,
    NOISE_SCALES,
    WindowSampler,
    build_features_with_gaps,
    simulate_window,
)
from bodydouble.training.windows import Window, stack_windows
from tests.builders import assert_same
from tests.training.scenes import detected_window, swaying_motion


def noise(size: float) -> DetectorNoise:
    rng = np.random.default_rng(3)
    points, landmarks_3d = rng.normal(0, size, (WINDOW_FRAMES, 33, 2)), rng.normal(0, size, (WINDOW_FRAMES, 33, 3))
    return DetectorNoise(points, landmarks_3d, rng.uniform(0.3, 1.0, (WINDOW_FRAMES, 33)))


def simulated_window(detector_noise: DetectorNoise, seed: int) -> Window:
    return simulate_window(
        (bodies.load_bodies()[0], swaying_motion()), lambda *_: detector_noise, np.random.default_rng(seed)
    )


@pytest.fixture(scope="module")
def detected() -> list[Window]:
    return [detected_window(seed, noise=2.0) for seed in range(3)]


def sampler(detected: list[Window], seed: int = 5) -> WindowSampler:
    return WindowSampler(
        [Recording(swaying_motion(WINDOW_FRAMES + 30)), Recording(swaying_motion(WINDOW_FRAMES + 60, seed=1))],
        detected,
        seed,
    )


@pytest.mark.parametrize("seed", range(4))
def test_points_without_noise_are_the_true_points(seed: int) -> None:
    window = simulated_window(noise(0.0), seed)
    assert_same(window.points, window.true_points, 1e-9)
    assert_same(DetectorNoise.from_window(window).points, 0.0, 1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_landmarks_3d_of_a_static_person_without_noise_are_true(seed: int) -> None:
    still = slice_motion(swaying_motion(), np.zeros(WINDOW_FRAMES, dtype=int))
    window = simulate_window((bodies.load_bodies()[0], still), lambda *_: noise(0.0), np.random.default_rng(seed))
    # The centre of two projected hips is not exactly the projection of their centre.
    assert_same(DetectorNoise.from_window(window).landmarks_3d, 0.0, 1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_noise_of_a_simulated_window_is_the_scaled_input(seed: int) -> None:
    detector_noise = noise(0.05)
    # Noise is measured from the centre of the detected hips, as are the true points of a window.
    estimated = DetectorNoise.from_window(simulated_window(detector_noise, seed))
    factor = (estimated.points * detector_noise.points).sum() / (detector_noise.points**2).sum()
    assert NOISE_SCALES[0] <= factor <= NOISE_SCALES[1]
    assert_same(estimated.points, factor * detector_noise.points, 1e-9)
    assert_same(estimated.confidence, detector_noise.confidence, 0.0)


def test_time_reversal_reverses_the_frames() -> None:
    detector_noise = noise(0.1)
    for field in fields(DetectorNoise):
        values = getattr(detector_noise, field.name)
        assert_same(getattr(detector_noise.time_reversed(True), field.name), values[::-1], 0.0)
        assert_same(getattr(detector_noise.time_reversed(False), field.name), values, 0.0)


def test_same_seed_gives_same_batch(detected: list[Window]) -> None:
    (inputs, truth), (again, truth_again) = (sampler(detected).sample_batch(6, 0.4) for _ in range(2))
    assert_same(again, inputs, 0.0)
    for field in fields(Window):
        assert_same(getattr(truth_again, field.name), getattr(truth, field.name), 0.0)
    different, _ = sampler(detected, seed=6).sample_batch(6, 0.4)
    assert np.abs(different - inputs).max() > 0.1


def test_batches_are_finite_and_observed_frames_are_those_of_the_windows(detected: list[Window]) -> None:
    inputs, truth = sampler(detected).sample_batch(24, 0.5)
    assert inputs.dtype == np.float32
    assert np.isfinite(inputs).all()
    assert all(np.isfinite(getattr(truth, field.name)).all() for field in fields(Window) if field.name != "gravity_up")
    # Rolled windows have no target for the upward direction.
    known = np.isfinite(truth.gravity_up).all(axis=(1, 2))
    assert np.isnan(truth.gravity_up[~known]).all()
    assert 0.3 < known.mean() < 1.0
    age = inputs[..., -1]
    complete = _features(truth)
    assert_same(inputs[age == 0], complete[age == 0], 1e-5)
    assert 0 < (age > 0).mean() < 0.6
    assert age.max() <= MAX_GAP / float(FPS)


def test_detected_clips_are_only_flipped_or_reversed(detected: list[Window]) -> None:
    _, truth = sampler(detected).sample_batch(8, 1.0)
    sizes = {float(window.scale) for window in detected}
    assert {float(size) for size in truth.scale} <= sizes


def test_unobserved_frames_are_interpolated(detected: list[Window]) -> None:
    stacked = stack_windows(detected[:2])
    observed = np.ones((2, WINDOW_FRAMES), dtype=bool)
    observed[0, 10:13] = False
    complete = build_features_with_gaps(stacked, np.ones((2, WINDOW_FRAMES), dtype=bool))
    features = build_features_with_gaps(stacked, observed)
    assert_same(features[1], complete[1], 0.0)
    assert_same(features[observed], complete[observed], 0.0)
    fractions = np.arange(1, 4)[:, None] / 4
    expected = (1 - fractions) * complete[0, 9, :-1] + fractions * complete[0, 13, :-1]
    assert_same(features[0, 10:13, :-1], expected, 1e-5)
    assert_same(features[0, 10:13, -1] * float(FPS), [1, 2, 1], 1e-5)


def _features(truth: Window) -> FloatArray:
    age = np.zeros(truth.confidence.shape[:2])
    return lifter.build_features(truth.points, truth.confidence, truth.landmarks_3d, truth.direction, truth.scale, age)

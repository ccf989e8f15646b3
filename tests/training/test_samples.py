"""Samples: what is drawn is true but for the detector's noise, and the same seed draws the same."""

from dataclasses import fields

import numpy as np
import pytest

pytest.importorskip("torch")

from bodydouble.data import FloatArray
from bodydouble.motion.lifting import lifter
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.synthetic import bodies
from bodydouble.training.detections import FPS, WINDOW_FRAMES
from bodydouble.training.samples import (
    MAX_GAP,
    NOISE_SCALES,
    DetectorNoise,
    WindowSampler,
    features_with_gaps,
    simulate_window,
)
from bodydouble.training.windows import Window, stack_windows
from tests.builders import assert_same
from tests.training.scenes import moving, seen_window


def noise(size: float) -> DetectorNoise:
    rng = np.random.default_rng(3)
    points, rough = rng.normal(0, size, (WINDOW_FRAMES, 33, 2)), rng.normal(0, size, (WINDOW_FRAMES, 33, 3))
    return DetectorNoise(points, rough, rng.uniform(0.3, 1.0, (WINDOW_FRAMES, 33)))


def filmed_with(errors: DetectorNoise, seed: int) -> Window:
    return simulate_window((bodies.load_bodies()[0], moving()), errors, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def seen() -> list[Window]:
    return [seen_window(seed, noise=2.0) for seed in range(3)]


def sampler(seen: list[Window], seed: int = 5) -> WindowSampler:
    return WindowSampler([moving(WINDOW_FRAMES + 30), moving(WINDOW_FRAMES + 60, seed=1)], seen, seed)


@pytest.mark.parametrize("seed", range(4))
def test_without_noise_what_is_seen_is_true(seed: int) -> None:
    made = filmed_with(noise(0.0), seed)
    assert_same(made.points, made.true_points, 1e-9)
    assert_same(DetectorNoise.from_window(made).points, 0.0, 1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_without_noise_the_rough_joints_of_somebody_who_holds_still_are_true(seed: int) -> None:
    still = slice_motion(moving(), np.zeros(WINDOW_FRAMES, dtype=int))
    made = simulate_window((bodies.load_bodies()[0], still), noise(0.0), np.random.default_rng(seed))
    # The middle of two hips in the picture is not quite the picture of their middle.
    assert_same(DetectorNoise.from_window(made).landmarks_3d, 0.0, 1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_found_again_as_large_as_it_was_made(seed: int) -> None:
    errors = noise(0.05)
    # What is found is measured from the middle of the hips as they were seen, as all that is true in a window.
    made = DetectorNoise.from_window(filmed_with(errors, seed))
    factor = (made.points * errors.points).sum() / (errors.points**2).sum()
    assert NOISE_SCALES[0] <= factor <= NOISE_SCALES[1]
    assert_same(made.points, factor * errors.points, 1e-9)
    assert_same(made.confidence, errors.confidence, 0.0)


def test_backwards_is_the_last_frame_first() -> None:
    errors = noise(0.1)
    for field in fields(DetectorNoise):
        there = getattr(errors, field.name)
        assert_same(getattr(errors.time_reversed(True), field.name), there[::-1], 0.0)
        assert_same(getattr(errors.time_reversed(False), field.name), there, 0.0)


def test_the_same_seed_draws_the_same(seen: list[Window]) -> None:
    (inputs, truth), (again, truth_again) = (sampler(seen).sample_batch(6, 0.4) for _ in range(2))
    assert_same(again, inputs, 0.0)
    for field in fields(Window):
        assert_same(getattr(truth_again, field.name), getattr(truth, field.name), 0.0)
    other, _ = sampler(seen, seed=6).sample_batch(6, 0.4)
    assert np.abs(other - inputs).max() > 0.1


def test_a_batch_is_finite_and_its_frames_that_are_seen_are_those_of_its_windows(seen: list[Window]) -> None:
    inputs, truth = sampler(seen).sample_batch(24, 0.5)
    assert inputs.dtype == np.float32
    assert np.isfinite(inputs).all()
    assert all(np.isfinite(getattr(truth, field.name)).all() for field in fields(Window) if field.name != "gravity_up")
    # Of windows that are turned in the picture nothing is said about up.
    known = np.isfinite(truth.gravity_up).all(axis=(1, 2))
    assert np.isnan(truth.gravity_up[~known]).all()
    assert 0.3 < known.mean() < 1.0
    age = inputs[..., -1]
    whole = _features(truth)
    assert_same(inputs[age == 0], whole[age == 0], 1e-5)
    assert 0 < (age > 0).mean() < 0.6
    assert age.max() <= MAX_GAP / float(FPS)


def test_clips_that_were_seen_come_as_they_are_or_mirrored(seen: list[Window]) -> None:
    _, truth = sampler(seen).sample_batch(8, 1.0)
    sizes = {float(one.scale) for one in seen}
    assert {float(size) for size in truth.scale} <= sizes


def test_frames_that_are_not_seen_are_interpolated(seen: list[Window]) -> None:
    many = stack_windows(seen[:2])
    observed = np.ones((2, WINDOW_FRAMES), dtype=bool)
    observed[0, 10:13] = False
    whole = features_with_gaps(many, np.ones((2, WINDOW_FRAMES), dtype=bool))
    found = features_with_gaps(many, observed)
    assert_same(found[1], whole[1], 0.0)
    assert_same(found[observed], whole[observed], 0.0)
    shares = np.arange(1, 4)[:, None] / 4
    expected = (1 - shares) * whole[0, 9, :-1] + shares * whole[0, 13, :-1]
    assert_same(found[0, 10:13, :-1], expected, 1e-5)
    assert_same(found[0, 10:13, -1] * float(FPS), [1, 2, 1], 1e-5)


def _features(truth: Window) -> FloatArray:
    age = np.zeros(truth.confidence.shape[:2])
    return lifter.build_features(truth.points, truth.confidence, truth.landmarks_3d, truth.direction, truth.scale, age)

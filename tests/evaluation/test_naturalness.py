"""Laws of the scores, and their agreement with a direct implementation of the rules."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from bodydouble.data import Motion
from bodydouble.evaluation import naturalness
from bodydouble.evaluation.naturalness import (
    NATURALNESS_STATISTICS,
    REALISM_STATISTICS,
    STATISTICS,
    MotionSample,
    NaturalnessScore,
    sample_from_motion,
    score,
)
from bodydouble.geometry import rotation
from tests import builders

Floats = NDArray[np.float64]

RAMP = {name: np.linspace(0.0, 100.0, 41) for name in STATISTICS}
"""Quantiles of statistics that are uniform from 0 to 100, so that the fraction below x is x %."""
NAN_SAMPLE = MotionSample(30.0, *(np.full((90, *shape), np.nan) for shape in ((22, 3), (22, 4), (4, 3), (4,))))


def score_of_statistics(monkeypatch: pytest.MonkeyPatch, **values: float) -> NaturalnessScore:
    """Scores a sample with these statistics in its only window, and 0 for the others, against RAMP."""
    statistics_of_window = {name: np.array([values.get(name, 0.0)]) for name in STATISTICS}
    monkeypatch.setattr(naturalness, "window_statistics", lambda _sample: statistics_of_window)
    return score(NAN_SAMPLE, RAMP)


def calm_sample(seconds: float = 6.0, fps: int = 30) -> MotionSample:
    """Returns a swaying person whose feet are in contact with the floor in every other second."""
    time = np.arange(round(seconds * fps) + 1) / fps
    skeleton = builders.humanoid_skeleton()
    return sample_from_motion(
        Motion(
            skeleton=skeleton,
            fps=Fraction(fps),
            rotations=rotation.from_rotvec(_sway(time, (22, 3), 0.15)),
            root_position=skeleton.rest_offsets[0] + _sway(time, (3,), 0.3),
            contacts=np.repeat((time % 2 < 1)[:, None], 4, axis=1).astype(float),
            joint_sigma=np.zeros((len(time), 22)),
        )
    )


def _sway(time: Floats, shape: tuple[int, ...], amplitude: float) -> Floats:
    rng = np.random.default_rng(3)
    turns = np.multiply.outer(time, rng.uniform(0.2, 0.8, shape)) + rng.uniform(size=shape)
    return np.asarray(amplitude * np.sin(2 * np.pi * turns))


@pytest.mark.parametrize("name", sorted(set(STATISTICS) - naturalness.TWO_SIDED))
@pytest.mark.parametrize(("value", "points"), [(-1, 1), (0, 1), (50, 1), (60, 0.8), (75, 0.5), (90, 0.2), (101, 0)])
def test_points_fall_above_the_median_of_the_capture(
    monkeypatch: pytest.MonkeyPatch, name: str, value: float, points: float
) -> None:
    assert score_of_statistics(monkeypatch, **{name: value}).points[name] == pytest.approx(points)


@pytest.mark.parametrize(
    ("value", "points"), [(-1, 0), (0, 0), (5, 0.2), (25, 1), (60, 1), (75, 1), (90, 0.4), (101, 0)]
)
def test_low_and_high_acceleration_lose_points(monkeypatch: pytest.MonkeyPatch, value: float, points: float) -> None:
    rating = score_of_statistics(monkeypatch, acceleration_p95_m_s2=value)
    assert rating.points["acceleration_p95_m_s2"] == pytest.approx(points)


def test_scores_are_ten_times_the_mean_of_their_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    values = dict(zip((*NATURALNESS_STATISTICS, *REALISM_STATISTICS), (60, 50, 75, 90, 0, 75), strict=True))
    rating = score_of_statistics(monkeypatch, **values)
    assert rating.naturalness == pytest.approx(10 * (0.8 + 1 + 0.5) / 3)
    assert rating.realism == pytest.approx(10 * (0.2 + 1 + 0.5) / 3)


def test_nan_statistics_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    nan = float("nan")
    rating = score_of_statistics(
        monkeypatch, jitter_10m_s3=75, acceleration_p95_m_s2=50, joint_limit_violation_percent=nan
    )
    assert rating.naturalness == pytest.approx(7.5)
    assert np.isnan(rating.points["joint_limit_violation_percent"])


def test_the_score_of_a_sample_without_data_is_nan() -> None:
    for sample in (NAN_SAMPLE, _slice_frames(calm_sample(), slice(3))):
        rating = score(sample)
        assert np.isnan(rating.naturalness) and np.isnan(rating.realism)


def _slice_frames(sample: MotionSample, rows: slice) -> MotionSample:
    return MotionSample(
        sample.fps, sample.joints[rows], sample.rotations[rows], sample.feet[rows], sample.contacts[rows]
    )


def test_motion_capture_scores_seven_and_a_half(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.random.default_rng(0).uniform(0, 100, (len(STATISTICS), 20_000))
    monkeypatch.setattr(naturalness, "window_statistics", lambda _sample: dict(zip(STATISTICS, drawn, strict=True)))
    rating = score(NAN_SAMPLE, RAMP)
    assert rating.naturalness == pytest.approx(7.5, abs=0.05)
    assert rating.realism == pytest.approx(7.5, abs=0.05)


@pytest.mark.parametrize("name", STATISTICS)
def test_points_equal_counts_of_windows(name: str) -> None:
    windows = np.random.default_rng(1).gamma(2.0, size=4001)
    windows[:1500] = 0.0 if name not in naturalness.TWO_SIDED else windows[:1500]
    quantiles = np.quantile(windows, np.linspace(0, 1, 41))
    values = np.array([0.0, 0.01, 0.5, 1.0, 2.0, 4.0, 8.0, 40.0])
    as_large = (windows[None] >= values[:, None]).mean(axis=1)
    as_small = (windows[None] <= values[:, None]).mean(axis=1)
    one_sided, two_sided = np.minimum(1, 2 * as_large), np.minimum(1, 4 * np.minimum(as_large, as_small))
    expected = two_sided if name in naturalness.TWO_SIDED else one_sided
    # 2.5 % of the windows are between two quantiles, with a weight of at most four.
    builders.assert_same(naturalness.statistic_points(name, values, quantiles), expected, 0.1)


def test_committed_quantiles_cover_every_statistic_and_ascend() -> None:
    quantiles = naturalness.capture_quantiles()
    assert set(quantiles) == set(STATISTICS)
    for values in quantiles.values():
        assert np.all(np.isfinite(values)) and np.all(np.diff(values) >= 0) and values[-1] > values[0] >= 0


@pytest.mark.parametrize("noise", [0.002, 0.01, 0.03])
def test_noise_lowers_naturalness(noise: float) -> None:
    sample = calm_sample()
    rng = np.random.default_rng(0)
    shaken = replace(sample, joints=sample.joints + noise * rng.normal(size=sample.joints.shape))
    assert score(shaken).points["jitter_10m_s3"] < score(sample).points["jitter_10m_s3"]
    assert score(shaken).naturalness < score(sample).naturalness


def test_a_frozen_motion_gets_no_points_for_acceleration() -> None:
    sample = calm_sample()
    frozen = replace(sample, joints=np.repeat(sample.joints[:1], len(sample.joints), axis=0))
    assert score(frozen).points["acceleration_p95_m_s2"] == 0.0


def test_foot_slide_penetration_and_floating_lower_realism() -> None:
    sample = calm_sample()
    standing = replace(sample, feet=np.zeros_like(sample.feet))
    drift = np.linspace(0, 3, len(sample.feet))[:, None, None] * [1.0, 0.0, 0.0]
    best = score(standing)
    assert best.realism == pytest.approx(10.0)
    raised = np.array([0.0, 0.2, 0.0])
    for name, transformed in {"foot_slide_mm": drift, "penetration_mm": -raised, "floating_mm": raised}.items():
        rating = score(replace(standing, feet=standing.feet + transformed))
        assert {key for key in REALISM_STATISTICS if rating.points[key] < 0.5} == {name}


def test_statistics_are_invariant_to_motion_on_the_floor() -> None:
    sample = calm_sample()
    yaw = rotation.from_rotvec(np.array([0.0, 1.1, 0.0]))
    step = np.array([3.0, 0.0, -5.0])
    rotations = sample.rotations.copy()
    rotations[:, 0] = rotation.multiply(yaw, rotations[:, 0])
    joints, feet = (rotation.rotate(yaw, points) + step for points in (sample.joints, sample.feet))
    transformed = MotionSample(sample.fps, joints, rotations, feet, sample.contacts)
    for name, value in score(transformed).statistics.items():
        assert value == pytest.approx(score(sample).statistics[name], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("fps", "tolerance"), [(120, 1e-9), (60, 1e-9), (40, 0.06), (24, 0.06)])
def test_statistics_are_nearly_independent_of_frame_rate(fps: int, tolerance: float) -> None:
    reference = score(calm_sample(fps=30)).statistics
    for name, value in score(calm_sample(fps=fps)).statistics.items():
        assert value == pytest.approx(reference[name], rel=tolerance, abs=1e-9)


def test_windows_of_two_seconds_start_every_second() -> None:
    sample = calm_sample(6.0)
    statistics = naturalness.window_statistics(sample)
    assert {len(values) for values in statistics.values()} == {5}
    third = naturalness.window_statistics(_slice_frames(sample, slice(60, 120)))
    for name, values in third.items():
        assert values == pytest.approx(statistics[name][2:3])


def test_a_gap_affects_only_its_windows() -> None:
    sample = calm_sample(6.0, fps=24)
    joints = sample.joints.copy()
    joints[10:14] = np.nan
    gap = naturalness.window_statistics(replace(sample, joints=joints))
    without_gap = naturalness.window_statistics(sample)
    for name in NATURALNESS_STATISTICS:
        assert np.all(np.isfinite(gap[name]))
        assert gap[name][2:] == pytest.approx(without_gap[name][2:], rel=1e-3)

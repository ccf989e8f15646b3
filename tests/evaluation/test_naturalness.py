"""Laws of the scores, and their agreement with a slow, literal reading of the rule."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from bodydouble.data import Motion
from bodydouble.evaluation import naturalness
from bodydouble.evaluation.naturalness import NATURALNESS, REALISM, STATISTICS, Rating, Take, rate, take_of_motion
from bodydouble.geometry import rotation
from tests import builders

Floats = NDArray[np.float64]

RAMP = {name: np.linspace(0.0, 100.0, 41) for name in STATISTICS}
"""A capture whose statistics are all spread evenly from 0 to 100, so that the share below x is x %."""
NAN_TAKE = Take(30.0, *(np.full((90, *shape), np.nan) for shape in ((22, 3), (22, 4), (4, 3), (4,))))


def measured(monkeypatch: pytest.MonkeyPatch, **values: float) -> Rating:
    """The rating of a take with these statistics in its only window, and 0 for the rest, against RAMP."""
    found = {name: np.array([values.get(name, 0.0)]) for name in STATISTICS}
    monkeypatch.setattr(naturalness, "window_statistics", lambda _take: found)
    return rate(NAN_TAKE, RAMP)


def calm_take(seconds: float = 6.0, fps: int = 30) -> Take:
    """Somebody who sways; their feet rest on the floor in every other second."""
    time = np.arange(round(seconds * fps) + 1) / fps
    skeleton = builders.humanoid_skeleton()
    return take_of_motion(
        Motion(
            skeleton=skeleton,
            fps=Fraction(fps),
            rotations=rotation.from_rotvec(_swaying(time, (22, 3), 0.15)),
            root_position=skeleton.rest_offsets[0] + _swaying(time, (3,), 0.3),
            contacts=np.repeat((time % 2 < 1)[:, None], 4, axis=1).astype(float),
            joint_sigma=np.zeros((len(time), 22)),
        )
    )


def _swaying(time: Floats, shape: tuple[int, ...], amplitude: float) -> Floats:
    rng = np.random.default_rng(3)
    turns = np.multiply.outer(time, rng.uniform(0.2, 0.8, shape)) + rng.uniform(size=shape)
    return np.asarray(amplitude * np.sin(2 * np.pi * turns))


@pytest.mark.parametrize("name", sorted(set(STATISTICS) - naturalness.TWO_SIDED))
@pytest.mark.parametrize(("value", "points"), [(-1, 1), (0, 1), (50, 1), (60, 0.8), (75, 0.5), (90, 0.2), (101, 0)])
def test_less_is_better_up_to_the_captures_median(
    monkeypatch: pytest.MonkeyPatch, name: str, value: float, points: float
) -> None:
    assert measured(monkeypatch, **{name: value}).points[name] == pytest.approx(points)


@pytest.mark.parametrize(
    ("value", "points"), [(-1, 0), (0, 0), (5, 0.2), (25, 1), (60, 1), (75, 1), (90, 0.4), (101, 0)]
)
def test_too_little_acceleration_is_as_bad_as_too_much(
    monkeypatch: pytest.MonkeyPatch, value: float, points: float
) -> None:
    rating = measured(monkeypatch, acceleration_p95_m_s2=value)
    assert rating.points["acceleration_p95_m_s2"] == pytest.approx(points)


def test_scores_are_ten_times_the_mean_of_their_own_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    values = dict(zip((*NATURALNESS, *REALISM), (60, 50, 75, 90, 0, 75), strict=True))
    rating = measured(monkeypatch, **values)
    assert rating.naturalness == pytest.approx(10 * (0.8 + 1 + 0.5) / 3)
    assert rating.realism == pytest.approx(10 * (0.2 + 1 + 0.5) / 3)


def test_what_is_not_known_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    nan = float("nan")
    rating = measured(monkeypatch, jitter_10m_s3=75, acceleration_p95_m_s2=50, joint_limit_violation_percent=nan)
    assert rating.naturalness == pytest.approx(7.5)
    assert np.isnan(rating.points["joint_limit_violation_percent"])


def test_a_take_of_which_nothing_is_known_has_no_score() -> None:
    for take in (NAN_TAKE, _cut(calm_take(), slice(3))):
        rating = rate(take)
        assert np.isnan(rating.naturalness) and np.isnan(rating.realism)


def _cut(take: Take, rows: slice) -> Take:
    return Take(take.fps, take.joints[rows], take.rotations[rows], take.feet[rows], take.contacts[rows])


def test_the_capture_scores_seven_and_a_half(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.random.default_rng(0).uniform(0, 100, (len(STATISTICS), 20_000))
    monkeypatch.setattr(naturalness, "window_statistics", lambda _take: dict(zip(STATISTICS, drawn, strict=True)))
    rating = rate(NAN_TAKE, RAMP)
    assert rating.naturalness == pytest.approx(7.5, abs=0.05)
    assert rating.realism == pytest.approx(7.5, abs=0.05)


@pytest.mark.parametrize("name", STATISTICS)
def test_points_agree_with_counting(name: str) -> None:
    windows = np.random.default_rng(1).gamma(2.0, size=4001)
    windows[:1500] = 0.0 if name not in naturalness.TWO_SIDED else windows[:1500]
    quantiles = np.quantile(windows, np.linspace(0, 1, 41))
    values = np.array([0.0, 0.01, 0.5, 1.0, 2.0, 4.0, 8.0, 40.0])
    as_large = (windows[None] >= values[:, None]).mean(axis=1)
    as_small = (windows[None] <= values[:, None]).mean(axis=1)
    one_sided, two_sided = np.minimum(1, 2 * as_large), np.minimum(1, 4 * np.minimum(as_large, as_small))
    expected = two_sided if name in naturalness.TWO_SIDED else one_sided
    # Between two quantiles lie 2.5 % of the windows, which count four times at most.
    builders.assert_same(naturalness._points(name, values, quantiles), expected, 0.1)


def test_the_committed_table_covers_every_statistic_in_order() -> None:
    quantiles = naturalness.capture_quantiles()
    assert set(quantiles) == set(STATISTICS)
    for values in quantiles.values():
        assert np.all(np.isfinite(values)) and np.all(np.diff(values) >= 0) and values[-1] > values[0] >= 0


@pytest.mark.parametrize("noise", [0.002, 0.01, 0.03])
def test_noise_costs_naturalness(noise: float) -> None:
    take = calm_take()
    rng = np.random.default_rng(0)
    shaken = replace(take, joints=take.joints + noise * rng.normal(size=take.joints.shape))
    assert rate(shaken).points["jitter_10m_s3"] < rate(take).points["jitter_10m_s3"]
    assert rate(shaken).naturalness < rate(take).naturalness


def test_standing_still_like_a_statue_costs_naturalness() -> None:
    take = calm_take()
    frozen = replace(take, joints=np.repeat(take.joints[:1], len(take.joints), axis=0))
    assert rate(frozen).points["acceleration_p95_m_s2"] == 0.0


def test_sliding_sinking_and_floating_cost_realism() -> None:
    take = calm_take()
    still = replace(take, feet=np.zeros_like(take.feet))
    drift = np.linspace(0, 3, len(take.feet))[:, None, None] * [1.0, 0.0, 0.0]
    best = rate(still)
    assert best.realism == pytest.approx(10.0)
    raised = np.array([0.0, 0.2, 0.0])
    for name, moved in {"foot_slide_mm": drift, "penetration_mm": -raised, "floating_mm": raised}.items():
        rating = rate(replace(still, feet=still.feet + moved))
        assert {key for key in REALISM if rating.points[key] < 0.5} == {name}


def test_turning_and_moving_on_the_floor_changes_nothing() -> None:
    take = calm_take()
    yaw = rotation.from_rotvec(np.array([0.0, 1.1, 0.0]))
    step = np.array([3.0, 0.0, -5.0])
    rotations = take.rotations.copy()
    rotations[:, 0] = rotation.multiply(yaw, rotations[:, 0])
    joints, feet = (rotation.rotate(yaw, points) + step for points in (take.joints, take.feet))
    moved = Take(take.fps, joints, rotations, feet, take.contacts)
    for name, value in rate(moved).statistics.items():
        assert value == pytest.approx(rate(take).statistics[name], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("fps", "tolerance"), [(120, 1e-9), (60, 1e-9), (40, 0.06), (24, 0.06)])
def test_the_frame_rate_hardly_matters(fps: int, tolerance: float) -> None:
    reference = rate(calm_take(fps=30)).statistics
    for name, value in rate(calm_take(fps=fps)).statistics.items():
        assert value == pytest.approx(reference[name], rel=tolerance, abs=1e-9)


def test_windows_of_two_seconds_begin_every_second() -> None:
    take = calm_take(6.0)
    statistics = naturalness.window_statistics(take)
    assert {len(values) for values in statistics.values()} == {5}
    third = naturalness.window_statistics(_cut(take, slice(60, 120)))
    for name, values in third.items():
        assert values == pytest.approx(statistics[name][2:3])


def test_a_gap_does_not_spread() -> None:
    take = calm_take(6.0, fps=24)
    joints = take.joints.copy()
    joints[10:14] = np.nan
    gap = naturalness.window_statistics(replace(take, joints=joints))
    whole = naturalness.window_statistics(take)
    for name in NATURALNESS:
        assert np.all(np.isfinite(gap[name]))
        assert gap[name][2:] == pytest.approx(whole[name][2:], rel=1e-3)

import numpy as np
import pytest

from bodydouble.evaluation.metrics import motion
from tests.builders import Floats, assert_same


def _cubic(fps: float, jerk: float, frames: int = 12) -> Floats:
    """Returns two joints (T, 2, 3) m on x = jerk t^3 / 6 and on a parabola of 3 m/s^2."""
    time = np.arange(frames) / fps
    points = np.zeros((frames, 2, 3))
    points[:, 0, 0] = jerk * time**3 / 6
    points[:, 1, 1] = 1.5 * time**2
    return points


@pytest.mark.parametrize("fps", [10.0, 30.0, 59.94])
def test_jitter_is_the_third_derivative_at_every_frame_rate(fps: float) -> None:
    jitter = motion.jitter_10m_s3(_cubic(fps, jerk=40.0), fps)
    assert jitter.shape == (9, 2)
    assert_same(jitter[:, 0], 4.0, 1e-8)
    assert_same(jitter[:, 1], 0.0, 1e-8)


@pytest.mark.parametrize("fps", [10.0, 30.0])
def test_acceleration_error_of_a_parabola_against_rest(fps: float) -> None:
    moving = _cubic(fps, jerk=0.0)
    errors = motion.acceleration_errors_m_s2(moving, np.zeros_like(moving), fps)
    assert_same(errors[:, 0], 0.0, 1e-9)
    assert_same(errors[:, 1], 3.0, 1e-9)


def test_a_steady_drift_has_no_acceleration_error() -> None:
    truth = _cubic(30.0, jerk=20.0)
    drift = np.arange(12)[:, None, None] * np.array([0.1, -0.2, 0.3])
    assert_same(motion.acceleration_errors_m_s2(truth + drift, truth, 30.0), 0.0, 1e-9)
    assert_same(motion.jitter_10m_s3(truth + drift, 30.0), motion.jitter_10m_s3(truth, 30.0), 1e-9)


def test_a_nan_frame_affects_only_derivatives_that_use_it() -> None:
    points = _cubic(30.0, jerk=20.0)
    points[6] = np.nan
    assert np.flatnonzero(np.isnan(motion.jitter_10m_s3(points, 30.0)[:, 0])).tolist() == [3, 4, 5, 6]


def test_too_few_frames_have_no_jitter() -> None:
    assert motion.jitter_10m_s3(_cubic(30.0, 1.0, frames=3), 30.0).shape == (0, 2)
    assert motion.acceleration(_cubic(30.0, 1.0, frames=1), 30.0).shape == (0, 2, 3)


def _punch(speed: float, fps: float = 30.0, delay: float = 0.0) -> Floats:
    """Returns a resting and a striking point (T, 2, 3) m; the strike peaks at a speed in m/s after 1 s + delay."""
    time = np.arange(int(2 * fps)) / fps
    points = np.zeros((len(time), 2, 3))
    width = 0.1
    points[:, 1, 0] = speed * width * np.tanh((time - 1 - delay) / width)
    return points


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
@pytest.mark.parametrize(("factor", "loss"), [(1.0, 0.0), (0.75, 25.0), (1.2, -20.0)])
def test_speed_loss_equals_the_slowdown_of_a_strike(fps: float, factor: float, loss: float) -> None:
    truth = _punch(6.0, fps)
    assert_same(motion.peak_speed_losses_percent(factor * truth, truth, fps), [loss], 1e-9)


def test_late_strikes_lose_nothing_and_missing_ones_everything() -> None:
    truth = _punch(6.0)
    late, missing = _punch(6.0, delay=4 / 30), np.zeros_like(truth)
    assert_same(motion.peak_speed_losses_percent(late, truth, 30.0), [0.0], 1e-9)
    assert_same(motion.peak_speed_losses_percent(missing, truth, 30.0), [100.0], 1e-9)


def test_speed_of_the_other_hand_does_not_count() -> None:
    truth = _punch(6.0)
    assert_same(motion.peak_speed_losses_percent(truth[:, ::-1], truth, 30.0), [100.0], 1e-9)


def test_slow_and_missing_motion_has_no_strikes() -> None:
    slow, fast = _punch(2.0), _punch(6.0)
    assert motion.peak_speed_losses_percent(slow, slow, 30.0).shape == (0,)
    assert motion.peak_speed_losses_percent(np.full_like(fast, np.nan), fast, 30.0).shape == (0,)

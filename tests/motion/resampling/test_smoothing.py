"""Laws of zero-phase smoothing."""

import numpy as np
import pytest

from bodydouble.motion.resampling.smoothing import robust_whittaker, smooth_rotations, whittaker

ONES = np.ones((200, 1))


def test_straight_lines_pass_unchanged() -> None:
    line = np.linspace(-3, 5, 200)[:, None]
    np.testing.assert_allclose(whittaker(line, ONES, 30, 2.0), line, atol=1e-8)


@pytest.mark.parametrize("fps", [24.0, 60.0])
def test_sine_at_the_cutoff_is_halved_without_delay(fps: float) -> None:
    wave = np.sin(2 * np.pi * 2.0 * np.arange(600) / fps)[:, None]
    smooth = whittaker(wave, np.ones((600, 1)), fps, 2.0)
    np.testing.assert_allclose(smooth[200:400], 0.5 * wave[200:400], atol=0.02)


def test_reversed_time_gives_the_reversed_curve() -> None:
    values = np.random.default_rng(0).normal(size=(200, 2))
    np.testing.assert_allclose(
        whittaker(values[::-1], ONES, 30, 3.0)[::-1], whittaker(values, ONES, 30, 3.0), atol=1e-8
    )


def test_a_gap_in_a_line_is_interpolated() -> None:
    line = np.linspace(0, 1, 200)[:, None]
    values, weights = line.copy(), ONES.copy()
    values[50:70], weights[50:70] = np.nan, 0.0
    np.testing.assert_allclose(whittaker(values, weights, 30, 3.0), line, atol=1e-4)


def test_column_without_weight_is_nan() -> None:
    assert np.isnan(whittaker(np.full((10, 1), np.nan), np.ones((10, 1)), 30, 3.0)).all()


def test_one_outlier_hardly_moves_the_robust_curve() -> None:
    values = np.zeros((100, 1))
    values[50] = 10.0
    smooth = robust_whittaker(values, np.ones((100, 1)), 30, 5.0, np.asarray(0.1))
    assert np.abs(smooth).max() < 0.05


def test_smooth_rotations_do_not_depend_on_quaternion_signs() -> None:
    rng = np.random.default_rng(1)
    rotations = rng.normal(size=(1, 4)) + 0.1 * rng.normal(size=(40, 3, 4))
    rotations /= np.linalg.norm(rotations, axis=-1, keepdims=True)
    signs = rng.choice([-1.0, 1.0], size=(40, 3, 1))
    smooth, smooth_of_flipped = smooth_rotations(rotations, 30, 5.0), smooth_rotations(rotations * signs, 30, 5.0)
    np.testing.assert_allclose(np.abs(np.sum(smooth * smooth_of_flipped, axis=-1)), 1.0, atol=1e-12)

"""Laws of mechanics that the required forces obey."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.motion.physics import dynamics
from tests.builders import assert_same

MASSES = np.array([0.5, 0.3, 0.2])
POINTS = np.array([[0.2, 0.1, 0.0], [-0.1, 0.5, 0.3], [0.0, -0.4, -0.2]])


def times(fps: float, seconds: float = 1.5) -> FloatArray:
    return np.arange(round(seconds * fps)) / fps


def rotations_about_y(angles: FloatArray) -> FloatArray:
    zero, one = np.zeros_like(angles), np.ones_like(angles)
    cos, sin = np.cos(angles), np.sin(angles)
    return np.moveaxis(np.array([[cos, zero, sin], [zero, one, zero], [-sin, zero, cos]]), -1, 0)


@pytest.mark.parametrize("fps", [15.0, 30.0, 120.0])
def test_a_body_in_free_fall_needs_no_force(fps: float) -> None:
    t = times(fps)[:, None]
    flight = np.array([1.0, 3.0, -0.5]) * t + np.array([0.0, -0.5 * dynamics.GRAVITY, 0.0]) * t**2
    required = dynamics.required_forces(flight[:, None] + POINTS, MASSES, fps)
    assert_same(required.force, np.zeros((len(t), 3)), 1e-6)
    assert_same(required.torque, np.zeros((len(t), 3)), 1e-6)


def test_a_body_at_rest_needs_its_weight() -> None:
    required = dynamics.required_forces(np.tile(POINTS, (20, 1, 1)), MASSES, 30.0)
    assert_same(required.force, np.tile([0.0, 1.0, 0.0], (20, 1)), 1e-9)
    assert_same(required.torque, np.zeros((20, 3)), 1e-9)
    assert_same(required.center_of_mass, np.tile(MASSES @ POINTS, (20, 1)), 1e-9)


def test_a_body_that_spins_freely_about_a_principal_axis_needs_no_torque() -> None:
    ring = np.array([[0.4, 0.0, 0.0], [-0.4, 0.0, 0.0], [0.0, 0.0, 0.2], [0.0, 0.0, -0.2]])
    spin = ring @ np.swapaxes(rotations_about_y(6.0 * times(120.0)), -1, -2)
    required = dynamics.required_forces(spin, np.full(4, 0.25), 120.0)
    assert_same(required.torque[20:-20], np.zeros((len(spin) - 40, 3)), 1e-3)
    assert_same(required.force[20:-20], np.tile([0.0, 1.0, 0.0], (len(spin) - 40, 1)), 1e-3)


def test_torque_is_moment_of_inertia_times_angular_acceleration() -> None:
    fps, acceleration = 240.0, 3.0
    dumbbell = np.array([[0.3, 0.0, 0.0], [-0.3, 0.0, 0.0]])
    t = times(fps, 1.0)
    spin = dumbbell @ np.swapaxes(rotations_about_y(0.5 * acceleration * t**2), -1, -2)
    required = dynamics.required_forces(spin, np.full(2, 0.5), fps)
    expected = 0.3**2 * acceleration / dynamics.GRAVITY
    assert_same(required.torque[60:-60, 1], np.full(len(t) - 120, expected), 5e-3 * expected)


def test_forces_do_not_depend_on_the_frame_rate() -> None:
    def peak(fps: float) -> float:
        sway = 0.05 * np.sin(2 * np.pi * 1.0 * times(fps, 4.0))[:, None] * [1.0, 0.0, 0.0]
        force = dynamics.required_forces(sway[:, None] + POINTS, MASSES, fps).force[:, 0]
        return float(np.abs(force[len(force) // 4 : -len(force) // 4]).max())

    expected = 0.05 * (2 * np.pi) ** 2 / dynamics.GRAVITY
    assert [peak(fps) for fps in (25.0, 30.0, 60.0, 120.0)] == pytest.approx([expected] * 4, rel=0.02)


def test_the_filter_halves_the_amplitude_at_its_cutoff_and_has_no_phase() -> None:
    fps = 240.0
    t = times(fps, 4.0)
    wave = np.sin(2 * np.pi * dynamics.CUTOFF_HZ * t)[:, None]
    smooth = dynamics.smooth_paths(wave, fps)
    inner = slice(240, -240)
    assert_same(smooth[inner], 0.5 * wave[inner], 0.01)

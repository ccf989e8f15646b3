"""Inverse dynamics of the whole body: motion of its masses -> force and torque that it needs from outside.

In: paths of point masses. Out: ``RequiredForces`` about the centre of mass, in units of the body weight. ``support.py``
tells which part of them the floor can give.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

from bodydouble.data import FloatArray

GRAVITY = 9.81
"""m/s^2."""
UP = np.array([0.0, 1.0, 0.0])
CUTOFF_HZ = 6.0
"""Cutoff frequency in Hz of the paths: that of gait analysis (Winter 2009). Noise grows with its square."""
MIN_FRAMES = 4
"""Minimum number of frames for a third difference."""
_THIRD_DIFFERENCE = np.array([-1.0, 3.0, -3.0, 1.0])


@dataclass(frozen=True, slots=True)
class RequiredForces:
    """Force and torque about the centre of mass that a body needs besides gravity."""

    center_of_mass: FloatArray
    """(T, 3) m."""
    velocity: FloatArray
    """(T, 3) m/s, of the centre of mass."""
    force: FloatArray
    """(T, 3) in body weights."""
    torque: FloatArray
    """(T, 3) in body weights times m."""


def required_forces(points: FloatArray, masses: FloatArray, fps: float) -> RequiredForces:
    """Computes the force and the torque that a motion needs by the laws of Newton and Euler.

    They are zero for a body that flies without air resistance. At the first and the last frame accelerations are those
    of the neighbour.

    Args:
        points: (T, K, 3) m, point masses in the world, +Y up; at least MIN_FRAMES frames.
        masses: (K,) fractions of the mass of the body.
        fps: frames per second.

    Source: D. A. Winter, "Biomechanics and Motor Control of Human Movement", 4th edition, 2009.
    """
    paths = smooth_paths(points.reshape(len(points), -1), fps).reshape(points.shape)
    inner = np.diff(paths, n=2, axis=0) * (fps**2 / GRAVITY)
    acceleration = np.concatenate([inner[:1], inner, inner[-1:]])
    center = np.asarray(masses @ paths)
    return RequiredForces(
        center_of_mass=center,
        velocity=np.gradient(center, axis=0) * fps,
        force=masses @ acceleration + UP,
        torque=np.asarray(masses @ np.cross(paths - center[:, None], acceleration)),
    )


def smooth_paths(values: FloatArray, fps: float, cutoff: float = CUTOFF_HZ) -> FloatArray:
    """Smooths values (T, N) by the curve that is close to them and has small third differences.

    The filter has zero phase and halves the amplitude at the cutoff frequency in Hz. Parabolas, as in free fall, are
    unchanged up to the first and the last frame.

    Source: P. Eilers, "A perfect smoother", Analytical Chemistry 75 (2003).
    """
    count, order = len(values), len(_THIRD_DIFFERENCE) - 1
    products = (fps / (2 * np.pi * cutoff)) ** 6 * np.outer(_THIRD_DIFFERENCE, _THIRD_DIFFERENCE)
    bands = np.zeros((order + 1, count))
    for row in range(order + 1):
        for column in range(row, order + 1):
            bands[order - (column - row), column : count - order + column] += products[row, column]
    bands[order] += 1.0
    start = values[:1]
    return np.asarray(solveh_banded(bands, values - start, check_finite=False) + start)

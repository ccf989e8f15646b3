"""Forces that a motion needs, and the part of them that no contact with the floor explains (inverse dynamics)."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded
from scipy.optimize import nnls

from bodydouble.data import BoolArray, FloatArray

GRAVITY = 9.81
"""m/s^2."""
UP = np.array([0.0, 1.0, 0.0])
CUTOFF_HZ = 6.0
"""Cutoff frequency in Hz of the paths of the masses, as usual in gait analysis."""
FRICTION = 0.8
"""Coefficient of friction of shoes on a floor."""
CONE_EDGES = 8
"""Number of edges of the pyramid within the friction cone."""
_ANGLES = 2 * np.pi * np.arange(CONE_EDGES) / CONE_EDGES
_CONE = np.stack([FRICTION * np.cos(_ANGLES), np.ones(CONE_EDGES), FRICTION * np.sin(_ANGLES)], axis=1)
"""(CONE_EDGES, 3) forces along the edges of the pyramid."""


@dataclass(frozen=True, slots=True)
class RequiredForces:
    """Force and torque about the centre of mass that a body needs from outside, besides gravity."""

    center_of_mass: FloatArray
    """(T, 3) m."""
    force: FloatArray
    """(T, 3) in body weights."""
    torque: FloatArray
    """(T, 3) in body weights times m."""


def required_forces(points: FloatArray, masses: FloatArray, fps: float) -> RequiredForces:
    """Computes what must act on a body for its motion (Newton-Euler).

    Args:
        points: (T, K, 3) m, point masses of the body in the world, +Y up; T is at least 3.
        masses: (K,) fractions of the mass of the body.
        fps: frames per second.
    """
    smooth = smooth_paths(points.reshape(len(points), -1), fps).reshape(points.shape)
    acceleration = np.diff(smooth, n=2, axis=0) * (fps**2 / GRAVITY)
    acceleration = np.concatenate([acceleration[:1], acceleration, acceleration[-1:]])
    center = masses @ smooth
    torque = masses @ np.cross(smooth - center[:, None], acceleration)
    return RequiredForces(center, masses @ acceleration + UP, torque)


def smooth_paths(values: FloatArray, fps: float, cutoff: float = CUTOFF_HZ) -> FloatArray:
    strength = (fps / (2 * np.pi * cutoff)) ** 6
    count = len(values)
    stencil = np.array([-1.0, 3.0, -3.0, 1.0])
    bands = np.zeros((4, count))
    for i in range(4):
        for j in range(i, 4):
            bands[3 - (j - i), j : count - 3 + j] += strength * stencil[i] * stencil[j]
    bands[3] += 1.0
    return solveh_banded(bands, values, check_finite=False)


def unexplained_forces(required: RequiredForces, points: FloatArray, contacts: BoolArray, leg_length: float):
    """(T,) force residual, torque residual."""
    target = np.concatenate([required.force, required.torque / leg_length], axis=1)
    arms = points - required.center_of_mass[:, None]
    torques = np.cross(arms[:, :, None], _CONE) / leg_length
    columns = np.concatenate([np.broadcast_to(_CONE, torques.shape), torques], axis=-1)
    residual = target.copy()
    for t in np.flatnonzero(contacts.any(axis=1)):
        matrix = columns[t, contacts[t]].reshape(-1, 6).T
        residual[t] -= matrix @ nnls(matrix, target[t])[0]
    return residual

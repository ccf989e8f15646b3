"""Exponential map of rotations, its inverse and its derivatives, batched over leading axes."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

SMALL = 1e-4
"""rad; below this angle the derivative is expanded in a series."""


def logarithm(matrix: FloatArray) -> FloatArray:
    """Returns the rotation vectors (..., 3), rad, of rotation matrices (..., 3, 3)."""
    return rotation.to_rotvec(rotation.from_matrix(matrix))


def exponential(rotvec: FloatArray) -> FloatArray:
    """Returns the rotation matrices (..., 3, 3) of rotation vectors (..., 3), rad."""
    return rotation.to_matrix(rotation.from_rotvec(rotvec))


def skew(v: FloatArray) -> FloatArray:
    """Returns the matrices (..., 3, 3) of the cross product with vectors (..., 3)."""
    x, y, z = np.moveaxis(v, -1, 0)
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def log_jacobian(rotvec: FloatArray) -> FloatArray:
    """Returns the derivative (..., 3, 3) of log(R exp(d)) with respect to d at d = 0, where R = exp(rotvec).

    The derivative of log(exp(-d) R) is minus its transpose.

    Source: Chirikjian, Stochastic Models, Information Theory, and Lie Groups, vol. 2 (2012): the inverse of the right
    Jacobian of SO(3).
    """
    angle = np.linalg.norm(rotvec, axis=-1)[..., None, None]
    safe = np.maximum(angle, SMALL)
    factor = 1 / safe**2 - 1 / (2 * safe * np.tan(safe / 2))
    factor = np.where(angle < SMALL, 1 / 12, factor)
    cross = skew(rotvec)
    return np.asarray(np.eye(3) + 0.5 * cross + factor * (cross @ cross))

"""Euler angles of FBX: rotation orders, and angles that are continuous over time.

``eEulerXYZ``, the order that is written, rotates about x first: its matrix is ``Rz @ Ry @ Rx``.
"""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

ORDERS = ("xyz", "xzy", "yzx", "yxz", "zxy", "zyx", "xyz")
"""Axes in the order in which they rotate, by the value of RotationOrder; the last, spheric XYZ, is read as XYZ."""
GIMBAL_LOCK_COSINE = 1e-6
"""Cosine of the y angle below which the x and z angles are not unique."""


def to_quaternions(angles_deg: FloatArray, order: int = 0) -> FloatArray:
    """Returns the rotations (..., 4) xyzw of Euler angles (..., 3) about x, y and z in degrees.

    Args:
        angles_deg: angles about x, y and z, whatever the order.
        order: index of ORDERS.
    """
    half = np.radians(angles_deg) / 2
    total = np.broadcast_to(rotation.IDENTITY, (*half.shape[:-1], 4))
    for axis in map("xyz".index, ORDERS[order]):
        step = np.zeros((*half.shape[:-1], 4))
        step[..., axis], step[..., 3] = np.sin(half[..., axis]), np.cos(half[..., axis])
        total = rotation.multiply(step, total)
    return np.asarray(total)


def from_quaternions(rotations: FloatArray) -> FloatArray:
    """Returns the Euler angles (T, J, 3) in degrees of rotations (T, J, 4) xyzw, in the order XYZ.

    Of the angles that give the same rotation, those nearest to the frame before are taken, so that curves through the
    angles do not turn over between two frames.
    """
    matrices = rotation.to_matrix(rotations)
    first = _principal_angles(matrices)
    # The other solution: the y angle on the far side of the quarter turn.
    second = np.array([180.0, 180.0, 180.0]) + first * np.array([1.0, -1.0, 1.0])
    candidates = np.stack([first, second], axis=1)
    is_locked = np.hypot(matrices[..., 0, 0], matrices[..., 1, 0]) < GIMBAL_LOCK_COSINE
    result = np.empty_like(first)
    previous = np.zeros_like(first[0])
    for t, frame in enumerate(candidates):
        locked = is_locked[t]
        if locked.any():
            frame[:, locked] = _locked_angles(matrices[t, locked], first[t, locked], previous[locked])
        nearest = frame + 360.0 * np.round((previous - frame) / 360.0)
        distances = np.abs(nearest - previous).sum(axis=-1)
        previous = np.where((distances[0] <= distances[1])[:, None], nearest[0], nearest[1])
        result[t] = previous
    return result


def _principal_angles(matrices: FloatArray) -> FloatArray:
    """Returns the angles (..., 3) in degrees with y between -90 and 90."""
    cosine = np.hypot(matrices[..., 0, 0], matrices[..., 1, 0])
    x = np.arctan2(matrices[..., 2, 1], matrices[..., 2, 2])
    y = np.arctan2(-matrices[..., 2, 0], cosine)
    z = np.arctan2(matrices[..., 1, 0], matrices[..., 0, 0])
    return np.asarray(np.degrees(np.stack([x, y, z], axis=-1)))


def _locked_angles(matrices: FloatArray, angles: FloatArray, previous: FloatArray) -> FloatArray:
    """Returns the angles (N, 3) of rotations in gimbal lock that keep the x angle of the frame before."""
    sign = -np.sign(matrices[:, 2, 0])
    # Only x - z (y = 90) or x + z (y = -90) is determined.
    combined = np.degrees(np.arctan2(sign * matrices[:, 0, 1], matrices[:, 1, 1]))
    x = previous[:, 0]
    return np.stack([x, angles[:, 1], sign * (x - combined)], axis=-1)

"""Rotations as unit quaternions (xyzw) and as matrices, batched over leading axes."""

import numpy as np

from bodydouble.data import FloatArray

IDENTITY = np.array([0.0, 0.0, 0.0, 1.0])


def normalize(vectors: FloatArray, eps: float = 1e-12) -> FloatArray:
    """Divides vectors (..., N) by their length; vectors shorter than eps stay as they are."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > eps, length, 1.0)


def multiply(a: FloatArray, b: FloatArray) -> FloatArray:
    """Returns the product a * b of quaternions (..., 4): the rotation b, then the rotation a."""
    ax, ay, az, aw = np.moveaxis(np.asarray(a), -1, 0)
    bx, by, bz, bw = np.moveaxis(np.asarray(b), -1, 0)
    return np.stack(
        [
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz,
        ],
        axis=-1,
    )


def conjugate(q: FloatArray) -> FloatArray:
    """Returns the inverse of unit quaternions (..., 4)."""
    return np.asarray(q * np.array([-1.0, -1.0, -1.0, 1.0]))


def rotate(q: FloatArray, v: FloatArray) -> FloatArray:
    """Rotates vectors (..., 3) by unit quaternions (..., 4); see rotate_vectors for matrices."""
    q, v = np.asarray(q), np.asarray(v)
    axis = q[..., :3]
    t = 2.0 * np.cross(axis, v)
    return v + q[..., 3:] * t + np.cross(axis, t)


def rotate_vectors(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """Multiplies vectors (..., 3) by rotation matrices (..., 3, 3); see rotate for quaternions."""
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def to_matrix(q: FloatArray) -> FloatArray:
    """Returns the rotation matrices (..., 3, 3) of unit quaternions (..., 4)."""
    x, y, z, w = np.moveaxis(np.asarray(q), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def from_matrix(m: FloatArray) -> FloatArray:
    """Returns the unit quaternions (..., 4), w >= 0, of rotation matrices (..., 3, 3).

    Source: Bar-Itzhack's symmetric form; of its four branches the one with the largest component (Shepperd 1978).
    """
    m = np.asarray(m, dtype=np.float64)
    diagonal = np.diagonal(m, axis1=-2, axis2=-1)
    trace = diagonal.sum(axis=-1)
    m00, m11, m22 = np.moveaxis(diagonal, -1, 0)
    wx, wy, wz = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    candidates = np.stack(
        [
            np.stack([1 + m00 - m11 - m22, xy, xz, wx], axis=-1),
            np.stack([xy, 1 - m00 + m11 - m22, yz, wy], axis=-1),
            np.stack([xz, yz, 1 - m00 - m11 + m22, wz], axis=-1),
            np.stack([wx, wy, wz, 1 + trace], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(np.stack([m00, m11, m22, trace], axis=-1), axis=-1)
    q = normalize(np.take_along_axis(candidates, best[..., None, None], axis=-2)[..., 0, :])
    return q * np.where(q[..., 3:] < 0, -1.0, 1.0)


def from_rotvec(rotvec: FloatArray) -> FloatArray:
    """Returns the unit quaternions (..., 4) of rotation vectors (..., 3), rad."""
    angle = np.linalg.norm(rotvec, axis=-1, keepdims=True)
    scale = 0.5 * np.sinc(angle / (2 * np.pi))
    return np.concatenate([rotvec * scale, np.cos(angle / 2)], axis=-1)


def to_rotvec(q: FloatArray) -> FloatArray:
    """Returns the rotation vectors (..., 3), rad, of unit quaternions (..., 4); their length is at most pi."""
    q = q * np.where(q[..., 3:] < 0, -1.0, 1.0)
    sine = np.linalg.norm(q[..., :3], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., 3:])
    return q[..., :3] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)


def between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Returns the shortest rotation (..., 4) from unit vectors a (..., 3) to unit vectors b (..., 3)."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    w = 1.0 + np.sum(a * b, axis=-1, keepdims=True)
    helper = np.where(np.abs(a[..., :1]) < 0.9, np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    opposite = np.concatenate([np.cross(a, helper), np.zeros_like(w)], axis=-1)
    q = np.where(w > 1e-9, np.concatenate([np.cross(a, b), w], axis=-1), opposite)
    return normalize(q)


def from_axes(primary: FloatArray, secondary: FloatArray) -> FloatArray:
    """Builds rotation matrices (..., 3, 3) by Gram-Schmidt: column 0 along primary, column 1 towards secondary."""
    x = normalize(primary)
    y = normalize(secondary - np.sum(secondary * x, axis=-1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def make_continuous(q: FloatArray) -> FloatArray:
    """Chooses the signs of quaternions (T, ..., 4) so that consecutive frames lie in the same hemisphere."""
    flips = np.sum(q[1:] * q[:-1], axis=-1) < 0
    parity = np.concatenate([np.zeros(q[:1].shape[:-1], dtype=int), np.cumsum(flips, axis=0)]) % 2
    return q * np.where(parity[..., None] == 1, -1.0, 1.0)


def angle_between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Returns the angle (...), rad, between unit quaternions (..., 4); small angles are exact, too.

    Source: W. Kahan, "How futile are mindless assessments of roundoff in floating-point computation?", 2006.
    """
    difference, total = np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1)
    return np.asarray(4 * np.arctan2(np.minimum(difference, total), np.maximum(difference, total)))


def nearest_rotation(matrices: FloatArray) -> FloatArray:
    """Returns the rotations (..., 3, 3) nearest to matrices (..., 3, 3) in the Frobenius norm."""
    return polar_rotation(matrices)[0]


def polar_rotation(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Finds the rotations nearest to matrices (..., 3, 3) in the Frobenius norm, and the singular values.

    Returns:
        The rotations (..., 3, 3), never reflections, and the singular values (..., 3), of which the smallest is
        negative where the nearest orthogonal matrix would be a reflection.

    Source: W. Kabsch, "A solution for the best rotation to relate two sets of vectors", Acta Crystallographica 1976.
    """
    u, values, vt = np.linalg.svd(matrices)
    sign = np.ones_like(values)
    sign[..., 2] = np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0)
    return np.asarray((u * sign[..., None, :]) @ vt), np.asarray(values * sign)


def nearest_rotation_by_determinant(matrices: FloatArray) -> FloatArray:
    """Returns the rotations (..., 3, 3) nearest to matrices (..., 3, 3), as nearest_rotation but for rounding.

    A reflection is undone by the determinant itself and not by its sign. Camera rotations and rest poses of rigs are
    computed this way; the other way would change their last digits.
    """
    u, _, vt = np.linalg.svd(matrices)
    u[..., -1] *= np.linalg.det(u @ vt)[..., None]
    return np.asarray(u @ vt)


def tangent_basis(directions: FloatArray) -> FloatArray:
    """Returns two unit vectors across each of N unit vectors (N, 3) and across each other, as columns (N, 3, 2)."""
    axis = np.eye(3)[np.argmin(np.abs(directions), axis=1)]
    first = normalize(np.cross(directions, axis))
    return np.stack([first, np.cross(directions, first)], axis=-1)

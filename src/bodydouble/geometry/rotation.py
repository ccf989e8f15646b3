"""Unit quaternions (xyzw) and rotation matrices, batched over leading axes."""

import numpy as np

from bodydouble.data import FloatArray

IDENTITY = np.array([0.0, 0.0, 0.0, 1.0])


def normalize(vectors: FloatArray, eps: float = 1e-12) -> FloatArray:
    """Vectors (..., N) divided by their length; vectors shorter than eps stay as they are."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > eps, length, 1.0)


def multiply(a: FloatArray, b: FloatArray) -> FloatArray:
    """Product a * b of quaternions (..., 4): the rotation b, then the rotation a."""
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
    """Inverse of unit quaternions (..., 4)."""
    return np.asarray(q * np.array([-1.0, -1.0, -1.0, 1.0]))


def rotate(q: FloatArray, v: FloatArray) -> FloatArray:
    """Vectors (..., 3) rotated by unit quaternions (..., 4)."""
    q, v = np.asarray(q), np.asarray(v)
    axis = q[..., :3]
    t = 2.0 * np.cross(axis, v)
    return v + q[..., 3:] * t + np.cross(axis, t)


def to_matrix(q: FloatArray) -> FloatArray:
    """Rotation matrices (..., 3, 3) of unit quaternions (..., 4)."""
    x, y, z, w = np.moveaxis(np.asarray(q), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def from_matrix(m: FloatArray) -> FloatArray:
    """Unit quaternions (..., 4), w >= 0, of rotation matrices (..., 3, 3).

    Source: Bar-Itzhack's symmetric form, the branch with the largest component (Shepperd 1978).
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
    """Unit quaternions (..., 4) of rotation vectors (..., 3), radians."""
    angle = np.linalg.norm(rotvec, axis=-1, keepdims=True)
    scale = 0.5 * np.sinc(angle / (2 * np.pi))
    return np.concatenate([rotvec * scale, np.cos(angle / 2)], axis=-1)


def to_rotvec(q: FloatArray) -> FloatArray:
    """Rotation vectors (..., 3), radians, of at most pi, of unit quaternions (..., 4)."""
    q = q * np.where(q[..., 3:] < 0, -1.0, 1.0)
    sine = np.linalg.norm(q[..., :3], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., 3:])
    return q[..., :3] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)


def between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Shortest rotation (..., 4) that turns unit vector a (..., 3) into unit vector b (..., 3)."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    w = 1.0 + np.sum(a * b, axis=-1, keepdims=True)
    helper = np.where(np.abs(a[..., :1]) < 0.9, np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    opposite = np.concatenate([np.cross(a, helper), np.zeros_like(w)], axis=-1)
    q = np.where(w > 1e-9, np.concatenate([np.cross(a, b), w], axis=-1), opposite)
    return normalize(q)


def from_axes(primary: FloatArray, secondary: FloatArray) -> FloatArray:
    """Rotation matrix (..., 3, 3) by Gram-Schmidt: first column along primary, second column towards secondary."""
    x = normalize(primary)
    y = normalize(secondary - np.sum(secondary * x, axis=-1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def continuous(q: FloatArray) -> FloatArray:
    """Quaternions (T, ..., 4) with signs chosen so that consecutive frames lie in the same hemisphere."""
    flips = np.sum(q[1:] * q[:-1], axis=-1) < 0
    parity = np.concatenate([np.zeros(q[:1].shape[:-1], dtype=int), np.cumsum(flips, axis=0)]) % 2
    return q * np.where(parity[..., None] == 1, -1.0, 1.0)


def angle_between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Angle (...), radians, between unit quaternions (..., 4), exact for small angles too.

    Source: W. Kahan, "How futile are mindless assessments of roundoff in floating-point computation?", 2006.
    """
    difference, total = np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1)
    return np.asarray(4 * np.arctan2(np.minimum(difference, total), np.maximum(difference, total)))

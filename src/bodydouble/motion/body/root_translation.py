"""Root translation of a posed skeleton from its 2D landmarks: linear least squares, camera pose from known shape."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.motion.body import body_landmarks
from bodydouble.skeletons import blazepose

BODY_LANDMARKS = tuple(
    blazepose.INDEX[f"{side}_{name}"]
    for side in ("left", "right")
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index")
)
"""Indices of the landmarks that are used by default: no face, no fingers."""


def fit_translation(
    skeleton: Skeleton,
    rotations: FloatArray,
    image_points: FloatArray,
    confidence: FloatArray,
    landmarks: Sequence[int] = BODY_LANDMARKS,
) -> FloatArray:
    """Fits the root position (T, 3) m, camera axes, that brings the posed skeleton's landmarks onto their view rays.

    Linear least squares per frame: x (Z + t_z) = X + t_x, and likewise for y, for each landmark (X, Y, Z) observed at
    (x, y).

    Args:
        skeleton: J joints.
        rotations: (T, J, 4) local to the parent; that of the root is camera_from_hips.
        image_points: (T, 33, 2) landmarks on the plane z = 1 of the camera.
        confidence: (T, 33); the weight is its square.
        landmarks: indices of the landmarks that are used.
    """
    points = _relative_landmarks(skeleton, rotations, landmarks)
    x, y = np.moveaxis(image_points[:, landmarks], -1, 0)
    weight = confidence[:, landmarks] ** 2 + 1e-4
    system = np.zeros((len(points), 3, 3))
    right = np.zeros((len(points), 3))
    for axis, observed in enumerate((x, y)):
        row = np.zeros((*observed.shape, 3))
        row[..., axis] = 1.0
        row[..., 2] = -observed
        target = observed * points[..., 2] - points[..., axis]
        system += np.einsum("tn,tni,tnj->tij", weight, row, row)
        right += np.einsum("tn,tni,tn->ti", weight, row, target)
    return np.asarray(np.linalg.solve(system, right[..., None])[..., 0])


def fit_lateral_translation(
    skeleton: Skeleton,
    rotations: FloatArray,
    depth: FloatArray,
    image_points: FloatArray,
    confidence: FloatArray,
) -> FloatArray:
    """Fits the root position (T, 3) m, camera axes, at given depths.

    Args:
        skeleton: J joints.
        rotations: (T, J, 4) local to the parent; that of the root is camera_from_hips.
        depth: (T,) m of the root.
        image_points: (T, 33, 2) landmarks on the plane z = 1 of the camera.
        confidence: (T, 33); the weight is its square.
    """
    points = _relative_landmarks(skeleton, rotations, BODY_LANDMARKS)
    weight = (confidence[:, BODY_LANDMARKS] ** 2 + 1e-4)[..., None]
    target = image_points[:, BODY_LANDMARKS] * (points[..., 2:] + depth[:, None, None]) - points[..., :2]
    lateral = (weight * target).sum(axis=1) / weight.sum(axis=1)
    return np.concatenate([lateral, depth[:, None]], axis=-1)


def _relative_landmarks(skeleton: Skeleton, rotations: FloatArray, landmarks: Sequence[int]) -> FloatArray:
    return body_landmarks.landmark_positions(skeleton, rotations, np.zeros(3))[:, landmarks]

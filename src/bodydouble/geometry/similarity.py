"""Similarity of boxes (intersection over union) and of 2D poses (object keypoint similarity), 0 to 1."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.skeletons import coco

_TORSO = [coco.INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "hip")]
_KEYPOINT_SIGMAS = 2.0 * np.asarray(coco.OKS_SIGMAS)


def box_area(boxes: FloatArray) -> FloatArray:
    """Returns the areas (...) of boxes (..., 4) x_min, y_min, x_max, y_max; that of an inverted box is 0."""
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def box_intersection(a: FloatArray, b: FloatArray) -> FloatArray:
    """Returns the areas (...) of the intersections of boxes (..., 4) x_min, y_min, x_max, y_max."""
    a, b = np.broadcast_arrays(a, b)
    return box_area(np.concatenate([np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])], axis=-1))


def box_iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Returns the intersection over union (...) of boxes (..., 4) x_min, y_min, x_max, y_max."""
    intersection = box_intersection(a, b)
    union = box_area(a) + box_area(b) - intersection
    return np.asarray(intersection / np.where(union > 0, union, 1.0))


def pose_extent(points: FloatArray) -> FloatArray:
    """Returns half the diagonal (...) of the box around points (..., K, 2): a person's size, standing or lying."""
    return np.asarray(0.5 * np.linalg.norm(points.max(axis=-2) - points.min(axis=-2), axis=-1))


def pose_center(points: FloatArray) -> FloatArray:
    """Returns the centre (..., 2) of shoulders and hips of poses (..., 17, 2), COCO order."""
    return np.asarray(points[..., _TORSO, :].mean(axis=-2))


def pose_similarity(a: FloatArray, b: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Returns the object keypoint similarity (...) of poses (..., 17, 2), COCO order.

    Args:
        a: (..., 17, 2) in px.
        b: (..., 17, 2) in px.
        weights: (..., 17) of the keypoints; equal if not given.

    Source: COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval, with half the diagonal of the larger
    pose as the object's scale.
    """
    scale = np.maximum(np.maximum(pose_extent(a), pose_extent(b)), 1e-6)
    distance = np.linalg.norm(a - b, axis=-1) / (scale[..., None] * _KEYPOINT_SIGMAS)
    per_keypoint = np.exp(-0.5 * distance**2)
    weights = np.ones(per_keypoint.shape[-1]) if weights is None else weights
    return np.asarray((per_keypoint * weights).sum(axis=-1) / np.maximum(weights.sum(axis=-1), 1e-6))

"""Facing: the side that a person shows, with ground truth and without it.

The lateral axis of a body points from its right to its left: the mean of the hip line and the shoulder line. A person
who is shown from behind instead of from the front has a lateral axis of the opposite direction.
"""

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.skeletons import blazepose, humanoid

WRONG_SIDE_ANGLE_DEG = 90.0
"""Minimum angle in degrees between the estimated and the true lateral axis of a body that shows the wrong side."""
MIN_SEPARATION = 0.06
"""Minimum distance of left from right in the image, relative to the box, for their order to be clear."""
MIN_CONFIDENCE = 0.5
"""Minimum confidence of the keypoints whose order counts."""
LINES = (("UpperArm", "shoulder"), ("UpperLeg", "hip"))
"""Joint and keypoint, without their sides, at the ends of the shoulder line and of the hip line."""
_JOINT_ENDS = np.array([[humanoid.INDEX[side + joint] for side in ("left", "right")] for joint, _ in LINES])
_KEYPOINT_ENDS = np.array([[blazepose.INDEX[f"{side}_{point}"] for side in ("left", "right")] for _, point in LINES])


def facing_errors_deg(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Returns the angle (T,) in degrees, 0 to 180, between the lateral axes of joints (T, 22, 3); NaN if either is."""
    axes = [_line_vectors(joints, _JOINT_ENDS).mean(axis=1) for joints in (predicted, truth)]
    a, b = (axis / np.linalg.norm(axis, axis=-1, keepdims=True) for axis in axes)
    return np.asarray(np.degrees(np.arccos(np.clip((a * b).sum(axis=-1), -1.0, 1.0))))


def count_facing_changes(errors_deg: FloatArray) -> int:
    """Counts the changes between the right and the wrong side over facing errors (T,); frames of NaN are skipped."""
    is_wrong = errors_deg[np.isfinite(errors_deg)] > WRONG_SIDE_ANGLE_DEG
    return int(np.count_nonzero(np.diff(is_wrong)))


def contradicts_keypoints(projected: FloatArray, keypoints: FloatArray, boxes: FloatArray) -> BoolArray:
    """Returns (T, 2) whether shoulders and hips of the projected joints have the opposite order of clear keypoints.

    Clear keypoints are confident and separated. The projected joints must be half as far apart, since joints that
    appear one behind the other have no order.

    Args:
        projected: (T, 22, 2) px.
        keypoints: (T, 33, 3) x px, y px, confidence; NaN where not observed.
        boxes: (T, 4) x_min, y_min, x_max, y_max, px.
    """
    min_distance = MIN_SEPARATION * (boxes[:, 2:] - boxes[:, :2]).max(axis=-1)[:, None]
    observed, estimated = _line_vectors(keypoints[..., :2], _KEYPOINT_ENDS), _line_vectors(projected, _JOINT_ENDS)
    is_clear = (keypoints[..., 2][:, _KEYPOINT_ENDS].min(axis=-1) >= MIN_CONFIDENCE) & (
        np.linalg.norm(observed, axis=-1) >= min_distance
    )
    along = (observed * estimated).sum(axis=-1) / np.maximum(np.linalg.norm(observed, axis=-1), 1e-9)
    return np.asarray(is_clear & (along < -min_distance / 2))


def _line_vectors(points: FloatArray, ends: FloatArray) -> FloatArray:
    """Returns the vectors (T, 2, N) from right to left of the shoulders and of the hips among points (T, P, N)."""
    return np.asarray(points[:, ends[:, 0]] - points[:, ends[:, 1]])

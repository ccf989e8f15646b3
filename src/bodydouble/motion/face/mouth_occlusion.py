"""Mouths behind hands: ``Hands`` and the outline of a ``Face`` -> frames in which the mouth is covered."""

import cv2
import numpy as np

from bodydouble.data import BoolArray, Face, FloatArray, Hands
from bodydouble.skeletons import face_mesh

MIN_COVERED = 0.3
"""Minimum share of the lips that a hand covers."""
MIN_CONFIDENCE = 0.5
"""Minimum confidence of the landmarks of a hand that count."""
_LIPS = slice(-sum(len(line) for line in face_mesh.OUTLINES[-2:]), None)


def find_covered_mouths(face: Face, hands: Hands | None) -> BoolArray:
    """Returns the frames (T,) in which a hand lies over the lips in the image; none if hands or lips are not known.

    Args:
        face: T frames.
        hands: Hands of the same person in the same frames.
    """
    covered = np.zeros(len(face.observed), np.bool_)
    if hands is None or face.outline is None:
        return covered
    lips = face.outline[:, _LIPS]
    for frame in np.flatnonzero(np.isfinite(lips).all(axis=(1, 2)) & hands.observed.any(axis=1)):
        covered[frame] = any(_covers(hand, lips[frame]) for hand in hands.keypoints[frame][hands.observed[frame]])
    return covered


def _covers(hand: FloatArray, lips: FloatArray) -> bool:
    """Returns whether the hull of a hand's landmarks (21, 3) covers lips (L, 2)."""
    points = hand[hand[:, 2] >= MIN_CONFIDENCE, :2]
    if len(points) < 3:
        return False
    hull = cv2.convexHull(points.astype(np.float32))
    inside = [cv2.pointPolygonTest(hull, (float(x), float(y)), False) >= 0 for x, y in lips]
    return bool(np.mean(inside) >= MIN_COVERED)

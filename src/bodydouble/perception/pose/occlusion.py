"""Pictures without those who stand before somebody.

A network that is to find the landmarks of somebody half hidden tends to find those of the one in front. So the one in
front is painted over: the surroundings are continued where that person's limbs are.

Source: inpainting by A. Telea, "An image inpainting technique based on the fast marching method", 2004.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray, RgbImage
from bodydouble.geometry.silhouette import depth_within, nearer, silhouette
from bodydouble.geometry.similarity import box_intersection

REDUCED = 2
"""The surroundings are continued in a picture this much smaller; the eye of a network does not mind."""
RADIUS = 3
"""px around a pixel from which it is continued."""
_FARTHEST = 4096.0


def standing_before(pose: FloatArray, others: Sequence[FloatArray]) -> list[int]:
    """Which of the others may hide parts of somebody: the boxes meet, and they stand nearer.

    Args:
        pose: (K, 2) px, some landmarks.
        others: (K, 2) px each, the same landmarks.
    """
    return [i for i, other in enumerate(others) if _meet(pose, other) and nearer(other, pose)]


def nearest_first(poses: Sequence[FloatArray]) -> list[int]:
    """Indices of poses (K, 2) px, who stands nearest to the camera first."""
    return sorted(range(len(poses)), key=lambda i: -float(poses[i][:, 1].max()))


def without(picture: RgbImage, poses: Sequence[FloatArray]) -> RgbImage:
    """The picture (H, W, 3) with people painted over whose landmarks (33, 2) px are given."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for pose in poses:
        _draw(mask, pose)
    if not mask.any():
        return picture
    small = max(width // REDUCED, 1), max(height // REDUCED, 1)
    reduced = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    holes = (cv2.resize(mask, small, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    continued = cv2.resize(cv2.inpaint(reduced, holes, RADIUS, cv2.INPAINT_TELEA), (width, height))
    return np.where(mask[..., None] > 0, continued, picture).astype(np.uint8)


def hidden(points: FloatArray, poses: Sequence[FloatArray]) -> BoolArray:
    """(N,) which of the points (N, 2) px lie behind one of the people whose landmarks (33, 2) px are given."""
    if not poses:
        return np.zeros(len(points), dtype=bool)
    return np.asarray((depth_within(points, silhouette(np.stack(poses))) > 0).any(axis=0))


def _draw(mask: RgbImage, pose: FloatArray) -> None:
    """Draw a body into a mask (H, W): 255 where it is."""
    body = silhouette(np.clip(pose, -_FARTHEST, _FARTHEST))
    starts, ends = (np.round(points).astype(int).tolist() for points in (body.starts, body.ends))
    for start, end, radius in zip(starts, ends, body.radii, strict=True):
        cv2.line(mask, start, end, 255, max(round(2 * float(radius)), 1))


def _meet(one: FloatArray, other: FloatArray) -> bool:
    boxes = (np.concatenate([pose.min(axis=0), pose.max(axis=0)]) for pose in (one, other))
    return float(box_intersection(*boxes)) > 0

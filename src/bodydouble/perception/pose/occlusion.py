"""Finds occluders, inpaints them, and gives up the landmarks behind them.

In: an image and landmarks (33, 2) px of occluders. Out: the image without them, and the landmarks of the person behind.

The landmark network tends to locate the occluder twice instead of the half-occluded person behind. So the occluder is
removed: the surroundings are continued into its silhouette.

Source: inpainting by A. Telea, "An image inpainting technique based on the fast marching method", 2004.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray, RgbImage
from bodydouble.geometry.silhouette import build_silhouettes, depth_within, is_nearer
from bodydouble.geometry.similarity import box_intersection
from bodydouble.perception.protocols import Landmarks

INPAINT_DOWNSCALE = 2
"""Factor by which the image is reduced for inpainting; the landmarks hardly depend on it."""
INPAINT_RADIUS = 3
"""Radius around a pixel from which it is inpainted, px of the reduced image."""
MIN_VISIBLE_LANDMARKS = 5
"""Minimum number of visible landmarks from which the displacement of a person is measured."""
MIN_VISIBLE_CONFIDENCE = 0.3
"""Minimum confidence of these landmarks."""
_MAX_COORDINATE = 4096.0


def find_occluders(pose: FloatArray, others: Sequence[FloatArray]) -> list[int]:
    """Returns the indices of people that may occlude a person: their boxes intersect, and they are nearer.

    Args:
        pose: (K, 2) px, some landmarks of the person.
        others: (K, 2) px each, the same landmarks of other people.
    """
    return [i for i, other in enumerate(others) if _boxes_intersect(pose, other) and is_nearer(other, pose)]


def argsort_nearest_first(poses: Sequence[FloatArray]) -> list[int]:
    """Returns the indices of poses (K, 2) px, sorted from the nearest to the camera to the farthest."""
    return sorted(range(len(poses)), key=lambda i: -float(poses[i][:, 1].max()))


def inpaint_people(image: RgbImage, poses: Sequence[FloatArray]) -> RgbImage:
    """Removes people with landmarks (33, 2) px from an image (H, W, 3) by inpainting their silhouettes."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for pose in poses:
        _draw_silhouette(mask, pose)
    if not mask.any():
        return image
    small = max(width // INPAINT_DOWNSCALE, 1), max(height // INPAINT_DOWNSCALE, 1)
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    holes = (cv2.resize(mask, small, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    inpainted = cv2.resize(cv2.inpaint(reduced, holes, INPAINT_RADIUS, cv2.INPAINT_TELEA), (width, height))
    return np.where(mask[..., None] > 0, inpainted, image).astype(np.uint8)


def is_occluded(points: FloatArray, poses: Sequence[FloatArray]) -> BoolArray:
    """Returns (N,) which of the points (N, 2) px lie behind one of the people with landmarks (33, 2) px."""
    if not poses:
        return np.zeros(len(points), dtype=bool)
    return np.asarray((depth_within(points, build_silhouettes(np.stack(poses))) > 0).any(axis=0))


def replace_occluded(landmarks: Landmarks, predicted: FloatArray, occluded: BoolArray) -> Landmarks:
    """Gives up occluded landmarks: confidence 0, at the predicted place relative to the visible landmarks.

    The network tends to take the occluder's limbs for those of the person behind, who then would follow the occluder.

    Args:
        landmarks: Landmarks of a person behind others.
        predicted: (33, 2) px, pose predicted from the frames before.
        occluded: (33,) landmarks to give up.
    """
    if not occluded.any():
        return landmarks
    keypoints = landmarks.keypoints.copy()
    keypoints[occluded, :2] = predicted[occluded] + _visible_shift(landmarks, predicted, ~occluded)
    keypoints[occluded, 2] = 0.0
    return replace(landmarks, keypoints=keypoints)


def _visible_shift(landmarks: Landmarks, predicted: FloatArray, visible: BoolArray) -> FloatArray:
    """Returns the median displacement (2,) px of the visible landmarks from the prediction; 0 for too few."""
    visible = visible & (landmarks.keypoints[:, 2] >= MIN_VISIBLE_CONFIDENCE)
    if np.count_nonzero(visible) < MIN_VISIBLE_LANDMARKS:
        return np.zeros(2)
    return np.asarray(np.median(landmarks.pose[visible] - predicted[visible], axis=0))


def _draw_silhouette(mask: RgbImage, pose: FloatArray) -> None:
    """Sets a mask (H, W) to 255 inside the silhouette of a pose (33, 2)."""
    body = build_silhouettes(np.clip(pose, -_MAX_COORDINATE, _MAX_COORDINATE))
    starts, ends = (np.round(points).astype(int).tolist() for points in (body.starts, body.ends))
    for start, end, radius in zip(starts, ends, body.radii, strict=True):
        cv2.line(mask, start, end, 255, max(round(2 * float(radius)), 1))


def _boxes_intersect(first: FloatArray, second: FloatArray) -> bool:
    boxes = (np.concatenate([pose.min(axis=0), pose.max(axis=0)]) for pose in (first, second))
    return float(box_intersection(*boxes)) > 0

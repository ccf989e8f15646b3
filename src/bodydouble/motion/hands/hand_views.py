"""Observations of one hand over a clip as arrays, mirrored so that each hand is a left one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import HAND_LANDMARK_COUNT, BoolArray, FloatArray, HandObservation, IntArray
from bodydouble.data.windows import split_into_windows
from bodydouble.geometry import rotation
from bodydouble.motion.hands.hand_model import mirror_vectors

WINDOW_FRAMES = 3000
"""Number of frames of a long clip that are processed at once."""
_COUNT = HAND_LANDMARK_COUNT


@dataclass(frozen=True, slots=True)
class HandViews:
    """One hand in T frames. Not observed: points are NaN and the confidence is 0."""

    points: FloatArray
    """(T, 21, 2) on the plane z = 1 of the camera; x is negated for a right hand."""
    confidence: FloatArray
    """(T, 21) of the points."""
    landmarks_3d: FloatArray
    """(T, 21, 3) m, relative to the wrist, axes of the view; x is negated for a right hand."""
    camera_from_view: FloatArray
    """(T, 3, 3) rotation from a camera that looks at the hand to the real one, mirrored likewise."""

    def __getitem__(self, frames: slice) -> "HandViews":
        arrays = (self.points, self.confidence, self.landmarks_3d, self.camera_from_view)
        return HandViews(*(np.asarray(array[frames], dtype=np.float64) for array in arrays))

    @property
    def observed(self) -> BoolArray:
        """(T,) whether the hand was observed."""
        return np.asarray(self.confidence.max(axis=1) > 0)


def nearest_observed(observed: BoolArray) -> IntArray:
    """Returns the observed frame (T,) nearest to each of T frames, at least one of which was observed."""
    rows = np.flatnonzero(observed)
    frames = np.arange(len(observed))
    following = np.searchsorted(rows, frames)
    before, after = rows[np.maximum(following - 1, 0)], rows[np.minimum(following, len(rows) - 1)]
    return np.where(np.abs(frames - before) <= np.abs(after - frames), before, after)


def collect_views(
    observations: Sequence[HandObservation | None], intrinsics: FloatArray, *, is_right: bool
) -> HandViews:
    """Collects the observations of one hand in T frames.

    Long clips are stored in float32; the fit itself computes in float64.

    Args:
        observations: one per frame, None where the hand was not observed.
        intrinsics: (3, 3) px.
        is_right: whether it is a right hand, which is mirrored.
    """
    frames = len(observations)
    windows = [inner for inner, _ in split_into_windows(frames, WINDOW_FRAMES, 0)]
    if len(windows) == 1:
        return _collect_window(observations, intrinsics, is_right=is_right)
    views = HandViews(
        *(np.empty((frames, *shape), np.float32) for shape in ((_COUNT, 2), (_COUNT,), (_COUNT, 3), (3, 3)))
    )
    for window in windows:
        part = _collect_window(observations[window], intrinsics, is_right=is_right)
        views.points[window], views.confidence[window] = part.points, part.confidence
        views.landmarks_3d[window], views.camera_from_view[window] = part.landmarks_3d, part.camera_from_view
    return views


def _collect_window(
    observations: Sequence[HandObservation | None], intrinsics: FloatArray, *, is_right: bool
) -> HandViews:
    """Collects some frames; arguments as for ``collect_views``."""
    keypoints = np.full((len(observations), HAND_LANDMARK_COUNT, 3), np.nan)
    keypoints[..., 2] = 0.0
    landmarks_3d = np.full((len(observations), HAND_LANDMARK_COUNT, 3), np.nan)
    for frame, observation in enumerate(observations):
        if observation is not None:
            keypoints[frame], landmarks_3d[frame] = observation.keypoints, observation.landmarks_3d
    points = (keypoints[..., :2] - intrinsics[:2, 2]) / intrinsics[[0, 1], [0, 1]]
    if is_right:
        points, landmarks_3d = points * [-1.0, 1.0], mirror_vectors(landmarks_3d)
    center = np.append(np.nan_to_num(points.mean(axis=1)), np.ones((len(points), 1)), axis=1)
    optical_axis = np.broadcast_to([0.0, 0.0, 1.0], center.shape)
    camera_from_view = rotation.to_matrix(rotation.between(optical_axis, rotation.normalize(center)))
    return HandViews(points, keypoints[..., 2], landmarks_3d, camera_from_view)

"""Input of the lifter: some frames of a ``Track`` -> ``LifterInput``, and what is common to all windows of a long clip.

External keypoints are completed first (``completion.py``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Skeleton, Track
from bodydouble.data.windows import shift
from bodydouble.geometry import camera
from bodydouble.motion.body import proportions
from bodydouble.motion.lifting import facing, lifter
from bodydouble.motion.lifting.completion import complete_landmarks
from bodydouble.motion.lifting.person_view import frame_scales


@dataclass(frozen=True, slots=True)
class LifterInput:
    """Arguments of the lifter for some frames of a track."""

    image_points: FloatArray
    """(T, 33, 2) on the plane z = 1 of the upright camera, gaps interpolated."""
    lifter_confidence: FloatArray
    """(T, 33)."""
    landmarks_3d: FloatArray
    """(T, 33, 3) m."""
    observed: BoolArray
    """(T,)."""
    confidence: FloatArray
    """(T, 33) of the landmarks; 0 where not observed."""
    fps: float
    scale: float | None
    """Scale of the view; None: that of these frames."""

    @classmethod
    def from_track(
        cls,
        track: Track,
        intrinsics: FloatArray,
        fps: float,
        rows: slice,
        scale: float | None = None,
        *,
        has_landmarks_3d: bool,
        camera_from_upright: FloatArray,
    ) -> "LifterInput":
        """Reads some rows of a track, seen by upright cameras; landmarks are imputed where 3D landmarks are missing.

        ``camera_from_upright`` (T, 3, 3) are rotations about the optical axis for all rows of the track.
        """
        observed = track.observed[rows]
        confidence = np.where(observed[:, None], track.keypoints[rows, :, 2], 0.0)
        keypoints = interpolate_gaps(track.keypoints, track.observed, rows)
        turn = camera_from_upright[rows]
        image_points = (camera.rays(intrinsics, keypoints[..., :2]) @ turn)[..., :2]
        if has_landmarks_3d:
            landmarks = interpolate_gaps(track.landmarks_3d, None, rows) @ turn
            return cls(image_points, keypoints[..., 2], landmarks, observed, confidence, fps, scale)
        completed = complete_landmarks(image_points, keypoints[..., 2], fps, scale)
        return cls(*completed, observed, confidence, fps, scale)

    def run_lifter(self) -> lifter.LifterOutput:
        """Runs the lifter."""
        return lifter.run_lifter(*self._points, self.observed, self.fps, self.scale)

    def sum_bone_scales(self, rows: slice) -> tuple[FloatArray, FloatArray]:
        """Sums up the bone scales of some of the frames, as ``lifter.sum_bone_scales`` does."""
        return lifter.sum_bone_scales(*self._points, self.observed, self.fps, self.scale or 1.0, rows)

    def detected_pose(self) -> facing.DetectedPose:
        """Returns the pose as the landmark network shows it."""
        return facing.DetectedPose.from_lifter_input(*self._points, self.observed, self.scale)

    @property
    def _points(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        return self.image_points, self.lifter_confidence, self.landmarks_3d


def estimate_view_scale(observe: Callable[[slice], LifterInput], windows: Sequence[slice]) -> float:
    """Returns the scale of the view over all windows."""
    inputs = (observe(window) for window in windows)
    return float(np.median(np.concatenate([frame_scales(i.image_points, i.lifter_confidence) for i in inputs])))


def estimate_skeleton(
    observe: Callable[[slice, float], LifterInput], windows: Sequence[tuple[slice, slice]], scale: float
) -> Skeleton:
    """Estimates the skeleton from the bone scales of all frames, as ``run_lifter`` does for one window.

    Args:
        observe: reads some rows of a track.
        windows: windows of the clip, each with the larger one that is lifted.
        scale: scale of the view.
    """
    sums = [observe(outer, scale).sum_bone_scales(shift(inner, outer)) for inner, outer in windows]
    total, weight = np.sum(sums, axis=0)
    return proportions.skeleton_from_bone_scales(np.exp(total / weight))


def interpolate_gaps(values: FloatArray, observed: BoolArray | None = None, rows: slice | None = None) -> FloatArray:
    """Interpolates frames of values (T, ...) that hold NaN or are not observed (T,), and returns some rows.

    Frames before and after all others hold their values.
    """
    first, last, _ = (rows or slice(None)).indices(len(values))
    known = np.flatnonzero(np.isfinite(values).all(axis=tuple(range(1, values.ndim))))
    if observed is not None:
        known = known[observed[known]]
    near = known[max(np.searchsorted(known, first, side="right") - 1, 0) : np.searchsorted(known, last - 1) + 1]
    flat = lifter.interpolate_linear(np.arange(first, last), near, values[near].reshape(len(near), -1))
    return flat.reshape(last - first, *values.shape[1:])

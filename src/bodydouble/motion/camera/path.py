"""Camera path from background corners: static, rotating or travelling.

In: ``Background`` of F frames and intrinsics. Out: a ``CameraPath`` of F poses up to scale. Rotations come from
``rotation_only.py``; where they do not explain enough corners, ``structure_from_motion.py`` is run on overlapping
segments, which are joined by similarity transforms.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.ndimage import median_filter

from bodydouble.data import Background, FloatArray, IntArray
from bodydouble.geometry import camera, rotation
from bodydouble.motion.camera.bundle_adjustment import PointObservations
from bodydouble.motion.camera.rotation_only import RotationOptions, estimate_rotations, kabsch, pixel_angle
from bodydouble.motion.camera.structure_from_motion import (
    CameraTrajectory,
    TrajectoryOptions,
    estimate_trajectory,
    rotation_only_inlier_fraction,
)

MIN_SHARED_POINTS = 5
"""Minimum number of common points from which the relative scale of two segments is computed."""


@dataclass(frozen=True, slots=True)
class CameraPathOptions:
    """Criteria for camera motion. Lengths are in px of an image of REFERENCE_LONG_SIDE."""

    rotation: RotationOptions = field(default_factory=RotationOptions)
    """Options of the rotation estimate."""
    trajectory: TrajectoryOptions = field(default_factory=TrajectoryOptions)
    """Options of structure from motion."""
    max_static_rotation: float = 0.75
    """Maximum rotation in px of a static camera between the first and any other frame."""
    min_static_inlier_fraction: float = 0.6
    """Median inlier fraction above which a camera that does not rotate is static."""
    min_rotation_inlier_fraction: float = 0.85
    """Median inlier fraction above which a camera that rotates does not travel."""
    min_inlier_gain: float = 0.25
    """Minimum gain in inlier fraction of a trajectory over rotation only."""
    median_window: int = 5
    """Window in frames of the median filter of rotation angles; shorter movements are ignored."""
    segment_length: int = 90
    """Distance in frames between the starts of two segments of structure from motion."""
    segment_overlap: int = 40
    """Number of frames that a segment shares with the next one, from which their relative scale is computed."""


@dataclass(frozen=True, slots=True)
class CameraPath:
    """Pose of a camera in each of F frames."""

    first_from_camera: FloatArray
    """(F, 3, 3) rotation."""
    positions: FloatArray
    """(F, 3) optical centres in the first camera's axes, up to one scale; zero where they cannot be estimated."""
    inlier_fractions: FloatArray
    """(F,) fraction of inlier corners; 0 where there are too few and the pose follows from earlier frames."""
    is_moving: bool
    """Whether the camera moves; if not, rotations are exactly the identity and positions zero."""


def static_camera_path(frame_count: int) -> CameraPath:
    """Returns the path of a static camera."""
    rotations = np.tile(np.eye(3), (frame_count, 1, 1))
    return CameraPath(rotations, np.zeros((frame_count, 3)), np.ones(frame_count), is_moving=False)


def is_too_plain(background: Background, options: CameraPathOptions | None = None) -> bool:
    """Returns whether too few corners are seen in most frames of a clip to tell how its camera moves."""
    counts = np.bincount(background.frames, minlength=background.frame_count)
    return background.frame_count > 1 and bool(
        np.median(counts) < (options or CameraPathOptions()).rotation.min_inliers
    )


def estimate_camera_path(
    background: Background, intrinsics: FloatArray, options: CameraPathOptions | None = None
) -> CameraPath:
    """Estimates the path of a camera from the corners of the background.

    Args:
        background: F frames.
        intrinsics: (3, 3) px, of the images in which the corners were tracked.
        options: criteria for camera motion.

    Returns:
        F poses. A focal length that is off by a factor scales the angles by about its inverse.
    """
    options = options or CameraPathOptions()
    frames, radians_per_pixel = background.frame_count, pixel_angle(intrinsics)
    rotations, fractions = estimate_rotations(background, intrinsics, options.rotation)
    limit = options.max_static_rotation * radians_per_pixel
    rotates = _rotates(rotations, fractions, limit, options.median_window)
    without_travel = (
        CameraPath(rotations, np.zeros((frames, 3)), fractions, is_moving=True)
        if rotates
        else replace(static_camera_path(frames), inlier_fractions=fractions)
    )
    min_fraction = options.min_rotation_inlier_fraction if rotates else options.min_static_inlier_fraction
    if not fractions[1:].any() or np.median(fractions[fractions > 0]) > min_fraction:
        return without_travel
    trajectory = _estimate_segments(background, intrinsics, rotations, options)
    if not trajectory.inlier_fractions.any():
        return without_travel
    return _fill_missing_poses(trajectory, rotations)


def _rotates(rotations: FloatArray, inlier_fractions: FloatArray, limit: float, median_window: int) -> bool:
    """Whether the median-filtered rotation angle exceeds a limit in rad."""
    angles = rotation.angle_between(rotation.from_matrix(rotations[inlier_fractions > 0]), rotation.IDENTITY)
    return bool(median_filter(angles, median_window, mode="nearest").max(initial=0.0) > limit)


def _estimate_segments(
    background: Background, intrinsics: FloatArray, rotations: FloatArray, options: CameraPathOptions
) -> CameraTrajectory:
    """Estimates the trajectory of the clip by segments and joins them at the scale of the first one.

    Args:
        background: F frames.
        intrinsics: (3, 3) px.
        rotations: (F, 3, 3) first_from_camera of a camera that does not travel.
        options: lengths of the segments and acceptance criteria.
    """
    frames, radians_per_pixel = background.frame_count, pixel_angle(intrinsics)
    whole = CameraTrajectory(
        np.tile(np.eye(3), (frames, 1, 1)), np.zeros((frames, 3)), np.zeros(frames), np.zeros((0, 3))
    )
    whole_corners: IntArray = np.zeros(0, dtype=np.int64)
    for start in range(0, max(frames - options.segment_overlap, 1), options.segment_length):
        stop = min(start + options.segment_length + options.segment_overlap, frames)
        rows = background.rows(start, stop)
        corners, point_ids = np.unique(background.corner_ids[rows], return_inverse=True)
        rays = camera.rays(intrinsics, background.points[rows].astype(np.float64))[:, :2]
        observations = PointObservations(background.frames[rows] - start, point_ids, rays)
        segment = _estimate_segment(observations, rotations[start:stop], radians_per_pixel, options)
        if segment is not None:
            known = _select_points(whole.points, whole_corners, corners)
            points = _append_segment(whole, segment, slice(start, stop), known)
            if points is not None:
                whole, whole_corners = replace(whole, points=points), corners
    return whole


def _select_points(points: FloatArray, corners: IntArray, wanted: IntArray) -> FloatArray:
    """Selects the points (N, 3) of wanted corners (N,) from points (P, 3) of ascending corners (P,); NaN if unknown."""
    if not len(corners):
        return np.full((len(wanted), 3), np.nan)
    rows = np.minimum(np.searchsorted(corners, wanted), len(corners) - 1)
    return np.where((corners[rows] == wanted)[:, None], points[rows], np.nan)


def _estimate_segment(
    observations: PointObservations, rotations: FloatArray, radians_per_pixel: float, options: CameraPathOptions
) -> CameraTrajectory | None:
    """Estimates the trajectory of one segment; None if it explains hardly more corners than rotation only.

    Args:
        observations: corners in the frames of the segment.
        rotations: (F, 3, 3) first_from_camera of a camera that does not travel.
        radians_per_pixel: angle in rad that one px covers.
        options: acceptance criteria.
    """
    segment = estimate_trajectory(observations, len(rotations), radians_per_pixel, options.rotation, options.trajectory)
    if segment is None:
        return None
    camera_from_first = np.swapaxes(rotations, -1, -2)
    threshold = options.trajectory.inlier_threshold
    fraction = rotation_only_inlier_fraction(observations, camera_from_first, radians_per_pixel, threshold)
    return segment if segment.inlier_fractions.mean() > fraction + options.min_inlier_gain else None


def _append_segment(
    whole: CameraTrajectory, segment: CameraTrajectory, frame_range: slice, known_points: FloatArray
) -> FloatArray | None:
    """Adds a segment to a trajectory in place, or does nothing if their relative scale cannot be computed.

    Args:
        whole: F frames.
        segment: the frames of ``frame_range``.
        frame_range: frames of the clip.
        known_points: (P, 3) points of the segment in the axes of ``whole``; NaN where unknown.

    Returns:
        The points (P, 3) of the segment in the axes of ``whole``; None if it was not added.
    """
    similarity = (
        _whole_from_segment(whole, segment, frame_range, known_points)
        if whole.inlier_fractions.any()
        else (1.0, np.eye(3), np.zeros(3))
    )
    if similarity is None:
        return None
    scale, matrix, translation = similarity
    new = segment.inlier_fractions > 0
    frames = np.arange(len(whole.inlier_fractions))[frame_range][new]
    whole.rotations[frames] = segment.rotations[new] @ matrix.T
    whole.positions[frames] = scale * segment.positions[new] @ matrix.T + translation
    whole.inlier_fractions[frames] = segment.inlier_fractions[new]
    points: FloatArray = scale * segment.points @ matrix.T + translation
    return points


def _whole_from_segment(
    whole: CameraTrajectory, segment: CameraTrajectory, frame_range: slice, known_points: FloatArray
) -> tuple[float, FloatArray, FloatArray] | None:
    """Returns scale, rotation (3, 3) and translation (3,) from a segment's axes, from common frames and points."""
    rotations, positions = whole.rotations[frame_range], whole.positions[frame_range]
    both = np.flatnonzero((whole.inlier_fractions[frame_range] > 0) & (segment.inlier_fractions > 0))
    if not len(both):
        return None
    middle = both[len(both) // 2]
    distance = np.linalg.norm(known_points - positions[middle], axis=-1)
    ratio = distance / np.linalg.norm(segment.points - segment.positions[middle], axis=-1)
    if np.isfinite(ratio).sum() < MIN_SHARED_POINTS:
        return None
    scale = float(np.nanmedian(ratio))
    target, source = rotations[both].reshape(-1, 3), segment.rotations[both].reshape(-1, 3)
    matrix = kabsch(target, source, np.ones(3 * len(both)))
    return scale, matrix, positions[middle] - scale * matrix @ segment.positions[middle]


def _fill_missing_poses(trajectory: CameraTrajectory, rotations: FloatArray) -> CameraPath:
    """Converts a trajectory to a path; in frames without a pose the camera rotates at its last known position.

    Args:
        trajectory: F frames.
        rotations: (F, 3, 3) first_from_camera of a camera that does not travel.
    """
    estimated = trajectory.inlier_fractions > 0
    last = np.maximum.accumulate(np.where(estimated, np.arange(len(estimated)), np.argmax(estimated)))
    camera_from_last = np.swapaxes(rotations, -1, -2) @ rotations[last]
    camera_from_origin = camera_from_last @ trajectory.rotations[last]
    positions = (trajectory.positions[last] - trajectory.positions[last[0]]) @ camera_from_origin[0].T
    first_from_camera = camera_from_origin[0] @ np.swapaxes(camera_from_origin, -1, -2)
    return CameraPath(first_from_camera, positions, trajectory.inlier_fractions, is_moving=True)

"""How a camera moves, from the corners of the background that it sees."""

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
"""So many places tell by which scale two parts of a travel differ."""


@dataclass(frozen=True, slots=True)
class CameraPathOptions:
    """What counts as a movement. Lengths are in px of a picture of LONG_SIDE."""

    rotation: RotationOptions = field(default_factory=RotationOptions)
    trajectory: TrajectoryOptions = field(default_factory=TrajectoryOptions)
    max_static_rotation: float = 0.75
    """A camera on a tripod turns by less from the first to any other frame."""
    min_static_inlier_fraction: float = 0.6
    """A camera that does not turn stands still if this part of the corners agrees, in most frames ..."""
    min_rotation_inlier_fraction: float = 0.85
    """... and one that turns does nothing else if this part agrees."""
    min_inlier_gain: float = 0.25
    """A travel has to explain this part of the corners more than turning alone."""
    median_window: int = 5
    """Frames; what lasts for less than half as long does not count as a movement."""
    segment_length: int = 90
    """Frames that are begun with every fit of the travel ..."""
    segment_overlap: int = 40
    """... which goes on for these, to find out by which scale the next one differs."""


@dataclass(frozen=True, slots=True)
class CameraPath:
    """Where a camera is and where it looks, frame by frame."""

    first_from_camera: FloatArray
    """(F, 3, 3) rotation."""
    positions: FloatArray
    """(F, 3) of the optical centre, in the first camera's axes, up to one scale; zero where it cannot be seen."""
    inlier_fractions: FloatArray
    """(F,) part of the corners that agree; 0 where none could be asked and the pose follows from frames before."""
    is_moving: bool
    """Whether it moves at all; if not, rotations are exactly identity and positions zero."""


def static_camera_path(frame_count: int) -> CameraPath:
    """The path of a camera on a tripod."""
    rotations = np.tile(np.eye(3), (frame_count, 1, 1))
    return CameraPath(rotations, np.zeros((frame_count, 3)), np.ones(frame_count), is_moving=False)


def estimate_camera_path(
    background: Background, intrinsics: FloatArray, options: CameraPathOptions | None = None
) -> CameraPath:
    """Corners of the background -> path of the camera.

    Args:
        background: of F frames.
        intrinsics: (3, 3) px, of the pictures in whose px the corners are.
        options: what counts as a movement.

    Returns:
        F frames. With intrinsics that are off by a factor, so are the angles, by about its inverse.
    """
    options = options or CameraPathOptions()
    frames, radians_per_pixel = background.frame_count, pixel_angle(intrinsics)
    rotations, inlier_fractions = estimate_rotations(background, intrinsics, options.rotation)
    rotates = _rotates(
        rotations, inlier_fractions, options.max_static_rotation * radians_per_pixel, options.median_window
    )
    rotation_only = CameraPath(rotations, np.zeros((frames, 3)), inlier_fractions, is_moving=True)
    rotation_only = rotation_only if rotates else replace(static_camera_path(frames), inlier_fractions=inlier_fractions)
    min_inlier_fraction = options.min_rotation_inlier_fraction if rotates else options.min_static_inlier_fraction
    if not inlier_fractions[1:].any() or np.median(inlier_fractions[inlier_fractions > 0]) > min_inlier_fraction:
        return rotation_only
    trajectory = _estimate_segments(background, intrinsics, rotations, options)
    if not trajectory.inlier_fractions.any():
        return rotation_only
    return _fill_missing_poses(trajectory, rotations)


def _rotates(rotations: FloatArray, inlier_fractions: FloatArray, limit: float, median_window: int) -> bool:
    """Whether the camera turns farther than a limit, rad, for more than a moment."""
    angles = rotation.angle_between(rotation.from_matrix(rotations[inlier_fractions > 0]), rotation.IDENTITY)
    return bool(median_filter(angles, median_window, mode="nearest").max(initial=0.0) > limit)


def _estimate_segments(
    background: Background, intrinsics: FloatArray, rotations: FloatArray, options: CameraPathOptions
) -> CameraTrajectory:
    """The travel of the whole clip, put together from that of its parts, at the scale of the first of them."""
    corners, point_ids = np.unique(background.corner_ids, return_inverse=True)
    rays = camera.rays(intrinsics, background.points.astype(np.float64))[:, :2]
    frames, radians_per_pixel = background.frame_count, pixel_angle(intrinsics)
    whole = CameraTrajectory(
        np.tile(np.eye(3), (frames, 1, 1)), np.zeros((frames, 3)), np.zeros(frames), np.full((len(corners), 3), np.nan)
    )
    for start in range(0, max(frames - options.segment_overlap, 1), options.segment_length):
        stop = min(start + options.segment_length + options.segment_overlap, frames)
        rows = (background.frames >= start) & (background.frames < stop)
        segment_points, segment_ids = np.unique(point_ids[rows], return_inverse=True)
        observations = PointObservations(background.frames[rows] - start, segment_ids, rays[rows])
        segment = estimate_trajectory(
            observations, stop - start, radians_per_pixel, options.rotation, options.trajectory
        )
        if segment is None:
            continue
        rotation_only = rotation_only_inlier_fraction(
            observations,
            np.swapaxes(rotations[start:stop], -1, -2),
            radians_per_pixel,
            options.trajectory.inlier_threshold,
        )
        if segment.inlier_fractions.mean() > rotation_only + options.min_inlier_gain:
            whole = _append_segment(whole, segment, slice(start, stop), segment_points) or whole
    return whole


def _append_segment(
    whole: CameraTrajectory, segment: CameraTrajectory, frame_range: slice, segment_points: IntArray
) -> CameraTrajectory | None:
    """The travel with that of a part of the clip, if it is known how they belong together."""
    similarity = (
        _whole_from_segment(whole, segment, frame_range, segment_points)
        if whole.inlier_fractions.any()
        else (1.0, np.eye(3), np.zeros(3))
    )
    if similarity is None:
        return None
    scale, whole_from_segment, translation = similarity
    new = segment.inlier_fractions > 0
    frames = np.arange(len(whole.inlier_fractions))[frame_range][new]
    joined = CameraTrajectory(
        whole.rotations.copy(),
        whole.positions.copy(),
        whole.inlier_fractions.copy(),
        np.full_like(whole.points, np.nan),
    )
    joined.rotations[frames] = segment.rotations[new] @ whole_from_segment.T
    joined.positions[frames] = scale * segment.positions[new] @ whole_from_segment.T + translation
    joined.inlier_fractions[frames] = segment.inlier_fractions[new]
    joined.points[segment_points] = scale * segment.points @ whole_from_segment.T + translation
    return joined


def _whole_from_segment(
    whole: CameraTrajectory, segment: CameraTrajectory, frame_range: slice, segment_points: IntArray
) -> tuple[float, FloatArray, FloatArray] | None:
    """Scale, rotation and shift from the axes of a part to those of the whole, from the frames and places of both."""
    rotations, positions = whole.rotations[frame_range], whole.positions[frame_range]
    both = np.flatnonzero((whole.inlier_fractions[frame_range] > 0) & (segment.inlier_fractions > 0))
    if not len(both):
        return None
    middle = both[len(both) // 2]
    distance = np.linalg.norm(whole.points[segment_points] - positions[middle], axis=-1)
    ratio = distance / np.linalg.norm(segment.points - segment.positions[middle], axis=-1)
    if np.isfinite(ratio).sum() < MIN_SHARED_POINTS:
        return None
    scale = float(np.nanmedian(ratio))
    segment_rotation = kabsch(
        rotations[both].reshape(-1, 3), segment.rotations[both].reshape(-1, 3), np.ones(3 * len(both))
    )
    return scale, segment_rotation, positions[middle] - scale * segment_rotation @ segment.positions[middle]


def _fill_missing_poses(trajectory: CameraTrajectory, rotations: FloatArray) -> CameraPath:
    """In frames of which the travel is not known the camera turns where it was last."""
    estimated = trajectory.inlier_fractions > 0
    last = np.maximum.accumulate(np.where(estimated, np.arange(len(estimated)), np.argmax(estimated)))
    camera_from_last = np.swapaxes(rotations, -1, -2) @ rotations[last]
    camera_from_origin = camera_from_last @ trajectory.rotations[last]
    positions = (trajectory.positions[last] - trajectory.positions[last[0]]) @ camera_from_origin[0].T
    return CameraPath(
        camera_from_origin[0] @ np.swapaxes(camera_from_origin, -1, -2),
        positions,
        trajectory.inlier_fractions,
        is_moving=True,
    )

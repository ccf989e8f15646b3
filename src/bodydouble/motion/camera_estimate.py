"""Where the camera is in every frame, in metres: what the background says, checked against the people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import Background, FloatArray, Track
from bodydouble.geometry import rotation
from bodydouble.motion.camera.path import CameraPath, CameraPathOptions, estimate_camera_path, static_camera_path
from bodydouble.motion.lifting.lift import FitInput

MAX_GRAVITY_SWING = 0.06
"""rad; a wrong path makes what people take for up swing by this much more than a camera that stands still."""


@dataclass(frozen=True, slots=True)
class CameraEstimate:
    """A camera, and the people before it."""

    reference_from_camera: FloatArray
    """(F, 4, 4); the reference is the first camera."""
    people: list[FitInput]

    @property
    def is_static(self) -> bool:
        """Whether the camera neither turns nor travels."""
        return bool((self.reference_from_camera == np.eye(4)).all())


def estimate_camera(
    lift_people: Callable[[FloatArray], list[FitInput]],
    tracks: Sequence[Track],
    frame_count: int,
    background: Background | None,
    intrinsics: FloatArray,
    camera_moves: bool | None = None,
) -> CameraEstimate:
    """The camera's path, if it moves and, unless it is known to move, the people agree.

    Args:
        lift_people: lifts the tracks before a camera with poses reference_from_camera (F, 4, 4).
        tracks: of the people.
        frame_count: F.
        background: None: the camera stands still.
        intrinsics: (3, 3) px.
        camera_moves: whether the camera moves; None: as the background says.
    """
    static = _lift_with_poses(_metric_poses(static_camera_path(frame_count)), lift_people)
    if background is None:
        return static
    options = CameraPathOptions(max_static_rotation=0.0) if camera_moves else CameraPathOptions()
    path = estimate_camera_path(background, intrinsics, options)
    if not path.is_moving:
        return static
    rotating = _lift_with_poses(_metric_poses(path), lift_people)
    if not camera_moves and _gravity_swing(rotating) > _gravity_swing(static) + MAX_GRAVITY_SWING:
        return static
    if not path.positions.any():
        return rotating
    return _lift_with_poses(_metric_poses(path, _metric_scale(path, tracks, rotating.people)), lift_people)


def _lift_with_poses(poses: FloatArray, lift_people: Callable[[FloatArray], list[FitInput]]) -> CameraEstimate:
    return CameraEstimate(poses, lift_people(poses))


def _metric_poses(path: CameraPath, scale: float = 0.0) -> FloatArray:
    """(F, 4, 4) reference_from_camera, positions in m."""
    poses = np.tile(np.eye(4), (len(path.positions), 1, 1))
    poses[:, :3, :3] = path.first_from_camera
    poses[:, :3, 3] = scale * path.positions
    return poses


def _gravity_swing(estimate: CameraEstimate) -> float:
    """rad; how far what the lifter takes for up is from its mean over the clip, in most frames."""
    ups = np.concatenate([person.up for person in estimate.people])
    median_up = rotation.normalize(np.median(ups, axis=0))
    return float(np.median(np.arccos(np.clip(ups @ median_up, -1.0, 1.0))))


def _metric_scale(path: CameraPath, tracks: Sequence[Track], people: Sequence[FitInput]) -> float:
    """m per unit of the path, so that people, placed as if the camera only turned, get the speed the lifter saw."""
    camera_speeds, missing_speeds = [], []
    for track, person in zip(tracks, people, strict=True):
        lifter_speed = (person.targets.root_velocity[1:] + person.targets.root_velocity[:-1]) / 2
        camera_speeds.append(np.diff(path.positions[track.frames], axis=0) * person.targets.fps)
        missing_speeds.append(lifter_speed - np.diff(person.start.root, axis=0) * person.targets.fps)
    camera_speed, missing_speed = np.concatenate(camera_speeds), np.concatenate(missing_speeds)
    return max(float((camera_speed * missing_speed).sum() / max((camera_speed**2).sum(), 1e-9)), 0.0)

"""Camera pose in every frame in metres: the background's path, validated and scaled by the people.

In: ``Background``, whose path is found first, tracks and a callback ``lift_people`` that lifts the tracks with given
camera poses. Out: a ``CameraEstimate`` (poses and the lifted people). Camera and people depend on each other, so the
control flow is camera -> people -> camera: the lifter runs with the rotations of the path, and with its positions in
metres, or with a static camera, once or twice in all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import Background, FloatArray, Track
from bodydouble.geometry import rotation
from bodydouble.motion.camera.path import CameraPath, CameraPathOptions, estimate_camera_path, static_camera_path
from bodydouble.motion.lifting.fit_input import FitInput

LiftPeople = Callable[[FloatArray], list[FitInput]]
"""Lifts all tracks; argument: camera poses reference_from_camera (F, 4, 4)."""

MAX_GRAVITY_SWING = 0.06
"""Maximum excess in rad of the gravity swing with the camera path over that with a static camera."""


@dataclass(frozen=True, slots=True)
class CameraEstimate:
    """Camera poses, and the people lifted with them."""

    reference_from_camera: FloatArray
    """(F, 4, 4) m; the reference is the camera in the first frame."""
    people: list[FitInput]
    """One per track."""

    @property
    def is_static(self) -> bool:
        """Whether all poses are exactly the identity."""
        return bool((self.reference_from_camera == np.eye(4)).all())


def find_camera_path(
    background: Background | None, frame_count: int, intrinsics: FloatArray, camera_moves: bool | None = None
) -> CameraPath:
    """Estimates the path of the camera from the background.

    Args:
        background: corners of the background; None: the camera is static.
        frame_count: F.
        intrinsics: (3, 3) px.
        camera_moves: whether the camera moves; None: it is estimated.
    """
    if background is None:
        return static_camera_path(frame_count)
    options = CameraPathOptions(max_static_rotation=0.0) if camera_moves else CameraPathOptions()
    return estimate_camera_path(background, intrinsics, options)


def estimate_camera(
    lift_people: LiftPeople, tracks: Sequence[Track], path: CameraPath, camera_moves: bool | None = None
) -> CameraEstimate:
    """Estimates the camera poses and lifts the people with them.

    A path is rejected in favour of a static camera if the lifter's gravity directions vary more with it, unless the
    camera is known to move.

    Args:
        lift_people: lifts the tracks with the given camera poses.
        tracks: tracks of the people.
        path: path of the camera over F frames, up to scale.
        camera_moves: whether the camera moves; None: it is not known.
    """
    estimate = _lift_with_poses(lift_people, _metric_poses(path))
    if path.is_moving and not camera_moves and _contradicts_gravity(estimate, tracks):
        del estimate  # so that people are in memory once
        return _lift_with_poses(lift_people, _metric_poses(static_camera_path(len(path.positions))))
    if not path.positions.any():
        return estimate
    scale = _metric_scale(path, tracks, estimate.people)
    del estimate
    return _lift_with_poses(lift_people, _metric_poses(path, scale))


def _lift_with_poses(lift_people: LiftPeople, poses: FloatArray) -> CameraEstimate:
    """Lifts the people with camera poses (F, 4, 4)."""
    return CameraEstimate(poses, lift_people(poses))


def _metric_poses(path: CameraPath, scale: float = 0.0) -> FloatArray:
    """Returns reference_from_camera (F, 4, 4) in m; the scale is m per unit of the path, 0: rotations only."""
    poses = np.tile(np.eye(4), (len(path.positions), 1, 1))
    poses[:, :3, :3] = path.first_from_camera
    poses[:, :3, 3] = scale * path.positions
    return poses


def _contradicts_gravity(estimate: CameraEstimate, tracks: Sequence[Track]) -> bool:
    """Returns whether the lifter's up directions vary more with the camera poses than with a static camera."""
    ups = [person.up for person in estimate.people]
    in_camera = [
        rotation.rotate_vectors(np.swapaxes(estimate.reference_from_camera[track.frames, :3, :3], -1, -2), up)
        for track, up in zip(tracks, ups, strict=True)
    ]
    return _gravity_swing(np.concatenate(ups)) > _gravity_swing(np.concatenate(in_camera)) + MAX_GRAVITY_SWING


def _gravity_swing(ups: FloatArray) -> float:
    """Returns the median angle in rad between up directions (N, 3) and their median."""
    median_up = rotation.normalize(np.median(ups, axis=0))
    return float(np.median(np.arccos(np.clip(ups @ median_up, -1.0, 1.0))))


def _metric_scale(path: CameraPath, tracks: Sequence[Track], people: Sequence[FitInput]) -> float:
    """Estimates the scale of the path in m per unit by least squares on the people's speeds.

    The lifter's speed of the hips is their apparent speed with a rotating camera plus the speed of the camera.
    """
    camera_speeds, missing_speeds = [], []
    for track, person in zip(tracks, people, strict=True):
        fps, velocity = person.targets.fps, person.targets.root_velocity
        lifter_speed = (velocity[1:] + velocity[:-1]) / 2
        camera_speeds.append(np.diff(path.positions[track.frames], axis=0) * fps)
        missing_speeds.append(lifter_speed - np.diff(person.start.root, axis=0) * fps)
    camera_speed, missing_speed = np.concatenate(camera_speeds), np.concatenate(missing_speeds)
    return max(float((camera_speed * missing_speed).sum() / max((camera_speed**2).sum(), 1e-9)), 0.0)

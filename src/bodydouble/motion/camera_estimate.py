"""Where the camera is in every frame, in metres: what the background says, checked against the people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import Background, FloatArray, Track
from bodydouble.geometry import rotation
from bodydouble.motion.camera.path import CameraPath, CameraPathOptions, camera_path, still_camera
from bodydouble.motion.lifting.lift import LiftedPerson

LARGEST_SWING = 0.06
"""rad; a wrong path makes what people take for up swing by this much more than a camera that stands still."""


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """A camera, and the people before it."""

    reference_from_camera: FloatArray
    """(F, 4, 4); the reference is the first camera."""
    people: list[LiftedPerson]

    @property
    def still(self) -> bool:
        """Whether the camera neither turns nor travels."""
        return bool((self.reference_from_camera == np.eye(4)).all())


def viewpoint(
    lifted: Callable[[FloatArray], list[LiftedPerson]],
    tracks: Sequence[Track],
    frame_count: int,
    background: Background | None,
    intrinsics: FloatArray,
    moving: bool | None = None,
) -> Viewpoint:
    """The camera's path, if it moves and, unless it is known to move, the people agree.

    Args:
        lifted: lifts the tracks before a camera with poses reference_from_camera (F, 4, 4).
        tracks: of the people.
        frame_count: F.
        background: None: the camera stands still.
        intrinsics: (3, 3) px.
        moving: whether the camera moves; None: as the background says.
    """
    still = _seen_from(_poses(still_camera(frame_count)), lifted)
    if background is None:
        return still
    options = CameraPathOptions(tripod=0.0) if moving else CameraPathOptions()
    path = camera_path(background, intrinsics, options)
    if not path.moving:
        return still
    turned = _seen_from(_poses(path), lifted)
    if not moving and _swing(turned) > _swing(still) + LARGEST_SWING:
        return still
    if not path.positions.any():
        return turned
    return _seen_from(_poses(path, _scale(path, tracks, turned.people)), lifted)


def _seen_from(poses: FloatArray, lifted: Callable[[FloatArray], list[LiftedPerson]]) -> Viewpoint:
    return Viewpoint(poses, lifted(poses))


def _poses(path: CameraPath, scale: float = 0.0) -> FloatArray:
    """(F, 4, 4) reference_from_camera, positions in m."""
    poses = np.tile(np.eye(4), (len(path.positions), 1, 1))
    poses[:, :3, :3] = path.first_from_camera
    poses[:, :3, 3] = scale * path.positions
    return poses


def _swing(seen: Viewpoint) -> float:
    """rad; how far what the lifter takes for up is from its mean over the clip, in most frames."""
    ups = np.concatenate([person.up for person in seen.people])
    middle = rotation.normalize(np.median(ups, axis=0))
    return float(np.median(np.arccos(np.clip(ups @ middle, -1.0, 1.0))))


def _scale(path: CameraPath, tracks: Sequence[Track], people: Sequence[LiftedPerson]) -> float:
    """m per unit of the path, so that people, placed as if the camera only turned, get the speed the lifter saw."""
    ways, rests = [], []
    for track, person in zip(tracks, people, strict=True):
        speed = (person.evidence.velocity[1:] + person.evidence.velocity[:-1]) / 2
        ways.append(np.diff(path.positions[track.frames], axis=0) * person.evidence.fps)
        rests.append(speed - np.diff(person.start.root, axis=0) * person.evidence.fps)
    way, rest = np.concatenate(ways), np.concatenate(rests)
    return max(float((way * rest).sum() / max((way**2).sum(), 1e-9)), 0.0)

"""All motion stages in order: tracks of a clip -> one camera and one motion per person in one world."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from bodydouble.data import Camera, FloatArray, Motion, Skeleton, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.contacts import ContactOptions, settle
from bodydouble.motion.ground import (
    FloorOptions,
    StandingPerson,
    camera_from_world,
    find_floor,
    known_floor,
    stand_on,
)
from bodydouble.motion.lift import LiftedPose, LiftOptions, lift
from bodydouble.motion.solve import CameraMotion, SolveOptions, solve

FOCAL_OVER_LONG_SIDE = 0.9
"""Focal length of a camera nobody knows: 58 degrees across the long side, between a phone and a camcorder."""


@dataclass(frozen=True, slots=True)
class MotionOptions:
    """Options of every motion stage."""

    lift: LiftOptions = field(default_factory=LiftOptions)
    solve: SolveOptions = field(default_factory=SolveOptions)
    floor: FloorOptions = field(default_factory=FloorOptions)
    contacts: ContactOptions = field(default_factory=ContactOptions)


@dataclass(frozen=True, slots=True)
class Known:
    """What need not be estimated, because it was measured in another way. None: it is estimated."""

    camera: Camera | None = None
    """Static."""
    skeletons: tuple[Skeleton, ...] | None = None
    """One per track."""
    contacts: tuple[FloatArray, ...] | None = None
    """One (T, 4) per track, probabilities."""


def guessed_intrinsics(size: tuple[int, int]) -> FloatArray:
    """(3, 3) px for a picture of unknown origin."""
    return camera.intrinsics_from_focal(FOCAL_OVER_LONG_SIDE * max(size), size)


def reconstruct(
    tracks: Sequence[Track],
    size: tuple[int, int],
    frame_count: int,
    fps: Fraction,
    options: MotionOptions | None = None,
    known: Known | None = None,
) -> tuple[Camera, tuple[Motion, ...]]:
    """2D tracks -> camera and motions.

    Args:
        tracks: at least one, the first gives the world's origin.
        size: width and height of the clip, px.
        frame_count: F frames of the clip.
        fps: exact rate.
        options: of every stage.
        known: what need not be estimated.

    Returns:
        The camera (static, one pose per frame) and a motion for each track, in the same order.
    """
    options, known = options or MotionOptions(), known or Known()
    intrinsics = known.camera.intrinsics if known.camera else guessed_intrinsics(size)
    rate = float(fps)
    skeletons = known.skeletons or (None,) * len(tracks)
    lifted = [lift(track, intrinsics, rate, options.lift, own) for track, own in zip(tracks, skeletons, strict=True)]
    people = [
        StandingPerson(pose.skeleton, solve(pose, intrinsics, rate, options.solve), pose.confidence) for pose in lifted
    ]
    view = known.camera.camera_from_world[0] if known.camera else None
    floor = find_floor(people, rate, options.floor) if view is None else known_floor(view)
    if not known.skeletons:
        people = [stand_on(floor, person, rate, options.floor) for person in people]
    if view is None:
        view = camera_from_world(floor, people[0].motion.root_position[0])
    world_from_camera = camera.inverse(view)
    touching = known.contacts or (None,) * len(tracks)
    motions = tuple(
        _settled(pose, person, fps, world_from_camera, options.contacts, contacts)
        for pose, person, contacts in zip(lifted, people, touching, strict=True)
    )
    poses = np.broadcast_to(view, (frame_count, 4, 4)).copy()
    return Camera(size, intrinsics, poses), motions


def _settled(
    pose: LiftedPose,
    person: StandingPerson,
    fps: Fraction,
    world_from_camera: FloatArray,
    options: ContactOptions,
    contacts: FloatArray | None,
) -> Motion:
    rotations, root = _to_world(person.motion, world_from_camera)
    eye = world_from_camera[:3, 3]
    rotations, root, touching = settle(
        person.skeleton, rotations, root, pose.confidence, eye, float(fps), options, contacts
    )
    return Motion(person.skeleton, fps, rotations, root, touching, pose.joint_sigma)


def _to_world(moving: CameraMotion, world_from_camera: FloatArray) -> tuple[FloatArray, FloatArray]:
    turn = rotation.from_matrix(world_from_camera[:3, :3])
    rotations = moving.rotations.copy()
    rotations[:, 0] = rotation.multiply(turn, rotations[:, 0])
    root = camera.transform(world_from_camera, moving.root_position)
    return rotation.continuous(rotations), root

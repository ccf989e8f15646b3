"""All motion stages in order: tracks of a clip -> one camera and one motion per person in one world."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial

import numpy as np

from bodydouble.data import Background, Camera, FloatArray, Motion, Skeleton, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.camera_estimate import Viewpoint, viewpoint
from bodydouble.motion.fit.kinematics import posed
from bodydouble.motion.fit.solve import SolveOptions, solve
from bodydouble.motion.fit.terms import BEARING, LANDMARKS, State
from bodydouble.motion.floor.contacts import POINTS, contact_probability
from bodydouble.motion.floor.floor import (
    Floor,
    FloorOptions,
    StandingPerson,
    airborne,
    camera_from_world,
    find_floor,
    known_floor,
    supports,
)
from bodydouble.motion.focal_length import before_lens, estimated_focal
from bodydouble.motion.lifting.lift import LiftedPerson, lift, resized

FOCAL_OVER_LONG_SIDE = 1.0
"""Focal length of a camera nobody knows: 53 degrees across the long side, between phone (0.75) and portrait (1.4)."""
HELD = 0.1
"""m; hands and knees that bear somebody are no higher."""


@dataclass(frozen=True, slots=True)
class MotionOptions:
    """Options of every motion stage."""

    solve: SolveOptions = field(default_factory=SolveOptions)
    floor: FloorOptions = field(default_factory=FloorOptions)


@dataclass(frozen=True, slots=True)
class Known:
    """What need not be estimated, because it was measured in another way. None: it is estimated."""

    focal: float | None = None
    """px."""
    height: float | None = None
    """m, of the first person, standing upright."""
    camera: Camera | None = None
    skeletons: tuple[Skeleton, ...] | None = None
    """One per track."""
    contacts: tuple[FloatArray, ...] | None = None
    """One (T, 4) per track, probabilities."""
    landmarks: tuple[FloatArray, ...] | None = None
    """One (T, 33, 3) m per track, camera axes."""


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
    background: Background | None = None,
    moving: bool | None = None,
) -> tuple[Camera, tuple[Motion, ...]]:
    """2D tracks -> camera and motions.

    Args:
        tracks: at least one, the first gives the world's origin.
        size: width and height of the clip, px.
        frame_count: F frames of the clip.
        fps: exact rate.
        options: of every stage.
        known: what need not be estimated.
        background: what says how the camera moves; without it, it stands still.
        moving: whether it does; None: as the background says.

    Returns:
        The camera, with one pose per frame, and a motion for each track, in the same order.
    """
    options, known = options or MotionOptions(), known or Known()
    rate = float(fps)
    intrinsics = _intrinsics(size, known)
    lifted = partial(_lifted, tracks, intrinsics, rate, known)
    if known.camera is None:
        seen = viewpoint(lifted, tracks, frame_count, background, intrinsics, moving)
        if known.focal is None and seen.still:
            ratio = estimated_focal(seen.people).ratio
            intrinsics = camera.intrinsics_from_focal(ratio * intrinsics[0, 0], size)
            seen = replace(seen, people=[before_lens(person, ratio) for person in seen.people])
    else:
        seen = Viewpoint(_true_poses(known.camera), lifted(_true_poses(known.camera)))
    people, reference_from_camera = seen.people, seen.reference_from_camera
    states = [solve(person.skeleton, person.start, person.evidence, options.solve) for person in people]
    standing = [_standing(person, state) for person, state in zip(people, states, strict=True)]
    view = known.camera.camera_from_world[0] if known.camera else None
    given = None if view is None else known_floor(view)
    floor, scales = find_floor(standing, rate, options.floor, floor=given, height=known.height)
    if not known.skeletons:
        eyes = [reference_from_camera[track.frames, :3, 3] for track in tracks]
        people = [resized(person, scale) for person, scale in zip(people, scales, strict=True)]
        states = [
            State(state.rotations, eye + scale * (state.root - eye))
            for state, scale, eye in zip(states, scales, eyes, strict=True)
        ]
    view = camera_from_world(floor, states[0].root[0]) if view is None else view
    touching = known.contacts or (None,) * len(tracks)
    motions = tuple(
        _settled(person, state, fps, floor, camera.inverse(view), options, contacts)
        for person, state, contacts in zip(people, states, touching, strict=True)
    )
    return Camera(size, intrinsics, camera.inverse(reference_from_camera) @ view), motions


def _intrinsics(size: tuple[int, int], known: Known) -> FloatArray:
    if known.camera:
        return np.asarray(known.camera.intrinsics)
    return camera.intrinsics_from_focal(known.focal, size) if known.focal else guessed_intrinsics(size)


def _true_poses(view: Camera) -> FloatArray:
    return np.asarray(view.camera_from_world[0] @ camera.inverse(view.camera_from_world))


def _lifted(
    tracks: Sequence[Track], intrinsics: FloatArray, fps: float, known: Known, reference_from_camera: FloatArray
) -> list[LiftedPerson]:
    nothing = (None,) * len(tracks)
    given = zip(tracks, known.skeletons or nothing, known.landmarks or nothing, strict=True)
    return [
        lift(track, intrinsics, fps, reference_from_camera[track.frames], own, where) for track, own, where in given
    ]


def _standing(person: LiftedPerson, state: State) -> StandingPerson:
    rotations = rotation.from_matrix(state.rotations)
    return StandingPerson(person.skeleton, rotations, state.root, person.confidence, person.up)


def _settled(
    person: LiftedPerson,
    state: State,
    fps: Fraction,
    floor: Floor,
    world_from_camera: FloatArray,
    options: MotionOptions,
    contacts: FloatArray | None,
) -> Motion:
    """The fit with the floor and contacts in it, in the world."""
    fitted = person.evidence
    where = posed(person.skeleton, state.rotations, state.root, LANDMARKS).landmarks
    height = where @ floor.up + floor.height
    support = supports(height.min(axis=1), fitted.fps)
    resting = _resting(person.skeleton, state, floor, support, fitted.fps) if contacts is None else contacts
    evidence = replace(
        fitted,
        up=floor.up,
        height=floor.height - support,
        contacts=resting,
        bearing=contact_probability(where[:, BEARING], height[:, BEARING] - support[:, None], fitted.fps, HELD),
        airborne=airborne(height - support[:, None], resting),
    )
    found = solve(person.skeleton, state, evidence, options.solve)
    resting = _resting(person.skeleton, found, floor, support, fitted.fps) if contacts is None else contacts
    rotations = rotation.from_matrix(found.rotations)
    rotations[:, 0] = rotation.multiply(rotation.from_matrix(world_from_camera[:3, :3]), rotations[:, 0])
    root = camera.transform(world_from_camera, found.root)
    return Motion(person.skeleton, fps, rotation.continuous(rotations), root, resting, person.joint_sigma)


def _resting(skeleton: Skeleton, state: State, floor: Floor, support: FloatArray, fps: float) -> FloatArray:
    """(T, 4) probability that each point of the soles touches what the body may rest on."""
    soles = posed(skeleton, state.rotations, state.root, POINTS).landmarks
    return contact_probability(soles, soles @ floor.up + floor.height - support[:, None], fps)

"""All motion stages in order: tracks of a clip -> one camera and one motion per person in one world."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np

from bodydouble.data import Background, Camera, FloatArray, Motion, Skeleton, Track
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera, rotation
from bodydouble.motion.camera_estimate import CameraEstimate, estimate_camera
from bodydouble.motion.fit.kinematics import pose_skeleton
from bodydouble.motion.fit.solve import SolveOptions, solve
from bodydouble.motion.fit.terms import FIT_LANDMARKS, SUPPORT_LANDMARKS, State
from bodydouble.motion.floor.contacts import SOLE_LANDMARKS, contact_probability
from bodydouble.motion.floor.floor import (
    Floor,
    FloorOptions,
    StandingPerson,
    airborne_probability,
    camera_pose_above_floor,
    estimate_floor,
    floor_from_camera,
    support_height,
)
from bodydouble.motion.focal_length import estimate_focal_length, with_focal_ratio
from bodydouble.motion.lifting.lift import FitInput, prepare_fit, rescale_fit_input

DEFAULT_FOCAL_RATIO = 1.0
"""Focal length of a camera nobody knows: 53 degrees across the long side, between phone (0.75) and portrait (1.4)."""
HAND_KNEE_RAISED_HEIGHT = 0.1
"""m; hands and knees that bear somebody are no higher."""


@dataclass(frozen=True, slots=True)
class MotionOptions:
    """Options of every motion stage."""

    solve: SolveOptions = field(default_factory=SolveOptions)
    floor: FloorOptions = field(default_factory=FloorOptions)


@dataclass(frozen=True, slots=True)
class MeasuredInputs:
    """What need not be estimated, because it was measured in another way. None: it is estimated."""

    focal_length_px: float | None = None
    """px."""
    stature: float | None = None
    """m, of the first person, standing upright."""
    camera: Camera | None = None
    skeletons: tuple[Skeleton, ...] | None = None
    """One per track."""
    contacts: tuple[FloatArray, ...] | None = None
    """One (T, 4) per track, probabilities."""
    landmarks: tuple[FloatArray, ...] | None = None
    """One (T, 33, 3) m per track, camera axes."""


def default_intrinsics(image_size: tuple[int, int]) -> FloatArray:
    """(3, 3) px for a picture of unknown origin."""
    return camera.intrinsics_from_focal_length(DEFAULT_FOCAL_RATIO * max(image_size), image_size)


@dataclass(frozen=True, slots=True)
class ReconstructionInput:
    """Input of the motion stages: the 2D tracks of a clip and the prior knowledge about its camera and people."""

    tracks: tuple[Track, ...]
    """At least one track; the first person sets the origin of the world."""
    image_size: tuple[int, int]
    """Width and height of the clip in px."""
    frame_count: int
    """Number F of frames of the clip."""
    fps: Fraction
    """Exact frame rate of the clip."""
    background: Background | None = None
    """Corners of the background, from which the camera motion is estimated; None: the camera is static."""
    camera_moves: bool | None = None
    """Whether the camera moves; None: it is estimated from the background."""
    shot_starts: tuple[int, ...] = ()
    """First frame of every shot but the first, ascending."""
    measured: MeasuredInputs = field(default_factory=MeasuredInputs)
    """Quantities that are not estimated."""

    def __post_init__(self) -> None:
        if not self.tracks:
            raise InvalidDataError("ReconstructionInput: tracks is empty, expected at least one")
        self._check_frames()
        for name in ("skeletons", "contacts", "landmarks"):
            values = getattr(self.measured, name)
            if values is not None and len(values) != len(self.tracks):
                raise InvalidDataError(
                    f"ReconstructionInput: {len(values)} measured {name} for {len(self.tracks)} tracks"
                )

    def _check_frames(self) -> None:
        """Raises InvalidDataError if the frames of a track, of the background or of the shots lie outside the clip."""
        for track in self.tracks:
            if track.frames[0] < 0 or track.frames[-1] >= self.frame_count:
                raise InvalidDataError(
                    f"ReconstructionInput: a track covers frames {track.frames[0]} to {track.frames[-1]} "
                    f"of a clip of {self.frame_count}"
                )
        if self.background is not None and self.background.frame_count != self.frame_count:
            raise InvalidDataError(
                f"ReconstructionInput: background has {self.background.frame_count} frames, expected {self.frame_count}"
            )
        bounds = (0, *self.shot_starts, self.frame_count)
        if any(start > stop for start, stop in pairwise(bounds)):
            raise InvalidDataError(
                f"ReconstructionInput: shot_starts is {self.shot_starts}, expected ascending frames of the clip"
            )


def reconstruct(inputs: ReconstructionInput, options: MotionOptions | None = None) -> tuple[Camera, tuple[Motion, ...]]:
    """Reconstructs the camera and the 3D motions of one shot.

    Args:
        inputs: the tracks of a clip of one shot.
        options: options of every stage.

    Returns:
        The camera, with one pose per frame, and a motion for each track, in the same order.

    Raises:
        InvalidDataError: the clip has several shots; see ``multi_shot.reconstruct_shots``.
        ModelError: the lifter cannot be loaded.
    """
    if inputs.shot_starts:
        raise InvalidDataError(f"reconstruct: {len(inputs.shot_starts) + 1} shots, expected one")
    options, measured = options or MotionOptions(), inputs.measured
    tracks, image_size, frame_count, fps = inputs.tracks, inputs.image_size, inputs.frame_count, inputs.fps
    background, camera_moves = inputs.background, inputs.camera_moves
    rate = float(fps)
    intrinsics = _initial_intrinsics(image_size, measured)
    lift_people = partial(_lift_people, tracks, intrinsics, rate, measured)
    if measured.camera is None:
        estimate = estimate_camera(lift_people, tracks, frame_count, background, intrinsics, camera_moves)
        if measured.focal_length_px is None and estimate.is_static:
            ratio = estimate_focal_length(estimate.people).ratio
            intrinsics = camera.intrinsics_from_focal_length(ratio * intrinsics[0, 0], image_size)
            estimate = replace(estimate, people=[with_focal_ratio(person, ratio) for person in estimate.people])
    else:
        estimate = CameraEstimate(_measured_poses(measured.camera), lift_people(_measured_poses(measured.camera)))
    people, reference_from_camera = estimate.people, estimate.reference_from_camera
    states = [solve(person.skeleton, person.start, person.targets, options.solve) for person in people]
    standing = [_standing_person(person, state) for person, state in zip(people, states, strict=True)]
    view = measured.camera.camera_from_world[0] if measured.camera else None
    measured_floor = None if view is None else floor_from_camera(view)
    floor, scales = estimate_floor(
        standing, rate, options.floor, measured_floor=measured_floor, stature=measured.stature
    )
    if not measured.skeletons:
        camera_positions = [reference_from_camera[track.frames, :3, 3] for track in tracks]
        people = [rescale_fit_input(person, scale) for person, scale in zip(people, scales, strict=True)]
        states = [
            State(state.rotations, camera_position + scale * (state.root - camera_position))
            for state, scale, camera_position in zip(states, scales, camera_positions, strict=True)
        ]
    view = camera_pose_above_floor(floor, states[0].root[0]) if view is None else view
    measured_contacts = measured.contacts or (None,) * len(tracks)
    motions = tuple(
        _fit_on_floor(person, state, fps, floor, camera.inverse(view), options, contacts)
        for person, state, contacts in zip(people, states, measured_contacts, strict=True)
    )
    return Camera(image_size, intrinsics, camera.inverse(reference_from_camera) @ view), motions


def _initial_intrinsics(image_size: tuple[int, int], measured: MeasuredInputs) -> FloatArray:
    if measured.camera:
        return np.asarray(measured.camera.intrinsics)
    return (
        camera.intrinsics_from_focal_length(measured.focal_length_px, image_size)
        if measured.focal_length_px
        else default_intrinsics(image_size)
    )


def _measured_poses(view: Camera) -> FloatArray:
    return np.asarray(view.camera_from_world[0] @ camera.inverse(view.camera_from_world))


def _lift_people(
    tracks: Sequence[Track],
    intrinsics: FloatArray,
    fps: float,
    measured: MeasuredInputs,
    reference_from_camera: FloatArray,
) -> list[FitInput]:
    nothing = (None,) * len(tracks)
    inputs = zip(tracks, measured.skeletons or nothing, measured.landmarks or nothing, strict=True)
    return [
        prepare_fit(track, intrinsics, fps, reference_from_camera[track.frames], skeleton, landmarks)
        for track, skeleton, landmarks in inputs
    ]


def _standing_person(person: FitInput, state: State) -> StandingPerson:
    rotations = rotation.from_matrix(state.rotations)
    return StandingPerson(person.skeleton, rotations, state.root, person.confidence, person.up)


def _fit_on_floor(
    person: FitInput,
    state: State,
    fps: Fraction,
    floor: Floor,
    world_from_camera: FloatArray,
    options: MotionOptions,
    contacts: FloatArray | None,
) -> Motion:
    """The fit with the floor and contacts in it, in the world."""
    fitted = person.targets
    landmarks = pose_skeleton(person.skeleton, state.rotations, state.root, FIT_LANDMARKS).landmarks
    height = landmarks @ floor.up + floor.camera_height
    support = support_height(height.min(axis=1), fitted.fps)
    sole_contacts = _sole_contacts(person.skeleton, state, floor, support, fitted.fps) if contacts is None else contacts
    evidence = replace(
        fitted,
        up=floor.up,
        origin_height=floor.camera_height - support,
        contacts=sole_contacts,
        support_contacts=contact_probability(
            landmarks[:, SUPPORT_LANDMARKS],
            height[:, SUPPORT_LANDMARKS] - support[:, None],
            fitted.fps,
            HAND_KNEE_RAISED_HEIGHT,
        ),
        airborne=airborne_probability(height - support[:, None], sole_contacts),
    )
    final_state = solve(person.skeleton, state, evidence, options.solve)
    sole_contacts = (
        _sole_contacts(person.skeleton, final_state, floor, support, fitted.fps) if contacts is None else contacts
    )
    rotations = rotation.from_matrix(final_state.rotations)
    rotations[:, 0] = rotation.multiply(rotation.from_matrix(world_from_camera[:3, :3]), rotations[:, 0])
    root = camera.transform(world_from_camera, final_state.root)
    return Motion(person.skeleton, fps, rotation.make_continuous(rotations), root, sole_contacts, person.joint_sigma)


def _sole_contacts(skeleton: Skeleton, state: State, floor: Floor, supports: FloatArray, fps: float) -> FloatArray:
    """(T, 4) probability that each point of the soles touches what the body may rest on."""
    soles = pose_skeleton(skeleton, state.rotations, state.root, SOLE_LANDMARKS).landmarks
    return contact_probability(soles, soles @ floor.up + floor.camera_height - supports[:, None], fps)

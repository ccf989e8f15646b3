"""All motion stages of one shot: 2D tracks -> camera poses and one 3D motion per track, in one world.

In: ``ReconstructionInput``. Out: ``Camera`` (F poses) and one ``Motion`` per track. Order of the stages: camera path,
lift (repeated while the camera is estimated), focal length, up direction, fit, floor, fit again with floor and
contacts, and a last time with the acceleration that contacts explain.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np

from bodydouble.data import Background, Camera, FloatArray, LineSegments, Motion, Skeleton, Track
from bodydouble.data.memory import trim_memory
from bodydouble.data.windows import split_into_windows
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera, rotation
from bodydouble.motion.camera.path import CameraPath
from bodydouble.motion.camera.vanishing_points import FOCAL_RATIOS, BackgroundLines
from bodydouble.motion.camera_estimate import CameraEstimate, estimate_camera, find_camera_path
from bodydouble.motion.fit.solve import SolveOptions, as_float64, solve
from bodydouble.motion.fit.terms import State
from bodydouble.motion.floor.floor import (
    Floor,
    FloorOptions,
    StandingPerson,
    camera_pose_above_floor,
    estimate_floor,
    floor_from_camera,
)
from bodydouble.motion.floor.up_direction import UpEstimate, estimate_up
from bodydouble.motion.floor_fit import fit_on_floor
from bodydouble.motion.focal_length import estimate_focal_length, with_focal_ratio
from bodydouble.motion.lifting.fit_input import FitInput
from bodydouble.motion.lifting.lift import prepare_fit, rescale_fit_input
from bodydouble.motion.lifting.long_clips import WINDOW_FRAMES, transform_in_windows
from bodydouble.motion.lifting.upright import is_rolled

DEFAULT_FOCAL_RATIO = 1.0
"""Focal length of an unknown camera relative to the image's long side: 53 degrees, between phones (0.75) and portraits
(1.4)."""


@dataclass(frozen=True, slots=True)
class MotionOptions:
    """Options of all motion stages."""

    solve: SolveOptions = field(default_factory=SolveOptions)
    """Options of both fits."""
    floor: FloorOptions = field(default_factory=FloorOptions)
    """Options of the floor estimate."""


@dataclass(frozen=True, slots=True)
class MeasuredInputs:
    """Quantities that were measured in another way and are not estimated. None: the quantity is estimated."""

    focal_length_px: float | None = None
    """Focal length in px."""
    stature: float | None = None
    """Height in m of the first person, standing upright."""
    camera: Camera | None = None
    """Intrinsics and poses of the camera."""
    skeletons: tuple[Skeleton, ...] | None = None
    """One per track."""
    contacts: tuple[FloatArray, ...] | None = None
    """One (T, 4) per track, probabilities that the soles rest."""
    landmarks: tuple[FloatArray, ...] | None = None
    """One (T, 33, 3) m per track, camera axes."""


def default_intrinsics(image_size: tuple[int, int]) -> FloatArray:
    """Returns the intrinsics (3, 3) px that are assumed for an image of unknown origin."""
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
    lines: LineSegments | None = None
    """Lines of the background, which show the up direction; None: there are none."""
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
        options: options of all stages.

    Returns:
        The camera, with one pose per frame, and a motion for each track, in the same order.

    Raises:
        InvalidDataError: the clip has several shots; see ``multi_shot.reconstruct_shots``.
        ModelError: the lifter cannot be loaded.
    """
    if inputs.shot_starts:
        raise InvalidDataError(f"reconstruct: {len(inputs.shot_starts) + 1} shots, expected one")
    options = options or MotionOptions()
    intrinsics = _initial_intrinsics(inputs.image_size, inputs.measured)
    path = _find_path(inputs, intrinsics)
    inputs = replace(inputs, background=None)  # which frees it in a long clip
    estimate, intrinsics, up = _estimate_camera_and_people(inputs, path, intrinsics)
    is_long = inputs.frame_count > WINDOW_FRAMES
    if is_long:
        trim_memory()
    people, reference_from_camera = estimate.people, estimate.reference_from_camera
    del estimate
    states = [solve(person.skeleton, person.start, person.targets, options.solve) for person in people]
    if is_long:
        trim_memory()
    floor, scales = _estimate_floor(people, states, up, inputs.measured, options.floor)
    if not inputs.measured.skeletons:
        positions = [reference_from_camera[track.frames, :3, 3] for track in inputs.tracks]
        states = [_rescale_state(*args) for args in zip(states, scales, positions, strict=True)]
        people = [rescale_fit_input(person, scale) for person, scale in zip(people, scales, strict=True)]
    camera_from_world = _first_camera_from_world(inputs.measured, floor, as_float64(states[0].root[0]))
    motions = []
    for measured in _measured_contacts(inputs):
        person = people.pop(0)
        final_state, contacts = fit_on_floor(person, states.pop(0), floor, measured, options.solve)
        motions.append(_world_motion(person, final_state, contacts, camera.inverse(camera_from_world), inputs.fps))
    poses = camera.inverse(reference_from_camera) @ camera_from_world
    return Camera(inputs.image_size, intrinsics, poses), tuple(motions)


def _measured_contacts(inputs: ReconstructionInput) -> tuple[FloatArray | None, ...]:
    """Returns the measured contacts (T, 4) of each track, None where they are estimated."""
    return inputs.measured.contacts or (None,) * len(inputs.tracks)


def _find_path(inputs: ReconstructionInput, intrinsics: FloatArray) -> CameraPath:
    """Estimates the path of the camera; that of a measured one is not needed, and static."""
    background = None if inputs.measured.camera else inputs.background
    return find_camera_path(background, inputs.frame_count, intrinsics, inputs.camera_moves)


def _estimate_camera_and_people(
    inputs: ReconstructionInput, path: CameraPath, intrinsics: FloatArray
) -> tuple[CameraEstimate, FloatArray, UpEstimate]:
    """Estimates camera poses, lifted people, intrinsics (3, 3) and up direction, as far as the camera is not measured.

    People in the image of a rolled camera are lifted again, turned upright.

    Args:
        inputs: the tracks of a clip.
        path: path of the camera, if it is not measured.
        intrinsics: (3, 3) px, with which the path was found.
    """
    measured = inputs.measured
    lift_people = partial(_lift_people, inputs, float(inputs.fps), intrinsics)
    if measured.camera is not None:
        poses, up = _reference_from_camera(measured.camera), measured.camera.camera_from_world[0, :3, 1]
        return CameraEstimate(poses, lift_people(poses, up=up)), intrinsics, UpEstimate.measured(up)
    estimate = estimate_camera(lift_people, inputs.tracks, path, inputs.camera_moves)
    up = _estimate_up(inputs, estimate, intrinsics).up
    if is_rolled(estimate.reference_from_camera, up):
        poses = estimate.reference_from_camera
        del estimate  # so that people are in memory once
        estimate = CameraEstimate(poses, lift_people(poses, up=up))
    if measured.focal_length_px is None and estimate.is_static:
        ratio = estimate_focal_length(estimate.people).ratio
        intrinsics = camera.intrinsics_from_focal_length(ratio * intrinsics[0, 0], inputs.image_size)
        refocus = partial(with_focal_ratio, ratio=ratio)
        estimate = replace(estimate, people=[transform_in_windows(person, refocus) for person in estimate.people])
    return estimate, intrinsics, _estimate_up(inputs, estimate, intrinsics)


def _estimate_up(inputs: ReconstructionInput, estimate: CameraEstimate, intrinsics: FloatArray) -> UpEstimate:
    """Estimates the up direction from lifted people and the lines of the background."""
    poses, lines = estimate.reference_from_camera, None
    if inputs.lines is not None:
        ratios = FOCAL_RATIOS if inputs.measured.focal_length_px is None else (1.0,)
        lines = BackgroundLines.from_segments(inputs.lines, intrinsics, poses, ratios)
    return estimate_up(estimate.people, poses, lines)


def _initial_intrinsics(image_size: tuple[int, int], measured: MeasuredInputs) -> FloatArray:
    """Returns the measured intrinsics (3, 3) px or the default ones."""
    if measured.camera:
        return np.asarray(measured.camera.intrinsics)
    if measured.focal_length_px:
        return camera.intrinsics_from_focal_length(measured.focal_length_px, image_size)
    return default_intrinsics(image_size)


def _reference_from_camera(measured: Camera) -> FloatArray:
    """Returns the poses (F, 4, 4) relative to the camera in the first frame."""
    return np.asarray(measured.camera_from_world[0] @ camera.inverse(measured.camera_from_world))


def _lift_people(
    inputs: ReconstructionInput,
    fps: float,
    intrinsics: FloatArray,
    reference_from_camera: FloatArray,
    up: FloatArray | None = None,
) -> list[FitInput]:
    """Lifts all tracks with camera poses (F, 4, 4) and the up direction (3,), if it is known."""
    unknown = (None,) * len(inputs.tracks)
    skeletons, landmarks = inputs.measured.skeletons or unknown, inputs.measured.landmarks or unknown
    return [
        prepare_fit(track, intrinsics, fps, reference_from_camera[track.frames], skeleton, known_landmarks, up)
        for track, skeleton, known_landmarks in zip(inputs.tracks, skeletons, landmarks, strict=True)
    ]


def _estimate_floor(
    people: Sequence[FitInput],
    states: Sequence[State],
    up: UpEstimate,
    measured: MeasuredInputs,
    options: FloorOptions,
) -> tuple[Floor, FloatArray]:
    """Estimates the floor, unless the camera is measured, and one scale per person (P,)."""
    standing = [
        StandingPerson(person.skeleton, _quaternions(state), state.root, person.confidence)
        for person, state in zip(people, states, strict=True)
    ]
    height = floor_from_camera(measured.camera.camera_from_world[0]).camera_height if measured.camera else None
    fps = people[0].targets.fps
    return estimate_floor(standing, fps, up, options, measured_height=height, stature=measured.stature)


def _rescale_state(state: State, scale: float, camera_positions: FloatArray) -> State:
    """Returns the state with the root scaled about the camera positions (T, 3)."""
    root = camera_positions + scale * (state.root - camera_positions)
    return State(state.rotations, root.astype(state.root.dtype))


def _quaternions(state: State) -> FloatArray:
    """Returns the rotations (T, 22, 4) xyzw of a state."""
    quaternions = np.empty((*state.rotations.shape[:2], 4))
    for rows, _ in split_into_windows(len(quaternions), WINDOW_FRAMES, 0):
        quaternions[rows] = rotation.from_matrix(as_float64(state.rotations[rows]))
    return quaternions


def _first_camera_from_world(measured: MeasuredInputs, floor: Floor, root: FloatArray) -> FloatArray:
    """Returns the pose (4, 4) of the first frame: the measured one, or with the world's origin below the root (3,)."""
    if measured.camera:
        return np.asarray(measured.camera.camera_from_world[0])
    return camera_pose_above_floor(floor, root)


def _world_motion(
    person: FitInput, state: State, contacts: FloatArray, world_from_camera: FloatArray, fps: Fraction
) -> Motion:
    """Returns the motion of a state in world axes; world_from_camera (4, 4) is that of the first frame."""
    rotations = _quaternions(state)
    rotations[:, 0] = rotation.multiply(rotation.from_matrix(world_from_camera[:3, :3]), rotations[:, 0])
    root = camera.transform(world_from_camera, state.root)
    return Motion(person.skeleton, fps, rotation.make_continuous(rotations), root, contacts, person.joint_sigma)

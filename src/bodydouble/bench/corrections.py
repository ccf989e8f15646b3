"""Corrections of a performance by hand: their time, what they hold, and that the rest of the motion stays.

Random corrections of each kind are applied one at a time to ten seconds of a performance. A shorter one is played
forth and back.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import hypot

import numpy as np

from bodydouble.data import FULL_FRAME_DIAGONAL_MM, FloatArray, IntArray, Motion, Performance, Person
from bodydouble.data.corrections import (
    ContactEdit,
    Correction,
    FloorLevel,
    FocalLength,
    Keyframe,
    PersonHeight,
    SideExchange,
    Smoothing,
    Swap,
    UnreliableSpan,
)
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import kinematics
from bodydouble.motion.body import proportions
from bodydouble.motion.corrections.apply import apply_corrections
from bodydouble.motion.corrections.contacts import RESTING, SIDE_POINTS, find_runs
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.resampling.motion import slice_motion, slice_track

SECONDS = 10.0
"""Duration of the clip that is corrected, s."""
REACH_SECONDS = 1.2
"""Time in s on both sides of a correction beyond which no frame may change."""
JOINTS = ("leftHand", "rightHand", "leftFoot", "rightFoot", "leftLowerArm", "rightLowerLeg", "head", "hips")
DRAG_RANGE = (0.03, 0.12)
"""Minimum and maximum distance in m by which joints are dragged."""
CONTACT_EXTENSION = 3
"""Frames by which a contact is made longer on either side."""


@dataclass(frozen=True, slots=True)
class CorrectionFigures:
    """Figures of the corrections of one kind."""

    kind: str
    count: int
    """Number of corrections that were applied."""
    refused: int
    """Number of corrections that were refused, such as keyframes out of reach."""
    cpu_seconds: float
    """Maximum processor time of one correction, s."""
    elapsed_seconds: float
    """Maximum elapsed time of one correction, s."""
    untouched_mm: float
    """Maximum movement of a joint away from the correction, mm; NaN if the correction concerns all frames."""
    held_mm: float
    """Maximum slide per frame in an added contact, or distance from a keyframe, mm; NaN for other kinds."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    cpu_seconds: float
    elapsed_seconds: float
    untouched_mm: float
    held_mm: float


def measure_corrections(performance: Performance, per_kind: int, seed: int) -> list[CorrectionFigures]:
    """Measures random corrections of each kind.

    Args:
        performance: with at least one person.
        per_kind: number of corrections of each kind.
        seed: of the random numbers.

    Raises:
        InvalidDataError: there is no person.
        ModelError: the lifter cannot be loaded.
    """
    if not performance.people:
        raise InvalidDataError("the performance shows nobody")
    clip = fit_duration(performance)
    apply_corrections(clip, [UnreliableSpan(clip.people[0].name, 1, 2)])  # loads the lifter
    figures = []
    for kind, create in _creators(clip).items():
        rng = np.random.default_rng(seed)
        outcomes = [_measure(clip, create(clip, rng)) for _ in range(per_kind)]
        figures.append(_summarize(kind, outcomes))
    return figures


def fit_duration(performance: Performance, seconds: float = SECONDS) -> Performance:
    """Returns so many seconds of a performance, with the people of its first frames, forth and back if it is short."""
    count = round(seconds * float(performance.fps))
    total = performance.frame_count
    back_and_forth = np.concatenate([np.arange(total), np.arange(total - 2, 0, -1)]) if total > 2 else np.arange(total)
    frames = back_and_forth[np.arange(count) % len(back_and_forth)]
    view = replace(performance.camera, camera_from_world=performance.camera.camera_from_world[frames])
    people = tuple(_select_frames(person, frames) for person in performance.people)
    return replace(performance, frame_count=count, camera=view, people=people, shot_starts=())


def _select_frames(person: Person, frames: IntArray) -> Person:
    """Returns a person in the given frames of the clip; where the person is not shown, as in the nearest frame."""
    rows = np.clip(frames - person.track.frames[0], 0, len(person.track.frames) - 1)
    track = slice_track(person.track, rows, np.arange(len(frames)))
    return Person(person.name, track, slice_motion(person.motion, rows))


def _creators(clip: Performance) -> dict[str, Callable[[Performance, np.random.Generator], Correction]]:
    creators: dict[str, Callable[[Performance, np.random.Generator], Correction]] = {
        "contact added": _longer_contact,
        "contact removed": _removed_contact,
        "keyframe": _dragged_joint,
        "sides exchanged": lambda c, rng: SideExchange(_name(c, rng), *_span(c, rng)),
        "unreliable span": lambda c, rng: UnreliableSpan(_name(c, rng), *_span(c, rng)),
        "smoothing": lambda c, rng: Smoothing(_name(c, rng), *_span(c, rng), cutoff=3.0),
        "swap": lambda c, rng: Swap(c.people[0].name, c.people[1].name, int(rng.integers(1, c.frame_count - 1))),
        "floor level": lambda _, rng: FloorLevel(float(rng.uniform(-0.1, 0.1))),
        "height": _other_height,
        "focal length": _other_focal_length,
    }
    if len(clip.people) < 2:
        del creators["swap"]
    if np.ptp(clip.camera.camera_from_world, axis=0).max() > 0:
        del creators["focal length"]
    return creators


def _name(clip: Performance, rng: np.random.Generator) -> str:
    return clip.people[int(rng.integers(len(clip.people)))].name


def _span(clip: Performance, rng: np.random.Generator) -> tuple[int, int]:
    """Returns first and last frame of a random span of 0.2 to 1 s."""
    length = int(rng.uniform(0.2, 1.0) * float(clip.fps))
    first = int(rng.integers(0, clip.frame_count - length))
    return first, first + length


def _random_contact(clip: Performance, rng: np.random.Generator) -> tuple[str, str, int, int]:
    """Returns person, side, first frame and end of a random contact of a whole foot; that of nobody if none rests."""
    contacts = [
        (person.name, side, int(first), int(stop))
        for person in clip.people
        for side, columns in SIDE_POINTS.items()
        for first, stop in find_runs(np.asarray((person.motion.contacts[:, list(columns)] >= RESTING).all(axis=1)))
    ]
    return contacts[int(rng.integers(len(contacts)))] if contacts else (clip.people[0].name, "left", 0, 1)


def _longer_contact(clip: Performance, rng: np.random.Generator) -> Correction:
    name, side, first, stop = _random_contact(clip, rng)
    return ContactEdit(
        name, side, max(first - CONTACT_EXTENSION, 0), min(stop + CONTACT_EXTENSION, clip.frame_count) - 1
    )


def _removed_contact(clip: Performance, rng: np.random.Generator) -> Correction:
    name, side, first, stop = _random_contact(clip, rng)
    return ContactEdit(name, side, first, stop - 1, resting=False)


def _dragged_joint(clip: Performance, rng: np.random.Generator) -> Correction:
    person = clip.people[int(rng.integers(len(clip.people)))]
    joint, frame = JOINTS[int(rng.integers(len(JOINTS)))], int(rng.integers(clip.frame_count))
    direction = rng.normal(size=3)
    place = kinematics.joint_positions(person.motion)[frame, person.motion.skeleton.index(joint)]
    x, y, z = place + rng.uniform(*DRAG_RANGE) * direction / np.linalg.norm(direction)
    return Keyframe(person.name, joint, frame, position=(float(x), float(y), float(z)))


def _other_height(clip: Performance, rng: np.random.Generator) -> Correction:
    person = clip.people[0]
    return PersonHeight(person.name, proportions.stature(person.motion.skeleton) * float(rng.uniform(0.9, 1.1)))


def _other_focal_length(clip: Performance, rng: np.random.Generator) -> Correction:
    focal_length_px = float(clip.camera.intrinsics[0, 0]) * float(rng.uniform(0.8, 1.2))
    return FocalLength(focal_length_px * FULL_FRAME_DIAGONAL_MM / hypot(*clip.camera.image_size))


def _measure(clip: Performance, correction: Correction) -> _Outcome | None:
    """Applies one correction; returns None if it is refused."""
    cpu, elapsed = time.process_time(), time.perf_counter()
    try:
        corrected = apply_corrections(clip, [correction])
    except InvalidDataError:
        return None
    cpu, elapsed = time.process_time() - cpu, time.perf_counter() - elapsed
    return _Outcome(cpu, elapsed, _untouched_mm(clip, corrected, correction), _held_mm(corrected, correction))


def _untouched_mm(clip: Performance, corrected: Performance, correction: Correction) -> float:
    match correction:
        case Keyframe(frame=frame) | Swap(frame=frame):
            first = last = frame
        case ContactEdit() | SideExchange() | UnreliableSpan() | Smoothing():
            first, last = correction.first_frame, correction.last_frame
        case _:
            return float("nan")
    total = 0.0
    for person in corrected.people:
        before = next(p for p in clip.people if p.name == person.name)
        moved = np.linalg.norm(_joints(person.motion) - _joints(before.motion), axis=-1).max(axis=1)
        reach = _reach(clip, before, first, last, correction)
        total = max(total, float(moved[reach].max(initial=0.0)))
    return 1e3 * total


def _joints(motion: Motion) -> FloatArray:
    return kinematics.joint_positions(motion)


def _reach(clip: Performance, person: Person, first: int, last: int, correction: Correction) -> IntArray:
    """Returns the frames that a correction must not change; a dragged foot takes its contact along, and people
    who are swapped stay swapped."""
    if isinstance(correction, Keyframe) and correction.joint.endswith(("Foot", "Toes")):
        side = correction.joint.removesuffix("Foot").removesuffix("Toes")
        rests = np.asarray((person.motion.contacts[:, list(SIDE_POINTS[side])] >= RESTING).any(axis=1))
        for start, stop in find_runs(rests):
            if start <= first < stop:
                first, last = int(start), int(stop) - 1
    reach = round(REACH_SECONDS * float(clip.fps))
    frames = np.arange(clip.frame_count)
    is_after = (frames > last + reach) & (not isinstance(correction, Swap))
    return np.flatnonzero((frames < first - reach) | is_after)


def _held_mm(corrected: Performance, correction: Correction) -> float:
    match correction:
        case ContactEdit(resting=True):
            motion = next(p.motion for p in corrected.people if p.name == correction.person)
            rows = slice(correction.first_frame, correction.last_frame + 1)
            soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
            steps = np.diff(soles[rows][:, list(SIDE_POINTS[correction.side])], axis=0)
            return 1e3 * float(np.linalg.norm(steps, axis=-1).max(initial=0.0))
        case Keyframe(position=position) if position is not None:
            motion = next(p.motion for p in corrected.people if p.name == correction.person)
            place = _joints(motion)[correction.frame, motion.skeleton.index(correction.joint)]
            return 1e3 * float(np.linalg.norm(place - np.array(position)))
    return float("nan")


def _summarize(kind: str, outcomes: Sequence[_Outcome | None]) -> CorrectionFigures:
    applied = [outcome for outcome in outcomes if outcome is not None]
    nothing = _Outcome(0.0, 0.0, float("nan"), float("nan"))
    values = np.array([[o.cpu_seconds, o.elapsed_seconds, o.untouched_mm, o.held_mm] for o in applied or [nothing]])
    cpu, elapsed, untouched, held = (float(value) for value in values.max(axis=0))
    return CorrectionFigures(kind, len(applied), len(outcomes) - len(applied), cpu, elapsed, untouched, held)

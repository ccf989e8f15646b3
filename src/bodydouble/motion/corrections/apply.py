"""Corrections by hand: ``Performance`` and ``Correction`` objects -> the corrected ``Performance``.

Corrections are applied in order, in three kinds of runs: who is who, the motion of people, and the world. Within a run
for the motion, what was seen is corrected first, then motions are smoothed, and contacts and keyframes come last. So
these hold whatever else is corrected.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from typing import get_args

from bodydouble.data import Performance, Person
from bodydouble.data.corrections import (
    ContactEdit,
    Correction,
    FloorLevel,
    FocalLength,
    IdentityCorrection,
    Keyframe,
    MotionCorrection,
    PersonHeight,
    SideExchange,
    Smoothing,
    UnreliableSpan,
)
from bodydouble.errors import InvalidDataError
from bodydouble.motion.corrections.identity import assemble_people, change_parts, list_parts
from bodydouble.motion.corrections.keyframes import constrain_motion
from bodydouble.motion.corrections.measurements import correct_measurements
from bodydouble.motion.corrections.smoothing import smooth_person
from bodydouble.motion.corrections.world import move_floor, set_focal_length, set_heights

_Numbered = tuple[int, Correction]
"""A correction with its number in the list, from 1."""


def apply_corrections(performance: Performance, corrections: Sequence[Correction]) -> Performance:
    """Applies corrections to a performance. The video is not needed.

    Args:
        performance: the automatic result; it is not changed.
        corrections: in order. Names of people are those after the corrections before.

    Returns:
        The corrected performance, which lists the corrections. Frames that none concerns are the same as before.

    Raises:
        InvalidDataError: a correction does not fit the performance; the message has its number, from 1.
        ModelError: the lifter cannot be loaded.
    """
    for kind, run in groupby(enumerate(corrections, start=1), key=_kind_of_run):
        items = list(run)
        if kind is IdentityCorrection:
            performance = _correct_identities(performance, items)
        elif kind is MotionCorrection:
            performance = _correct_motions(performance, items)
        else:
            performance = _correct_world(performance, items)
    return replace(performance, corrections=(*performance.corrections, *corrections))


def _kind_of_run(item: _Numbered) -> object:
    """Returns the union of the types that form a run with a correction, or its own type."""
    kind = type(item[1])
    return next((union for union in (IdentityCorrection, MotionCorrection) if kind in get_args(union)), kind)


@contextmanager
def _named(items: Sequence[_Numbered]) -> Iterator[None]:
    """Puts the numbers of corrections in front of the messages of their errors."""
    try:
        yield
    except InvalidDataError as error:
        numbers = ", ".join(str(number) for number, _ in items)
        raise InvalidDataError(f"correction {numbers}: {error}") from error


def _correct_identities(performance: Performance, items: Sequence[_Numbered]) -> Performance:
    parts = list_parts(performance)
    for item in items:
        with _named([item]):
            parts = change_parts(performance, parts, item[1])
    return assemble_people(performance, parts)


def _correct_world(performance: Performance, items: Sequence[_Numbered]) -> Performance:
    heights = []
    for item in items:
        with _named([item]):
            match item[1]:
                case FloorLevel():
                    performance = move_floor(performance, item[1])
                case FocalLength():
                    performance = set_focal_length(performance, item[1])
                case PersonHeight(person=name):
                    _find_person(performance, name)
                    heights.append(item[1])
    return set_heights(performance, heights) if heights else performance


def _correct_motions(performance: Performance, items: Sequence[_Numbered]) -> Performance:
    for item in items:
        with _named([item]):
            _check_frames(_find_person(performance, item[1].person), item[1])
    own = {person.name: [item for item in items if item[1].person == person.name] for person in performance.people}
    people = tuple(
        _correct_person(performance, person, own[person.name]) if own[person.name] else person
        for person in performance.people
    )
    return replace(performance, people=people)


def _correct_person(performance: Performance, person: Person, items: Sequence[_Numbered]) -> Person:
    """Applies a run of corrections of the motion of one person."""
    measured = [item for item in items if isinstance(item[1], SideExchange | UnreliableSpan)]
    edits = [item for item in items if isinstance(item[1], ContactEdit)]
    keys = [item for item in items if isinstance(item[1], Keyframe)]
    contacts, keyframes = [edit for _, edit in edits], [key for _, key in keys]
    with _named(measured or edits):
        person = correct_measurements(person, [c for _, c in measured], contacts, performance.camera)
    for _, correction in items:
        if isinstance(correction, Smoothing):
            person = smooth_person(person, correction)
    with _named(keys or edits):
        return replace(person, motion=constrain_motion(person, contacts, keyframes, performance.camera))


def _find_person(performance: Performance, name: str) -> Person:
    for person in performance.people:
        if person.name == name:
            return person
    raise InvalidDataError(
        f"there is no person {name!r}; there are {', '.join(person.name for person in performance.people)}"
    )


def _check_frames(person: Person, correction: MotionCorrection) -> None:
    """Raises InvalidDataError if frames of a correction lie outside those of the person, or the joint is unknown."""
    if isinstance(correction, Keyframe):
        frames = (correction.frame,)
        person.motion.skeleton.index(correction.joint)
    else:
        frames = (correction.first_frame, correction.last_frame)
    first, last = int(person.track.frames[0]), int(person.track.frames[-1])
    for frame in frames:
        if not first <= frame <= last:
            raise InvalidDataError(f"frame {frame} is outside the frames of {person.name}, which are {first} to {last}")

"""Corrections by hand: ``Performance`` and ``Correction`` objects -> the corrected ``Performance``.

Corrections are applied in order, in three kinds of runs: who is who, the motion of people, and the world. Within a run
for the motion, what was seen is corrected first, then motions are smoothed, and contacts and keyframes come last. So
these hold whatever else is corrected.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import groupby

from bodydouble.data import Camera, Performance, Person
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
    WorldCorrection,
)
from bodydouble.errors import InvalidDataError
from bodydouble.motion.corrections.assembly import assemble_person
from bodydouble.motion.corrections.cache import StepCache
from bodydouble.motion.corrections.identity import change_parts, list_parts
from bodydouble.motion.corrections.keyframes import constrain_motion
from bodydouble.motion.corrections.measurements import correct_measurements
from bodydouble.motion.corrections.smoothing import smooth_person
from bodydouble.motion.corrections.world import move_floor, set_focal_length, set_heights


def apply_corrections(
    performance: Performance, corrections: Sequence[Correction], cache: StepCache | None = None
) -> Performance:
    """Applies corrections to a performance. The video is not needed.

    Args:
        performance: the automatic result; it is not changed.
        corrections: in order. Names of people are those after the corrections before.
        cache: results of steps of other corrections of the same performance.

    Returns:
        The corrected performance, which lists the corrections. Frames that none concerns are the same as before.

    Raises:
        InvalidDataError: a correction does not fit the performance; the message has its number, from 1.
        ModelError: the lifter cannot be loaded.
    """
    cache = cache or StepCache(performance.frame_count)
    for _, run in groupby(enumerate(corrections, start=1), key=lambda item: _kind_of_run(item[1])):
        items = list(run)
        identities = [(number, c) for number, c in items if isinstance(c, IdentityCorrection)]
        motions = [(number, c) for number, c in items if isinstance(c, MotionCorrection)]
        worlds = [(number, c) for number, c in items if isinstance(c, WorldCorrection)]
        if identities:
            performance = _correct_identities(performance, identities, cache)
        performance = _correct_motions(performance, motions, cache)
        if worlds:
            performance = _correct_world(performance, worlds, cache)
    return replace(performance, corrections=(*performance.corrections, *corrections))


def _kind_of_run(correction: Correction) -> int:
    """Returns the position among the unions of types that form a run."""
    unions = (IdentityCorrection, MotionCorrection, WorldCorrection)
    return [isinstance(correction, union) for union in unions].index(True)


@contextmanager
def _numbered(*numbers: int) -> Iterator[None]:
    """Puts the numbers of corrections in front of the messages of their errors."""
    try:
        yield
    except InvalidDataError as error:
        raise InvalidDataError(f"correction {', '.join(map(str, numbers))}: {error}") from error


def _correct_identities(
    performance: Performance, items: Sequence[tuple[int, IdentityCorrection]], cache: StepCache
) -> Performance:
    parts = list_parts(performance)
    for number, correction in items:
        with _numbered(number):
            parts = change_parts(performance, parts, correction)
    scene = performance.people, performance.camera, performance.shot_starts
    people = tuple(
        cache.remember(
            partial(assemble_person, performance, part.name, part.sources, part.owner),
            *("identity", *scene, part.name, part.sources, part.owner),
        )
        for part in parts
    )
    return replace(performance, people=people)


def _correct_world(
    performance: Performance, items: Sequence[tuple[int, WorldCorrection]], cache: StepCache
) -> Performance:
    corrections = tuple(correction for _, correction in items)
    scene = performance.people, performance.camera, performance.shot_starts
    changed = cache.remember(partial(_change_world, performance, items), "world", *scene, corrections)
    return replace(performance, camera=changed.camera, people=changed.people)


def _change_world(performance: Performance, items: Sequence[tuple[int, WorldCorrection]]) -> Performance:
    heights = []
    for number, correction in items:
        with _numbered(number):
            match correction:
                case FloorLevel():
                    performance = move_floor(performance, correction)
                case FocalLength():
                    performance = set_focal_length(performance, correction)
                case PersonHeight():
                    _find_person(performance, correction.person)
                    heights.append(correction)
    return set_heights(performance, heights) if heights else performance


def _correct_motions(
    performance: Performance, items: Sequence[tuple[int, MotionCorrection]], cache: StepCache
) -> Performance:
    for number, correction in items:
        with _numbered(number):
            _check_frames(_find_person(performance, correction.person), correction)
    people = []
    for person in performance.people:
        own = [(number, correction) for number, correction in items if correction.person == person.name]
        people.append(_correct_person(performance, person, own, cache) if own else person)
    return replace(performance, people=tuple(people))


def _correct_person(
    performance: Performance, person: Person, items: Sequence[tuple[int, MotionCorrection]], cache: StepCache
) -> Person:
    """Applies a run of corrections of the motion of one person."""
    corrections = [correction for _, correction in items]
    measured = [c for c in corrections if isinstance(c, SideExchange | UnreliableSpan)]
    contacts = [c for c in corrections if isinstance(c, ContactEdit)]
    keyframes = [c for c in corrections if isinstance(c, Keyframe)]
    scene = performance.camera, performance.shot_starts
    with _numbered(*(number for number, c in items if isinstance(c, SideExchange | UnreliableSpan))):
        compute = partial(correct_measurements, person, measured, contacts, performance)
        person = cache.remember(compute, "measurements", person, measured, contacts, *scene)
    for correction in corrections:
        if isinstance(correction, Smoothing):
            person = cache.remember(partial(smooth_person, person, correction), "smoothing", person, correction)
    with _numbered(*(number for number, c in items if isinstance(c, ContactEdit | Keyframe))):
        constrain = partial(_constrain_person, person, contacts, keyframes, performance.camera)
        return cache.remember(constrain, "constraints", person, contacts, keyframes, performance.camera)


def _constrain_person(
    person: Person, contacts: Sequence[ContactEdit], keyframes: Sequence[Keyframe], view: Camera
) -> Person:
    return replace(person, motion=constrain_motion(person, contacts, keyframes, view))


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
        first = last = correction.frame
        person.motion.skeleton.index(correction.joint)
    else:
        first, last = correction.first_frame, correction.last_frame
    start, end = int(person.track.frames[0]), int(person.track.frames[-1])
    for frame in (first, last):
        if not start <= frame <= end:
            raise InvalidDataError(f"frame {frame} is outside the frames of {person.name}, which are {start} to {end}")

"""Identities of people by hand: renamed, merged, split, swapped and deleted people.

A run of such corrections first decides for each new person, which of the old people is shown in each frame. Only then
motions are joined. So swapping twice, or splitting and merging, gives back exactly what was there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import IntArray, Performance
from bodydouble.data.corrections import Delete, IdentityCorrection, Merge, Rename, Split, Swap
from bodydouble.errors import InvalidDataError
from bodydouble.motion.corrections.assembly import NOBODY


@dataclass(frozen=True, slots=True)
class Part:
    """A person of the result."""

    name: str
    sources: IntArray
    """(F,) index of the person of the performance that is shown in each frame; NOBODY where none is."""
    owner: int
    """Index of the person of the performance whose skeleton this person has."""


def list_parts(performance: Performance) -> list[Part]:
    """Returns the people of a performance as they are."""
    return [
        Part(person.name, _frames_of(index, person.track.frames, performance.frame_count), index)
        for index, person in enumerate(performance.people)
    ]


def _frames_of(index: int, frames: IntArray, frame_count: int) -> IntArray:
    sources = np.full(frame_count, NOBODY)
    sources[frames] = index
    return sources


def change_parts(performance: Performance, parts: list[Part], correction: IdentityCorrection) -> list[Part]:
    """Applies a correction to the people of the result.

    Raises:
        InvalidDataError: a name is unknown or taken, the frame is outside the clip, or nobody would be left.
    """
    frame = getattr(correction, "frame", 0)
    if frame >= performance.frame_count:
        raise InvalidDataError(f"frame {frame} is outside the clip, whose last frame is {performance.frame_count - 1}")
    index = _find(parts, correction.person)
    part, others = parts[index], [p for p in parts if p.name != correction.person]
    match correction:
        case Rename(name=name):
            _check_free(others, name)
            changed = {part.name: replace(part, name=name)}
        case Delete():
            if not others:
                raise InvalidDataError(f"{part.name} is the only person; a performance without people shows nothing")
            return others
        case Split(frame=frame, name=name):
            _check_free(parts, name)
            early, late = _cut(part, frame)
            _check_observed(performance, early, late)
            return [*parts[:index], early, *parts[index + 1 :], replace(late, name=name)]
        case Merge(other=other_name):
            other = parts[_find(parts, other_name)]
            merged = _merge(part.sources, other.sources, performance)
            return [replace(p, sources=merged) if p is part else p for p in parts if p is not other]
        case Swap(other=other_name, frame=frame):
            other = parts[_find(parts, other_name)]
            (early, late), (other_early, other_late) = _cut(part, frame), _cut(other, frame)
            changed = {
                part.name: replace(part, sources=np.maximum(early.sources, other_late.sources)),
                other.name: replace(other, sources=np.maximum(other_early.sources, late.sources)),
            }
            _check_observed(performance, *changed.values())
    return [changed.get(p.name, p) for p in parts]


def _find(parts: Sequence[Part], name: str) -> int:
    names = [part.name for part in parts]
    if name not in names:
        raise InvalidDataError(f"there is no person {name!r}; there are {', '.join(names)}")
    return names.index(name)


def _check_free(parts: Sequence[Part], name: str) -> None:
    if any(part.name == name for part in parts):
        raise InvalidDataError(f"there is a person {name!r} already; choose another name, or merge both")


def _cut(part: Part, frame: int) -> tuple[Part, Part]:
    """Returns the person before a frame, and from it on."""
    is_late = np.arange(len(part.sources)) >= frame
    early, late = (np.where(mask, part.sources, NOBODY) for mask in (~is_late, is_late))
    return replace(part, sources=early), replace(part, sources=late)


def _merge(first: IntArray, second: IntArray, performance: Performance) -> IntArray:
    """Returns the sources of two people as one: the first where it is observed, else the second where that is."""
    is_seen, is_other_seen = (_observed(performance, sources) for sources in (first, second))
    other = np.where(second >= 0, second, first)
    return np.where(is_seen, first, np.where(is_other_seen, second, np.where(first >= 0, first, other)))


def _observed(performance: Performance, sources: IntArray) -> IntArray:
    """Returns whether a person with given sources is observed in each frame (F,)."""
    observed = np.zeros(len(sources), dtype=bool)
    for index, person in enumerate(performance.people):
        frames = person.track.frames
        observed[frames] |= person.track.observed & (sources[frames] == index)
    return observed


def _check_observed(performance: Performance, *parts: Part) -> None:
    for part in parts:
        if not _observed(performance, part.sources).any():
            raise InvalidDataError(f"nothing observed would be left of {part.name}; choose another frame")

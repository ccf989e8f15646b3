"""Chooses among the people of a clip."""

from collections.abc import Sequence

from bodydouble.data import Track
from bodydouble.errors import InvalidDataError
from bodydouble.geometry.similarity import box_area


def prominence(track: Track) -> float:
    """How much of the clip a person fills: area on screen in px, summed over the frames in which they are observed."""
    return float(box_area(track.boxes[track.observed]).sum())


def select(tracks: Sequence[Track], people: str = "all") -> tuple[Track, ...]:
    """The people asked for, the most prominent first.

    Args:
        tracks: All people.
        people: "all", "main" for the most prominent one, or how many of the most prominent ones.

    Raises:
        InvalidDataError: ``people`` is none of these.
    """
    ordered = tuple(sorted(tracks, key=prominence, reverse=True))
    if people == "all":
        return ordered
    if people == "main":
        return ordered[:1]
    if not people.isdecimal() or int(people) < 1:
        raise InvalidDataError(f"cannot choose people by {people!r}; use all, main or a number from 1")
    return ordered[: int(people)]

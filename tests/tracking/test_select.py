"""Choosing among people."""

from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import Track
from bodydouble.errors import InvalidDataError
from bodydouble.tracking.associate import associate
from bodydouble.tracking.select import prominence, select
from tests.tracking.people import observation


@pytest.fixture
def tracks() -> tuple[Track, ...]:
    """Small for long, large for long, and large for a moment."""
    seen = [
        (
            observation((100, 300), height=80),
            observation((400, 300), height=240, pose_seed=1),
            *([observation((800, 300), height=250, pose_seed=2)] if f < 20 else []),
        )
        for f in range(60)
    ]
    found = associate(seen, Fraction(30))
    assert len(found) == 3
    return found


def widths(tracks: tuple[Track, ...]) -> list[int]:
    return [round(float(np.nanmax(track.boxes[:, 3] - track.boxes[:, 1])), -1) for track in tracks]  # type: ignore[misc]


def test_the_largest_for_longest_comes_first(tracks: tuple[Track, ...]) -> None:
    chosen = select(tracks, "all")
    assert [prominence(track) for track in chosen] == sorted(map(prominence, tracks), reverse=True)
    assert [len(track.frames) for track in chosen] == [60, 20, 60]
    assert widths(chosen)[0] > widths(chosen)[2]


@pytest.mark.parametrize(("people", "count"), [("all", 3), ("main", 1), ("1", 1), ("2", 2), ("3", 3), ("9", 3)])
def test_as_many_as_asked_for_and_always_the_first(tracks: tuple[Track, ...], people: str, count: int) -> None:
    assert select(tracks, people) == select(tracks, "all")[:count]


def test_nobody_gives_nobody() -> None:
    assert select((), "main") == ()


@pytest.mark.parametrize("people", ["", "0", "-1", "2.5", "two", "all "])
def test_a_nonsensical_choice_is_told_with_the_valid_ones(tracks: tuple[Track, ...], people: str) -> None:
    with pytest.raises(InvalidDataError, match="use all, main or a number from 1"):
        select(tracks, people)


def test_frames_without_observation_do_not_count() -> None:
    seen = [() if 10 <= f < 20 else (observation((100, 300)),) for f in range(30)]
    (track,) = associate(seen, Fraction(30))
    area = float(np.prod(track.boxes[0, 2:] - track.boxes[0, :2]))
    assert prominence(track) == pytest.approx(20 * area)

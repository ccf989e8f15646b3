"""Blinks where no face was observed."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import BLENDSHAPE_COUNT, BoolArray, Face, FloatArray, Person
from bodydouble.motion.face.natural_blinks import (
    DURATION_RANGE,
    EYES,
    INTERVAL_RANGE,
    MIN_UNOBSERVED_TIME,
    add_natural_blinks,
)
from tests import builders

SECONDS = 60


def _person(fps: int, face: Face | None = None) -> Person:
    (person,) = builders.performance(frames=SECONDS * fps, people=1).people
    return replace(person, motion=replace(person.motion, fps=Fraction(fps)), face=face)


def _closed(person: Person) -> FloatArray:
    assert person.face is not None
    weights = person.face.weights[:, EYES]
    np.testing.assert_array_equal(weights[:, 0], weights[:, 1])
    return weights[:, 0]


def _runs(values: BoolArray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def test_a_person_whose_face_was_never_seen_blinks_naturally() -> None:
    closed = _closed(add_natural_blinks(_person(500)))
    runs = _runs(closed > 0.0)
    starts, durations = np.array(runs)[:, 0] / 500, np.diff(runs)[:, 0] / 500
    assert (np.diff(starts) >= INTERVAL_RANGE[0] - 0.01).all()
    assert (np.diff(starts) <= INTERVAL_RANGE[1] + 0.01).all()
    assert starts[0] <= INTERVAL_RANGE[1]
    assert SECONDS - starts[-1] <= INTERVAL_RANGE[1] + DURATION_RANGE[1] + 0.01
    assert (durations > DURATION_RANGE[0] - 0.01).all()
    assert (durations < DURATION_RANGE[1] + 0.01).all()
    assert all(closed[start:stop].max() == 1.0 for start, stop in runs)


@pytest.mark.parametrize("fps", [24, 30])
def test_the_frame_rate_does_not_matter(fps: int) -> None:
    fine, coarse = _closed(add_natural_blinks(_person(120))), _closed(add_natural_blinks(_person(fps)))
    np.testing.assert_allclose(coarse, fine[:: 120 // fps][: len(coarse)])


def test_an_observed_face_stays_as_it_is() -> None:
    person = _person(30)
    count = len(person.track.frames)
    face = Face(np.ones(count, dtype=bool), np.full((count, BLENDSHAPE_COUNT), 0.1), np.zeros((count, 2)))
    seen = _person(30, face)
    assert add_natural_blinks(seen) is seen


@pytest.mark.parametrize(("seconds", "blinks"), [(MIN_UNOBSERVED_TIME / 2, False), (12.0, True)])
def test_only_long_gaps_get_blinks(seconds: float, blinks: bool) -> None:
    count = SECONDS * 30
    observed = np.ones(count, dtype=bool)
    gap = slice(300, 300 + round(30 * seconds))
    observed[gap] = False
    face = Face(observed, np.zeros((count, BLENDSHAPE_COUNT)), np.zeros((count, 2)))
    closed = _closed(add_natural_blinks(_person(30, face)))
    assert bool(closed.any()) is blinks
    assert not closed[observed].any()


def test_people_blink_at_different_times() -> None:
    first, second = (_closed(add_natural_blinks(replace(_person(30), name=name))) for name in ("person1", "person2"))
    assert np.abs(first - second).max() > 0.5

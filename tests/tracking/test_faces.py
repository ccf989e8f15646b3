"""Faces speak for and against two pieces being one person's, and are found again by person."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import FACE_NUMBERS, LOOK_PARTS, Observation
from bodydouble.tracking.association import associate
from bodydouble.tracking.faces import faces_of
from bodydouble.tracking.reidentification import linked
from bodydouble.tracking.tracklets import Sequel
from tests.tracking.people import Path, observation, walk

FPS = 30.0
GREY = np.tile([50.0, 0, 0], (LOOK_PARTS, 1))


def face(person: int, sighting: int = 0) -> np.ndarray:
    """(1024,) unit vector; those of one person have cosines around 0.8, those of different people around 0."""
    own, noise = (np.random.default_rng([person, n]).normal(size=FACE_NUMBERS) for n in (0, sighting + 1))
    mixed = own + 0.5 * noise
    return np.asarray(mixed / np.linalg.norm(mixed), dtype=np.float32)


def seen(path: Path, who: int | None, frames: range) -> Sequel:
    """Somebody in grey whose face is looked at in every tenth frame."""
    people: list[Observation] = []
    for frame in frames:
        place = path(frame)
        assert place is not None
        looked = None if who is None or frame % 10 else face(who, frame)
        people.append(replace(observation(place), look=GREY, face=looked))
    return Sequel(list(frames), people)


def exchanged(*people: int | None) -> list[Sequel]:
    """Two in the same clothes who are away for 2 s and come back in each other's place."""
    one, other, first, second = people
    before = [seen(walk(300, 200, 0), one, range(30)), seen(walk(700, 200, 0), other, range(30))]
    return [*before, seen(walk(300, 200, 0), first, range(90, 120)), seen(walk(700, 200, 0), second, range(90, 120))]


def places(person: Sequel) -> list[float]:
    return [person.seen[0].box[0], person.seen[-1].box[0]]


def test_faces_tell_people_in_the_same_clothes() -> None:
    people = linked(exchanged(1, 2, 2, 1), FPS)
    assert len(people) == 2
    assert all(places(person)[0] != places(person)[1] for person in people)


@pytest.mark.parametrize("who", [(1, 2, 1, 2), (None, None, None, None), (1, 2, None, None), (None, 2, 1, None)])
def test_who_stays_in_place_stays_the_same(who: tuple[int | None, ...]) -> None:
    people = linked(exchanged(*who), FPS)
    assert len(people) == 2
    assert all(places(person)[0] == places(person)[1] for person in people)


def test_somebody_else_in_the_same_clothes_and_place_is_somebody_else() -> None:
    before, after = seen(walk(300, 200, 0), 1, range(30)), seen(walk(800, 200, 0), 2, range(300, 330))
    alike = [seen(walk(300, 200, 0), None, range(30)), seen(walk(800, 200, 0), None, range(300, 330))]
    assert len(linked(alike, FPS)) == 1
    assert len(linked([before, after], FPS)) == 2


def test_one_odd_sighting_changes_little() -> None:
    tracks = exchanged(1, 2, 2, 1)
    odd = tracks[0].seen[10]
    tracks[0].seen[10] = replace(odd, face=face(2))
    people = linked(tracks, FPS)
    assert all(places(person)[0] != places(person)[1] for person in people)


def test_every_face_is_found_again_by_person() -> None:
    tracks = [seen(walk(300, 200, 0), 1, range(60)), seen(walk(700, 200, 0), 2, range(60))]
    clip = [tuple(track.seen[frame] for track in tracks) for frame in range(60)]
    for track in associate(clip, Fraction(30)):
        who = 1 if track.boxes[0, 0] < 500 else 2
        frames, vectors = faces_of(track, clip)
        assert frames.tolist() == [0, 10, 20, 30, 40, 50]
        np.testing.assert_array_equal(vectors, [face(who, frame) for frame in frames])


def test_who_has_no_face_has_no_vectors() -> None:
    track = seen(walk(300, 200, 0), None, range(30))
    (found,) = associate([(one,) for one in track.seen], Fraction(30))
    frames, vectors = faces_of(found, [(one,) for one in track.seen])
    assert frames.shape == (0,)
    assert vectors.shape == (0, FACE_NUMBERS)

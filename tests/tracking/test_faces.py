"""Faces speak for and against two pieces being one person's, and are found again by person."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import APPEARANCE_PARTS, FACE_EMBEDDING_DIM, Observation
from bodydouble.tracking.association import build_tracks
from bodydouble.tracking.faces import collect_face_embeddings
from bodydouble.tracking.reidentification import link_tracklets
from bodydouble.tracking.tracklets import Tracklet
from tests.tracking.people import Path, observation, straight_path

FPS = 30.0
GREY = np.tile([50.0, 0, 0], (APPEARANCE_PARTS, 1))


def face(person: int, sighting: int = 0) -> np.ndarray:
    """(1024,) unit vector; those of one person have cosines around 0.8, those of different people around 0."""
    own, noise = (np.random.default_rng([person, n]).normal(size=FACE_EMBEDDING_DIM) for n in (0, sighting + 1))
    mixed = own + 0.5 * noise
    return np.asarray(mixed / np.linalg.norm(mixed), dtype=np.float32)


def seen(path: Path, who: int | None, frames: range) -> Tracklet:
    """Somebody in grey whose face is looked at in every tenth frame."""
    people: list[Observation] = []
    for frame in frames:
        place = path(frame)
        assert place is not None
        looked = None if who is None or frame % 10 else face(who, frame)
        people.append(replace(observation(place), appearance=GREY, face_embedding=looked))
    return Tracklet(list(frames), people)


def exchanged(*people: int | None) -> list[Tracklet]:
    """Two in the same clothes who are away for 2 s and come back in each other's place."""
    one, other, first, second = people
    before = [seen(straight_path(300, 200, 0), one, range(30)), seen(straight_path(700, 200, 0), other, range(30))]
    return [
        *before,
        seen(straight_path(300, 200, 0), first, range(90, 120)),
        seen(straight_path(700, 200, 0), second, range(90, 120)),
    ]


def places(person: Tracklet) -> list[float]:
    return [person.observations[0].box[0], person.observations[-1].box[0]]


def test_faces_tell_people_in_the_same_clothes() -> None:
    people = link_tracklets(exchanged(1, 2, 2, 1), FPS)
    assert len(people) == 2
    assert all(places(person)[0] != places(person)[1] for person in people)


@pytest.mark.parametrize("who", [(1, 2, 1, 2), (None, None, None, None), (1, 2, None, None), (None, 2, 1, None)])
def test_who_stays_in_place_stays_the_same(who: tuple[int | None, ...]) -> None:
    people = link_tracklets(exchanged(*who), FPS)
    assert len(people) == 2
    assert all(places(person)[0] == places(person)[1] for person in people)


def test_somebody_else_in_the_same_clothes_and_place_is_somebody_else() -> None:
    before, after = seen(straight_path(300, 200, 0), 1, range(30)), seen(straight_path(800, 200, 0), 2, range(300, 330))
    alike = [seen(straight_path(300, 200, 0), None, range(30)), seen(straight_path(800, 200, 0), None, range(300, 330))]
    assert len(link_tracklets(alike, FPS)) == 1
    assert len(link_tracklets([before, after], FPS)) == 2


def test_one_odd_sighting_changes_little() -> None:
    tracks = exchanged(1, 2, 2, 1)
    odd = tracks[0].observations[10]
    tracks[0].observations[10] = replace(odd, face_embedding=face(2))
    people = link_tracklets(tracks, FPS)
    assert all(places(person)[0] != places(person)[1] for person in people)


def test_every_face_is_found_again_by_person() -> None:
    tracks = [seen(straight_path(300, 200, 0), 1, range(60)), seen(straight_path(700, 200, 0), 2, range(60))]
    clip = [tuple(track.observations[frame] for track in tracks) for frame in range(60)]
    for track in build_tracks(clip, Fraction(30)):
        who = 1 if track.boxes[0, 0] < 500 else 2
        frames, vectors = collect_face_embeddings(track, clip)
        assert frames.tolist() == [0, 10, 20, 30, 40, 50]
        np.testing.assert_array_equal(vectors, [face(who, frame) for frame in frames])


def test_who_has_no_face_has_no_vectors() -> None:
    track = seen(straight_path(300, 200, 0), None, range(30))
    (found,) = build_tracks([(one,) for one in track.observations], Fraction(30))
    frames, vectors = collect_face_embeddings(found, [(one,) for one in track.observations])
    assert frames.shape == (0,)
    assert vectors.shape == (0, FACE_EMBEDDING_DIM)

"""Face embeddings link and separate tracklet segments, and stay with the track of their person."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import APPEARANCE_PARTS, FACE_EMBEDDING_DIM, Observation
from bodydouble.tracking.association import build_tracks
from bodydouble.tracking.reidentification import link_tracklets
from bodydouble.tracking.tracklets import Tracklet
from tests.tracking.people import FPS, Path, observation, straight_path

GREY = np.tile([50.0, 0, 0], (APPEARANCE_PARTS, 1))
IMAGE_SIZE = (1000, 500)


def embedding(person: int, seed: int = 0) -> np.ndarray:
    """(1024,) unit vector; the cosine is around 0.8 for the same person, around 0 for different people."""
    mean, noise = (np.random.default_rng([person, n]).normal(size=FACE_EMBEDDING_DIM) for n in (0, seed + 1))
    mixed = mean + 0.5 * noise
    return np.asarray(mixed / np.linalg.norm(mixed), dtype=np.float32)


def observe(path: Path, person: int | None, frames: range) -> Tracklet:
    """Observes a person in grey, with a face embedding in every tenth frame; None: without embeddings."""
    observations: list[Observation] = []
    for frame in frames:
        position = path(frame)
        assert position is not None
        face_embedding = None if person is None or frame % 10 else embedding(person, frame)
        observations.append(replace(observation(position), appearance=GREY, face_embedding=face_embedding))
    return Tracklet(list(frames), observations)


def left_and_right(*people: int | None) -> list[Tracklet]:
    """Two people in the same clothes at the left and the right, and two at the same positions 2 s later."""
    left, right = straight_path(300, 200, 0), straight_path(700, 200, 0)
    before, after = range(30), range(90, 120)
    visits = ((left, before), (right, before), (left, after), (right, after))
    return [observe(path, person, frames) for person, (path, frames) in zip(people, visits, strict=True)]


def is_in_place(person: Tracklet) -> bool:
    return bool(person.observations[0].box[0] == person.observations[-1].box[0])


def test_faces_distinguish_people_in_the_same_clothes() -> None:
    people = link_tracklets(left_and_right(1, 2, 2, 1), FPS)
    assert len(people) == 2
    assert not any(map(is_in_place, people))


@pytest.mark.parametrize("faces", [(1, 2, 1, 2), (None, None, None, None), (1, 2, None, None), (None, 2, 1, None)])
def test_people_stay_in_place_unless_two_faces_contradict(faces: tuple[int | None, ...]) -> None:
    people = link_tracklets(left_and_right(*faces), FPS)
    assert len(people) == 2
    assert all(map(is_in_place, people))


def test_another_face_is_another_person_in_the_same_clothes() -> None:
    paths = ((straight_path(300, 200, 0), range(30)), (straight_path(800, 200, 0), range(300, 330)))
    assert len(link_tracklets([observe(path, None, frames) for path, frames in paths], FPS)) == 1
    people = [observe(path, person, frames) for person, (path, frames) in enumerate(paths)]
    assert len(link_tracklets(people, FPS)) == 2


def test_one_wrong_embedding_changes_nothing() -> None:
    tracklets = left_and_right(1, 2, 2, 1)
    tracklets[0].observations[10] = replace(tracklets[0].observations[10], face_embedding=embedding(2))
    assert not any(map(is_in_place, link_tracklets(tracklets, FPS)))


def test_every_embedding_stays_with_its_person() -> None:
    tracklets = [
        observe(straight_path(300, 200, 0), 1, range(60)), observe(straight_path(700, 200, 0), 2, range(60))
    ]  # fmt: skip
    observations = [tuple(tracklet.observations[frame] for tracklet in tracklets) for frame in range(60)]
    people = build_tracks(observations, FPS, IMAGE_SIZE)
    assert len(people) == 2
    for person in people:
        number = 1 if person.track.boxes[0, 0] < 500 else 2
        frames, vectors = person.face_embeddings
        assert frames.tolist() == [0, 10, 20, 30, 40, 50]
        np.testing.assert_array_equal(vectors, [embedding(number, frame) for frame in frames])


def test_a_person_without_embeddings_has_empty_arrays() -> None:
    tracklet = observe(straight_path(300, 200, 0), None, range(30))
    (person,) = build_tracks([(one,) for one in tracklet.observations], FPS, IMAGE_SIZE)
    assert person.face_embeddings.frames.shape == (0,)
    assert person.face_embeddings.vectors.shape == (0, FACE_EMBEDDING_DIM)

"""Laws of pose non-maximum suppression on synthetic people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data import FloatArray
from bodydouble.perception.pose.duplicate_suppression import (
    add_reacquired,
    bounding_box,
    clip_box,
    detection_similarity,
    is_distinct,
    landmark_similarity,
    merge_detections,
    suppress_duplicates,
    visible_fraction,
)
from bodydouble.perception.protocols import Detection, Landmarks, RotatedRoi
from bodydouble.skeletons import coco

SIMILARITY = 0.6
"""The default of the observer."""
SHAPE = np.random.default_rng(7).uniform(-1, 1, (33, 2)) * [20, 50]
"""(33, 2) px; a person 100 px high."""
GRID = 200.0
"""Distance between people, px: twice their height, so that neither boxes nor poses have anything in common."""


def person(x: float, y: float = 0.0, presence: float = 0.9, *, upside_down: bool = False) -> Landmarks:
    pose = SHAPE * [1, -1 if upside_down else 1] + [x, y]
    keypoints = np.column_stack([pose, np.ones(33)])
    return Landmarks(keypoints, np.zeros((33, 3)), presence, RotatedRoi(np.array([x, y]), 120.0, 0.0))


def ids(people: list[Landmarks]) -> list[int]:
    return [id(each) for each in people]


def test_similarity_is_one_for_the_same_pose_zero_far_away_and_symmetric() -> None:
    here, near, far = person(0), person(3), person(GRID)
    assert landmark_similarity(here, here) == pytest.approx(1.0)
    # The Gaussian of the similarity is below 1e-9 beyond 6.5 standard deviations, and those are at most 12 px here.
    assert landmark_similarity(here, far) < 1e-9
    assert landmark_similarity(here, near) == pytest.approx(landmark_similarity(near, here))
    assert 0.0 < landmark_similarity(here, near) < 1.0


def test_similarity_of_detections_is_that_of_landmarks_with_the_same_keypoints() -> None:
    people = [person(0), person(4), person(GRID)]
    keypoints = [each.keypoints[list(coco.BLAZEPOSE_INDICES)] for each in people]
    detections = [Detection(np.zeros(4), points, 0.9) for points in keypoints]
    expected = [[landmark_similarity(a, b) for b in people] for a in people]
    np.testing.assert_allclose(detection_similarity(detections, people), expected)
    assert detection_similarity([], people).shape == (0, 3)


@given(st.permutations(range(9)), st.lists(st.floats(0.1, 0.9), min_size=9, max_size=9, unique=True))
def test_of_each_person_the_most_certain_landmarks_stay_in_any_order(order: list[int], presences: list[float]) -> None:
    """Three people on a grid, each three times, displaced by at most 2 px."""
    people = [person(GRID * (i // 3) + i % 3, presence=presence) for i, presence in enumerate(presences)]
    expected = [max(people[3 * i : 3 * i + 3], key=lambda each: each.presence) for i in range(3)]
    kept = suppress_duplicates([people[i] for i in order], SIMILARITY)
    assert ids(kept) == ids(sorted(expected, key=lambda each: -each.presence))
    assert ids(suppress_duplicates(kept, SIMILARITY)) == ids(kept)


def test_the_caller_decides_who_is_certain() -> None:
    stranger, expected = person(0, presence=0.9), person(1, presence=0.6)
    assert ids(suppress_duplicates([stranger, expected], SIMILARITY, lambda each: each is expected)) == ids([expected])


@pytest.mark.parametrize(
    ("x", "y", "fraction"), [(0, 0, 1.0), (-50, 0, 0.5), (0, 75, 0.25), (-50, -50, 0.25), (500, 0, 0.0)]
)
def test_the_visible_fraction_is_that_of_the_box_and_the_same_in_a_mirror(x: float, y: float, fraction: float) -> None:
    """A box of 100 x 100 px in the corner of an image of 100 x 100 px, shifted."""
    pose: FloatArray = np.array([[0.0, 0.0], [100.0, 100.0], [30.0, 60.0]]) + np.array([x, y])
    mirrored = pose * [-1, 1] + [100.0, 0.0]
    assert visible_fraction(pose, (100, 100)) == pytest.approx(fraction)
    assert visible_fraction(mirrored, (100, 100)) == pytest.approx(fraction)
    clipped = clip_box(bounding_box(pose), (100, 100))
    assert (clipped >= 0).all() and (clipped <= 100).all()


def test_a_reacquired_person_is_added_once_unless_the_place_is_taken() -> None:
    visible, taken = person(0), person(1, upside_down=True)
    better, worse = person(GRID, presence=0.9), person(GRID + 1, presence=0.8)
    assert ids(add_reacquired([visible], [worse, taken, better])) == ids([visible, better])


def test_a_person_is_distinct_only_in_another_place_and_another_pose() -> None:
    here = person(0)
    assert is_distinct(here, [], SIMILARITY)
    assert is_distinct(here, [person(GRID)], SIMILARITY)
    assert not is_distinct(here, [person(GRID), person(1)], SIMILARITY)
    upside_down = person(0, upside_down=True)
    assert landmark_similarity(here, upside_down) < SIMILARITY
    assert not is_distinct(here, [upside_down], SIMILARITY)


def test_without_new_detections_separate_people_stay_as_they_are() -> None:
    people = [person(0, presence=0.9), person(GRID, presence=0.8), person(2 * GRID, presence=0.7)]
    for confirmed in ([True] * 3, [False] * 3):
        assert ids(merge_detections(people, np.array(confirmed), [], SIMILARITY)) == ids(people)


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_new_detection_replaces_a_tracked_person_in_its_place_unless_confirmed(confirmed: bool) -> None:
    tracked, new = person(0, presence=0.8), person(0, upside_down=True)
    merged = merge_detections([tracked], np.array([confirmed]), [new], SIMILARITY)
    assert ids(merged) == (ids([new, tracked]) if confirmed else ids([new]))


def test_an_unconfirmed_person_on_a_confirmed_one_is_a_duplicate() -> None:
    confirmed, duplicate = person(0, presence=0.8), person(1, upside_down=True)
    both = [confirmed, duplicate]
    assert ids(merge_detections(both, np.array([True, False]), [], SIMILARITY)) == ids([confirmed])
    assert len(merge_detections(both, np.array([True, True]), [], SIMILARITY)) == 2

import numpy as np
import pytest

from bodydouble.evaluation.evaluation_clip import to_evaluation_clip
from bodydouble.evaluation.matching import common_frames, match_people
from tests.evaluation import scenes


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_people_are_matched_in_any_order(order: tuple[int, ...]) -> None:
    truth = scenes.ground_truth(20, people=3)
    predicted = scenes.with_people(truth, *(truth.people[n] for n in order))
    matching = match_people(to_evaluation_clip(predicted), to_evaluation_clip(truth))
    assert sorted(matching.pairs) == [(n, order.index(n)) for n in range(3)]
    assert (matching.missed, matching.extra) == ((), ())


def test_the_longer_of_two_tracks_is_matched() -> None:
    truth = scenes.ground_truth(30, people=1)
    person = truth.people[0]
    parts = scenes.keep_frames(person, 0, 12), scenes.rename(scenes.keep_frames(person, 12, 30), "later")
    matching = match_people(to_evaluation_clip(scenes.with_people(truth, *parts)), to_evaluation_clip(truth))
    assert (matching.pairs, matching.missed, matching.extra) == (((0, 1),), (), (0,))


def test_people_far_apart_in_the_image_are_not_matched() -> None:
    truth = scenes.ground_truth(10, people=1)
    predicted = scenes.with_people(truth, scenes.translate(truth.people[0], (3.0, 0.0, 0.0)))
    matching = match_people(to_evaluation_clip(predicted), to_evaluation_clip(truth))
    assert (matching.pairs, matching.missed, matching.extra) == ((), (0,), (0,))


def test_depth_errors_do_not_influence_the_matching() -> None:
    """Both predicted people are on the viewing rays of the true ones, but much nearer to the camera."""
    truth = scenes.ground_truth(10, people=2)
    eye = np.array([0.0, 1.0, 4.0])
    nearer = []
    for person in truth.people:
        step = 0.3 * (eye - person.motion.root_position.mean(axis=0))
        nearer.append(scenes.translate(person, (float(step[0]), float(step[1]), float(step[2]))))
    matching = match_people(to_evaluation_clip(scenes.with_people(truth, *nearer)), to_evaluation_clip(truth))
    assert sorted(matching.pairs) == [(0, 0), (1, 1)]


def test_frames_of_an_occluded_person_do_not_count() -> None:
    truth = scenes.ground_truth(20, people=1)
    occluded = scenes.with_people(truth, scenes.occlude(truth.people[0], 0, 20))
    matching = match_people(to_evaluation_clip(truth), to_evaluation_clip(occluded))
    assert (matching.pairs, matching.missed, matching.extra) == ((), (0,), (0,))


def test_people_behind_the_camera_are_not_matched() -> None:
    truth = scenes.ground_truth(5, people=1)
    predicted = scenes.with_people(truth, scenes.translate(truth.people[0], (0.0, 0.0, 20.0)))
    assert match_people(to_evaluation_clip(predicted), to_evaluation_clip(truth)).pairs == ()


@pytest.mark.parametrize(
    ("a", "b"), [((0, 10), (4, 20)), ((4, 20), (0, 10)), ((3, 5), (0, 9)), ((0, 3), (5, 9)), ((5, 9), (0, 3))]
)
def test_common_frames_are_the_intersection(a: tuple[int, int], b: tuple[int, int]) -> None:
    first, second = np.arange(*a), np.arange(*b)
    in_first, in_second = common_frames(first, second)
    expected = np.intersect1d(first, second)
    assert first[in_first].tolist() == second[in_second].tolist() == expected.tolist()

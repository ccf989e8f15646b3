import numpy as np
import pytest

from bodydouble.evaluation.evaluation_clip import recording
from bodydouble.evaluation.matching import common_frames, match
from tests.evaluation import scenes


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_people_are_found_in_any_order(order: tuple[int, ...]) -> None:
    truth = scenes.truth(20, people=3)
    predicted = scenes.of(truth, *(truth.people[n] for n in order))
    matching = match(recording(predicted), recording(truth))
    assert sorted(matching.pairs) == [(n, order.index(n)) for n in range(3)]
    assert (matching.missed, matching.extra) == ((), ())


def test_the_longer_track_of_a_person_wins() -> None:
    truth = scenes.truth(30, people=1)
    person = truth.people[0]
    parts = scenes.without_frames(person, 0, 12), scenes.renamed(scenes.without_frames(person, 12, 30), "later")
    matching = match(recording(scenes.of(truth, *parts)), recording(truth))
    assert (matching.pairs, matching.missed, matching.extra) == (((0, 1),), (), (0,))


def test_somebody_far_away_in_the_picture_is_nobody() -> None:
    truth = scenes.truth(10, people=1)
    predicted = scenes.of(truth, scenes.moved(truth.people[0], (3.0, 0.0, 0.0)))
    matching = match(recording(predicted), recording(truth))
    assert (matching.pairs, matching.missed, matching.extra) == ((), (0,), (0,))


def test_depth_does_not_decide() -> None:
    """Both people stand on the rays of the true ones, but much nearer to the camera."""
    truth = scenes.truth(10, people=2)
    eye = np.array([0.0, 1.0, 4.0])
    nearer = []
    for person in truth.people:
        step = 0.3 * (eye - person.motion.root_position.mean(axis=0))
        nearer.append(scenes.moved(person, (float(step[0]), float(step[1]), float(step[2]))))
    matching = match(recording(scenes.of(truth, *nearer)), recording(truth))
    assert sorted(matching.pairs) == [(0, 0), (1, 1)]


def test_frames_in_which_the_person_is_hidden_do_not_count() -> None:
    truth = scenes.truth(20, people=1)
    unseen = scenes.of(truth, scenes.hidden(truth.people[0], 0, 20))
    matching = match(recording(truth), recording(unseen))
    assert (matching.pairs, matching.missed, matching.extra) == ((), (0,), (0,))


def test_people_behind_the_camera_match_nobody() -> None:
    truth = scenes.truth(5, people=1)
    predicted = scenes.of(truth, scenes.moved(truth.people[0], (0.0, 0.0, 20.0)))
    assert match(recording(predicted), recording(truth)).pairs == ()


@pytest.mark.parametrize(
    ("a", "b"), [((0, 10), (4, 20)), ((4, 20), (0, 10)), ((3, 5), (0, 9)), ((0, 3), (5, 9)), ((5, 9), (0, 3))]
)
def test_common_frames_are_the_intersection(a: tuple[int, int], b: tuple[int, int]) -> None:
    first, second = np.arange(*a), np.arange(*b)
    in_first, in_second = common_frames(first, second)
    expected = np.intersect1d(first, second)
    assert first[in_first].tolist() == second[in_second].tolist() == expected.tolist()

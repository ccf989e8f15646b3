"""Laws of corrected measurements: what was seen wrongly does not count, and the rest of the motion stays."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import Performance, Track
from bodydouble.data.corrections import ContactEdit, Correction, SideExchange, Smoothing, UnreliableSpan
from bodydouble.errors import InvalidDataError
from bodydouble.motion.corrections.apply import apply_corrections
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.skeletons import blazepose
from tests import builders
from tests.motion.corrections.takes import (
    FRAMES,
    assert_same_person,
    fit,
    fitted_take,
    joints,
    movement,
    true_take,
)

FIRST, LAST = 40, 50
SPAN = slice(FIRST, LAST + 1)
REACH = 25
"""Frames on either side of a span within which the motion may change."""
A = "person1"


@pytest.fixture(scope="module")
def good() -> Performance:
    return fitted_take()


def with_keypoints(track: Track, keypoints: np.ndarray, landmarks: np.ndarray | None = None) -> Track:
    return replace(track, keypoints=keypoints, landmarks_3d=track.landmarks_3d if landmarks is None else landmarks)


def far_from_span() -> np.ndarray:
    return np.concatenate([np.arange(FIRST - REACH), np.arange(LAST + 1 + REACH, FRAMES)])


def error(take: Performance, reference: Performance) -> float:
    """Mean distance in m of the joints in the span."""
    return float(np.linalg.norm(joints(take) - joints(reference), axis=-1)[SPAN].mean())


@pytest.fixture(scope="module")
def displaced(good: Performance) -> Performance:
    """The take with keypoints of a passer-by in the span."""
    track = good.people[0].track
    keypoints = track.keypoints.copy()
    keypoints[SPAN, :, 0] += 150.0
    return fit([with_keypoints(track, keypoints), good.people[1].track])


@pytest.fixture(scope="module")
def exchanged(good: Performance) -> Performance:
    """The take with left and right exchanged in the span."""
    track = good.people[0].track
    keypoints, landmarks = track.keypoints.copy(), track.landmarks_3d.copy()
    order = list(blazepose.MIRROR)
    keypoints[SPAN], landmarks[SPAN] = keypoints[SPAN][:, order], landmarks[SPAN][:, order]
    return fit([with_keypoints(track, keypoints, landmarks), good.people[1].track])


def test_unreliable_keypoints_do_not_count(good: Performance, displaced: Performance) -> None:
    corrected = apply_corrections(displaced, [UnreliableSpan(A, FIRST, LAST)])
    assert error(displaced, good) > 0.15
    assert error(corrected, good) < 0.06
    np.testing.assert_array_equal(movement(displaced, corrected)[far_from_span()], 0.0)
    person = corrected.people[0]
    assert not person.track.observed[SPAN].any()
    assert np.isnan(person.track.boxes[SPAN]).all()
    assert (person.track.keypoints[SPAN, :, 2] == 0).all()
    assert (person.motion.joint_sigma[FIRST + 3] > displaced.people[0].motion.joint_sigma[FIRST + 3]).all()
    assert_same_person(corrected.people[1], displaced.people[1])


def test_exchange_of_sides_repairs_exchanged_sides(good: Performance, exchanged: Performance) -> None:
    corrected = apply_corrections(exchanged, [SideExchange(A, FIRST, LAST)])
    assert error(exchanged, good) > 0.1
    assert error(corrected, good) < 0.3 * error(exchanged, good)
    np.testing.assert_array_equal(movement(exchanged, corrected)[far_from_span()], 0.0)
    np.testing.assert_array_equal(corrected.people[0].track.keypoints, good.people[0].track.keypoints)


@pytest.mark.parametrize("part", ["body", "arms", "legs"])
def test_exchanging_twice_changes_nothing(good: Performance, part: str) -> None:
    take = replace(good, people=(replace(good.people[0], hands=builders.hands(FRAMES)), *good.people[1:]))
    exchange = SideExchange(A, FIRST, LAST, part)
    corrected = apply_corrections(take, [exchange, exchange]).people[0]
    assert_same_person(corrected, take.people[0])
    assert corrected.hands is not None
    assert take.people[0].hands is not None
    np.testing.assert_array_equal(corrected.hands.rotations, take.people[0].hands.rotations)
    np.testing.assert_array_equal(corrected.hands.keypoints, take.people[0].hands.keypoints)


@pytest.mark.parametrize(("part", "exchanges_hands"), [("body", True), ("arms", True), ("legs", False)])
def test_hands_are_exchanged_with_the_arms(good: Performance, part: str, exchanges_hands: bool) -> None:
    hands = builders.hands(FRAMES)
    take = replace(good, people=(replace(good.people[0], hands=hands), *good.people[1:]))
    corrected = apply_corrections(take, [SideExchange(A, FIRST, LAST, part)]).people[0].hands
    assert corrected is not None
    order = slice(None, None, -1) if exchanges_hands else slice(None)
    np.testing.assert_array_equal(corrected.keypoints[SPAN], hands.keypoints[SPAN][:, order])
    np.testing.assert_array_equal(corrected.keypoints[:FIRST], hands.keypoints[:FIRST])


def test_released_foot_follows_its_keypoints(good: Performance) -> None:
    """The left foot is lifted, but the fit takes it for resting."""
    first, last = 58, 76
    assert (good.people[0].motion.contacts[62:72, :2] > 0.5).all()
    corrected = apply_corrections(good, [ContactEdit(A, "left", first, last, resting=False)])
    lifted, held, released = (soles(t)[62:72, :2, 1].mean() for t in (true_take(), good, corrected))
    assert abs(released - lifted) < 0.5 * abs(held - lifted)
    assert (corrected.people[0].motion.contacts[first : last + 1, :2] == 0).all()
    np.testing.assert_array_equal(movement(good, corrected)[: first - REACH], 0.0)


def test_contact_that_is_released_where_there_is_none_changes_nothing(good: Performance) -> None:
    contacts = good.people[0].motion.contacts.copy()
    contacts[SPAN, :2] = 0.0
    motion = replace(good.people[0].motion, contacts=contacts)
    take = replace(good, people=(replace(good.people[0], motion=motion), *good.people[1:]))
    corrected = apply_corrections(take, [ContactEdit(A, "left", FIRST, LAST, resting=False)])
    assert_same_person(corrected.people[0], take.people[0])


def test_smoothing_lessens_jitter_and_holds_resting_feet() -> None:
    rng = np.random.default_rng(0)
    take = true_take()
    person = take.people[0]
    arms = [index for index, name in enumerate(person.motion.skeleton.joint_names) if "Arm" in name]
    rotations = person.motion.rotations.copy()
    rotations[:, arms] += 0.02 * rng.normal(size=(FRAMES, len(arms), 4))
    rotations /= np.linalg.norm(rotations, axis=-1, keepdims=True)
    shaking = replace(take, people=(replace(person, motion=replace(person.motion, rotations=rotations)),))
    corrected = apply_corrections(shaking, [Smoothing(A, 20, 70, 3.0)])
    before, after = (np.diff(joints(t)[30:60], 3, axis=0) for t in (shaking, corrected))
    assert np.abs(after).mean() < 0.3 * np.abs(before).mean()
    moved = movement(shaking, corrected)
    np.testing.assert_array_equal(moved[np.r_[0:20, 71:FRAMES]], 0.0)
    assert np.linalg.norm(soles(corrected)[:, 2:] - soles(shaking)[:, 2:], axis=-1).max() < 1e-3


@pytest.mark.parametrize(
    ("corrections", "message"),
    [
        ([UnreliableSpan(A, 0, FRAMES - 1)], "correction 1: nothing of person1 would be observed"),
        ([UnreliableSpan(A, 5, FRAMES)], "frame 90 is outside the frames of person1, which are 0 to 89"),
        ([UnreliableSpan("x", 5, 6)], "correction 1: there is no person 'x'; there are person1, person2"),
    ],
)
def test_impossible_spans_are_refused(good: Performance, corrections: list[Correction], message: str) -> None:
    with pytest.raises(InvalidDataError, match=message):
        apply_corrections(good, corrections)


def test_spans_of_two_people_commute(good: Performance) -> None:
    first, second = UnreliableSpan("person1", FIRST, LAST), UnreliableSpan("person2", 20, 30)
    one, other = apply_corrections(good, [first, second]), apply_corrections(good, [second, first])
    for a, b in zip(one.people, other.people, strict=True):
        assert_same_person(a, b)


def soles(take: Performance) -> np.ndarray:
    motion = take.people[0].motion
    return sole_positions(motion.skeleton, motion.rotations, motion.root_position)

"""Laws of the prediction and the reacquisition of a tracked person."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data import FloatArray
from bodydouble.perception.pose.tracked_person import (
    REACQUIRE_MAX_DISTANCE,
    REACQUIRE_MAX_SCALE,
    REACQUIRE_MIN_PRESENCE,
    VELOCITY_SMOOTHING,
    TrackedPerson,
)
from bodydouble.perception.protocols import Landmarks, RotatedRoi

SIDE = 120.0
"""Side of the region of interest, px."""
INSIDE, OUTSIDE = 0.999, 1.001
"""Factors that lie safely within and beyond a limit: rounding errs by 1e-15."""


def landmarks_at(center: FloatArray, side: float = SIDE, presence: float = 0.9) -> Landmarks:
    """Landmarks of a person of constant shape, with the region centred here, px."""
    shape = np.random.default_rng(7).uniform(-40, 40, (33, 2))
    keypoints = np.column_stack([shape + center, np.ones(33)])
    return Landmarks(keypoints, np.zeros((33, 3)), presence, RotatedRoi(np.asarray(center, float), side, 0.0))


def track(centers: FloatArray) -> TrackedPerson:
    """A person tracked through regions with these centres (T, 2), without a gap."""
    person = TrackedPerson.start(landmarks_at(centers[0]))
    for center in centers[1:]:
        person = person.update(landmarks_at(center))
    return person


def miss(person: TrackedPerson, frames: int) -> TrackedPerson:
    for _ in range(frames):
        person = person.mark_missed()
    return person


@given(st.floats(-20, 20), st.floats(-20, 20), st.integers(0, 15))
def test_constant_velocity_is_predicted_through_a_gap(x: float, y: float, gap: int) -> None:
    velocity, frames = np.array([x, y]), 60
    person = miss(track(np.arange(frames)[:, None] * velocity), gap)
    expected = (frames - 1 + gap) * velocity
    # The start at rest is forgotten but for 0.7 ** 59 = 7e-10 of the velocity, at most 30 px in each of 15 frames.
    tolerance = 1e-9 + 15 * 30 * VELOCITY_SMOOTHING ** (frames - 1)
    np.testing.assert_allclose(person.predicted_roi.center, expected, rtol=0, atol=tolerance)
    np.testing.assert_allclose(person.predicted_pose, landmarks_at(expected).pose, rtol=0, atol=tolerance)


def test_a_person_who_is_visible_is_searched_where_they_were_last() -> None:
    person = track(np.array([[100.0, 100.0], [110.0, 100.0], [130.0, 90.0]]))
    np.testing.assert_array_equal(person.predicted_roi.center, [130.0, 90.0])
    np.testing.assert_array_equal(person.predicted_pose, person.last.pose)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_prediction_commutes_with_translation(x: float, y: float) -> None:
    centers, shift = np.random.default_rng(3).uniform(0, 500, (8, 2)), np.array([x, y])
    here, there = miss(track(centers), 4), miss(track(centers + shift), 4)
    # Sums of numbers up to 1e4 are rounded to 1e-12.
    np.testing.assert_allclose(there.predicted_pose, here.predicted_pose + shift, rtol=0, atol=1e-9)
    np.testing.assert_allclose(there.velocity, here.velocity, rtol=0, atol=1e-9)


def test_age_counts_frames_without_a_gap_and_restarts_after_one() -> None:
    person = track(np.zeros((5, 2)))
    assert (person.age, person.time_since_update) == (4, 0)
    assert miss(person, 3).time_since_update == 3
    reacquired = miss(person, 3).update(landmarks_at(np.array([1.0, 2.0])))
    assert (reacquired.age, reacquired.time_since_update) == (0, 0)
    assert reacquired.first is reacquired.last


def test_a_gap_at_constant_velocity_leaves_the_velocity() -> None:
    velocity = np.array([8.0, -4.0])
    person = track(np.arange(60)[:, None] * velocity)
    reacquired = miss(person, 3).update(landmarks_at(63 * velocity))
    # The start at rest is forgotten but for 0.7 ** 59 = 7e-10 of the velocity, 9 px per frame.
    np.testing.assert_allclose(reacquired.velocity, velocity, rtol=0, atol=1e-8)


def test_a_lost_person_matches_their_own_prediction() -> None:
    person = miss(track(np.arange(10)[:, None] * np.array([4.0, -3.0])), 5)
    assert person.matches(landmarks_at(person.predicted_roi.center))


@pytest.mark.parametrize("angle", np.arange(8) * np.pi / 4)
def test_reacquisition_is_limited_in_distance_alike_in_all_directions(angle: float) -> None:
    person = miss(track(np.zeros((3, 2))), 2)
    limit = REACQUIRE_MAX_DISTANCE * SIDE * np.array([np.cos(angle), np.sin(angle)])
    assert person.matches(landmarks_at(INSIDE * limit))
    assert not person.matches(landmarks_at(OUTSIDE * limit))


def test_reacquisition_is_limited_in_scale_alike_both_ways() -> None:
    person, center = miss(track(np.zeros((3, 2))), 2), np.zeros(2)
    for ratio in (REACQUIRE_MAX_SCALE**INSIDE, REACQUIRE_MAX_SCALE**-INSIDE):
        assert person.matches(landmarks_at(center, SIDE * ratio))
    for ratio in (REACQUIRE_MAX_SCALE**OUTSIDE, REACQUIRE_MAX_SCALE**-OUTSIDE):
        assert not person.matches(landmarks_at(center, SIDE * ratio))


def test_reacquisition_needs_a_minimum_presence() -> None:
    person, center = miss(track(np.zeros((3, 2))), 2), np.zeros(2)
    assert person.matches(landmarks_at(center, presence=REACQUIRE_MIN_PRESENCE))
    assert not person.matches(landmarks_at(center, presence=INSIDE * REACQUIRE_MIN_PRESENCE))


def test_given_up_landmarks_change_neither_velocity_nor_region() -> None:
    person = track(np.arange(30)[:, None] * np.array([5.0, 1.0]))
    landmarks = landmarks_at(np.array([400.0, 0.0]), side=200.0)
    hidden = replace(landmarks, keypoints=landmarks.keypoints * [1, 1, 0])
    updated = person.update(hidden)
    np.testing.assert_allclose(updated.velocity, person.velocity)
    np.testing.assert_allclose(updated.predicted_roi.center, person.last.roi.center + person.velocity)
    assert updated.predicted_roi.side == SIDE


def test_the_region_changes_in_proportion_to_the_visible_landmarks() -> None:
    person = TrackedPerson.start(landmarks_at(np.zeros(2)))
    landmarks = landmarks_at(np.array([40.0, 0.0]), side=160.0)
    keypoints = landmarks.keypoints.copy()
    keypoints[:11, 2] = 0.0
    updated = person.update(replace(landmarks, keypoints=keypoints))
    np.testing.assert_allclose(updated.predicted_roi.center, [40 * 22 / 33, 0.0])
    assert updated.predicted_roi.side == pytest.approx(SIDE + 40 * 22 / 33)


def test_the_expected_pose_is_one_step_ahead() -> None:
    person = track(np.arange(60)[:, None] * np.array([3.0, -2.0]))
    np.testing.assert_allclose(person.next_pose, landmarks_at(60 * np.array([3.0, -2.0])).pose, atol=1e-6)
    np.testing.assert_allclose(miss(person, 4).next_pose, landmarks_at(64 * np.array([3.0, -2.0])).pose, atol=1e-6)

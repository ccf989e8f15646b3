"""Hands of a camera array against their triangulation."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.bench.camera_arrays import CameraArray
from bodydouble.bench.hand_accuracy import as_dict, compare_hands, tabulate
from bodydouble.data import Hands, Person
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.hands.hand_model import finger_rotations, mirror_rotations, mirror_vectors
from bodydouble.motion.hands.landmark_positions import hand_landmark_positions
from bodydouble.motion.hands.merge import merge_hands
from tests import builders
from tests.bench.test_camera_arrays import array_of_cameras, project
from tests.motion.hands.scenes import SHAPE, random_angles

FRAMES = 8


def person() -> Person:
    """A person whose hands bend their fingers."""
    rng = np.random.default_rng(0)
    left = finger_rotations(random_angles(rng, FRAMES))
    right = mirror_rotations(finger_rotations(random_angles(rng, FRAMES)))
    offsets = SHAPE.rest_offsets()
    hands = Hands(
        np.ones((FRAMES, 2), dtype=bool),
        np.full((FRAMES, 2, 21, 3), [np.nan, np.nan, 0.0]),
        np.concatenate([offsets, mirror_vectors(offsets)]),
        np.concatenate([left, right], axis=1),
    )
    return Person("ann", builders.track(FRAMES), builders.smooth_motion(FRAMES), hands)


def landmarks_in_world(one: Person) -> np.ndarray:
    """Landmarks (T, 2, 21, 3) m."""
    assert one.hands is not None
    motion = one.motion
    positions, world = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    wrists = [motion.skeleton.index(f"{side}Hand") for side in ("left", "right")]
    relative = rotation.rotate(world[:, wrists][:, :, None], hand_landmark_positions(one.hands))
    return np.asarray(positions[:, wrists][:, :, None] + relative)


def seen_by_all(one: Person) -> tuple[CameraArray, list[Person]]:
    """The person as each camera of an array sees it, in its own frames."""
    points = landmarks_in_world(one)
    array = array_of_cameras(points.mean(axis=(0, 1, 2)), FRAMES)
    people = []
    for view in array.cameras:
        pixels = project(view, points)
        keypoints = np.concatenate([pixels, np.ones((*pixels.shape[:-1], 1))], axis=-1)
        assert one.hands is not None
        track = replace(one.track, frames=np.arange(FRAMES))
        people.append(replace(one, track=track, hands=replace(one.hands, keypoints=keypoints)))
    return array, people


def test_the_joints_are_those_of_the_merged_motion() -> None:
    one = person()
    assert one.hands is not None
    merged = merge_hands(one.motion, one.hands)
    joints = kinematics.joint_positions(merged)[:, 22:].reshape(FRAMES, 2, 5, 3, 3)
    landmarks = landmarks_in_world(one)[:, :, 1:].reshape(FRAMES, 2, 5, 4, 3)
    np.testing.assert_allclose(landmarks[:, :, :, :3], joints, atol=1e-9)


def test_exact_hands_have_no_error() -> None:
    array, people = seen_by_all(person())
    errors = compare_hands(array, [*people[:3], None])
    for view in errors[:3]:
        assert view.hand_count == (FRAMES, FRAMES)
        assert view.pa_mpjpe_mm == pytest.approx((0, 0), abs=0.1)
    assert errors[3].hand_count == (0, 0)
    assert as_dict(errors[3])["pa_mpjpe_mm"] == [None, None]
    assert len(tabulate(errors)[1]) == len(array.cameras)


def test_a_hand_with_stiff_fingers_has_an_error() -> None:
    array, people = seen_by_all(person())
    hands = people[0].hands
    assert hands is not None
    stiff = replace(hands, rotations=np.where(np.arange(30)[:, None] < 15, rotation.IDENTITY, hands.rotations))
    errors = compare_hands(array, [replace(people[0], hands=stiff), *people[1:]])
    left, right = errors[0].pa_mpjpe_mm
    assert left > 3
    assert right == pytest.approx(0, abs=0.1)

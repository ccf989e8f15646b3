"""The hand model: derivatives, constant lengths, and agreement with the finger bones of a motion."""

import numpy as np

from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.hands.hand_model import (
    DOF_COUNT,
    FINGER_LANDMARKS,
    LIMITS,
    RELAXED,
    finger_rotations,
    mirror_rotations,
    mirror_vectors,
    pose_hand,
)
from bodydouble.motion.hands.merge import merge_hands
from tests import builders
from tests.motion.hands.scenes import SHAPE, random_angles

RNG = np.random.default_rng(4)


def test_the_jacobian_is_that_of_finite_differences() -> None:
    angles = random_angles(RNG, 3)
    step = 1e-6
    jacobian = pose_hand(SHAPE, angles).jacobian
    for dof in range(DOF_COUNT):
        shift = step * np.eye(DOF_COUNT)[dof]
        difference = pose_hand(SHAPE, angles + shift).landmarks - pose_hand(SHAPE, angles - shift).landmarks
        np.testing.assert_allclose(jacobian[..., dof], difference / (2 * step), atol=1e-8)


def test_lengths_are_those_of_the_shape_in_every_pose() -> None:
    landmarks = pose_hand(SHAPE, random_angles(RNG, 20, 1.0)).landmarks
    lengths = np.linalg.norm(np.diff(landmarks[:, FINGER_LANDMARKS], axis=2), axis=-1)
    np.testing.assert_allclose(lengths, np.broadcast_to(SHAPE.lengths, lengths.shape), atol=1e-12)


def test_finger_bones_of_a_motion_have_the_joints_of_the_model() -> None:
    angles = random_angles(RNG, 5)
    hands = builders.hands(5)
    left = finger_rotations(angles)
    rest = SHAPE.rest_offsets()
    for side, rotations, offsets in (("left", left, rest), ("right", mirror_rotations(left), mirror_vectors(rest))):
        object.__setattr__(hands, "rotations", np.concatenate([rotations, rotations], axis=1))
        object.__setattr__(hands, "rest_offsets", np.concatenate([offsets, offsets]))
        motion = merge_hands(builders.smooth_motion(5), hands)
        positions, world = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
        wrist = motion.skeleton.index(f"{side}Hand")
        in_hand = rotation.rotate(
            rotation.conjugate(world[:, wrist, None]), positions[:, -30:] - positions[:, wrist, None]
        )
        joints = pose_hand(SHAPE, angles).landmarks[:, FINGER_LANDMARKS[:, :3].ravel()]
        expected = mirror_vectors(joints) if side == "right" else joints
        own = in_hand[:, :15] if side == "left" else in_hand[:, 15:]
        np.testing.assert_allclose(own, expected, atol=1e-9)


def test_fingers_bend_towards_the_palm_and_the_thumb_towards_the_fingers() -> None:
    straight, bent = np.zeros((1, DOF_COUNT)), np.maximum(RELAXED, 0.0)[None]
    before, after = (pose_hand(SHAPE, angles).landmarks[0] for angles in (straight, bent))
    tips = FINGER_LANDMARKS[:, -1]
    assert np.all(after[tips, 1] < before[tips, 1])
    index_knuckle = FINGER_LANDMARKS[1, 0]
    assert np.linalg.norm(after[4] - after[index_knuckle]) < np.linalg.norm(before[4] - before[index_knuckle])


def test_relaxed_angles_lie_within_the_limits() -> None:
    assert np.all((LIMITS[:, 0] < RELAXED) & (LIMITS[:, 1] > RELAXED))

"""Joints and landmarks of a posed skeleton, against the kinematics of quaternions."""

import numpy as np
import pytest

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.rotation_log import exponential
from bodydouble.motion.body import proportions
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.fit.kinematics import JOINT_COUNT, PosedSkeleton, blocks_of_landmarks, pose_skeleton
from bodydouble.skeletons import blazepose, humanoid
from tests.builders import assert_same, random_quaternions

FRAMES = 4
ALL = tuple(range(33))
SOME = (0, 15, 16, 31, 32)


def skeleton() -> Skeleton:
    ratios = np.random.default_rng(3).uniform(0.8, 1.2, len(proportions.BONES))
    return proportions.skeleton_from_bone_scales(ratios)


def pose() -> tuple[FloatArray, FloatArray]:
    """Quaternions (FRAMES, 22, 4) and places of the hips (FRAMES, 3)."""
    rng = np.random.default_rng(4)
    return random_quaternions(rng, (FRAMES, JOINT_COUNT)), rng.normal(size=(FRAMES, 3))


def placed(rotations: FloatArray, root: FloatArray, landmarks: tuple[int, ...] = ALL) -> PosedSkeleton:
    return pose_skeleton(skeleton(), rotations, root, landmarks)


def test_joints_are_where_kinematics_has_them() -> None:
    rotations, root = pose()
    found = placed(rotation.to_matrix(rotations), root)
    positions, world = kinematics.forward_kinematics(skeleton(), rotations, root)
    assert_same(found.joints, positions, 1e-12)
    assert_same(found.rotations, rotation.to_matrix(world), 1e-12)
    assert_same(found.landmarks, landmark_positions(skeleton(), rotations, root), 1e-12)


def test_landmarks_come_in_the_order_asked_for() -> None:
    rotations, root = pose()
    turns = rotation.to_matrix(rotations)
    assert_same(placed(turns, root, SOME).landmarks, placed(turns, root).landmarks[:, SOME], 0.0)


def test_what_turns_and_shifts_the_hips_turns_and_shifts_everything() -> None:
    rotations, root = pose()
    turns = rotation.to_matrix(rotations)
    turn, shift = exponential(np.array([0.3, -1.1, 0.6])), np.array([1.0, -2.0, 0.5])
    moved = turns.copy()
    moved[:, 0] = turn @ turns[:, 0]
    before, after = placed(turns, root), placed(moved, root @ turn.T + shift)
    assert_same(after.joints, before.joints @ turn.T + shift, 1e-12)
    assert_same(after.landmarks, before.landmarks @ turn.T + shift, 1e-12)
    assert_same(after.rotations, turn @ before.rotations, 1e-12)


@pytest.mark.parametrize("joint", range(JOINT_COUNT))
def test_a_joint_moves_the_landmarks_that_are_said_to_move(joint: int) -> None:
    rotations, root = pose()
    turns = rotation.to_matrix(rotations)
    bent = turns.copy()
    bent[:, joint] = turns[:, joint] @ exponential(np.array([0.5, 0.4, -0.3]))
    step = np.linalg.norm(placed(bent, root).landmarks - placed(turns, root).landmarks, axis=-1)
    # The landmark of a joint's own centre stays where it is.
    at_joint = np.linalg.norm(placed(turns, root).landmarks - placed(turns, root).joints[:, [joint]], axis=-1) < 1e-9
    assert np.array_equal(
        (step > 1e-9) | at_joint, np.tile(blocks_of_landmarks(ALL)[:, 1 + joint], (FRAMES, 1)) | at_joint
    )


def test_the_shift_and_the_turn_of_the_hips_move_all_and_a_hand_only_its_own_landmarks() -> None:
    moves = blocks_of_landmarks(ALL)
    assert moves[:, :2].all()
    of_hand = {name for name in blazepose.LANDMARKS if moves[blazepose.INDEX[name], 1 + humanoid.INDEX["leftHand"]]}
    assert {"left_index", "left_pinky", "left_thumb"} <= of_hand <= {
        "left_index", "left_pinky", "left_thumb", "left_wrist"
    }  # fmt: skip

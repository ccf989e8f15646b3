"""Joints and landmarks of a posed skeleton, against forward kinematics of quaternions."""

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


def random_pose() -> tuple[FloatArray, FloatArray]:
    """Returns quaternions (FRAMES, 22, 4) and positions of the hips (FRAMES, 3)."""
    rng = np.random.default_rng(4)
    return random_quaternions(rng, (FRAMES, JOINT_COUNT)), rng.normal(size=(FRAMES, 3))


def pose_landmarks(rotations: FloatArray, root: FloatArray, landmarks: tuple[int, ...] = ALL) -> PosedSkeleton:
    return pose_skeleton(skeleton(), rotations, root, landmarks)


def test_positions_agree_with_forward_kinematics() -> None:
    rotations, root = random_pose()
    posed = pose_landmarks(rotation.to_matrix(rotations), root)
    positions, world = kinematics.forward_kinematics(skeleton(), rotations, root)
    assert_same(posed.joints, positions, 1e-12)
    assert_same(posed.rotations, rotation.to_matrix(world), 1e-12)
    assert_same(posed.landmarks, landmark_positions(skeleton(), rotations, root), 1e-12)


def test_landmarks_have_the_given_order() -> None:
    rotations, root = random_pose()
    matrices = rotation.to_matrix(rotations)
    assert_same(pose_landmarks(matrices, root, SOME).landmarks, pose_landmarks(matrices, root).landmarks[:, SOME], 0.0)


def test_moving_the_hips_moves_joints_and_landmarks_rigidly() -> None:
    rotations, root = random_pose()
    matrices = rotation.to_matrix(rotations)
    world_rotation, shift = exponential(np.array([0.3, -1.1, 0.6])), np.array([1.0, -2.0, 0.5])
    moved = matrices.copy()
    moved[:, 0] = world_rotation @ matrices[:, 0]
    before, after = pose_landmarks(matrices, root), pose_landmarks(moved, root @ world_rotation.T + shift)
    assert_same(after.joints, before.joints @ world_rotation.T + shift, 1e-12)
    assert_same(after.landmarks, before.landmarks @ world_rotation.T + shift, 1e-12)
    assert_same(after.rotations, world_rotation @ before.rotations, 1e-12)


@pytest.mark.parametrize("joint", range(JOINT_COUNT))
def test_blocks_of_landmarks_are_those_that_move_them(joint: int) -> None:
    rotations, root = random_pose()
    matrices = rotation.to_matrix(rotations)
    bent = matrices.copy()
    bent[:, joint] = matrices[:, joint] @ exponential(np.array([0.5, 0.4, -0.3]))
    posed = pose_landmarks(matrices, root)
    step = np.linalg.norm(pose_landmarks(bent, root).landmarks - posed.landmarks, axis=-1)
    # A landmark at the centre of the joint does not move.
    at_joint = np.linalg.norm(posed.landmarks - posed.joints[:, [joint]], axis=-1) < 1e-9
    expected = np.tile(blocks_of_landmarks(ALL)[:, 1 + joint], (FRAMES, 1))
    assert np.array_equal((step > 1e-9) | at_joint, expected | at_joint)


def test_the_hips_move_all_landmarks_and_a_hand_only_its_own() -> None:
    moves = blocks_of_landmarks(ALL)
    assert moves[:, :2].all()
    of_hand = {name for name in blazepose.LANDMARKS if moves[blazepose.INDEX[name], 1 + humanoid.INDEX["leftHand"]]}
    assert {"left_index", "left_pinky", "left_thumb"} <= of_hand <= {
        "left_index", "left_pinky", "left_thumb", "left_wrist"
    }  # fmt: skip

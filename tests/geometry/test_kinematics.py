"""Laws of forward kinematics and bind poses."""

import numpy as np
import pytest

from bodydouble.data import Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import Floats, assert_same


def _naive(skeleton: Skeleton, rotations: Floats, root_position: Floats) -> Floats:
    """Returns the positions (J, 3) of one frame by multiplying 4x4 matrices from the root to each joint."""
    matrices: list[Floats] = []
    for j, parent in enumerate(skeleton.parents):
        local = np.eye(4)
        local[:3, :3] = rotation.to_matrix(rotations[j])
        local[:3, 3] = root_position if parent < 0 else skeleton.rest_offsets[j]
        matrices.append(local if parent < 0 else matrices[parent] @ local)
    return np.array([m[:3, 3] for m in matrices])


def test_forward_kinematics_is_a_chain_of_matrices() -> None:
    motion = builders.smooth_motion(frames=3)
    expected = np.array(
        [_naive(motion.skeleton, q, p) for q, p in zip(motion.rotations, motion.root_position, strict=True)]
    )
    assert_same(kinematics.joint_positions(motion), expected, 1e-12)


def test_local_and_world_rotations_are_inverse() -> None:
    rotations = builders.random_quaternions(np.random.default_rng(0), (4, 22))
    world = kinematics.world_rotations(humanoid.PARENTS, rotations)
    assert_same(kinematics.local_rotations(humanoid.PARENTS, world), rotations, 1e-12)
    back = kinematics.world_rotations(humanoid.PARENTS, kinematics.local_rotations(humanoid.PARENTS, rotations))
    assert_same(back, rotations, 1e-12)


def test_rest_pose_is_the_pose_without_rotation() -> None:
    skeleton = builders.humanoid_skeleton()
    identity = np.tile(rotation.IDENTITY, (22, 1))
    positions, world = kinematics.forward_kinematics(skeleton, identity, skeleton.rest_offsets[0])
    assert_same(positions, kinematics.rest_positions(skeleton), 1e-12)
    assert_same(world, identity, 0.0)
    hand = positions[skeleton.index("leftHand")]
    assert_same(hand, np.array([0.69, 1.4, -0.01]), 1e-12)


def test_a_rotation_moves_the_joints_below_and_not_the_joint() -> None:
    skeleton = builders.humanoid_skeleton()
    rotations = np.tile(rotation.IDENTITY, (22, 1))
    rest = kinematics.rest_positions(skeleton)
    upper_arm = skeleton.index("leftUpperArm")
    rotations[upper_arm] = rotation.from_rotvec(np.array([0.0, 0.0, np.pi / 2]))
    moved = kinematics.forward_kinematics(skeleton, rotations, rest[0])[0]
    changed = [skeleton.joint_names[j] for j in np.flatnonzero(np.abs(moved - rest).max(axis=1) > 1e-9)]
    assert changed == ["leftLowerArm", "leftHand"]
    assert_same(moved[skeleton.index("leftHand")] - rest[upper_arm], np.array([0.0, 0.52, 0.0]), 1e-12)


def test_bones_keep_their_lengths() -> None:
    motion = builders.smooth_motion(frames=10)
    positions = kinematics.joint_positions(motion)
    bones = positions[:, 1:] - positions[:, humanoid.PARENTS[1:]]
    lengths = np.linalg.norm(motion.skeleton.rest_offsets[1:], axis=-1)
    assert_same(np.linalg.norm(bones, axis=-1), np.tile(lengths, (10, 1)), 1e-12)


def test_rotating_the_root_rotates_all_joints() -> None:
    motion = builders.smooth_motion(frames=4)
    quaternion = builders.random_quaternions(np.random.default_rng(2), ())
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(quaternion, rotations[:, 0])
    root_position = rotation.rotate(quaternion, motion.root_position)
    actual = kinematics.forward_kinematics(motion.skeleton, rotations, root_position)[0]
    assert_same(actual, rotation.rotate(quaternion, kinematics.joint_positions(motion)), 1e-12)


def test_matrices_and_quaternions_have_the_same_forward_kinematics() -> None:
    motion = builders.smooth_motion(frames=5)
    matrices = rotation.to_matrix(motion.rotations)
    positions, world = kinematics.forward_kinematics_of_matrices(motion.skeleton, matrices, motion.root_position)
    expected, world_quaternions = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    assert_same(positions, expected, 1e-12)
    assert_same(world, rotation.to_matrix(world_quaternions), 1e-12)


def test_a_translated_joint_moves_all_joints_below_it() -> None:
    motion = builders.smooth_motion(frames=5)
    skeleton, spine = motion.skeleton, motion.skeleton.index("spine")
    step = np.random.default_rng(4).normal(size=(5, 3))
    root = skeleton.rest_offsets[0]
    positions, world = kinematics.forward_kinematics(skeleton, motion.rotations, step, translated_joint=spine)
    expected, _ = kinematics.forward_kinematics(skeleton, motion.rotations, root)
    shift = rotation.rotate(world[:, 0], step - skeleton.rest_offsets[spine])
    assert_same(positions[:, 0], np.tile(root, (5, 1)), 0.0)
    assert_same((positions - expected)[:, skeleton.index("leftHand")], shift, 1e-12)
    assert_same((positions - expected)[:, skeleton.index("leftFoot")], np.zeros((5, 3)), 1e-12)


def test_joint_matrices_hold_positions_and_rotations() -> None:
    motion = builders.smooth_motion(frames=4)
    arguments = (motion.skeleton, motion.rotations, motion.root_position)
    positions, world = kinematics.forward_kinematics(*arguments)
    matrices = kinematics.joint_matrices(*arguments)
    assert_same(matrices[..., :3, 3], positions, 0.0)
    assert_same(matrices[..., :3, :3], rotation.to_matrix(world), 0.0)
    assert_same(matrices[..., 3, :], np.broadcast_to([0.0, 0.0, 0.0, 1.0], (4, 22, 4)), 0.0)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_bind_matrices_have_the_rest_rotations_and_their_inverses(seed: int | None) -> None:
    character = builders.character(seed=seed)
    bind = kinematics.bind_matrices(character)
    assert_same(bind[:, :3, :3], rotation.to_matrix(character.rest_rotations), 1e-12)
    identity = np.tile(np.eye(4), (len(bind), 1, 1))
    assert_same(kinematics.inverse_bind_matrices(character) @ bind, identity, 1e-12)

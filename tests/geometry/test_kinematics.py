import numpy as np

from bodydouble.data import Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import Floats, assert_same


def _naive(skeleton: Skeleton, rotations: Floats, root_position: Floats) -> Floats:
    """Positions (J, 3) of one frame, by multiplying 4x4 matrices from the root to each joint."""
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


def test_a_joint_moves_what_hangs_on_it_and_not_itself() -> None:
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


def test_turning_the_root_turns_everything() -> None:
    motion = builders.smooth_motion(frames=4)
    turn = builders.random_quaternions(np.random.default_rng(2), ())
    turned = motion.rotations.copy()
    turned[:, 0] = rotation.multiply(turn, turned[:, 0])
    position = rotation.rotate(turn, motion.root_position)
    actual = kinematics.forward_kinematics(motion.skeleton, turned, position)[0]
    assert_same(actual, rotation.rotate(turn, kinematics.joint_positions(motion)), 1e-12)

"""Laws of the legs' inverse kinematics."""

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import kinematics
from bodydouble.skeletons import humanoid
from bodydouble.synthetic.leg_ik import move_ankles
from tests.motion.scenes import waving_motion

FEET = [humanoid.INDEX["leftFoot"], humanoid.INDEX["rightFoot"]]


def crouching_motion() -> Motion:
    """Waving motion with both knees flexed, so that feet can move in all directions."""
    motion = waving_motion(20)
    rotations = motion.rotations.copy()
    for side in ("left", "right"):
        for part, angle in (("UpperLeg", -0.5), ("LowerLeg", 1.0)):
            rotations[:, humanoid.INDEX[side + part]] = [np.sin(angle / 2), 0, 0, np.cos(angle / 2)]
    return Motion(motion.skeleton, motion.fps, rotations, motion.root_position, motion.contacts, motion.joint_sigma)


def displaced_joints(motion: Motion, displacements: FloatArray) -> tuple[FloatArray, FloatArray]:
    rotations = move_ankles(motion.skeleton, motion.rotations, motion.root_position, displacements)
    return kinematics.forward_kinematics(motion.skeleton, rotations, motion.root_position)


def test_ankles_reach_their_targets_and_feet_keep_their_direction() -> None:
    motion = crouching_motion()
    displacements = np.random.default_rng(0).uniform(-0.05, 0.05, size=(20, 2, 3))
    before, world_before = kinematics.forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)
    after, world_after = displaced_joints(motion, displacements)
    np.testing.assert_allclose(after[:, FEET], before[:, FEET] + displacements, atol=1e-9)
    dots = np.abs(np.sum(world_before[:, FEET] * world_after[:, FEET], axis=-1))
    np.testing.assert_allclose(dots, 1.0, atol=1e-9)


def test_zero_displacement_changes_nothing() -> None:
    motion = crouching_motion()
    after, _ = displaced_joints(motion, np.zeros((20, 2, 3)))
    np.testing.assert_allclose(after, kinematics.joint_positions(motion), atol=1e-9)


def test_unreachable_target_stretches_the_leg_to_its_limit() -> None:
    motion = crouching_motion()
    after, _ = displaced_joints(motion, np.full((20, 2, 3), 3.0))
    hip, knee = (after[:, humanoid.INDEX[f"left{part}"]] for part in ("UpperLeg", "LowerLeg"))
    length = -motion.skeleton.rest_offsets[[humanoid.INDEX["leftLowerLeg"], FEET[0]], 1].sum()
    np.testing.assert_allclose(np.linalg.norm(after[:, FEET[0]] - hip, axis=-1), 0.999 * length, rtol=1e-3)
    assert np.all(np.isfinite(knee))

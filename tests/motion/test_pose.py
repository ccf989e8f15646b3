"""Laws of inverse kinematics from segment directions."""

import numpy as np

from bodydouble.geometry import kinematics, rotation
from bodydouble.motion import body, pose
from bodydouble.motion.place import landmark_positions
from bodydouble.skeletons import humanoid
from tests.motion.scenes import waving_motion


def test_fitted_rotation_is_the_true_one() -> None:
    rng = np.random.default_rng(0)
    true = rotation.to_matrix(rotation.normalize(rng.normal(size=(50, 4))))
    rest = rng.normal(size=(4, 3))
    found = pose.fit_rotation(rest, rest @ np.swapaxes(true, -1, -2), np.ones(4))
    np.testing.assert_allclose(found, true, atol=1e-9)


def test_fitted_rotation_is_never_a_reflection() -> None:
    rest = np.eye(3)
    found = pose.fit_rotation(rest, rest * np.array([-1.0, 1.0, 1.0]), np.ones(3))
    assert np.linalg.det(found) > 0.99


def test_inverse_kinematics_of_forward_kinematics_finds_the_joints() -> None:
    motion = waving_motion()
    landmarks = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    directions = rotation.normalize(body.segment_vectors(landmarks))
    rotations = pose.local_rotations(motion.skeleton, directions, landmarks, np.ones((60, 33)), 30.0)
    found, _ = kinematics.forward_kinematics(motion.skeleton, rotations, motion.root_position)
    error = np.linalg.norm(found - kinematics.joint_positions(motion), axis=-1)
    assert error.max() < 0.03


def test_knees_do_not_bend_backwards() -> None:
    motion = waving_motion()
    landmarks = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    directions = rotation.normalize(body.segment_vectors(landmarks))
    shank = body.SEGMENT_INDEX["right_shank"]
    directions[:, shank] = rotation.normalize(directions[:, shank] + np.array([0.0, 0.0, 0.5]))
    rotations = pose.local_rotations(motion.skeleton, directions, landmarks, np.ones((60, 33)), 30.0)
    flexion = rotation.to_rotvec(rotations[:, humanoid.INDEX["rightLowerLeg"]])[:, 0]
    assert flexion.min() > -0.05


def test_limits_hold() -> None:
    rng = np.random.default_rng(2)
    directions = rotation.normalize(rng.normal(size=(40, len(body.SEGMENTS), 3)))
    skeleton = body.template_skeleton()
    rotations = pose.local_rotations(skeleton, directions, rng.normal(size=(40, 33, 3)), np.ones((40, 33)), 30.0)
    angles = np.linalg.norm(rotation.to_rotvec(rotations), axis=-1)
    for joint, limit in pose.LIMITS.items():
        assert angles[:, humanoid.INDEX[joint]].max() <= limit + 1e-9

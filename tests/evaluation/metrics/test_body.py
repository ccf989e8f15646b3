import numpy as np
import pytest

from bodydouble.evaluation.metrics import body
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import Floats, assert_same

REST = np.tile(rotation.IDENTITY, (1, 22, 1))


def _rotate_joint(joint: str, axis: tuple[float, float, float], degrees: float) -> Floats:
    rotations = REST.copy()
    rotations[:, humanoid.INDEX[joint]] = rotation.from_rotvec(np.radians(degrees) * np.array(axis))
    return rotations


def test_bone_lengths_equal_those_of_the_skeleton() -> None:
    motion = builders.smooth_motion(4)
    lengths = body.bone_lengths_m(kinematics.joint_positions(motion))
    assert np.isnan(lengths[:, 0]).all()
    expected = np.linalg.norm(motion.skeleton.rest_offsets[1:], axis=-1)
    assert_same(lengths[:, 1:], np.tile(expected, (4, 1)), 1e-12)
    assert_same(body.bone_length_variation_percent(lengths)[1:], 0.0, 1e-9)


def test_length_errors_and_variation_of_a_known_example() -> None:
    truth = np.full((2, 3), [np.nan, 0.5, 0.0])
    predicted = np.array([[np.nan, 0.4, 0.1], [np.nan, 0.5, 0.3]])
    assert_same(body.bone_length_errors_percent(predicted, truth), [np.nan, 10.0, np.nan], 1e-9)
    assert_same(body.bone_length_variation_percent(predicted), [np.nan, 100 * 0.05 / 0.45, 50.0], 1e-9)


def test_the_rest_pose_is_within_all_limits() -> None:
    excess = body.joint_limit_excess_deg(REST)
    assert np.isnan(excess[:, 0]).all()
    assert_same(excess[:, 1:], 0.0, 0.0)


@pytest.mark.parametrize(
    ("joint", "axis", "flexion"),
    [
        ("leftLowerLeg", (1.0, 0.0, 0.0), 90.0),
        ("rightLowerLeg", (1.0, 0.0, 0.0), -30.0),
        ("leftLowerArm", (0.0, -1.0, 0.0), 140.0),
        ("rightLowerArm", (0.0, 1.0, 0.0), -40.0),
    ],
)
def test_hinge_flexion_is_independent_of_twist(joint: str, axis: tuple[float, float, float], flexion: float) -> None:
    bent = _rotate_joint(joint, axis, flexion)[:, humanoid.INDEX[joint]]
    bone = np.array([0.0, -1.0, 0.0] if "Leg" in joint else [1.0, 0.0, 0.0])
    twisted = rotation.multiply(bent, rotation.from_rotvec(0.8 * bone))
    assert_same(body.hinge_flexion_deg(bent, joint), flexion, 1e-9)
    assert_same(body.hinge_flexion_deg(twisted, joint), flexion, 1e-9)


def test_hyperextended_knee_and_overrotated_head_exceed_limits() -> None:
    knee = body.joint_limit_excess_deg(_rotate_joint("leftLowerLeg", (1.0, 0.0, 0.0), -45.0))[0]
    assert_same(knee[humanoid.INDEX["leftLowerLeg"]], 30.0, 1e-9)
    head = body.joint_limit_excess_deg(_rotate_joint("head", (0.0, 1.0, 0.0), 100.0))[0]
    assert_same(head[humanoid.INDEX["head"]], 40.0, 1e-9)
    assert np.count_nonzero(knee[1:]) == np.count_nonzero(head[1:]) == 1


def test_mirrored_motion_exceeds_the_same_limits() -> None:
    rotations = builders.random_quaternions(np.random.default_rng(0), (30, 22))
    mirrored = rotations[:, list(humanoid.MIRROR)] * [1.0, -1.0, -1.0, 1.0]
    excess = body.joint_limit_excess_deg(rotations)
    assert np.count_nonzero(excess > 0) > 100
    assert_same(body.joint_limit_excess_deg(mirrored)[:, list(humanoid.MIRROR)], excess, 1e-9)

"""Joint angles of single bends, and of compositions against forward kinematics."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import rotation
from bodydouble.motion.body.joint_angles import compute_joint_angles, hanging_arm
from bodydouble.skeletons import humanoid
from tests import builders

LEFT, UP, FORWARD = np.eye(3)


def standing(**rotations: FloatArray) -> Motion:
    """A motion of one frame with hanging arms, in which joints are rotated further, local to their parents."""
    motion = builders.smooth_motion(frames=1)
    quaternions = np.tile(rotation.IDENTITY, (1, len(humanoid.JOINTS), 1))
    for side in ("left", "right"):
        quaternions[0, humanoid.INDEX[side + "UpperArm"]] = hanging_arm(side)
    for joint, quaternion in rotations.items():
        index = humanoid.INDEX[joint]
        quaternions[0, index] = rotation.multiply(quaternion, quaternions[0, index])
    return replace(motion, rotations=quaternions)


def turn(axis: builders.Floats, degrees: float) -> FloatArray:
    return np.asarray(rotation.from_rotvec(np.radians(degrees) * axis))


def angles_of(motion: Motion) -> dict[str, float]:
    angles = compute_joint_angles(motion)
    return dict(zip(angles.names, angles.values[0].tolist(), strict=True))


def test_anatomical_pose_has_zero_angles() -> None:
    angles = angles_of(standing())
    pelvis = {"pelvis_tx", "pelvis_ty", "pelvis_tz"}
    expected = {name: 90.0 if name.startswith("pro_sup") else 0.0 for name in angles.keys() - pelvis}
    assert {name: angles[name] for name in expected} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("joint", "axis", "name"),
    [
        ("leftUpperLeg", -LEFT, "hip_flexion_l"),
        ("rightUpperLeg", -LEFT, "hip_flexion_r"),
        ("leftUpperLeg", -FORWARD, "hip_adduction_l"),
        ("rightUpperLeg", FORWARD, "hip_adduction_r"),
        ("leftUpperLeg", -UP, "hip_rotation_l"),
        ("rightUpperLeg", UP, "hip_rotation_r"),
        ("leftLowerLeg", LEFT, "knee_angle_l"),
        ("rightLowerLeg", LEFT, "knee_angle_r"),
        ("rightFoot", -LEFT, "ankle_angle_r"),
        ("leftToes", -LEFT, "mtp_angle_l"),
        ("leftUpperArm", -LEFT, "arm_flex_l"),
        ("rightUpperArm", -LEFT, "arm_flex_r"),
        ("leftUpperArm", -FORWARD, "arm_add_l"),
        ("rightUpperArm", FORWARD, "arm_add_r"),
        ("leftUpperArm", -UP, "arm_rot_l"),
        ("rightUpperArm", UP, "arm_rot_r"),
        ("spine", -LEFT, "lumbar_extension"),
        ("neck", UP, "neck_rotation"),
        ("hips", UP, "pelvis_rotation"),
    ],
)
def test_one_bend_changes_one_angle(joint: str, axis: builders.Floats, name: str) -> None:
    at_rest, bent = angles_of(standing()), angles_of(standing(**{joint: turn(axis, 30.0)}))
    changed = {key: value - at_rest[key] for key, value in bent.items() if abs(value - at_rest[key]) > 1e-6}
    assert changed == pytest.approx({name: 30.0})


def test_bent_elbow_of_a_hanging_arm() -> None:
    # In the T-pose the forearm bends forward about the vertical axis.
    angles = angles_of(standing(leftLowerArm=turn(-UP, 70.0), rightLowerArm=turn(UP, 70.0)))
    assert angles["elbow_flex_l"] == pytest.approx(70.0)
    assert angles["elbow_flex_r"] == pytest.approx(70.0)


def test_mirrored_motion_has_mirrored_angles() -> None:
    motion = builders.smooth_motion(frames=5, seed=3)
    mirrored = replace(
        motion,
        rotations=motion.rotations[:, humanoid.MIRROR] * [1.0, -1.0, -1.0, 1.0],
        root_position=motion.root_position * [-1.0, 1.0, 1.0],
    )
    angles, other = compute_joint_angles(motion), compute_joint_angles(mirrored)
    for name, values in zip(angles.names, angles.values.T, strict=True):
        swapped = name[:-1] + {"l": "r", "r": "l"}.get(name[-1], name[-1]) if name[-2] == "_" else name
        sign = -1.0 if name.endswith(("_list", "_rotation", "_bending", "_tz")) else 1.0
        np.testing.assert_allclose(other.values[:, other.names.index(swapped)], sign * values, atol=1e-6)


def test_skeleton_without_a_joint_is_refused() -> None:
    motion = standing()
    names = tuple("other" if name == "leftFoot" else name for name in motion.skeleton.joint_names)
    with pytest.raises(InvalidDataError, match="leftFoot"):
        compute_joint_angles(replace(motion, skeleton=replace(motion.skeleton, joint_names=names)))

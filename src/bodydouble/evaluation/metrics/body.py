"""Plausibility of the body: bone lengths and joint limits."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.evaluation.metrics.averages import mean_over
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

MAX_ROTATION_DEG: dict[str, float] = {
    "spine": 45.0, "chest": 40.0, "upperChest": 40.0, "neck": 60.0, "head": 60.0,
    "leftShoulder": 50.0, "rightShoulder": 50.0, "leftHand": 100.0, "rightHand": 100.0,
    "leftUpperLeg": 150.0, "rightUpperLeg": 150.0,
    "leftFoot": 75.0, "rightFoot": 75.0, "leftToes": 90.0, "rightToes": 90.0,
}  # fmt: skip
"""Maximum angle in degrees between a joint and its parent, by joint; 180 for the others."""

FLEXION_LIMITS_DEG: dict[str, tuple[float, float]] = {"LowerArm": (-15.0, 160.0), "LowerLeg": (-15.0, 165.0)}
"""Minimum and maximum flexion of elbow and knee in degrees; a negative flexion is hyperextension."""

_HINGE_AXES = {
    "leftLowerArm": ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
    "rightLowerArm": ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "leftLowerLeg": ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0)),
    "rightLowerLeg": ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0)),
}
"""Direction of the bone at rest and axis of the hinge; a positive rotation about the axis is flexion."""


def bone_lengths_m(joints: FloatArray, parents: Sequence[int] = humanoid.PARENTS) -> FloatArray:
    """Returns the lengths (..., J) m of the bones that end at joints (..., J, 3) m; NaN for the root."""
    length = np.linalg.norm(joints - joints[..., np.maximum(parents, 0), :], axis=-1)
    return np.where(np.asarray(parents) >= 0, length, np.nan)


def bone_length_errors_percent(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Returns the relative error (J,) % of mean bone lengths, from lengths (T, J) m; NaN where there is no bone.

    Source: X. Sun et al., "Compositional human pose regression", ICCV 2017, relative to the true length.
    """
    true_length = mean_over(truth, axis=0)
    ratio = mean_over(predicted, axis=0) / np.where(true_length > 0, true_length, np.nan)
    return np.asarray(100 * np.abs(ratio - 1))


def bone_length_variation_percent(lengths: FloatArray) -> FloatArray:
    """Returns the standard deviation (J,) over time of bone lengths (T, J) m, in % of their mean; 0 if rigid.

    Source: "bone standard deviation" of X. Sun et al., 2017.
    """
    average = mean_over(lengths, axis=0)
    deviation = np.sqrt(mean_over((lengths - average) ** 2, axis=0))
    return np.asarray(100 * deviation / np.where(average > 0, average, np.nan))


def joint_limit_excess_deg(rotations: FloatArray) -> FloatArray:
    """Returns the angle by which each joint exceeds the human range of motion.

    Args:
        rotations: (..., 22, 4) xyzw, local to the parent, order of humanoid.JOINTS.

    Returns:
        (..., 22) degrees; 0 within the limits, NaN where the rotation is NaN and for the hips, which have no parent.
        Shoulder joints (upper arms) have no limit here.

    Source: American Academy of Orthopaedic Surgeons, "Joint motion: method of measuring and recording", 1965, with
    a margin of 10 to 20 degrees for flexible people and for differences between rigs.
    """
    angle = np.degrees(rotation.angle_between(rotations, rotation.IDENTITY))
    limits = np.array([MAX_ROTATION_DEG.get(name, 180.0) for name in humanoid.JOINTS])
    excess: FloatArray = np.maximum(angle - limits, 0.0)
    for name in _HINGE_AXES:
        min_flexion, max_flexion = FLEXION_LIMITS_DEG[name.removeprefix("left").removeprefix("right")]
        flexion = hinge_flexion_deg(rotations[..., humanoid.INDEX[name], :], name)
        excess[..., humanoid.INDEX[name]] = np.maximum(np.maximum(flexion - max_flexion, min_flexion - flexion), 0.0)
    excess[..., 0] = np.nan
    return np.asarray(excess)


def hinge_flexion_deg(rotations: FloatArray, joint: str) -> FloatArray:
    """Returns the signed flexion (...) degrees of an elbow or knee from its local rotations (..., 4), without twist.

    The range starts at -90 degrees: hyperextension of more than 90 degrees reads as strong flexion.
    """
    bone, axis = (np.array(vector) for vector in _HINGE_AXES[joint])
    rotated = rotation.rotate(rotations, bone)
    flexion = np.degrees(np.arctan2(rotated @ np.cross(axis, bone), rotated @ bone))
    return np.asarray(np.where(flexion < -90.0, flexion + 360.0, flexion))

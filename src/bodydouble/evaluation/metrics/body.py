"""Whether the body is possible: bone lengths and joint limits."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.evaluation.metrics.averages import mean_over
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

LARGEST_TURN_DEG: dict[str, float] = {
    "spine": 45.0, "chest": 40.0, "upperChest": 40.0, "neck": 60.0, "head": 60.0,
    "leftShoulder": 50.0, "rightShoulder": 50.0, "leftHand": 100.0, "rightHand": 100.0,
    "leftUpperLeg": 150.0, "rightUpperLeg": 150.0,
    "leftFoot": 75.0, "rightFoot": 75.0, "leftToes": 90.0, "rightToes": 90.0,
}  # fmt: skip
"""Largest angle between a joint and its parent."""

FLEXION_DEG: dict[str, tuple[float, float]] = {"LowerArm": (-15.0, 160.0), "LowerLeg": (-15.0, 165.0)}
"""Least and largest bend of elbow and knee; a negative bend is hyperextension."""

_HINGES = {
    "leftLowerArm": ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
    "rightLowerArm": ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "leftLowerLeg": ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0)),
    "rightLowerLeg": ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0)),
}
"""Direction of the bone at rest and axis of the hinge; a positive turn about it is flexion."""


def bone_lengths_m(joints: FloatArray, parents: Sequence[int] = humanoid.PARENTS) -> FloatArray:
    """Length (..., J) m of the bones that end at joints (..., J, 3) m; NaN for the root."""
    length = np.linalg.norm(joints - joints[..., np.maximum(parents, 0), :], axis=-1)
    return np.where(np.asarray(parents) >= 0, length, np.nan)


def bone_length_errors_percent(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """How much too long or short (J,) the bones are on average, in percent; lengths (T, J) m. NaN for no bone.

    Source: X. Sun et al., "Compositional human pose regression", ICCV 2017, relative to the true length.
    """
    true_length = mean_over(truth, axis=0)
    ratio = mean_over(predicted, axis=0) / np.where(true_length > 0, true_length, np.nan)
    return np.asarray(100 * np.abs(ratio - 1))


def bone_length_variation_percent(lengths: FloatArray) -> FloatArray:
    """Standard deviation (J,) over time of bone lengths (T, J) m, in percent of their mean. 0 for a rigid skeleton.

    Source: "bone standard deviation" of X. Sun et al., 2017.
    """
    average = mean_over(lengths, axis=0)
    deviation = np.sqrt(mean_over((lengths - average) ** 2, axis=0))
    return np.asarray(100 * deviation / np.where(average > 0, average, np.nan))


def joint_limit_excess_deg(rotations: FloatArray) -> FloatArray:
    """How far each joint is turned beyond what people can do.

    Args:
        rotations: (..., 22, 4) xyzw, local to the parent, order of humanoid.JOINTS.

    Returns:
        (..., 22) degrees; 0 within the limits, NaN where the rotation is NaN, NaN for the hips, which have no parent.
        Shoulder joints (upper arms) have no limit here.

    Source: American Academy of Orthopaedic Surgeons, "Joint motion: method of measuring and recording", 1965, with
    a margin of 10 to 20 degrees for flexible people and for differences between rigs.
    """
    turn = np.degrees(rotation.angle_between(rotations, rotation.IDENTITY))
    limits = np.array([LARGEST_TURN_DEG.get(name, 180.0) for name in humanoid.JOINTS])
    excess: FloatArray = np.maximum(turn - limits, 0.0)
    for name in _HINGES:
        least, largest = FLEXION_DEG[name.removeprefix("left").removeprefix("right")]
        bend = hinge_flexion_deg(rotations[..., humanoid.INDEX[name], :], name)
        excess[..., humanoid.INDEX[name]] = np.maximum(np.maximum(bend - largest, least - bend), 0.0)
    excess[..., 0] = np.nan
    return np.asarray(excess)


def hinge_flexion_deg(rotations: FloatArray, joint: str) -> FloatArray:
    """Signed bend (...) degrees of an elbow or knee by its local rotations (..., 4); twist does not count.

    The range starts a right angle behind straight: a bend of more than 90 degrees backwards reads as strong flexion.
    """
    bone, axis = (np.array(vector) for vector in _HINGES[joint])
    turned = rotation.rotate(rotations, bone)
    bend = np.degrees(np.arctan2(turned @ np.cross(axis, bone), turned @ bone))
    return np.asarray(np.where(bend < -90.0, bend + 360.0, bend))

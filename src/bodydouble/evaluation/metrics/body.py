"""Plausibility of the body: bone lengths and joint limits."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.evaluation.metrics.averages import mean_over
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid
from bodydouble.skeletons.joint_limits import FLEXION_LIMITS_DEG, HINGE_AXES, MAX_ROTATION_DEG


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

    Source: ``skeletons.joint_limits``.
    """
    angle = np.degrees(rotation.angle_between(rotations, rotation.IDENTITY))
    limits = np.array([MAX_ROTATION_DEG.get(name, 180.0) for name in humanoid.JOINTS])
    excess: FloatArray = np.maximum(angle - limits, 0.0)
    for name in HINGE_AXES:
        min_flexion, max_flexion = FLEXION_LIMITS_DEG[name.removeprefix("left").removeprefix("right")]
        flexion = hinge_flexion_deg(rotations[..., humanoid.INDEX[name], :], name)
        excess[..., humanoid.INDEX[name]] = np.maximum(np.maximum(flexion - max_flexion, min_flexion - flexion), 0.0)
    excess[..., 0] = np.nan
    return np.asarray(excess)


def hinge_flexion_deg(rotations: FloatArray, joint: str) -> FloatArray:
    """Returns the signed flexion (...) degrees of an elbow or knee from its local rotations (..., 4), without twist.

    The range starts at -90 degrees: hyperextension of more than 90 degrees reads as strong flexion.
    """
    bone, axis = (np.array(vector) for vector in HINGE_AXES[joint])
    rotated = rotation.rotate(rotations, bone)
    flexion = np.degrees(np.arctan2(rotated @ np.cross(axis, bone), rotated @ bone))
    return np.asarray(np.where(flexion < -90.0, flexion + 360.0, flexion))

"""Proportions of a skeleton: bone lengths, stature, and skeletons from bone scales."""

import numpy as np

from bodydouble.data import FloatArray, IntArray, Skeleton
from bodydouble.geometry import kinematics
from bodydouble.motion.body import body_landmarks
from bodydouble.skeletons import adult_template, humanoid

BONE_OF_JOINT: dict[str, str] = {
    "spine": "trunk",
    "chest": "trunk",
    "upperChest": "trunk",
    "neck": "head",
    "head": "head",
    "Shoulder": "shoulders",
    "UpperArm": "shoulders",
    "LowerArm": "upper arm",
    "Hand": "forearm",
    "UpperLeg": "pelvis",
    "LowerLeg": "thigh",
    "Foot": "shank",
    "Toes": "foot",
}
"""Joint (without its side) -> the bone whose length scales its offset from the parent."""
BONES: tuple[str, ...] = tuple(dict.fromkeys(BONE_OF_JOINT.values()))
"""Names of the K bones whose lengths describe a person."""


def _without_side(name: str) -> str:
    return name.removeprefix("left").removeprefix("right")


_BONE_INDEX = np.array([-1, *(BONES.index(BONE_OF_JOINT[_without_side(joint)]) for joint in humanoid.JOINTS[1:])])
"""(22,) row of BONES of each joint; -1 for the hips."""
_SIDE_COUNTS = np.array([1.0 if bone in ("trunk", "head") else 2.0 for bone in BONES])


def bone_of_joints() -> IntArray:
    """Returns the index (22,) into BONES of the bone that scales the offset of each joint; -1 for the hips."""
    return _BONE_INDEX


def bone_lengths(skeleton: Skeleton) -> FloatArray:
    """Returns the lengths (K,) m of BONES: summed over the joints of a bone, the mean of left and right."""
    sizes = np.linalg.norm(skeleton.rest_offsets, axis=-1)
    return np.asarray(np.array([sizes[bone == _BONE_INDEX].sum() for bone in range(len(BONES))]) / _SIDE_COUNTS)


def skeleton_from_bone_scales(bone_scales: FloatArray) -> Skeleton:
    """Scales each of BONES of the template by a factor (K,); the skeleton stands on the floor at rest."""
    template = body_landmarks.template_skeleton()
    offsets = template.rest_offsets * np.where(_BONE_INDEX >= 0, bone_scales[_BONE_INDEX], 1.0)[:, None]
    feet = [humanoid.INDEX[f"left{part}"] for part in ("UpperLeg", "LowerLeg", "Foot")]
    leg_growth = offsets[feet, 1].sum() - template.rest_offsets[feet, 1].sum()
    offsets[0] = template.rest_offsets[0] - np.array([0.0, leg_growth, 0.0])
    return Skeleton(template.joint_names, template.parents, offsets)


def stature(skeleton: Skeleton) -> float:
    """Returns the height, m, from sole to crown of an upright person with a skeleton."""
    head = humanoid.INDEX["head"]
    skeletons = (skeleton, body_landmarks.template_skeleton())
    height, template_height = (kinematics.rest_positions(one)[head, 1] for one in skeletons)
    return float(adult_template.STATURE * height / template_height)


def scale_skeleton(skeleton: Skeleton, scale: float) -> Skeleton:
    """Scales a skeleton uniformly."""
    return Skeleton(skeleton.joint_names, skeleton.parents, skeleton.rest_offsets * scale)


def weighted_quantile(values: FloatArray, weights: FloatArray, fraction: float) -> float:
    """Returns the value, of values (N,), at which a fraction of the total of the weights (N,) is reached."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, fraction * total[-1])])

"""Inverse kinematics of the legs: displacements of the ankles -> rotations of hip, knee and ankle."""

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid

MAX_REACH_FRACTION = 0.999
"""Maximum distance of the ankle from the hip as a fraction of the leg's length, so that knees do not lock."""


def move_ankles(
    skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray, displacements: FloatArray
) -> FloatArray:
    """Returns rotations that displace the ankles; knees keep their plane and feet their direction in the world.

    Args:
        skeleton: skeleton of J joints.
        rotations: local rotations (T, J, 4), xyzw.
        root_position: positions (T, 3) of the hips in the world, m.
        displacements: displacements (T, 2, 3) of the left and the right ankle in the world, m.

    Returns:
        Local rotations (T, J, 4), xyzw.
    """
    positions, world = kinematics.forward_kinematics(skeleton, rotations, root_position)
    for side, displacement in zip(("left", "right"), np.moveaxis(displacements, 1, 0), strict=True):
        upper, lower, foot = (humanoid.INDEX[f"{side}{part}"] for part in ("UpperLeg", "LowerLeg", "Foot"))
        hip, knee, ankle = (positions[:, joint] for joint in (upper, lower, foot))
        new_knee, new_ankle = _solve_two_bone_chain(hip, knee, ankle, ankle + displacement)
        thigh_rotation = rotation.between(rotation.normalize(knee - hip), rotation.normalize(new_knee - hip))
        world[:, upper] = rotation.multiply(thigh_rotation, world[:, upper])
        old_shank = rotation.normalize(ankle - knee)
        world[:, lower] = rotation.multiply(thigh_rotation, world[:, lower])
        rotated_shank = rotation.rotate(thigh_rotation, old_shank)
        knee_rotation = rotation.between(rotated_shank, rotation.normalize(new_ankle - new_knee))
        world[:, lower] = rotation.multiply(knee_rotation, world[:, lower])
    return rotation.make_continuous(kinematics.local_rotations(skeleton.parents, world))


def _solve_two_bone_chain(
    hip: FloatArray, knee: FloatArray, ankle: FloatArray, target: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Returns knee and ankle (T, 3) of a two-bone chain whose ankle reaches for the target, by the law of cosines."""
    thigh = np.linalg.norm(knee - hip, axis=-1, keepdims=True)
    shank = np.linalg.norm(ankle - knee, axis=-1, keepdims=True)
    old_reach = np.linalg.norm(ankle - hip, axis=-1, keepdims=True)
    distance = np.linalg.norm(target - hip, axis=-1, keepdims=True)
    max_reach = np.maximum(MAX_REACH_FRACTION * (thigh + shank), np.minimum(old_reach, thigh + shank))
    reach = np.clip(distance, np.abs(thigh - shank) + 1e-6, max_reach)
    axis = rotation.normalize(target - hip)
    swing = rotation.between(rotation.normalize(ankle - hip), axis)
    pole = rotation.rotate(swing, knee - hip)
    side = rotation.normalize(pole - np.sum(pole * axis, axis=-1, keepdims=True) * axis, eps=1e-9)
    along = (thigh**2 - shank**2 + reach**2) / (2 * reach)
    away = np.sqrt(np.maximum(thigh**2 - along**2, 0.0))
    return hip + along * axis + away * side, hip + reach * axis

"""Inverse kinematics of the legs: hip and knee follow the ankle."""

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid

REACH = 0.999
"""Share of the leg's length beyond which the ankle is not moved, so that knees do not lock."""


def move_ankles(skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray, steps: FloatArray) -> FloatArray:
    """Rotations that put the ankles elsewhere; knees keep their plane and feet their direction in the world.

    Args:
        skeleton: J joints.
        rotations: (T, J, 4) local.
        root_position: (T, 3) m.
        steps: (T, 2, 3) m, of the left and the right ankle.

    Returns:
        (T, J, 4) local.
    """
    positions, world = kinematics.forward_kinematics(skeleton, rotations, root_position)
    for side, step in zip(("left", "right"), np.moveaxis(steps, 1, 0), strict=True):
        upper, lower, foot = (humanoid.INDEX[f"{side}{part}"] for part in ("UpperLeg", "LowerLeg", "Foot"))
        hip, knee, ankle = (positions[:, joint] for joint in (upper, lower, foot))
        new_knee, new_ankle = _two_bones(hip, knee, ankle, ankle + step)
        turn = rotation.between(rotation.normalize(knee - hip), rotation.normalize(new_knee - hip))
        world[:, upper] = rotation.multiply(turn, world[:, upper])
        old_shank = rotation.normalize(ankle - knee)
        world[:, lower] = rotation.multiply(turn, world[:, lower])
        turned = rotation.rotate(turn, old_shank)
        bend = rotation.between(turned, rotation.normalize(new_ankle - new_knee))
        world[:, lower] = rotation.multiply(bend, world[:, lower])
    return rotation.continuous(kinematics.local_rotations(skeleton.parents, world))


def _two_bones(
    hip: FloatArray, knee: FloatArray, ankle: FloatArray, target: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """New knee and ankle (T, 3) of a chain whose ankle goes to the target as far as it reaches."""
    thigh = np.linalg.norm(knee - hip, axis=-1, keepdims=True)
    shank = np.linalg.norm(ankle - knee, axis=-1, keepdims=True)
    old_reach = np.linalg.norm(ankle - hip, axis=-1, keepdims=True)
    distance = np.linalg.norm(target - hip, axis=-1, keepdims=True)
    longest = np.maximum(REACH * (thigh + shank), np.minimum(old_reach, thigh + shank))
    reach = np.clip(distance, np.abs(thigh - shank) + 1e-6, longest)
    axis = rotation.normalize(target - hip)
    swing = rotation.between(rotation.normalize(ankle - hip), axis)
    pole = rotation.rotate(swing, knee - hip)
    side = rotation.normalize(pole - np.sum(pole * axis, axis=-1, keepdims=True) * axis, eps=1e-9)
    along = (thigh**2 - shank**2 + reach**2) / (2 * reach)
    away = np.sqrt(np.maximum(thigh**2 - along**2, 0.0))
    return hip + along * axis + away * side, hip + reach * axis

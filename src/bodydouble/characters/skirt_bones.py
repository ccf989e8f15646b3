"""Skirt bones: columns of two bones round the hips that swing outwards over raised thighs and hang down beyond them.

A column's upper bone turns about a pivot at the height of the hips by the pitch of the thigh that lies behind it; its
lower bone turns back, so that the cloth falls over the knee.
"""

import re

import numpy as np

from bodydouble.data import Character, FloatArray
from bodydouble.geometry import kinematics, rotation

NAME = re.compile(r"skirt_(\d+)_(upper|lower)")
COLUMNS = 16
THIGH_WIDTH = 0.13
"""Distance, m, from the axis of a thigh at which it lifts a column to 1/e."""
CLEARANCE = 1.08
"""Factor of the angle, so that the cloth lies over the thigh and not in it."""
SLACK = 0.20
"""Share of the skirt's flare at rest that needs no turn."""
LIFT_BY_NEIGHBOUR = 0.75
"""Share of the lift of a column that its neighbours get."""
DOWN = np.array([0.0, -1.0, 0.0])


def bone_name(column: int, part: str) -> str:
    """Returns the name of a bone of a column; part is "upper" or "lower"."""
    return f"skirt_{column:02d}_{part}"


def swing_skirt(character: Character, rotations: FloatArray) -> FloatArray:
    """Turns the skirt bones of a character so that the skirt follows its thighs.

    Args:
        character: a character; without skirt bones nothing changes. Its legs have identity rest rotations.
        rotations: (T, J, 4) xyzw, local to the parents.

    Returns:
        Rotations (T, J, 4) with those of the skirt bones replaced.
    """
    names = character.skeleton.joint_names
    columns = sorted(int(found[1]) for name in names if (found := NAME.fullmatch(name)) and found[2] == "upper")
    if not columns:
        return rotations
    upper = np.array([names.index(bone_name(k, "upper")) for k in columns])
    lower = np.array([names.index(bone_name(k, "lower")) for k in columns])
    rest = kinematics.rest_positions(character.skeleton)
    hips = rest[character.humanoid["hips"]]
    column = rest[lower] - rest[upper]
    azimuth = np.arctan2(column[:, 0], column[:, 2])
    flare = np.arctan2(np.hypot(column[:, 0], column[:, 2]), -column[:, 1])
    angles = _spread(_find_lift(character, rotations, rest[lower] - hips, azimuth))
    angles = np.maximum(CLEARANCE * angles - SLACK * flare, 0.0)
    turned = rotations.copy()
    axis = np.cross(DOWN, np.stack([np.sin(azimuth), 0 * azimuth, np.cos(azimuth)], axis=1))
    turned[:, upper] = rotation.from_rotvec(axis * angles[..., None])
    turned[:, lower] = rotation.from_rotvec(axis * -_hang(angles, flare, column, character, rest)[..., None])
    return turned


def _find_lift(character: Character, rotations: FloatArray, cloth: FloatArray, azimuth: FloatArray) -> FloatArray:
    """Returns the angle (T, C) by which the thighs lift each column; cloth (C, 3) is the place of its middle."""
    lift = np.zeros((len(rotations), len(azimuth)))
    cos, sin = np.cos(azimuth), np.sin(azimuth)
    for side, bone in ((1, "leftUpperLeg"), (-1, "rightUpperLeg")):
        joint = character.humanoid[bone]
        thigh = rotation.rotate(rotations[:, joint], DOWN)[:, None]
        near = np.exp(-(((cloth[:, 0] - character.skeleton.rest_offsets[joint, 0]) / THIGH_WIDTH) ** 2))
        pitch = np.arctan2(thigh[..., 2] * np.sign(cos), -thigh[..., 1])
        splay = np.arcsin(np.clip(thigh[..., 0] * side, -1.0, 1.0))
        outward = np.maximum(splay, 0) * np.abs(sin) * (sin * side > 0)
        lift = np.maximum(lift, np.maximum(pitch, 0) * np.sqrt(np.abs(cos)) * near + outward)
    return lift


def _spread(angles: FloatArray) -> FloatArray:
    """Lifts the neighbours of lifted columns and smooths round the skirt."""
    beside = np.maximum(np.roll(angles, 1, axis=1), np.roll(angles, -1, axis=1))
    lifted = np.maximum(angles, LIFT_BY_NEIGHBOUR * beside)
    smoothed = 0.5 * lifted + 0.25 * (np.roll(lifted, 1, axis=1) + np.roll(lifted, -1, axis=1))
    return np.maximum(smoothed, angles)


def _hang(
    angles: FloatArray, flare: FloatArray, column: FloatArray, character: Character, rest: FloatArray
) -> FloatArray:
    """Returns by how much the lower bones turn back: to the vertical if the upper ones reach to the knees."""
    thigh = rest[character.humanoid["leftUpperLeg"], 1] - rest[character.humanoid["leftLowerLeg"], 1]
    reach = np.clip((np.linalg.norm(column, axis=1) / thigh - 0.45) / 0.35, 0, 1)
    return np.asarray(np.maximum(angles + 0.5 * flare - 0.15, 0) * (0.15 + 0.65 * reach) * (angles > 0))

"""Skirt bones: columns of two bones round the hips that swing outwards over the legs and hang down beyond them.

A column's upper bone turns about a pivot inside the hips until the thighs are behind it; its lower bone turns back, so
that the cloth falls over the knee, but not into the shins. Springs that swing the cloth about this pose may lift it
further, and never take it back into a leg.
"""

import re

import numpy as np

from bodydouble.data import Character, FloatArray, IntArray
from bodydouble.geometry import kinematics, rotation

NAME = re.compile(r"skirt_(\d+)_(upper|lower)")
COLUMNS = 16
THIGH_RADIUS, SHIN_RADIUS = 0.19, 0.15
"""Radii of the leg with its clearance, as shares of the length of the thigh."""
THIGH_PLACES, SHIN_PLACES = (0.35, 0.5, 0.65, 0.8, 1.0, 1.1), (0.15, 0.35, 0.55, 0.75)
"""Places along thigh and shin at which the cloth lies outside of the leg; nearer to the hip it cannot."""
MAX_LIFT = np.radians(150.0)
HELD_LIFT = np.radians(6.0)
"""Lift from which on a column is held outside of the legs."""
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
    found = _find_columns(character)
    if found is None:
        return rotations
    upper, lower = found
    rest = kinematics.rest_positions(character.skeleton)
    hips = rest[character.humanoid["hips"]]
    column = rest[lower] - rest[upper]
    azimuth = np.arctan2(column[:, 0], column[:, 2])
    flare = np.arctan2(np.hypot(column[:, 0], column[:, 2]), -column[:, 1])
    lengths = _measure_lengths(character, column, lower)
    posed, still = (
        _place_legs(character, rotations),
        _place_legs(character, np.broadcast_to(rotation.IDENTITY, (1, *rotations.shape[1:]))),
    )

    def find_lift(pivots: FloatArray, part: int) -> FloatArray:
        at_rest = _find_angle(still, rest[(upper, lower)[part]] - hips, azimuth, lengths[part])
        needed = _find_angle(posed, pivots, azimuth, lengths[part])
        return np.asarray(np.clip(needed - np.maximum(at_rest, flare), 0.0, MAX_LIFT))

    lift = _spread(find_lift(rest[upper] - hips, 0))
    turned = rotations.copy()
    axis = np.cross(DOWN, _outward(azimuth))
    turned[:, upper] = rotation.from_rotvec(axis * lift[..., None])
    joints = rest[upper] - hips + rotation.rotate(turned[:, upper], column)
    low = np.maximum(lift - _hang(lift, flare, column, character, rest), _spread(find_lift(joints, 1)))
    turned[:, lower] = rotation.from_rotvec(axis * (low - lift)[..., None])
    return turned


def hold_skirt(character: Character, posed: FloatArray, swung: FloatArray) -> FloatArray:
    """Takes the columns of a skirt that springs have swung into the legs back to the pose of ``swing_skirt``.

    Args:
        character: a character; without skirt bones nothing changes.
        posed: rotations (T, J, 4) of ``swing_skirt``.
        swung: the same after the springs.

    Returns:
        Rotations (T, J, 4), in which no lifted column is farther inside than posed.
    """
    found = _find_columns(character)
    if found is None:
        return swung
    upper, lower = found
    rest = kinematics.rest_positions(character.skeleton)
    column = rest[lower] - rest[upper]
    out = _outward(np.arctan2(column[:, 0], column[:, 2]))
    held = swung.copy()

    def find_angle(rotations: FloatArray) -> FloatArray:
        arms = rotation.rotate(rotations[:, upper], column)
        return np.asarray(np.arctan2((arms * out).sum(-1), -arms[..., 1]))

    lift = 2 * np.arccos(np.clip(np.abs(posed[:, upper, 3]), 0.0, 1.0))
    missing = np.maximum(find_angle(posed) - find_angle(swung), 0.0) * np.clip(lift / HELD_LIFT, 0.0, 1.0)
    back = rotation.from_rotvec(np.cross(DOWN, out) * missing[..., None])
    held[:, upper] = rotation.multiply(back, swung[:, upper])
    share = np.clip(missing / HELD_LIFT, 0.0, 1.0)[..., None]
    same = np.sign((posed[:, lower] * swung[:, lower]).sum(-1, keepdims=True) + 1e-9)
    held[:, lower] = rotation.normalize(swung[:, lower] + share * (same * posed[:, lower] - swung[:, lower]))
    return held


def _find_columns(character: Character) -> tuple[IntArray, IntArray] | None:
    """Returns the joints (C,) of the upper and the lower bones; None without a skirt."""
    names = character.skeleton.joint_names
    columns = sorted(int(found[1]) for name in names if (found := NAME.fullmatch(name)) and found[2] == "upper")
    if not columns:
        return None
    upper, lower = (np.array([names.index(bone_name(k, part)) for k in columns]) for part in ("upper", "lower"))
    return upper, lower


def _measure_lengths(character: Character, column: FloatArray, lower: IntArray) -> tuple[FloatArray, FloatArray]:
    """Returns the lengths (C,) of the upper and the lower bones, m; the ends of these are those of the springs."""
    upper_lengths = np.linalg.norm(column, axis=1)
    springs = character.vrm.get("VRMC_springBone", {}).get("springs", [])
    tails = {spring["joints"][-1]["node"]: spring.get("tail") for spring in springs}
    found = [
        np.linalg.norm(tails[joint]) if tails.get(joint) else 0.6 * upper_lengths[k] for k, joint in enumerate(lower)
    ]
    return upper_lengths, np.array(found)


def _place_legs(character: Character, rotations: FloatArray) -> list[tuple[FloatArray, float]]:
    """Returns points (T, P, 3) inside thighs and shins in the frame of the hips, m, and the radius about them, m."""
    offsets, places = character.skeleton.rest_offsets, []
    for side in ("left", "right"):
        thigh, knee, ankle = (character.humanoid[f"{side}{part}"] for part in ("UpperLeg", "LowerLeg", "Foot"))
        down = rotation.rotate(rotations[:, thigh], offsets[knee])
        below = rotation.rotate(rotation.multiply(rotations[:, thigh], rotations[:, knee]), offsets[ankle])
        length = float(np.linalg.norm(offsets[knee]))
        thighs = offsets[thigh] + down[:, None] * np.array(THIGH_PLACES)[:, None]
        shins = offsets[thigh] + down[:, None] + below[:, None] * np.array(SHIN_PLACES)[:, None]
        places += [(thighs, THIGH_RADIUS * length), (shins, SHIN_RADIUS * length)]
    return places


def _find_angle(
    legs: list[tuple[FloatArray, float]], pivots: FloatArray, azimuth: FloatArray, lengths: FloatArray
) -> FloatArray:
    """Returns the angles (T, C) from straight down to straight outward at which bones from pivots clear the legs."""
    out = _outward(azimuth)
    along = np.cross([0.0, 1.0, 0.0], out)
    needed = np.full((len(legs[0][0]), len(azimuth)), -np.pi)
    for points, radius in legs:
        steps = points[:, None] - pivots[..., :, None, :]
        forward, beside = np.einsum("tcpx,cx->tcp", steps, out), np.abs(np.einsum("tcpx,cx->tcp", steps, along))
        distance = np.hypot(forward, steps[..., 1])
        apart = np.maximum(beside - np.abs(forward) * np.tan(np.pi / COLUMNS), 0.0)
        reach = np.sqrt(np.maximum(radius**2 - apart**2, 0.0))
        angle = np.arctan2(forward, -steps[..., 1]) + np.arcsin(np.minimum(reach / np.maximum(distance, 1e-6), 1.0))
        is_near = (reach > 0) & (distance < lengths[:, None] + radius) & ((forward > 0) | (steps[..., 1] < 0))
        needed = np.maximum(needed, np.where(is_near, angle, -np.pi).max(axis=-1))
    return needed


def _outward(azimuth: FloatArray) -> FloatArray:
    """Returns the horizontal directions (C, 3) of the columns."""
    return np.stack([np.sin(azimuth), 0 * azimuth, np.cos(azimuth)], axis=1)


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

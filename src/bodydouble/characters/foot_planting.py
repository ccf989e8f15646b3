"""Foot planting: after retargeting, feet that rest in the motion rest on the character's own soles.

1. Each span of contact of a sole point gets an anchor: the mean of its positions, on the floor if it is near it.
2. The foot is turned and moved so that its resting points meet their anchors. Between contacts the correction is
   interpolated. No sole point stays below the floor.
3. The hips are lowered where a resting foot is out of reach, and both legs are solved by inverse kinematics.

Source: L. Kovar, J. Schreiner and M. Gleicher, "Footskate cleanup for motion capture editing" (2002).
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from bodydouble.characters.bend_direction import bend_direction
from bodydouble.characters.rig_vertices import descendants
from bodydouble.characters.soles import SolePoints, find_sole_points
from bodydouble.data import BoolArray, Character, FloatArray
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.two_bone_ik import MAX_REACH, solve_two_bones

MIN_CONTACT = 0.5
"""Minimum probability of a contact that is kept."""
FLOOR_SNAP = 0.08
"""Maximum height of an anchor that is moved to the floor, relative to the hips' height at rest."""
HIPS_SECONDS = 0.25
"""Time in s over which the hips are lowered before a foot would be out of reach."""
MIN_HIP_HEIGHT = 0.5
"""Minimum height of a hip above the ankle that lowered hips keep, in lengths of the leg."""
LEG_BONES = ("UpperLeg", "LowerLeg", "Foot")
FOOT_POINTS = {"left": (0, 1), "right": (2, 3)}
"""Indices of the heel and the toes of each side in SolePoints."""
UP = np.array([0.0, 1.0, 0.0])
FORWARD = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class _FootPose:
    """Pose of a foot in which its resting points meet their anchors."""

    turn: FloatArray
    """(T, 4) rotation before the present one."""
    ankle: FloatArray
    """(T, 3) m."""
    is_resting: BoolArray
    """(T,)"""


def plant_feet(
    character: Character, rotations: FloatArray, hips_translation: FloatArray, contacts: FloatArray, fps: float
) -> tuple[FloatArray, FloatArray]:
    """Plants the feet of a character where the motion's feet rest.

    Args:
        character: Jc joints; without feet or lower legs the pose is returned unchanged.
        rotations: (T, Jc, 4) xyzw, local to the parent, as ``retarget`` returns them.
        hips_translation: (T, 3) m, of the hips, local to their parent.
        contacts: (T, 4) probabilities of contact; NaN means unknown.
        fps: frames per second.

    Returns:
        The corrected rotations and hips translation.
    """
    soles = find_sole_points(character)
    if soles is None or not _has_legs(character) or not np.any(contacts >= MIN_CONTACT):
        return rotations, hips_translation
    hips = character.humanoid["hips"]
    positions, world = kinematics.forward_kinematics(character.skeleton, rotations, hips_translation, hips)
    feet = {side: _plant_foot(character, side, soles, positions, world, contacts) for side in FOOT_POINTS}
    drop = _lower_hips(character, feet, positions, fps)
    positions = positions + drop[:, None, None] * UP
    new_world = world.copy()
    for side, foot in feet.items():
        _solve_leg(character, side, foot, positions, world, new_world)
    return _to_local(character, new_world, hips_translation, drop)


def _has_legs(character: Character) -> bool:
    return all(side + bone in character.humanoid for side in FOOT_POINTS for bone in LEG_BONES)


def _to_local(
    character: Character, world: FloatArray, hips_translation: FloatArray, drop: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Returns local rotations (T, Jc, 4) and the hips translation (T, 3), lowered by drop (T,) m."""
    parents = character.skeleton.parents
    shift = drop[:, None] * UP
    above = parents[character.humanoid["hips"]]
    if above >= 0:
        shift = rotation.rotate(rotation.conjugate(world[:, above]), shift)
    return rotation.make_continuous(kinematics.local_rotations(parents, world)), hips_translation + shift


def _plant_foot(
    character: Character, side: str, soles: SolePoints, positions: FloatArray, world: FloatArray, contacts: FloatArray
) -> _FootPose:
    """Finds the pose of a foot in which its resting points meet their anchors and none is below the floor."""
    columns = list(FOOT_POINTS[side])
    points = soles.positions(positions, world)[:, columns]
    resting = np.asarray(contacts[:, columns] >= MIN_CONTACT)
    snap = FLOOR_SNAP * abs(float(kinematics.bind_matrices(character)[character.humanoid["hips"], 1, 3]))
    anchors = _anchors(points, resting, snap)
    ankle = positions[:, character.humanoid[side + "Foot"]]
    is_flat, is_resting = np.asarray(resting.all(axis=1)), np.asarray(resting.any(axis=1))
    turn = _turn_to_anchors(points, anchors, is_flat)
    turned = ankle[:, None] + rotation.rotate(turn[:, None], points - ankle[:, None])
    misses = np.where(resting[..., None], anchors - turned, 0.0).sum(axis=1)
    offsets = _interpolate(misses / np.maximum(resting.sum(axis=1), 1)[:, None], is_resting)
    lift = np.maximum(-(turned[..., 1].min(axis=1) + offsets[:, 1]), 0.0)
    return _FootPose(turn, ankle + offsets + lift[:, None] * UP, is_resting)


def _anchors(points: FloatArray, resting: BoolArray, snap: float) -> FloatArray:
    """Returns the position (T, K, 3) at which each point rests: the mean over its span of contact."""
    anchors = points.copy()
    for k in range(points.shape[1]):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], resting[:, k], [False]])))
        for start, stop in edges.reshape(-1, 2):
            mean = points[start:stop, k].mean(axis=0)
            anchors[start:stop, k] = mean * [1.0, float(abs(mean[1]) > snap), 1.0]
    return anchors


def _turn_to_anchors(points: FloatArray, anchors: FloatArray, is_flat: BoolArray) -> FloatArray:
    """Returns the rotations (T, 4) that turn the line from heel to toes to that of the anchors where both rest."""
    turn = rotation.between(
        rotation.normalize(points[:, 1] - points[:, 0]), rotation.normalize(anchors[:, 1] - anchors[:, 0])
    )
    return rotation.from_rotvec(_interpolate(rotation.to_rotvec(turn), is_flat))


def _interpolate(values: FloatArray, is_known: BoolArray) -> FloatArray:
    """Interpolates values (T, 3) smoothly between the known frames; constant beyond them, 0 if none is known."""
    known = np.flatnonzero(is_known)
    if len(known) == 0:
        return np.zeros_like(values)
    frames = np.arange(len(values))
    right = np.searchsorted(known, frames).clip(0, len(known) - 1)
    left = np.maximum(np.where(known[right] > frames, right - 1, right), 0)
    gap = np.maximum(known[right] - known[left], 1)
    fraction = np.clip((frames - known[left]) / gap, 0.0, 1.0)
    smooth = (fraction**2 * (3 - 2 * fraction))[:, None]
    return np.asarray(values[known[left]] * (1 - smooth) + values[known[right]] * smooth)


def _lower_hips(character: Character, feet: dict[str, _FootPose], positions: FloatArray, fps: float) -> FloatArray:
    """Returns the shift (T,) m, at most 0, of the hips' height at which all resting feet are within reach."""
    drop = np.zeros(len(positions))
    for side, foot in feet.items():
        hip, knee, ankle = (positions[:, character.humanoid[side + bone]] for bone in LEG_BONES)
        length = MAX_REACH * float(np.linalg.norm(knee[0] - hip[0]) + np.linalg.norm(ankle[0] - knee[0]))
        step = hip - foot.ankle
        across = np.linalg.norm(step[:, [0, 2]], axis=1)
        highest = np.sqrt(np.maximum(length**2 - across**2, (MIN_HIP_HEIGHT * length) ** 2))
        drop = np.where(foot.is_resting, np.minimum(drop, highest - step[:, 1]), drop)
    width = 2 * round(HIPS_SECONDS * fps / 2) + 1
    return np.asarray(gaussian_filter1d(minimum_filter1d(drop, width), width / 6, truncate=3.0))


def _solve_leg(
    character: Character, side: str, foot: _FootPose, positions: FloatArray, world: FloatArray, new_world: FloatArray
) -> None:
    """Writes the world rotations of a leg that reaches the pose of the foot into ``new_world`` (T, Jc, 4)."""
    joints = [character.humanoid[side + bone] for bone in LEG_BONES]
    hip, knee, ankle = (positions[:, joint] for joint in joints)
    pole = bend_direction(character, joints[0], world, FORWARD)
    turns = (*solve_two_bones(hip, knee, ankle, foot.ankle, pole), foot.turn)
    for joint, turn in zip(joints, turns, strict=True):
        below = descendants(character, joint)
        new_world[:, below] = rotation.multiply(turn[:, None], world[:, below])

"""Joint limits of a character's limbs: elbows and knees are hinges, wrists and ankles bend no farther than people's.

- A forearm or shin that leaves the plane in which its joint bends is brought back into it by a rotation of the upper
  arm or thigh about its own axis, which moves no joint.
- What is left of a bend to the wrong side, backward or beyond the limit, and of the swing of hand and foot, is reduced
  towards the limit. It begins to be reduced a margin before the limit, smoothly; within the margin nothing changes.

The rotation of hand and foot about the axis of forearm and shin is not limited.
"""

import numpy as np

from bodydouble.characters.rig_vertices import descendants
from bodydouble.characters.t_pose_rotations import TPoseRotations
from bodydouble.data import Character, FloatArray, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons.joint_limits import (
    FLEXION_LIMITS_DEG,
    HINGE_AXES,
    MAX_SIDEWAYS_DEG,
    SWING_AXES,
    SWING_LIMITS_DEG,
)

FLEXION_MARGIN = np.radians(10.0)
"""Angle in rad before a limit of flexion from which on it is reduced."""
MAX_SIDEWAYS, SIDEWAYS_MARGIN = np.radians(MAX_SIDEWAYS_DEG), np.radians(3.0)
"""Limit in rad of the bend to the side, and the margin before it."""
SOFT_SWING = 0.8
"""Part of the range of wrist and ankle that is free."""
CERTAIN_BEND = np.sin([MAX_SIDEWAYS - SIDEWAYS_MARGIN, np.radians(25.0)])
"""Sines of the bends of an elbow between which the side to which it bends becomes certain."""
BACKWARD = np.radians([90.0, 130.0, 180.0])
"""Angles in rad about a bone, from the side to which it bends: beside, up to which it is turned back, and opposite."""


def limit_limbs(
    character: Character, skeleton: Skeleton, rotations: FloatArray, *, keep_positions: bool = False
) -> FloatArray:
    """Limits elbows, knees, wrists and ankles of a character.

    Args:
        character: Jc joints, any rest pose.
        skeleton: the motion's skeleton, whose limbs at rest define the T-pose.
        rotations: (T, Jc, 4) xyzw, local to the parent joint.
        keep_positions: whether wrists and ankles stay where they are and feet keep their rotations, as is necessary
            after inverse kinematics.

    Returns:
        The limited rotations (T, Jc, 4); the given ones where all joints are within their limits.
    """
    limbs = _Limbs(character, skeleton, kinematics.world_rotations(character.skeleton.parents, rotations))
    for lower in (bone for bone in HINGE_AXES if _has_hinge(character, bone)):
        limbs.align_hinge(lower)
        if not keep_positions:
            limbs.limit_hinge(lower)
    for end in (bone for bone in SWING_AXES if bone in character.humanoid):
        if end.endswith("Hand") or not keep_positions:
            limbs.limit_swing(end)
    if not limbs.has_changed:
        return rotations
    return rotation.make_continuous(kinematics.local_rotations(character.skeleton.parents, limbs.world))


def _has_hinge(character: Character, lower: str) -> bool:
    return {lower, _upper(lower)} <= character.humanoid.keys()


def _upper(lower: str) -> str:
    return lower.replace("Lower", "Upper")


class _Limbs:
    """World rotations (T, Jc, 4) of a character's joints, in which limbs are corrected one after the other."""

    def __init__(self, character: Character, skeleton: Skeleton, world: FloatArray) -> None:
        self._character = character
        self._t_pose = TPoseRotations(character, skeleton)
        self.world = world
        self.has_changed = False

    def align_hinge(self, lower: str) -> None:
        """Turns the upper bone about its axis so that the lower bone bends in the plane of the hinge."""
        bone, forward, side = _hinge_frame(lower)
        direction = rotation.rotate(self._t_pose.relative_to_parent(lower, self.world), bone)
        angle = _misalignment(direction @ forward, direction @ side)
        upper = _upper(lower)
        axis = rotation.rotate(self._t_pose.from_t_pose(upper, self.world), bone)
        joint, end = (self._character.humanoid[name] for name in (upper, lower))
        above = set(descendants(self._character, joint)) - set(descendants(self._character, end))
        self._turn(sorted(above), axis * angle[:, None])

    def limit_hinge(self, lower: str) -> None:
        """Limits flexion, hyperextension and sideways bend of an elbow or a knee."""
        bone, forward, side = _hinge_frame(lower)
        direction = rotation.rotate(self._t_pose.relative_to_parent(lower, self.world), bone)
        flexion = np.arctan2(direction @ forward, direction @ bone)
        sideways = np.arcsin(np.clip(direction @ side, -1.0, 1.0))
        low, high = np.radians(FLEXION_LIMITS_DEG[lower.removeprefix("left").removeprefix("right")])
        new_flexion = _soften(flexion, low, high, FLEXION_MARGIN)
        new_sideways = np.clip(sideways, -MAX_SIDEWAYS, MAX_SIDEWAYS)
        across = np.cos(new_sideways)[:, None]
        limited = across * (np.cos(new_flexion)[:, None] * bone + np.sin(new_flexion)[:, None] * forward)
        limited += np.sin(new_sideways)[:, None] * side
        turn = rotation.to_rotvec(rotation.between(direction, limited))
        turn[(new_flexion == flexion) & (new_sideways == sideways)] = 0.0
        upper = self._t_pose.from_t_pose(_upper(lower), self.world)
        self._turn(descendants(self._character, self._character.humanoid[lower]), rotation.rotate(upper, turn))

    def limit_swing(self, end: str) -> None:
        """Limits the swing of a hand or foot relative to forearm or shin."""
        along, *axes = (np.array(vector) for vector in SWING_AXES[end])
        local = self._t_pose.relative_to_parent(end, self.world)
        swing = _swing(local, along)
        vector = rotation.to_rotvec(swing)
        ranges = np.radians(SWING_LIMITS_DEG[end.removeprefix("left").removeprefix("right")])
        angles = [vector @ axis for axis in axes]
        parts = [np.where(a < 0, a / low, a / high) for a, (low, high) in zip(angles, ranges, strict=True)]
        size = np.hypot(*parts)
        scale = np.where(size > SOFT_SWING, _soften(size, -1.0, 1.0, 1 - SOFT_SWING) / np.maximum(size, 1e-9), 1.0)
        parent = rotation.multiply(self._t_pose.from_t_pose(end, self.world), rotation.conjugate(local))
        turn = rotation.rotate(parent, vector * (scale - 1)[:, None])
        self._turn(descendants(self._character, self._character.humanoid[end]), turn)

    def _turn(self, joints: list[int], vectors: FloatArray) -> None:
        """Turns joints by rotation vectors (T, 3), world, before their present rotations."""
        if np.any(vectors):
            self.has_changed = True
            self.world[:, joints] = rotation.multiply(rotation.from_rotvec(vectors)[:, None], self.world[:, joints])


def _hinge_frame(lower: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns the direction (3,) of a bone in the T-pose, that to which it bends, and the axis about which it bends."""
    bone, axis = (np.array(vector) for vector in HINGE_AXES[lower])
    return bone, np.cross(axis, bone), axis


def _soften(values: FloatArray, low: float, high: float, margin: float) -> FloatArray:
    """Returns values (...) unchanged up to a margin before the limits, and beyond it smoothly below the limits."""
    above = np.tanh(np.maximum(values - high + margin, 0.0) / margin)
    below = np.tanh(np.maximum(low + margin - values, 0.0) / margin)
    return np.asarray(np.clip(values, low + margin, high - margin) + margin * (above - below))


def _swing(rotations: FloatArray, axis: FloatArray) -> FloatArray:
    """Returns the swing (T, 4) of rotations that are a twist about an axis (3,), then a swing across it."""
    directions = rotation.rotate(rotations, axis)
    return rotation.between(np.broadcast_to(axis, directions.shape), directions)


def _misalignment(forward: FloatArray, side: FloatArray) -> FloatArray:
    """Returns the angle (T,) rad about a bone that brings its bend into the plane of the hinge.

    Args:
        forward: (T,) component of the lower bone towards the side to which it bends.
        side: (T,) component along the axis of the hinge.
    """
    bend = np.hypot(forward, side)
    angle = np.abs(np.arctan2(side, forward))
    sideways = np.arcsin(np.clip(np.where(forward < 0, bend, np.abs(side)), 0.0, 1.0))
    allowed = _soften(sideways, -MAX_SIDEWAYS, MAX_SIDEWAYS, SIDEWAYS_MARGIN)
    kept = np.arcsin(np.clip(np.sin(allowed) / np.maximum(bend, 1e-9), 0.0, 1.0))
    beside, limit, opposite = BACKWARD
    turn = np.minimum(angle, beside) - kept
    turn += np.maximum(angle - beside, 0.0) * _smooth_step(bend, *CERTAIN_BEND)
    turn *= 1 - np.clip((angle - limit) / (opposite - limit), 0.0, 1.0)
    return np.asarray(np.where(sideways > MAX_SIDEWAYS - SIDEWAYS_MARGIN, np.sign(side) * turn, 0.0))


def _smooth_step(values: FloatArray, low: float, high: float) -> FloatArray:
    """Returns 0 (...) up to low, 1 from high on, and smooth values between."""
    fraction = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(fraction**2 * (3 - 2 * fraction))

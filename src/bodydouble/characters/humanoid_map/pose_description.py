"""Rest pose, up axis and facing of a mapped rig, in words."""

from dataclasses import dataclass

import numpy as np

from bodydouble.characters.humanoid_map.facing import SIDES, Positions, up_and_left
from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

OTHER_POSE = "other"
"""Name of a pose that is neither a T-pose nor an A-pose nor has hanging arms."""
MAX_T_POSE_DROP_DEG = 20.0
"""Maximum angle in degrees by which the arms of a T-pose hang."""
MAX_A_POSE_DROP_DEG = 72.0
MAX_ARMS_FORWARD = 0.5
"""Maximum sine of the angle by which the arms of a T-pose or A-pose point forward or backward."""
MIN_LEGS_DOWN = 0.8
"""Minimum cosine between the thighs and the downward direction of a standing rig."""
AXIS_TOLERANCE_DEG = 10.0
"""Maximum angle in degrees between a direction and the axis that it is called after."""


@dataclass(frozen=True)
class PoseDescription:
    """Rest pose of a rig in the axes of its file."""

    pose: str
    up: str
    facing: str


def describe_pose(positions: Positions) -> PoseDescription:
    """Describes the rest pose of a humanoid with all required bones.

    Args:
        positions: humanoid bone -> position (3,) at rest, in any axes and unit.
    """
    up, left = up_and_left(positions)
    forward = np.cross(left, up)
    return PoseDescription(_name_pose(positions, up, forward), _name_direction(up), _name_direction(forward))


def _name_pose(positions: Positions, up: FloatArray, forward: FloatArray) -> str:
    arms = [rotation.normalize(positions[s + "LowerArm"] - positions[s + "UpperArm"]) for s in SIDES]
    legs = [rotation.normalize(positions[s + "LowerLeg"] - positions[s + "UpperLeg"]) for s in SIDES]
    if any(-leg @ up < MIN_LEGS_DOWN for leg in legs) or any(abs(arm @ forward) > MAX_ARMS_FORWARD for arm in arms):
        return OTHER_POSE
    drops = np.degrees(np.arcsin(np.clip([-arm @ up for arm in arms], -1, 1)))
    if drops.min() < -MAX_T_POSE_DROP_DEG or np.ptp(drops) > MAX_T_POSE_DROP_DEG:
        return OTHER_POSE
    if drops.mean() <= MAX_T_POSE_DROP_DEG:
        return "T-pose"
    return f"A-pose, arms {drops.mean():.0f} degrees down" if drops.mean() <= MAX_A_POSE_DROP_DEG else "arms down"


def _name_direction(direction: FloatArray) -> str:
    """Returns the signed axis of a direction (3,), or the angle to it if they differ."""
    if np.linalg.norm(direction) < 0.5:
        return "unknown"
    first, second = np.argsort(-np.abs(direction))[:2]
    names = [f"{'-' if direction[axis] < 0 else '+'}{'XYZ'[axis]}" for axis in (first, second)]
    angle = float(np.degrees(np.arctan2(abs(direction[second]), abs(direction[first]))))
    return names[0] if angle <= AXIS_TOLERANCE_DEG else f"{angle:.0f} degrees from {names[0]} towards {names[1]}"

"""Words for rest pose, up axis and facing."""

from collections.abc import Mapping

import numpy as np
import pytest

from bodydouble.characters.humanoid_map import OTHER_POSE, RigDescription, describe_pose, map_humanoid
from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from tests.characters.rig_builder import humanoid_rig


def rotated(rig: RigDescription, degrees: tuple[float, float, float]) -> Mapping[str, FloatArray]:
    quaternion = rotation.from_rotvec(np.radians(degrees))
    points = rotation.rotate(quaternion, rig.rest_positions)
    return {bone: points[joint] for bone, joint in map_humanoid(rig).bones.items()}


@pytest.mark.parametrize(
    ("degrees", "up", "facing"),
    [
        ((0, 0, 0), "+Y", "+Z"),
        ((90, 0, 0), "+Z", "-Y"),
        ((0, 180, 0), "+Y", "-Z"),
        ((0, 90, 0), "+Y", "+X"),
        ((0, 45, 0), "+Y", "45 degrees from"),
        ((0, 0, -90), "+X", "+Z"),
    ],
)
def test_up_axis_and_facing_are_named(degrees: tuple[float, float, float], up: str, facing: str) -> None:
    found = describe_pose(rotated(humanoid_rig().describe(), degrees))
    assert (found.up, found.facing[: len(facing)], found.pose) == (up, facing, "T-pose")


def test_poses_are_named() -> None:
    rig = humanoid_rig("a").describe()
    positions = dict(rotated(rig, (0, 0, 0)))
    assert describe_pose(positions).pose == "A-pose, arms 45 degrees down"
    for side, x in (("left", 0.2), ("right", -0.2)):
        positions[side + "LowerArm"] = positions[side + "UpperArm"] + [x * 0.1, -0.27, 0]
    assert describe_pose(positions).pose == "arms down"
    positions["leftLowerArm"] = positions["leftUpperArm"] + [0.05, 0, 0.27]
    assert describe_pose(positions).pose == OTHER_POSE

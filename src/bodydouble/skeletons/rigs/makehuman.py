"""Joint names of MakeHuman's default rig.

Its other rigs have the names of Mixamo, Unreal (``game_engine``), CMU and Rigify.

Source: https://github.com/makehumancommunity/makehuman/blob/master/makehuman/data/rigs/default.mhskel; checked against
https://github.com/saturday06/VRM-Addon-for-Blender/tree/main/src/io_scene_vrm/common/human_bone_mapper
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "root",
    "spine": "spine05",
    "chest": "spine03",
    "upperChest": "spine01",
    "neck": "neck01",
    "head": "head",
} | both_sides(
    {
        "Shoulder": "clavicle.{side}",
        "UpperArm": "upperarm01.{side}",
        "LowerArm": "lowerarm01.{side}",
        "Hand": "wrist.{side}",
        "UpperLeg": "upperleg01.{side}",
        "LowerLeg": "lowerleg01.{side}",
        "Foot": "foot.{side}",
        "Toes": "toe1-1.{side}",
    }
    | count_fingers("finger{finger}-{n}.{side}", ("1", "2", "3", "4", "5")),
    "L",
    "R",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

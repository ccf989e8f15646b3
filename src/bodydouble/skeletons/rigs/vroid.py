"""Joint names of VRoid Studio, without the prefix ``J_Bip_``.

Source: https://vroid.com/en/studio characters; checked against
https://github.com/saturday06/VRM-Addon-for-Blender/tree/main/src/io_scene_vrm/common/human_bone_mapper
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "C_Hips",
    "spine": "C_Spine",
    "chest": "C_Chest",
    "upperChest": "C_UpperChest",
    "neck": "C_Neck",
    "head": "C_Head",
} | both_sides(
    {
        "Shoulder": "{side}_Shoulder",
        "UpperArm": "{side}_UpperArm",
        "LowerArm": "{side}_LowerArm",
        "Hand": "{side}_Hand",
        "UpperLeg": "{side}_UpperLeg",
        "LowerLeg": "{side}_LowerLeg",
        "Foot": "{side}_Foot",
        "Toes": "{side}_ToeBase",
    }
    | count_fingers("{side}_{finger}{n}", ("Thumb", "Index", "Middle", "Ring", "Little")),
    "L",
    "R",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

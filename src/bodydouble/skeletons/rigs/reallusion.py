"""Joint names of Character Creator and AccuRig, without the prefix ``CC_Base_``.

Source: https://github.com/soupday/cc_blender_tools (its bone mapping); checked against
https://github.com/saturday06/VRM-Addon-for-Blender/tree/main/src/io_scene_vrm/common/human_bone_mapper
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "Hip",
    "spine": "Waist",
    "chest": "Spine01",
    "upperChest": "Spine02",
    "neck": "NeckTwist01",
    "head": "Head",
} | both_sides(
    {
        "Shoulder": "{side}_Clavicle",
        "UpperArm": "{side}_Upperarm",
        "LowerArm": "{side}_Forearm",
        "Hand": "{side}_Hand",
        "UpperLeg": "{side}_Thigh",
        "LowerLeg": "{side}_Calf",
        "Foot": "{side}_Foot",
        "Toes": "{side}_ToeBase",
    }
    | count_fingers("{side}_{finger}{n}", ("Thumb", "Index", "Mid", "Ring", "Pinky")),
    "L",
    "R",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

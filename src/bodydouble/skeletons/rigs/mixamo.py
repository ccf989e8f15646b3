"""Joint names of Mixamo characters, without the prefix ``mixamorig:``; the same as those of HumanIK.

HumanIK of Maya and MotionBuilder puts ``Character1_`` before them, Ready Player Me and Perception Neuron nothing.

Sources: https://www.mixamo.com characters,
https://help.autodesk.com/cloudhelp/2023/ENU/Maya-CharacterAnimation/files/GUID-5DEFC6E5-033C-45D5-9A0E-224E7A35131B.htm
(HumanIK character structure); checked against
https://github.com/saturday06/VRM-Addon-for-Blender/tree/main/src/io_scene_vrm/common/human_bone_mapper
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "Hips",
    "spine": "Spine",
    "chest": "Spine1",
    "upperChest": "Spine2",
    "neck": "Neck",
    "head": "Head",
} | both_sides(
    {
        "Shoulder": "{side}Shoulder",
        "UpperArm": "{side}Arm",
        "LowerArm": "{side}ForeArm",
        "Hand": "{side}Hand",
        "UpperLeg": "{side}UpLeg",
        "LowerLeg": "{side}Leg",
        "Foot": "{side}Foot",
        "Toes": "{side}ToeBase",
    }
    | count_fingers("{side}Hand{finger}{n}"),
    "Left",
    "Right",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

"""Joint names of the 3ds Max Biped, without the prefix ``Bip01`` or ``Bip001``, and of Valve's rigs made with it.

Sources: https://wiki.facepunch.com/gmod/ValveBiped_Bones (``ValveBiped.Bip01_``); checked against
https://github.com/saturday06/VRM-Addon-for-Blender/tree/main/src/io_scene_vrm/common/human_bone_mapper
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "Pelvis",
    "spine": "Spine",
    "chest": "Spine1",
    "upperChest": "Spine2",
    "neck": "Neck",
    "head": "Head",
} | both_sides(
    {
        "Shoulder": "{side} Clavicle",
        "UpperArm": "{side} UpperArm",
        "LowerArm": "{side} Forearm",
        "Hand": "{side} Hand",
        "UpperLeg": "{side} Thigh",
        "LowerLeg": "{side} Calf",
        "Foot": "{side} Foot",
        "Toes": "{side} Toe0",
    }
    | count_fingers("{side} Finger{finger}{n}", ("0", "1", "2", "3", "4"), ("", "1", "2")),
    "L",
    "R",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

VALVE_NAMES: dict[str, str] = NAMES | {"chest": "Spine2", "upperChest": "Spine4", "neck": "Neck1", "head": "Head1"}
"""VRM 1.0 humanoid bone -> name of the joint of Source engine characters, whose Spine3 is optional."""

VALVE_ALTERNATIVES: dict[str, tuple[str, ...]] = {"head": ("Head",)}
"""VRM 1.0 humanoid bone -> other names of the joint."""

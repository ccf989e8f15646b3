"""Joint names of the Unreal Engine mannequins: UE4, and UE5 with its five spine joints, as in MetaHuman.

Source: the names are those of the engine's own mannequins; checked against
https://github.com/saturday06/VRM-Addon-for-Blender/tree/main/src/io_scene_vrm/common/human_bone_mapper
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "pelvis",
    "spine": "spine_01",
    "chest": "spine_02",
    "upperChest": "spine_03",
    "neck": "neck_01",
    "head": "head",
} | both_sides(
    {
        "Shoulder": "clavicle_{side}",
        "UpperArm": "upperarm_{side}",
        "LowerArm": "lowerarm_{side}",
        "Hand": "hand_{side}",
        "UpperLeg": "thigh_{side}",
        "LowerLeg": "calf_{side}",
        "Foot": "foot_{side}",
        "Toes": "ball_{side}",
    }
    | count_fingers("{finger}_{n}_{side}", ("thumb", "index", "middle", "ring", "pinky"), ("01", "02", "03")),
    "l",
    "r",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

UE5_NAMES: dict[str, str] = NAMES | {"chest": "spine_03", "upperChest": "spine_05"}
"""VRM 1.0 humanoid bone -> name of the joint of UE5 and MetaHuman; neck_02 and the metacarpals have no bone."""

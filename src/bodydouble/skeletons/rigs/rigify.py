"""Joint names of Blender's Rigify human, without the prefix ``DEF-`` or ``ORG-``.

Source: https://docs.blender.org/manual/en/latest/addons/rigging/rigify/metarigs.html; checked against
https://github.com/saturday06/VRM-Addon-for-Blender/tree/main/src/io_scene_vrm/common/human_bone_mapper
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "spine",
    "spine": "spine.001",
    "chest": "spine.002",
    "upperChest": "spine.003",
    "neck": "spine.004",
    "head": "spine.006",
} | both_sides(
    {
        "Shoulder": "shoulder.{side}",
        "UpperArm": "upper_arm.{side}",
        "LowerArm": "forearm.{side}",
        "Hand": "hand.{side}",
        "UpperLeg": "thigh.{side}",
        "LowerLeg": "shin.{side}",
        "Foot": "foot.{side}",
        "Toes": "toe.{side}",
    }
    | count_fingers("{finger}.{n}.{side}", ("thumb", "f_index", "f_middle", "f_ring", "f_pinky"), ("01", "02", "03")),
    "L",
    "R",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

"""Names of the deforming joints of Auto-Rig Pro; its ``_stretch`` joints carry the limbs, its ``_twist`` joints none.

The fingers deform with joints that are named like controls, ``c_``; control joints of the body are never mapped.

Source: https://www.lucky3d.fr/auto-rig-pro/doc/ge_export_doc.html
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "root.x",
    "spine": "spine_01.x",
    "chest": "spine_02.x",
    "upperChest": "spine_03.x",
    "neck": "neck.x",
    "head": "head.x",
} | both_sides(
    {
        "Shoulder": "shoulder.{side}",
        "UpperArm": "arm_stretch.{side}",
        "LowerArm": "forearm_stretch.{side}",
        "Hand": "hand.{side}",
        "UpperLeg": "thigh_stretch.{side}",
        "LowerLeg": "leg_stretch.{side}",
        "Foot": "foot.{side}",
        "Toes": "toes_01.{side}",
    }
    | count_fingers("c_{finger}{n}.{side}", ("thumb", "index", "middle", "ring", "pinky")),
    "l",
    "r",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

ALTERNATIVES: dict[str, tuple[str, ...]] = {
    bone: (name.removeprefix("c_"),) for bone, name in NAMES.items() if name.startswith("c_")
}
"""VRM 1.0 humanoid bone -> other names of the joint: fingers without the prefix."""

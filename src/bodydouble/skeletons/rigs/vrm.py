"""Bones of the VRM humanoid: all bones, the required ones, and the thumb names of VRM 0.x.

Source: https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/humanoid.md and
https://github.com/vrm-c/vrm-specification/blob/master/specification/0.0/README.md
"""

from bodydouble.skeletons import humanoid

NAMES: dict[str, str] = {bone: bone for bone in humanoid.JOINTS + humanoid.FINGERS}
"""VRM 1.0 humanoid bone -> name of the joint."""

REQUIRED_BONES: tuple[str, ...] = (
    "hips",
    "head",
    "leftUpperArm",
    "leftLowerArm",
    "rightUpperArm",
    "rightLowerArm",
    "leftUpperLeg",
    "leftLowerLeg",
    "rightUpperLeg",
    "rightLowerLeg",
)
"""Bones without which a character cannot be animated."""

VRM0_THUMB_BONES: dict[str, str] = {
    f"{side}Thumb{old}": f"{side}Thumb{new}"
    for side in ("left", "right")
    for old, new in (("Proximal", "Metacarpal"), ("Intermediate", "Proximal"))
}
"""VRM 0.x thumb bone -> VRM 1.0 thumb bone; the distal bone keeps its name."""

UNITY_NAMES: dict[str, str] = NAMES | {new: old for old, new in VRM0_THUMB_BONES.items()}
"""VRM 1.0 humanoid bone -> name in Unity's humanoid and VRM 0.x, which count the thumb from the proximal bone."""

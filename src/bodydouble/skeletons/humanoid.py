"""The 22 body joints that bodydouble estimates, their hierarchy, and the finger bones of characters.

Names and hierarchy follow the VRM 1.0 humanoid specification,
https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/humanoid.md
"""

PARENT: dict[str, str | None] = {
    "hips": None,
    "spine": "hips",
    "chest": "spine",
    "upperChest": "chest",
    "neck": "upperChest",
    "head": "neck",
    "leftShoulder": "upperChest",
    "leftUpperArm": "leftShoulder",
    "leftLowerArm": "leftUpperArm",
    "leftHand": "leftLowerArm",
    "rightShoulder": "upperChest",
    "rightUpperArm": "rightShoulder",
    "rightLowerArm": "rightUpperArm",
    "rightHand": "rightLowerArm",
    "leftUpperLeg": "hips",
    "leftLowerLeg": "leftUpperLeg",
    "leftFoot": "leftLowerLeg",
    "leftToes": "leftFoot",
    "rightUpperLeg": "hips",
    "rightLowerLeg": "rightUpperLeg",
    "rightFoot": "rightLowerLeg",
    "rightToes": "rightFoot",
}

JOINTS: tuple[str, ...] = tuple(PARENT)
INDEX: dict[str, int] = {name: i for i, name in enumerate(JOINTS)}
PARENTS: tuple[int, ...] = tuple(-1 if p is None else INDEX[p] for p in PARENT.values())


def mirrored_name(joint: str) -> str:
    """Returns the name of the joint on the other side of the body: leftHand -> rightHand, head -> head."""
    if joint.startswith("left"):
        return "right" + joint[4:]
    if joint.startswith("right"):
        return "left" + joint[5:]
    return joint


MIRROR: tuple[int, ...] = tuple(INDEX[mirrored_name(name)] for name in JOINTS)
"""MIRROR[i] is the joint on the other side of the body; joints of the middle map to themselves."""

FINGERS: tuple[str, ...] = tuple(
    f"{side}{finger}{part}"
    for side in ("left", "right")
    for finger, parts in (
        ("Thumb", ("Metacarpal", "Proximal", "Distal")),
        ("Index", ("Proximal", "Intermediate", "Distal")),
        ("Middle", ("Proximal", "Intermediate", "Distal")),
        ("Ring", ("Proximal", "Intermediate", "Distal")),
        ("Little", ("Proximal", "Intermediate", "Distal")),
    )
    for part in parts
)
"""Finger bones of VRM 1.0. Characters may have them; motions do not contain them."""

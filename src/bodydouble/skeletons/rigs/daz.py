"""Joint names of Poser and DAZ figures.

Source: the names are those of the DAZ-friendly conversion of the CMU motion capture database by B. Hahn,
https://sites.google.com/a/cgspeed.com/cgspeed/motion-capture/daz-friendly-release.
"""

_FINGERS: tuple[tuple[str, str, tuple[str, str, str]], ...] = (
    ("Thumb", "Thumb", ("Metacarpal", "Proximal", "Distal")),
    ("Index", "Index", ("Proximal", "Intermediate", "Distal")),
    ("Middle", "Mid", ("Proximal", "Intermediate", "Distal")),
    ("Ring", "Ring", ("Proximal", "Intermediate", "Distal")),
    ("Little", "Pinky", ("Proximal", "Intermediate", "Distal")),
)

NAMES: dict[str, str] = {
    "hips": "hip",
    "spine": "abdomen",
    "chest": "chest",
    "neck": "neck",
    "head": "head",
    "leftShoulder": "lCollar",
    "leftUpperArm": "lShldr",
    "leftLowerArm": "lForeArm",
    "leftHand": "lHand",
    "leftUpperLeg": "lThigh",
    "leftLowerLeg": "lShin",
    "leftFoot": "lFoot",
    "leftToes": "lToe",
    "rightShoulder": "rCollar",
    "rightUpperArm": "rShldr",
    "rightLowerArm": "rForeArm",
    "rightHand": "rHand",
    "rightUpperLeg": "rThigh",
    "rightLowerLeg": "rShin",
    "rightFoot": "rFoot",
    "rightToes": "rToe",
} | {
    f"{side}{finger}{part}": f"{side[0]}{name}{n}"
    for side in ("left", "right")
    for finger, name, parts in _FINGERS
    for n, part in enumerate(parts, start=1)
}
"""VRM 1.0 humanoid bone -> name of the joint."""

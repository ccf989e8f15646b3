"""Joint names of Poser and DAZ figures: Genesis 1 and 2, Genesis 3 and 8, Genesis 9.

Sources: https://sites.google.com/a/cgspeed.com/cgspeed/motion-capture/daz-friendly-release (Poser, Genesis 1 and 2) and
https://github.com/daz3d/DazToUnreal (skeletons of Genesis).
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "hip",
    "spine": "abdomen",
    "chest": "chest",
    "neck": "neck",
    "head": "head",
} | both_sides(
    {
        "Shoulder": "{side}Collar",
        "UpperArm": "{side}Shldr",
        "LowerArm": "{side}ForeArm",
        "Hand": "{side}Hand",
        "UpperLeg": "{side}Thigh",
        "LowerLeg": "{side}Shin",
        "Foot": "{side}Foot",
        "Toes": "{side}Toe",
    }
    | count_fingers("{side}{finger}{n}", ("Thumb", "Index", "Mid", "Ring", "Pinky")),
    "l",
    "r",
)
"""VRM 1.0 humanoid bone -> name of the joint of Poser, Genesis 1 and 2."""

GENESIS8_NAMES: dict[str, str] = {
    "hips": "hip",
    "spine": "abdomenLower",
    "chest": "chestLower",
    "upperChest": "chestUpper",
    "neck": "neckLower",
    "head": "head",
} | both_sides(
    {
        "Shoulder": "{side}Collar",
        "UpperArm": "{side}ShldrBend",
        "LowerArm": "{side}ForearmBend",
        "Hand": "{side}Hand",
        "UpperLeg": "{side}ThighBend",
        "LowerLeg": "{side}Shin",
        "Foot": "{side}Foot",
        "Toes": "{side}Toe",
    }
    | count_fingers("{side}{finger}{n}", ("Thumb", "Index", "Mid", "Ring", "Pinky")),
    "l",
    "r",
)
"""VRM 1.0 humanoid bone -> name of the joint of Genesis 3 and 8; the twist joints have no bone."""

GENESIS9_NAMES: dict[str, str] = {
    "hips": "hip",
    "spine": "spine1",
    "chest": "spine3",
    "upperChest": "spine4",
    "neck": "neck1",
    "head": "head",
} | both_sides(
    {
        "Shoulder": "{side}_shoulder",
        "UpperArm": "{side}_upperarm",
        "LowerArm": "{side}_forearm",
        "Hand": "{side}_hand",
        "UpperLeg": "{side}_thigh",
        "LowerLeg": "{side}_shin",
        "Foot": "{side}_foot",
        "Toes": "{side}_toes",
    }
    | count_fingers("{side}_{finger}{n}", ("thumb", "index", "mid", "ring", "pinky")),
    "l",
    "r",
)
"""VRM 1.0 humanoid bone -> name of the joint of Genesis 9."""

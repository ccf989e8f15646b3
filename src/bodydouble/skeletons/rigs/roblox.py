"""Names of the parts of a Roblox R15 character; it has neither neck, shoulders nor toes.

Source: https://create.roblox.com/docs/art/characters/specifications
"""

from bodydouble.skeletons.rigs.table import both_sides

NAMES: dict[str, str] = {
    "hips": "LowerTorso",
    "spine": "UpperTorso",
    "head": "Head",
} | both_sides(
    {
        "UpperArm": "{side}UpperArm",
        "LowerArm": "{side}LowerArm",
        "Hand": "{side}Hand",
        "UpperLeg": "{side}UpperLeg",
        "LowerLeg": "{side}LowerLeg",
        "Foot": "{side}Foot",
    },
    "Left",
    "Right",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

"""Joint names of Rokoko Studio's own skeleton, Newton.

Source: the names are those of the files that Rokoko Studio exports, https://www.rokoko.com.
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "Hips",
    "spine": "Spine1",
    "chest": "Spine3",
    "upperChest": "Spine4",
    "neck": "Neck",
    "head": "Head",
} | both_sides(
    {
        "Shoulder": "{side}Shoulder",
        "UpperArm": "{side}Arm",
        "LowerArm": "{side}ForeArm",
        "Hand": "{side}Hand",
        "UpperLeg": "{side}Thigh",
        "LowerLeg": "{side}Shin",
        "Foot": "{side}Foot",
        "Toes": "{side}Toe",
    }
    | count_fingers(
        "{side}Finger{finger}{n}",
        ("1", "2", "3", "4", "5"),
        ("Proximal", "Medial", "Distal"),
        ("Metacarpal", "Proximal", "Distal"),
    ),
    "Left",
    "Right",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

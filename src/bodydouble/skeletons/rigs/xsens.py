"""Joint names of Xsens MVN: segments as in its FBX, MVNX and live stream, and those of its BVH.

Source: the segments of the MVN User Manual, Xsens document MV0319P, and those of the MVN live stream,
https://base.xsens.com/hc/en-us/articles/360017524260-Output-Parameters-in-MVN.
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "Pelvis",
    "spine": "L5",
    "chest": "T12",
    "upperChest": "T8",
    "neck": "Neck",
    "head": "Head",
} | both_sides(
    {
        "Shoulder": "{side}Shoulder",
        "UpperArm": "{side}UpperArm",
        "LowerArm": "{side}ForeArm",
        "Hand": "{side}Hand",
        "UpperLeg": "{side}UpperLeg",
        "LowerLeg": "{side}LowerLeg",
        "Foot": "{side}Foot",
        "Toes": "{side}Toe",
    }
    | count_fingers(
        "{side}{finger}{n}",
        ("First", "Second", "Third", "Fourth", "Fifth"),
        ("PP", "MP", "DP"),
        ("MC", "PP", "DP"),
    ),
    "Left",
    "Right",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

BVH_NAMES: dict[str, str] = {
    "hips": "Hips",
    "spine": "Chest",
    "chest": "Chest3",
    "upperChest": "Chest4",
    "neck": "Neck",
    "head": "Head",
} | both_sides(
    {
        "Shoulder": "{side}Collar",
        "UpperArm": "{side}Shoulder",
        "LowerArm": "{side}Elbow",
        "Hand": "{side}Wrist",
        "UpperLeg": "{side}Hip",
        "LowerLeg": "{side}Knee",
        "Foot": "{side}Ankle",
        "Toes": "{side}Toe",
    },
    "Left",
    "Right",
)
"""VRM 1.0 humanoid bone -> name of the joint in the BVH files of MVN."""

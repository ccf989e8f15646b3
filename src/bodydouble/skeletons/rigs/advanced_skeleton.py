"""Joint names of AdvancedSkeleton for Maya.

Source: the names are those of the joints that it builds, https://animationstudios.com.au/help/.
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "Root_M",
    "spine": "Spine1_M",
    "chest": "Spine2_M",
    "upperChest": "Chest_M",
    "neck": "Neck_M",
    "head": "Head_M",
} | both_sides(
    {
        "Shoulder": "Scapula_{side}",
        "UpperArm": "Shoulder_{side}",
        "LowerArm": "Elbow_{side}",
        "Hand": "Wrist_{side}",
        "UpperLeg": "Hip_{side}",
        "LowerLeg": "Knee_{side}",
        "Foot": "Ankle_{side}",
        "Toes": "Toes_{side}",
    }
    | count_fingers("{finger}Finger{n}_{side}"),
    "L",
    "R",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

"""Joint names of the CMU motion capture database as BVH, in the MotionBuilder-friendly conversion.

``LowerBack`` and ``Neck`` have the same positions as ``Hips`` and ``Spine1``. The spine bends first at the hips. The
neck begins between the shoulders, so its upper part ``Neck1`` is the neck of a person. The joints of thumb and fingers
hold no measured motion and are left out.

Source: the names are those of B. Hahn's conversion, https://sites.google.com/a/cgspeed.com/cgspeed/motion-capture.
"""

from bodydouble.skeletons.rigs.table import both_sides

NAMES: dict[str, str] = {
    "hips": "Hips",
    "spine": "LowerBack",
    "chest": "Spine",
    "upperChest": "Spine1",
    "neck": "Neck1",
    "head": "Head",
} | both_sides(
    {
        "Shoulder": "{side}Shoulder",
        "UpperArm": "{side}Arm",
        "LowerArm": "{side}ForeArm",
        "Hand": "{side}Hand",
        "UpperLeg": "{side}UpLeg",
        "LowerLeg": "{side}Leg",
        "Foot": "{side}Foot",
        "Toes": "{side}ToeBase",
    },
    "Left",
    "Right",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

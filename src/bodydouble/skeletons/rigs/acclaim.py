"""Joint names of the CMU motion capture database in its original files, ASF and AMC.

A joint is at the start of the bone of its name. ``lowerneck`` begins between the shoulders, so ``upperneck`` is the
neck of a person. The forearm has two parts: ``lradius`` bends at the elbow, ``lwrist`` twists.

Source: http://mocap.cs.cmu.edu/, files .asf of all subjects.
"""

from bodydouble.skeletons.rigs.table import both_sides

NAMES: dict[str, str] = {
    "hips": "root",
    "spine": "lowerback",
    "chest": "upperback",
    "upperChest": "thorax",
    "neck": "upperneck",
    "head": "head",
} | both_sides(
    {
        "Shoulder": "{side}clavicle",
        "UpperArm": "{side}humerus",
        "LowerArm": "{side}radius",
        "Hand": "{side}hand",
        "UpperLeg": "{side}femur",
        "LowerLeg": "{side}tibia",
        "Foot": "{side}foot",
        "Toes": "{side}toes",
    },
    "l",
    "r",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

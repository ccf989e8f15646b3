"""Human ranges of motion of the 22 joints, in degrees, relative to the T-pose.

Source: American Academy of Orthopaedic Surgeons, "Joint motion: method of measuring and recording", 1965, with a margin
of 10 to 20 degrees for flexible people and for differences between rigs.
"""

MAX_ROTATION_DEG: dict[str, float] = {
    "spine": 45.0, "chest": 40.0, "upperChest": 40.0, "neck": 60.0, "head": 60.0,
    "leftShoulder": 50.0, "rightShoulder": 50.0, "leftHand": 100.0, "rightHand": 100.0,
    "leftUpperLeg": 150.0, "rightUpperLeg": 150.0,
    "leftFoot": 75.0, "rightFoot": 75.0, "leftToes": 90.0, "rightToes": 90.0,
}  # fmt: skip
"""Maximum angle in degrees between a joint and its parent, by joint; 180 for the others."""

FLEXION_LIMITS_DEG: dict[str, tuple[float, float]] = {"LowerArm": (-15.0, 160.0), "LowerLeg": (-15.0, 165.0)}
"""Minimum and maximum flexion of elbow and knee in degrees; a negative flexion is hyperextension."""

MAX_SIDEWAYS_DEG = 15.0
"""Maximum angle in degrees of forearm and shin from the plane in which elbow and knee bend."""

HINGE_AXES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "leftLowerArm": ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
    "rightLowerArm": ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "leftLowerLeg": ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0)),
    "rightLowerLeg": ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0)),
}
"""Direction of the bone at rest and axis of the hinge; a positive rotation about the axis is flexion."""

SWING_LIMITS_DEG: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "Hand": ((-90.0, 85.0), (-40.0, 45.0)),
    "Foot": ((-40.0, 65.0), (-35.0, 50.0)),
}
"""Ranges in degrees of the swing of hand and foot relative to forearm and shin.

Hand: from flexion to extension, from radial to ulnar deviation. Foot: from dorsiflexion to plantar flexion, from
eversion to inversion.
"""

SWING_AXES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]] = {
    "leftHand": ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)),
    "rightHand": ((-1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, -1.0, 0.0)),
    "leftFoot": ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "rightFoot": ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
}
"""Direction of forearm or shin at rest, and the axes about which the two ranges of the swing are positive."""

"""Joint names of the Biovision convention, the original one of BVH: a bone is named after the joint at its start.

In it ``LeftShoulder`` is the upper arm and ``LeftElbow`` the lower arm.

Source: the example of M. Meredith and S. Maddock, "Motion capture file formats explained", University of Sheffield,
2001, and the 3ds Max conversion of the CMU motion capture database.
"""

NAMES: dict[str, str] = {
    "hips": "Hips",
    "spine": "LowerBack",
    "chest": "Chest",
    "upperChest": "Chest2",
    "neck": "Neck",
    "head": "Head",
    "leftShoulder": "LeftCollar",
    "leftUpperArm": "LeftShoulder",
    "leftLowerArm": "LeftElbow",
    "leftHand": "LeftWrist",
    "leftUpperLeg": "LeftHip",
    "leftLowerLeg": "LeftKnee",
    "leftFoot": "LeftAnkle",
    "leftToes": "LeftToe",
    "rightShoulder": "RightCollar",
    "rightUpperArm": "RightShoulder",
    "rightLowerArm": "RightElbow",
    "rightHand": "RightWrist",
    "rightUpperLeg": "RightHip",
    "rightLowerLeg": "RightKnee",
    "rightFoot": "RightAnkle",
    "rightToes": "RightToe",
}
"""VRM 1.0 humanoid bone -> name of the joint."""

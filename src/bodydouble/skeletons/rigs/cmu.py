"""Joint names of the CMU motion capture database as BVH, in the MotionBuilder-friendly conversion.

``LowerBack`` and ``Neck`` have the same positions as ``Hips`` and ``Spine1``. The spine bends first at the hips. The
neck begins between the shoulders, so its upper part ``Neck1`` is the neck of a person.

Source: the names are those of B. Hahn's conversion, https://sites.google.com/a/cgspeed.com/cgspeed/motion-capture.
"""

NAMES: dict[str, str] = {
    "hips": "Hips",
    "spine": "LowerBack",
    "chest": "Spine",
    "upperChest": "Spine1",
    "neck": "Neck1",
    "head": "Head",
    "leftShoulder": "LeftShoulder",
    "leftUpperArm": "LeftArm",
    "leftLowerArm": "LeftForeArm",
    "leftHand": "LeftHand",
    "leftUpperLeg": "LeftUpLeg",
    "leftLowerLeg": "LeftLeg",
    "leftFoot": "LeftFoot",
    "leftToes": "LeftToeBase",
    "leftThumbProximal": "LThumb",
    "leftIndexProximal": "LeftHandIndex1",
    "rightShoulder": "RightShoulder",
    "rightUpperArm": "RightArm",
    "rightLowerArm": "RightForeArm",
    "rightHand": "RightHand",
    "rightUpperLeg": "RightUpLeg",
    "rightLowerLeg": "RightLeg",
    "rightFoot": "RightFoot",
    "rightToes": "RightToeBase",
    "rightThumbProximal": "RThumb",
    "rightIndexProximal": "RightHandIndex1",
}
"""VRM 1.0 humanoid bone -> name of the joint."""

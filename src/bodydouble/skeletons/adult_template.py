"""Adult template: skeleton in the T-pose, and BlazePose's landmarks on it.

Written by tools/bake_characters.py, measured on the built-in mannequin, 1.70 m tall. Exactly mirror-symmetric.
"""

STATURE = 1.70
"""Stature of the mannequin in m."""

REST_OFFSETS: tuple[tuple[float, float, float], ...] = (
    (0.0000, 0.9075, 0.0000),  # hips
    (0.0000, 0.0800, -0.0371),  # spine
    (0.0000, 0.1516, 0.0159),  # chest
    (0.0000, 0.1331, -0.0123),  # upperChest
    (0.0000, 0.1805, 0.0284),  # neck
    (0.0000, 0.1010, 0.0362),  # head
    (0.0228, 0.1079, 0.0445),  # leftShoulder
    (0.1480, -0.0219, -0.0030),  # leftUpperArm
    (0.2647, 0.0000, 0.0000),  # leftLowerArm
    (0.2374, 0.0000, 0.0000),  # leftHand
    (-0.0228, 0.1079, 0.0445),  # rightShoulder
    (-0.1480, -0.0219, -0.0030),  # rightUpperArm
    (-0.2647, 0.0000, 0.0000),  # rightLowerArm
    (-0.2374, 0.0000, 0.0000),  # rightHand
    (0.0970, -0.0082, -0.0077),  # leftUpperLeg
    (0.0000, -0.4052, 0.0000),  # leftLowerLeg
    (0.0000, -0.4190, 0.0000),  # leftFoot
    (-0.0051, -0.0480, 0.1450),  # leftToes
    (-0.0970, -0.0082, -0.0077),  # rightUpperLeg
    (0.0000, -0.4052, 0.0000),  # rightLowerLeg
    (0.0000, -0.4190, 0.0000),  # rightFoot
    (0.0051, -0.0480, 0.1450),  # rightToes
)
"""Offsets (22, 3) in m from the parent, ordered as humanoid.JOINTS; for the hips, their position above the floor."""

ANKLE_HEIGHT: float = 0.0751
"""Height in m of the ankle joint above the sole."""

REST_LANDMARKS: dict[str, tuple[str, tuple[float, float, float]]] = {
    "nose": ("head", (0.0000, 0.0019, 0.1196)),
    "left_eye_inner": ("head", (0.0195, 0.0357, 0.0884)),
    "left_eye": ("head", (0.0306, 0.0386, 0.0899)),
    "left_eye_outer": ("head", (0.0417, 0.0370, 0.0820)),
    "right_eye_inner": ("head", (-0.0195, 0.0357, 0.0884)),
    "right_eye": ("head", (-0.0306, 0.0386, 0.0899)),
    "right_eye_outer": ("head", (-0.0417, 0.0370, 0.0820)),
    "left_ear": ("head", (0.0791, 0.0214, -0.0031)),
    "right_ear": ("head", (-0.0791, 0.0214, -0.0031)),
    "mouth_left": ("head", (0.0227, -0.0299, 0.0936)),
    "mouth_right": ("head", (-0.0227, -0.0299, 0.0936)),
    "left_shoulder": ("leftUpperArm", (0.0000, 0.0000, 0.0000)),
    "right_shoulder": ("rightUpperArm", (0.0000, 0.0000, 0.0000)),
    "left_elbow": ("leftLowerArm", (0.0000, 0.0000, 0.0000)),
    "right_elbow": ("rightLowerArm", (0.0000, 0.0000, 0.0000)),
    "left_wrist": ("leftHand", (0.0000, 0.0000, 0.0000)),
    "right_wrist": ("rightHand", (0.0000, 0.0000, 0.0000)),
    "left_pinky": ("leftHand", (0.0910, -0.0044, -0.0394)),
    "right_pinky": ("rightHand", (-0.0910, -0.0044, -0.0394)),
    "left_index": ("leftHand", (0.1078, -0.0044, 0.0270)),
    "right_index": ("rightHand", (-0.1078, -0.0044, 0.0270)),
    "left_thumb": ("leftHand", (0.0777, -0.0440, 0.0653)),
    "right_thumb": ("rightHand", (-0.0777, -0.0440, 0.0653)),
    "left_hip": ("leftUpperLeg", (0.0000, 0.0000, 0.0000)),
    "right_hip": ("rightUpperLeg", (0.0000, 0.0000, 0.0000)),
    "left_knee": ("leftLowerLeg", (0.0000, 0.0000, 0.0000)),
    "right_knee": ("rightLowerLeg", (0.0000, 0.0000, 0.0000)),
    "left_ankle": ("leftFoot", (0.0000, 0.0000, 0.0000)),
    "right_ankle": ("rightFoot", (0.0000, 0.0000, 0.0000)),
    "left_heel": ("leftFoot", (0.0038, -0.0751, -0.0572)),
    "right_heel": ("rightFoot", (-0.0038, -0.0751, -0.0572)),
    "left_foot_index": ("leftToes", (-0.0200, -0.0271, 0.0559)),
    "right_foot_index": ("rightToes", (0.0200, -0.0271, 0.0559)),
}
"""Joint that rigidly carries each BlazePose landmark, and the offset in m from that joint at rest.

Heels and foot indices are the points of the sole that touch the floor below the back of the heel and the longest toe.
"""

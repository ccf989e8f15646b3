"""The 25 keypoints of OpenPose's body model BODY_25, in its order, and the same points among BlazePose's landmarks.

Source: OpenPose, "Output", keypoint ordering of BODY_25 and COCO,
https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md
"""

from bodydouble.skeletons import blazepose

_BLAZEPOSE_NAMES: dict[str, tuple[str, ...]] = {
    "Nose": ("nose",),
    "Neck": ("left_shoulder", "right_shoulder"),
    "RShoulder": ("right_shoulder",),
    "RElbow": ("right_elbow",),
    "RWrist": ("right_wrist",),
    "LShoulder": ("left_shoulder",),
    "LElbow": ("left_elbow",),
    "LWrist": ("left_wrist",),
    "MidHip": ("left_hip", "right_hip"),
    "RHip": ("right_hip",),
    "RKnee": ("right_knee",),
    "RAnkle": ("right_ankle",),
    "LHip": ("left_hip",),
    "LKnee": ("left_knee",),
    "LAnkle": ("left_ankle",),
    "REye": ("right_eye",),
    "LEye": ("left_eye",),
    "REar": ("right_ear",),
    "LEar": ("left_ear",),
    "LBigToe": ("left_foot_index",),
    "LSmallToe": (),
    "LHeel": ("left_heel",),
    "RBigToe": ("right_foot_index",),
    "RSmallToe": (),
    "RHeel": ("right_heel",),
}

KEYPOINTS: tuple[str, ...] = tuple(_BLAZEPOSE_NAMES)
INDEX: dict[str, int] = {name: i for i, name in enumerate(KEYPOINTS)}

BODY_18: tuple[str, ...] = tuple(name for name in KEYPOINTS if name != "MidHip" and not name.endswith(("Toe", "Heel")))
"""The 18 keypoints of OpenPose's older body model (COCO), in its order."""

BLAZEPOSE_INDICES: tuple[tuple[int, ...], ...] = tuple(
    tuple(blazepose.INDEX[name] for name in names) for names in _BLAZEPOSE_NAMES.values()
)
"""BLAZEPOSE_INDICES[i] are the landmarks whose mean is keypoint i; empty for the small toes, which BlazePose lacks."""

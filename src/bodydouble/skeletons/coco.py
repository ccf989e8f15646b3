"""The 17 keypoints of COCO, in its order, and the same points among BlazePose's landmarks.

Source: the COCO keypoint annotation format, https://cocodataset.org/#format-data
"""

from bodydouble.skeletons import blazepose

KEYPOINTS: tuple[str, ...] = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)

INDEX: dict[str, int] = {name: i for i, name in enumerate(KEYPOINTS)}

BLAZEPOSE_INDICES: tuple[int, ...] = tuple(blazepose.INDEX[name] for name in KEYPOINTS)
"""BLAZEPOSE_INDICES[i] is the BlazePose landmark that is COCO keypoint i."""

OKS_SIGMAS: tuple[float, ...] = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072,
    0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089,
)  # fmt: skip
"""Standard deviation per keypoint of the object keypoint similarity (OKS), from the COCO keypoint evaluation."""

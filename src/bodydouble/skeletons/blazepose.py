"""The 33 body landmarks of BlazePose, in its order.

Source: the MediaPipe Pose model card and ``PoseLandmark`` enumeration.
"""

LANDMARKS: tuple[str, ...] = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)

INDEX: dict[str, int] = {name: i for i, name in enumerate(LANDMARKS)}
"""Name of a landmark -> its index."""


def mirrored_name(name: str) -> str:
    """Returns the name of the point on the other side of the body: left_wrist -> right_wrist, nose -> nose."""
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")


MIRROR: tuple[int, ...] = tuple(INDEX[mirrored_name(name)] for name in LANDMARKS)
"""MIRROR[i] is the landmark on the other side of the body; the nose maps to itself."""

EDGES: tuple[tuple[int, int], ...] = tuple(
    (INDEX[a], INDEX[b])
    for a, b in (
        ("left_shoulder", "right_shoulder"),
        ("left_shoulder", "left_hip"),
        ("right_shoulder", "right_hip"),
        ("left_hip", "right_hip"),
        ("left_shoulder", "left_elbow"),
        ("left_elbow", "left_wrist"),
        ("left_wrist", "left_index"),
        ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
        ("right_wrist", "right_index"),
        ("left_hip", "left_knee"),
        ("left_knee", "left_ankle"),
        ("left_ankle", "left_heel"),
        ("left_heel", "left_foot_index"),
        ("right_hip", "right_knee"),
        ("right_knee", "right_ankle"),
        ("right_ankle", "right_heel"),
        ("right_heel", "right_foot_index"),
        ("nose", "left_ear"),
        ("nose", "right_ear"),
    )
)
"""Pairs of landmarks to draw as lines."""

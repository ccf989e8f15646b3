"""Types of arrays, numbers of elements that are fixed, and the check of shapes."""

from math import hypot
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.errors import InvalidDataError

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]
RgbImage = NDArray[np.uint8]
"""(height, width, 3) red, green and blue, 0 to 255."""
RgbaImage = NDArray[np.uint8]
"""(height, width, 4) red, green, blue and alpha, 0 to 255; colours are multiplied by alpha."""

LANDMARK_COUNT = 33
COCO_KEYPOINT_COUNT = 17
FULL_FRAME_DIAGONAL_MM = hypot(36.0, 24.0)
"""Diagonal in mm of the full-frame format (36 mm x 24 mm) to which focal lengths are converted: 43.27."""
APPEARANCE_PARTS = 8
"""Number of body parts with a clothing colour."""
VIEW_INVARIANT_PARTS = slice(2, None)
"""Body parts that look alike from all sides: without the head and the part that hair may cover."""
FACE_EMBEDDING_DIM = 1024
CONTACT_POINTS = ("left heel", "left toes", "right heel", "right toes")
HAND_LANDMARK_COUNT = 21
FINGER_BONE_COUNT = 30
"""Number of finger bones of both hands: ``skeletons.humanoid.FINGERS``."""
FACE_OUTLINE_COUNT = 86
"""Number of points on the outlines of a face: ``skeletons.face_mesh.OUTLINE_POINTS``."""
BLENDSHAPE_COUNT = 52
"""Number of ARKit's face blend shapes: ``skeletons.arkit.BLENDSHAPES``."""
UNKNOWN_TRACK_ID = -1
"""Id of an observation that no external tracker has identified."""


def check_shape(owner: object, name: str, expected: tuple[int | None, ...]) -> None:
    """Raises InvalidDataError if an array has another shape; None stands for any length."""
    shape = np.shape(getattr(owner, name))
    is_valid = len(shape) == len(expected) and all(e is None or e == s for e, s in zip(expected, shape, strict=True))
    if not is_valid:
        expected_text = "(" + ", ".join("any" if e is None else str(e) for e in expected) + ")"
        raise InvalidDataError(f"{type(owner).__name__}: {name} is {shape}, expected {expected_text}")

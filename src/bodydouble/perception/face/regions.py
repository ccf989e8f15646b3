"""Square regions of interest around faces, for the face landmark network: body or face landmarks -> ``RotatedRoi``.

Source: the regions of MediaPipe's face landmark graph, 1.5 times the bounding box of the landmarks, the eyes level.
"""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.perception.protocols import RotatedRoi
from bodydouble.skeletons import blazepose, face_mesh

MARGIN = 1.5
"""Ratio of the side of the region to that of the bounding box of the landmarks."""
FACE_HEIGHT, EYE_DISTANCE, EYES_TO_MOUTH, EAR_DISTANCE = 16.5, 6.3, 7.0, 15.5
"""Sizes of a face, cm: bounding box of the landmarks, distance between the eyes, of the eyes from the corners of the
mouth, and between the ears. The first is measured relative to the others; the others are MediaPipe's canonical face."""
MAX_SCALE_ERROR, MAX_SHIFT, MAX_TURN = 0.1, 0.05, float(np.radians(6.0))
"""Differences of two regions that change the landmarks noticeably: logarithm of the side, shift in sides, and rad."""

_EYES, _MOUTH, _EARS = (
    [blazepose.INDEX[name] for name in names]
    for names in (("right_eye", "left_eye"), ("mouth_right", "mouth_left"), ("right_ear", "left_ear"))
)


def region_from_body(keypoints: FloatArray) -> RotatedRoi | None:
    """Returns the region of the face of a person, seen from the front or from the side.

    Args:
        keypoints: (33, 3) x px, y px, confidence.

    Returns:
        The region; None where eyes and mouth lie as if the head were seen from behind.
    """
    points = keypoints[:, :2]
    eyes, mouth = points[_EYES].mean(axis=0), points[_MOUTH].mean(axis=0)
    across, up = points[_EYES[1]] - points[_EYES[0]], eyes - mouth
    if across[0] * up[1] - across[1] * up[0] >= 0:  # the face would be mirrored
        return None
    # Both estimates of the head's up have the length of the canonical face, so that the less foreshortened one counts.
    direction = up / EYES_TO_MOUTH + np.array([across[1], -across[0]]) / EYE_DISTANCE
    ears = points[_EARS[1]] - points[_EARS[0]]
    scale = max(
        np.linalg.norm(up) / EYES_TO_MOUTH,
        np.linalg.norm(across) / EYE_DISTANCE,
        np.linalg.norm(ears) / EAR_DISTANCE,
    )
    angle = float(np.arctan2(direction[0], -direction[1]))
    return RotatedRoi((eyes + mouth) / 2, float(MARGIN * FACE_HEIGHT * scale), angle)


def region_from_landmarks(points: FloatArray) -> RotatedRoi:
    """Returns the region around face landmarks.

    Args:
        points: (478, 2) px.
    """
    outer_right, outer_left = points[[face_mesh.RIGHT_EYE_CORNERS[0], face_mesh.LEFT_EYE_CORNERS[0]]]
    across = outer_left - outer_right
    level = RotatedRoi(np.zeros(2), 1.0, float(np.arctan2(across[1], across[0])))
    upright = points @ level.axes
    low, high = upright.min(axis=0), upright.max(axis=0)
    return RotatedRoi(level.axes @ ((low + high) / 2), float(MARGIN * (high - low).max()), level.angle)


def region_difference(first: RotatedRoi, second: RotatedRoi) -> float:
    """Returns the largest difference of two regions in scale, place and angle; 1 changes the landmarks noticeably."""
    scale = abs(float(np.log(first.side / second.side))) / MAX_SCALE_ERROR
    shift = float(np.linalg.norm(first.center - second.center)) / second.side / MAX_SHIFT
    turn = abs((first.angle - second.angle + np.pi) % (2 * np.pi) - np.pi) / MAX_TURN
    return max(scale, shift, turn)

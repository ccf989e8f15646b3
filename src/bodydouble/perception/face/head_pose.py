"""Rotation of the head and direction of the eyes from face landmarks.

Source of the head rotation: the weighted Procrustes fit of MediaPipe's face geometry module. Source of the direction of
the eyes: the eyeball as a sphere, see Baltrusaitis et al., OpenFace 2.0 (2018).
"""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry.rotation import polar_rotation
from bodydouble.skeletons import face_mesh

_TABLE = np.array(face_mesh.POSE_POINTS)
_INDICES = _TABLE[:, 0].astype(int)
_WEIGHTS = _TABLE[:, 1] / _TABLE[:, 1].sum()
_FACING = _TABLE[:, 2:] * [1.0, -1.0, -1.0]
"""(33, 3) cm, canonical face that faces the camera, in camera axes."""
EYEBALL_RADIUS = 1.15
"""Distance in cm from the centre of the eyeball to that of the iris."""
EYEBALL_DEPTH = 0.85
"""Distance in cm by which the centre of the eyeball lies behind the middle between the corners of the eye."""
UP_OFFSET, UP_GAIN = 0.2, 2.0
"""Angle in rad at which eyes that look straight ahead seem to look up, and gain of that angle. On rendered heads, whose
lids do not follow the gaze, they are 0.2 and 3.1; the lids of people do, so that more of the iris' way is seen."""


def fit_head_pose(points: FloatArray) -> tuple[FloatArray, float]:
    """Fits the canonical face to landmarks.

    Args:
        points: (478, 3), camera axes, any unit.

    Returns:
        The rotation (3, 3) of the head in camera axes, identity for an upright head that faces the camera; and the
        scale, units of the points per cm.
    """
    target = points[_INDICES]
    source = _FACING - _WEIGHTS @ _FACING
    centred = target - _WEIGHTS @ target
    rotation, values = polar_rotation((centred * _WEIGHTS[:, None]).T @ source)
    return rotation, float(values.sum() / (_WEIGHTS @ (source**2).sum(axis=1)))


def eye_directions(points: FloatArray, rotation: FloatArray, scale: float) -> FloatArray:
    """Returns the direction of both eyes relative to the head.

    Args:
        points: (478, 3), camera axes.
        rotation: (3, 3) and scale as ``fit_head_pose`` returns them.
        scale: Units of the points per cm.

    Returns:
        (2, 2) rad, for the left and the right eye: towards the person's left, and up.
    """
    return np.array(
        [
            _eye_direction(points, iris, corners, rotation, scale)
            for iris, corners in (
                (face_mesh.LEFT_IRIS, face_mesh.LEFT_EYE_CORNERS),
                (face_mesh.RIGHT_IRIS, face_mesh.RIGHT_EYE_CORNERS),
            )
        ]
    )


def correct_up_angle(directions: FloatArray) -> FloatArray:
    """Corrects the angle up of directions of eyes (..., 2) rad, which the landmarks of the irises understate."""
    return np.stack([directions[..., 0], UP_GAIN * (directions[..., 1] - UP_OFFSET)], axis=-1)


def _eye_direction(
    points: FloatArray, iris: int, corners: tuple[int, int], rotation: FloatArray, scale: float
) -> FloatArray:
    """Returns (2,) rad of one eye, from the place of its iris in the image; the depth of the iris is not used."""
    center = points[list(corners)].mean(axis=0) + EYEBALL_DEPTH * scale * rotation[:, 2]
    x, y = (points[iris] - center)[:2] / (EYEBALL_RADIUS * scale)
    length = max(1.0, float(np.hypot(x, y)))
    x, y = x / length, y / length
    toward_camera = -np.sqrt(max(0.0, 1.0 - x * x - y * y))
    left, down, backward = rotation.T @ [x, y, toward_camera]
    return np.array([np.arctan2(left, -backward), np.arctan2(-down, np.hypot(left, backward))])

"""Roll of cameras, and the rotation to upright cameras in which the lifter sees people.

The lifter is trained on cameras that are held level. Where a camera is rolled, its image is turned upright first.
"""

import numpy as np

from bodydouble.data import FloatArray

MIN_TURN = np.radians(8.0)
"""Roll in rad up to which the image stays as it is: the lifter is trained on a roll of this size."""
MIN_ROLL_BASE = 0.2
"""Minimum length of the image of a unit vector upwards; cameras that look farther up or down have no roll."""


def camera_roll(up: FloatArray) -> FloatArray:
    """Returns the roll (...) in rad of cameras with up directions (..., 3), camera axes; 0 if they look up or down."""
    has_roll = np.hypot(up[..., 0], up[..., 1]) >= MIN_ROLL_BASE
    return np.where(has_roll, np.arctan2(up[..., 0], -up[..., 1]), 0.0)


def is_rolled(reference_from_camera: FloatArray, up: FloatArray) -> bool:
    """Returns whether the roll of a camera (F, 4, 4) is so large that its image is turned; up (3,) of the reference."""
    return bool((np.abs(camera_roll(up @ reference_from_camera[:, :3, :3])) > MIN_TURN).any())


def turn_upright(reference_from_camera: FloatArray, up: FloatArray | None) -> FloatArray:
    """Returns rotations camera_from_upright (F, 3, 3) about the optical axis.

    They are the identity if up is not known or the camera is hardly rolled.

    Args:
        reference_from_camera: (F, 4, 4) camera poses.
        up: (3,) unit vector opposite to gravity, axes of the reference.
    """
    turns = np.tile(np.eye(3), (len(reference_from_camera), 1, 1))
    if up is None or not is_rolled(reference_from_camera, up):
        return turns
    roll = camera_roll(up @ reference_from_camera[:, :3, :3])
    turns[:, 0, 0] = turns[:, 1, 1] = np.cos(roll)
    turns[:, 1, 0] = np.sin(roll)
    turns[:, 0, 1] = -turns[:, 1, 0]
    return turns

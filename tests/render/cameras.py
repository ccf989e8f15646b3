"""Cameras that several tests use."""

import numpy as np

from bodydouble.data import FloatArray


def level_camera(height: float = 1.2, distance: float = 4.0) -> FloatArray:
    """Returns camera_from_world (4, 4) of a level camera that looks along -Z."""
    camera_from_world = np.diag([1.0, -1.0, -1.0, 1.0])
    camera_from_world[:3, 3] = 0.0, height, distance
    return camera_from_world

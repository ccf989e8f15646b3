"""Conversion of axes: bodydouble's world and OpenCV's camera -> Blender's. No other module converts axes.

bodydouble's world has +Y up and characters that face +Z; Blender's has +Z up and characters that face -Y. OpenCV's
camera looks along +Z with +Y down, Blender's along -Z with +Y up. All are right-handed and in metres.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

BLENDER_FROM_WORLD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
OPENCV_FROM_BLENDER_CAMERA = np.diag([1.0, -1.0, -1.0, 1.0])


def convert_positions(world: Floats) -> Floats:
    """Converts positions (..., 3) m of the world to Blender's axes."""
    return np.asarray(world @ BLENDER_FROM_WORLD.T)


def convert_quaternions(world: Floats) -> Floats:
    """Converts rotations (..., 4) xyzw in the axes of the world to rotations (..., 4) wxyz in Blender's axes."""
    return np.concatenate([world[..., 3:], world[..., :3] @ BLENDER_FROM_WORLD.T], axis=-1)


def convert_camera(camera_from_world: Floats) -> Floats:
    """Converts OpenCV extrinsics (F, 4, 4) to the matrices (F, 4, 4) of Blender's camera in Blender's world."""
    blender_from_world = np.eye(4)
    blender_from_world[:3, :3] = BLENDER_FROM_WORLD
    return np.asarray(blender_from_world @ np.linalg.inv(camera_from_world) @ OPENCV_FROM_BLENDER_CAMERA)

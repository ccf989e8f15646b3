"""Directions of the eyes <-> weights of ARKit's eight look shapes."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.skeletons.arkit import INDEX

MAX_GAZE_ANGLE = 0.6
"""Angle of an eye in rad at which the weight of a look shape is 1."""
_TOWARD_LEFT = [INDEX["eyeLookOutLeft"], INDEX["eyeLookInRight"]]
_TOWARD_RIGHT = [INDEX["eyeLookInLeft"], INDEX["eyeLookOutRight"]]
_UP = [INDEX["eyeLookUpLeft"], INDEX["eyeLookUpRight"]]
_DOWN = [INDEX["eyeLookDownLeft"], INDEX["eyeLookDownRight"]]


def set_eye_directions(weights: FloatArray, directions: FloatArray) -> FloatArray:
    """Returns weights (..., 52) with the look shapes of given directions of the eyes.

    Args:
        weights: (..., 52); the weights of the look shapes are replaced.
        directions: (..., 2, 2) rad, of the left and the right eye: towards the person's left, and up. Angles beyond
            ``MAX_GAZE_ANGLE`` are clipped.
    """
    result = np.array(weights, dtype=np.float64)
    fractions = np.clip(directions / MAX_GAZE_ANGLE, -1.0, 1.0)
    for positive, negative, axis in ((_TOWARD_LEFT, _TOWARD_RIGHT, 0), (_UP, _DOWN, 1)):
        result[..., positive] = np.maximum(fractions[..., axis], 0.0)
        result[..., negative] = np.maximum(-fractions[..., axis], 0.0)
    return result


def eye_directions(weights: FloatArray) -> FloatArray:
    """Returns the directions (..., 2, 2) rad of the eyes from weights (..., 52): inverse of ``set_eye_directions``."""
    return MAX_GAZE_ANGLE * np.stack(
        [weights[..., _TOWARD_LEFT] - weights[..., _TOWARD_RIGHT], weights[..., _UP] - weights[..., _DOWN]], axis=-1
    )


def gaze_rotations(gaze: FloatArray) -> FloatArray:
    """Returns the rotations (T, 4) xyzw of an eye that looks along +Z at rest.

    Args:
        gaze: (T, 2) rad: towards the person's left, and up.
    """
    yaw = rotation.from_rotvec(gaze[:, :1] * np.array([0.0, 1.0, 0.0]))
    return rotation.multiply(yaw, rotation.from_rotvec(-gaze[:, 1:] * np.array([1.0, 0.0, 0.0])))

"""Analytic inverse kinematics of a limb of two bones, batched over frames.

Source: D. Tolani, A. Goswami and N. Badler, "Real-time inverse kinematics techniques for anthropomorphic limbs" (2000).
"""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

MAX_REACH = 0.9995
"""Maximum distance of a limb's ends relative to the sum of its bones, so that the limb never locks."""
POLE_WEIGHT = 0.05
"""Distance of knee or elbow from the line of the limb, in upper bones, at which pole and present bend count equally."""


def solve_two_bones(
    start: FloatArray, middle: FloatArray, end: FloatArray, target: FloatArray, pole: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Computes the rotations of the two bones that bring the end of a limb to a target, or as near as it reaches.

    The plane of the bend is kept: it turns with the line from start to end.

    Args:
        start: (T, 3) m, hip or shoulder.
        middle: (T, 3) m, knee or elbow.
        end: (T, 3) m, ankle or wrist.
        target: (T, 3) m, position of the end.
        pole: (T, 3) direction in which a straight limb bends; need not be unit.

    Returns:
        World rotations (T, 4) of the upper and of the lower bone, to compose before their present rotations.
    """
    upper, lower = middle - start, end - middle
    lengths = np.linalg.norm(upper, axis=-1), np.linalg.norm(lower, axis=-1)
    direction = _turned_bend(upper, rotation.normalize(end - start), rotation.normalize(target - start), pole, lengths)
    return _turn_bones(start, upper, lower, target, direction)


def solve_towards(
    start: FloatArray, middle: FloatArray, end: FloatArray, target: FloatArray, hint: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Computes the rotations of two bones as solve_two_bones does, with the bend towards a given point.

    Args:
        start: (T, 3) m, hip or shoulder.
        middle: (T, 3) m, knee or elbow.
        end: (T, 3) m, ankle or wrist.
        target: (T, 3) m, position of the end.
        hint: (T, 3) m, point in the half-plane of the bend, off the line from start to target.

    Returns:
        World rotations (T, 4) of the upper and of the lower bone, to compose before their present rotations.
    """
    direction = _unit_across(hint - start, rotation.normalize(target - start))
    return _turn_bones(start, middle - start, end - middle, target, direction)


def _turn_bones(
    start: FloatArray, upper: FloatArray, lower: FloatArray, target: FloatArray, direction: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Returns the rotations (T, 4) of two bones that reach a target with the bend in a direction (T, 3)."""
    lengths = np.linalg.norm(upper, axis=-1), np.linalg.norm(lower, axis=-1)
    new_middle = _place_middle(start, target, direction, lengths)
    new_end = start + _reachable(target - start, *lengths)
    upper_rotation = rotation.between(rotation.normalize(upper), rotation.normalize(new_middle - start))
    lower_rotation = rotation.between(rotation.normalize(lower), rotation.normalize(new_end - new_middle))
    return upper_rotation, lower_rotation


def _turned_bend(
    upper: FloatArray, axis: FloatArray, new_axis: FloatArray, pole: FloatArray, lengths: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Returns the direction (T, 3) of the bend, turned with the line of the limb from axis to new_axis (T, 3)."""
    # A nearly straight limb has no certain plane of its own; the pole decides there without a switch.
    bend = _across(upper, axis) + POLE_WEIGHT * lengths[0][:, None] * _unit_across(pole, axis)
    return _unit_across(rotation.rotate(rotation.between(axis, new_axis), bend), new_axis)


def _place_middle(
    start: FloatArray, target: FloatArray, direction: FloatArray, lengths: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Returns the position (T, 3) of the knee or elbow, by the law of cosines in the plane of the bend."""
    new_axis = rotation.normalize(target - start)
    distance = np.linalg.norm(_reachable(target - start, *lengths), axis=-1)
    cosine = (lengths[0] ** 2 + distance**2 - lengths[1] ** 2) / np.maximum(2 * lengths[0] * distance, 1e-9)
    cosine = np.clip(cosine, -1.0, 1.0)[:, None]
    return np.asarray(start + lengths[0][:, None] * (cosine * new_axis + np.sqrt(1 - cosine**2) * direction))


def _reachable(vectors: FloatArray, upper: FloatArray, lower: FloatArray) -> FloatArray:
    """Shortens or lengthens vectors (T, 3) to distances that two bones of given lengths (T,) can span."""
    distances = np.linalg.norm(vectors, axis=-1)
    bounded = np.clip(distances, np.abs(upper - lower) + 1e-6, MAX_REACH * (upper + lower))
    return np.asarray(vectors * (bounded / np.maximum(distances, 1e-9))[:, None])


def _across(vectors: FloatArray, axis: FloatArray) -> FloatArray:
    return np.asarray(vectors - np.sum(vectors * axis, axis=-1, keepdims=True) * axis)


def _unit_across(vectors: FloatArray, axis: FloatArray) -> FloatArray:
    return rotation.normalize(_across(vectors, axis))

"""The points of the soles, how fast they move, and whether they touch the floor."""

import numpy as np
from scipy.special import expit

from bodydouble.data import FloatArray, Skeleton
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.resampling.smoothing import whittaker
from bodydouble.skeletons import blazepose

SOLE_LANDMARKS = tuple(blazepose.INDEX[n] for n in ("left_heel", "left_foot_index", "right_heel", "right_foot_index"))

SPEED_CUTOFF_HZ = 5.0
"""Hz; what moves faster than this about its path is noise of the detector."""

CONTACT_INTERCEPT, LOG_SPEED_COEFFICIENT, HEIGHT_COEFFICIENT = -3.0, 2.1, 3.5
"""Coefficients of the regression: constant, of the logarithm of the speed (m/s), of the height (per m)."""
MIN_SPEED, MAX_HEIGHT = 0.05, 0.4
"""m/s and m; less speed and more height make no difference."""
RAISED_HEIGHT, RAISED_HEIGHT_SCALE = 0.15, 0.04
"""m; what is held still this high above the floor does not rest on it: half as likely, and how soon it is certain."""


def sole_positions(skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray) -> FloatArray:
    """Positions (T, 4, 3) m of left heel, left toes, right heel, right toes."""
    return landmark_positions(skeleton, rotations, root_position)[:, SOLE_LANDMARKS]


def lateral_speed(points: FloatArray, view_rays: FloatArray, fps: float) -> FloatArray:
    """Speed (T, N) m/s of points (T, N, 3) across the line of sight (T, N, 3); the depth axis is too uncertain."""
    if len(points) < 2:
        return np.zeros(points.shape[:2])
    smooth = whittaker(points.reshape(len(points), -1), np.ones((len(points), 1)), fps, SPEED_CUTOFF_HZ)
    velocity = np.gradient(smooth.reshape(points.shape), axis=0) * fps
    along = np.sum(velocity * view_rays, axis=-1, keepdims=True)
    return np.asarray(np.linalg.norm(velocity - along * view_rays, axis=-1))


def contact_probability(
    soles: FloatArray, height_above_floor: FloatArray, fps: float, raised_height: float = RAISED_HEIGHT
) -> FloatArray:
    """Probability (T, 4) that points of the soles rest on the floor.

    A logistic regression on the speed and the height of the feet of motions that were found in rendered clips of
    subjects for validation. What the lifter says about contacts added nothing to it.

    Args:
        soles: (T, 4, 3) m, axes that do not move.
        height_above_floor: (T, 4) m above the floor.
        fps: frames per second.
        raised_height: m; as RAISED.
    """
    speed = (
        np.zeros(height_above_floor.shape)
        if len(soles) < 2
        else np.linalg.norm(np.gradient(soles, axis=0), axis=-1) * fps
    )
    bounded_height = np.clip(np.abs(height_above_floor), 0.0, MAX_HEIGHT)
    probability = expit(
        CONTACT_INTERCEPT - LOG_SPEED_COEFFICIENT * np.log(speed + MIN_SPEED) - HEIGHT_COEFFICIENT * bounded_height
    )
    return np.asarray(probability * expit((raised_height - np.abs(height_above_floor)) / RAISED_HEIGHT_SCALE))

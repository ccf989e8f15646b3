"""Foot contacts: positions of heels and toes -> their speed and the probability that they rest on the floor."""

import numpy as np
from scipy.special import expit

from bodydouble.data import FloatArray, Skeleton
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.resampling.smoothing import whittaker
from bodydouble.skeletons import blazepose

SOLE_LANDMARKS = tuple(blazepose.INDEX[n] for n in ("left_heel", "left_foot_index", "right_heel", "right_foot_index"))
"""Indices of the BlazePose landmarks on the soles, in the order of ``data.CONTACT_POINTS``."""

SPEED_CUTOFF_HZ = 5.0
"""Cutoff frequency in Hz of the smoothing before speeds are computed; faster changes are detector noise."""

CONTACT_INTERCEPT, LOG_SPEED_COEFFICIENT, HEIGHT_COEFFICIENT = -3.0, 2.1, 3.5
"""Coefficients of the logistic regression: constant, of the logarithm of the speed (m/s), of the height (per m)."""
MIN_SPEED, MAX_HEIGHT = 0.05, 0.4
"""Speed in m/s that is added before the logarithm, and height in m beyond which the regression is constant."""
RAISED_HEIGHT, RAISED_HEIGHT_SCALE = 0.15, 0.04
"""Height in m at which a motionless point rests with half the probability, and logistic scale of that transition."""


def sole_positions(skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray) -> FloatArray:
    """Returns the positions (T, 4, 3) m of left heel, left toes, right heel and right toes."""
    return landmark_positions(skeleton, rotations, root_position)[:, SOLE_LANDMARKS]


def lateral_speed(points: FloatArray, view_rays: FloatArray, fps: float) -> FloatArray:
    """Returns the speed (T, N) m/s of points (T, N, 3) across the view rays (T, N, 3); depth is too uncertain."""
    if len(points) < 2:
        return np.zeros(points.shape[:2])
    smooth = whittaker(points.reshape(len(points), -1), np.ones((len(points), 1)), fps, SPEED_CUTOFF_HZ)
    velocity = np.gradient(smooth.reshape(points.shape), axis=0) * fps
    along = np.sum(velocity * view_rays, axis=-1, keepdims=True)
    return np.asarray(np.linalg.norm(velocity - along * view_rays, axis=-1))


def contact_probability(
    points: FloatArray, height_above_floor: FloatArray, fps: float, raised_height: float = RAISED_HEIGHT
) -> FloatArray:
    """Estimates the probability (T, N) that points of the body rest on the floor.

    Logistic regression on speed and height, fitted to the feet of motions that were reconstructed from rendered clips
    of validation subjects. The contacts that the lifter predicts add no information to it.

    Args:
        points: (T, N, 3) m in axes that do not move, the soles unless ``raised_height`` is given.
        height_above_floor: (T, N) m.
        fps: frames per second.
        raised_height: height in m at which a motionless point rests with half the probability.
    """
    height = np.abs(height_above_floor)
    speed = np.zeros(height.shape) if len(points) < 2 else np.linalg.norm(np.gradient(points, axis=0), axis=-1) * fps
    bounded_height = np.clip(height, 0.0, MAX_HEIGHT)
    log_odds = (
        CONTACT_INTERCEPT - LOG_SPEED_COEFFICIENT * np.log(speed + MIN_SPEED) - HEIGHT_COEFFICIENT * bounded_height
    )
    return np.asarray(expit(log_odds) * expit((raised_height - height) / RAISED_HEIGHT_SCALE))

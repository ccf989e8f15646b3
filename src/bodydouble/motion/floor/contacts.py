"""The points of the soles, how fast they move, and whether they touch the floor."""

import numpy as np
from scipy.special import expit

from bodydouble.data import FloatArray, Skeleton
from bodydouble.motion.body.root_translation import landmark_positions
from bodydouble.motion.resampling.smoothing import whittaker
from bodydouble.skeletons import blazepose

POINTS = tuple(blazepose.INDEX[n] for n in ("left_heel", "left_foot_index", "right_heel", "right_foot_index"))

SPEED_CUTOFF = 5.0
"""Hz; what moves faster than this about its path is noise of the detector."""

SURE_OF_REST, PER_SPEED, PER_HEIGHT = -3.0, 2.1, 3.5
"""Coefficients of the regression: constant, of the logarithm of the speed (m/s), of the height (per m)."""
LEAST_SPEED, HIGH = 0.05, 0.4
"""m/s and m; less speed and more height make no difference."""
RAISED, RAISED_SPREAD = 0.15, 0.04
"""m; what is held still this high above the floor does not rest on it: half as likely, and how soon it is certain."""


def foot_points(skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray) -> FloatArray:
    """Positions (T, 4, 3) m of left heel, left toes, right heel, right toes."""
    return landmark_positions(skeleton, rotations, root_position)[:, POINTS]


def speed_across(points: FloatArray, sight: FloatArray, fps: float) -> FloatArray:
    """Speed (T, N) m/s of points (T, N, 3) across the line of sight (T, N, 3); the depth axis is too uncertain."""
    if len(points) < 2:
        return np.zeros(points.shape[:2])
    calm = whittaker(points.reshape(len(points), -1), np.ones((len(points), 1)), fps, SPEED_CUTOFF)
    velocity = np.gradient(calm.reshape(points.shape), axis=0) * fps
    along = np.sum(velocity * sight, axis=-1, keepdims=True)
    return np.asarray(np.linalg.norm(velocity - along * sight, axis=-1))


def contact_probability(soles: FloatArray, height: FloatArray, fps: float, raised: float = RAISED) -> FloatArray:
    """Probability (T, 4) that points of the soles rest on the floor.

    A logistic regression on the speed and the height of the feet of motions that were found in rendered clips of
    subjects for validation. What the lifter says about contacts added nothing to it.

    Args:
        soles: (T, 4, 3) m, axes that do not move.
        height: (T, 4) m above the floor.
        fps: frames per second.
        raised: m; as RAISED.
    """
    speed = np.zeros(height.shape) if len(soles) < 2 else np.linalg.norm(np.gradient(soles, axis=0), axis=-1) * fps
    low = np.clip(np.abs(height), 0.0, HIGH)
    slow = expit(SURE_OF_REST - PER_SPEED * np.log(speed + LEAST_SPEED) - PER_HEIGHT * low)
    return np.asarray(slow * expit((raised - np.abs(height)) / RAISED_SPREAD))

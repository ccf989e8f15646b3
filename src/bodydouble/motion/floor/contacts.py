"""Foot contacts, and visibility of the feet.

In: positions of heels and toes -> their speed and the probability that they rest on the floor. In: confidence (T, 33)
of a person, 0 where not observed -> frames in which a foot is seen. Detectors guess feet that are hidden or outside the
image, so a foot counts as seen only where its confidence is high for some time.
"""

import numpy as np
from scipy.ndimage import distance_transform_edt, median_filter
from scipy.special import expit

from bodydouble.data import BoolArray, FloatArray, Skeleton, Track
from bodydouble.data.windows import split_into_windows
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.resampling.smoothing import whittaker
from bodydouble.skeletons import blazepose

SOLE_LANDMARKS = tuple(blazepose.INDEX[n] for n in ("left_heel", "left_foot_index", "right_heel", "right_foot_index"))
"""Indices of the BlazePose landmarks on the soles, in the order of ``data.CONTACT_POINTS``."""

WINDOW_FRAMES = 6000
"""Number of frames whose landmarks are in memory at once."""
SPEED_CUTOFF_HZ = 5.0
"""Cutoff frequency in Hz of the smoothing before speeds are computed; faster changes are detector noise."""

CONTACT_INTERCEPT, LOG_SPEED_COEFFICIENT, HEIGHT_COEFFICIENT = -3.0, 2.1, 3.5
"""Coefficients of the logistic regression: constant, of the logarithm of the speed (m/s), of the height (per m)."""
MIN_SPEED, MAX_HEIGHT = 0.05, 0.4
"""Speed in m/s that is added before the logarithm, and height in m beyond which the regression is constant."""
RAISED_HEIGHT, RAISED_HEIGHT_SCALE = 0.15, 0.04
"""Height in m at which a motionless point rests with half the probability, and logistic scale of that transition."""
MIN_FOOT_CONFIDENCE = 0.5
"""Minimum confidence of the best landmark of a foot that is seen."""
MEDIAN_SECONDS = 0.5
"""Duration in s over which the confidence is filtered by its median; guesses are confident for shorter times."""
MAX_UNSEEN_SECONDS = 0.5
"""Maximum distance in s from a frame in which a foot is seen, beyond which its contacts are unknown."""

_ANKLES = [blazepose.INDEX[f"{side}_ankle"] for side in ("left", "right")]
_SIDE_OF_SOLE = np.array([0, 0, 1, 1])
"""(4,) left or right foot of each of SOLE_LANDMARKS."""


def sole_positions(skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray) -> FloatArray:
    """Returns the positions (T, 4, 3) m of left heel, left toes, right heel and right toes."""
    positions = np.empty((len(rotations), len(SOLE_LANDMARKS), 3))
    for rows, _ in split_into_windows(len(rotations), WINDOW_FRAMES, 0):
        positions[rows] = landmark_positions(skeleton, rotations[rows], root_position[rows])[:, SOLE_LANDMARKS]
    return positions


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
    """Estimates the probability (T, N) that points of the body rest on the floor from single frames.

    Logistic regression on speed and height, fitted to the feet of motions that were reconstructed from rendered clips
    of validation subjects. ``sole_contacts`` adds the path of the soles to it.

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


def landmark_confidence(track: Track) -> FloatArray:
    """Returns the confidence (T, 33) of the landmarks of a track; 0 where not observed."""
    return np.where(track.observed[:, None], track.keypoints[..., 2], 0.0)


def sole_confidence(confidence: FloatArray) -> FloatArray:
    """Returns the confidence (T, 4) of the soles; a point that is never observed has that of its ankle.

    Keypoints of COCO have neither heels nor toes.
    """
    soles, ankles = confidence[:, SOLE_LANDMARKS], confidence[:, _ANKLES][:, _SIDE_OF_SOLE]
    return np.where(soles.any(axis=0), soles, ankles)


def seen_feet(confidence: FloatArray, fps: float) -> BoolArray:
    """Returns whether the left and the right foot are seen (T, 2), from confidences (T, 33)."""
    soles = sole_confidence(confidence)
    feet = np.maximum(np.maximum(soles[:, ::2], soles[:, 1::2]), confidence[:, _ANKLES])
    observed = confidence.any(axis=1)
    window = 2 * int(MEDIAN_SECONDS * fps * observed.mean() / 2) + 1
    seen = np.zeros(feet.shape, dtype=bool)
    seen[observed] = median_filter(feet[observed], (window, 1), mode="reflect") >= MIN_FOOT_CONFIDENCE
    return seen


def are_feet_ever_seen(confidence: FloatArray, fps: float) -> bool:
    """Returns whether a foot is seen in any frame, from confidences (T, 33)."""
    return bool(seen_feet(confidence, fps).any())


def known_contacts(confidence: FloatArray, fps: float) -> BoolArray:
    """Returns the points of the soles (T, 4) whose contacts can be estimated: their foot is seen, or was shortly."""
    seen = seen_feet(confidence, fps)
    frames_away = np.stack([distance_transform_edt(~foot) for foot in seen.T], axis=1)
    is_near = (frames_away / fps <= MAX_UNSEEN_SECONDS) & seen.any(axis=0)
    return np.asarray(is_near[:, _SIDE_OF_SOLE])

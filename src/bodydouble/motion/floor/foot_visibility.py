"""Visibility of the feet: confidences of landmarks -> frames in which a foot is seen, confidence of the soles.

In: confidence (T, 33) of a person, 0 where not observed. Detectors guess feet that are hidden or outside the image, so
a foot counts as seen only where its confidence is high for some time.
"""

import numpy as np
from scipy.ndimage import median_filter

from bodydouble.data import BoolArray, FloatArray, Track
from bodydouble.motion.floor.contacts import SOLE_LANDMARKS
from bodydouble.motion.lifting.lifter import seconds_since_observed
from bodydouble.skeletons import blazepose

MIN_FOOT_CONFIDENCE = 0.5
"""Minimum confidence of the best landmark of a foot that is seen."""
MEDIAN_SECONDS = 0.5
"""Duration in s over which the confidence is filtered by its median; guesses are confident for shorter times."""
MAX_UNSEEN_SECONDS = 0.5
"""Maximum distance in s from a frame in which a foot is seen, beyond which its contacts are unknown."""

_ANKLES = [blazepose.INDEX[f"{side}_ankle"] for side in ("left", "right")]
_SIDE_OF_SOLE = np.array([0, 0, 1, 1])
"""(4,) left or right foot of each of SOLE_LANDMARKS."""


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
    elapsed = np.stack([seconds_since_observed(foot, fps) for foot in seen_feet(confidence, fps).T], axis=1)
    return np.asarray(elapsed <= MAX_UNSEEN_SECONDS)[:, _SIDE_OF_SOLE]

"""Calibration of a person's face over a clip: the neutral face becomes neutral.

Weights of the network have offsets that depend on the person: brows that seem lowered, lids that seem half closed.
"""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.skeletons.arkit import BLENDSHAPES

NEUTRAL_QUANTILE, NEUTRAL_EYE_QUANTILE = 0.1, 0.25
"""Quantiles over the clip that count as the neutral value of a weight, and of a weight of the eyes: people smile for
long, but their eyes are open most of the time."""
MAX_NEUTRAL = 0.35
"""Maximum neutral value, so that an expression that lasts for the whole clip stays."""
MAX_GAZE_OFFSET = 0.17
"""Maximum mean direction of the eyes in rad that counts as straight ahead."""
CALIBRATION_TIME = 2.0
"""Time in s for which a face must be observed for the whole calibration; a shorter clip gets a part of it."""
_IS_EYE = np.array([name.startswith("eye") for name in BLENDSHAPES])


def subtract_neutral(weights: FloatArray, fps: float) -> FloatArray:
    """Subtracts the neutral value of each weight and extends the rest to 1.

    Args:
        weights: (T, 52) 0 to 1; NaN where not observed, at least one row observed.
        fps: Frames per second.

    Returns:
        (T, 52) 0 to 1.
    """
    low, eyes = np.nanquantile(weights, [NEUTRAL_QUANTILE, NEUTRAL_EYE_QUANTILE], axis=0)
    neutral = _share(weights, fps) * np.minimum(np.where(_IS_EYE, eyes, low), MAX_NEUTRAL)
    return np.asarray(np.maximum(weights - neutral, 0.0) / (1.0 - neutral))


def subtract_gaze_offset(gaze: FloatArray, fps: float) -> FloatArray:
    """Subtracts the median direction of the eyes.

    Args:
        gaze: (T, 2) rad; NaN where not observed, at least one row observed.
        fps: Frames per second.
    """
    median = np.clip(np.nanmedian(gaze, axis=0), -MAX_GAZE_OFFSET, MAX_GAZE_OFFSET)
    return gaze - _share(gaze, fps) * median


def _share(values: FloatArray, fps: float) -> float:
    """Returns the share, 0 to 1, of the calibration that the observed time justifies; none for a single frame."""
    frames = int(np.isfinite(values[:, 0]).sum())
    return min((frames - 1) / fps / CALIBRATION_TIME, 1.0)

"""Blinks: both eyes together, and fully closed where the clip shows how far the network's weight rises."""

import numpy as np
from scipy.ndimage import grey_opening

from bodydouble.data import FloatArray, IntArray

MIN_PEAK, MIN_PEAK_TO_NOISE = 0.17, 4.5
"""Minimum rise of the weight of both eyes that counts as a blink: as a weight, and relative to the noise."""
MAX_CLOSING_TIME, MAX_OPENING_TIME = 0.15, 0.3
"""Maximum times in s in which the weight rises and falls again by that much; lids that follow the gaze are slower."""
MIN_NEIGHBOR_RISE, MIN_NEIGHBOR_RATE = 0.3, 20.0
"""Minimum rise of the frame before or after the peak, relative to the peak, and the frame rate in Hz from which on it
is demanded: no blink is as short as one of these frames."""
CLOSED_QUANTILE = 0.25
"""Quantile of the peaks of all blinks at which the eyes count as closed."""
KNEE = (0.7, 0.5)
"""Fractions of the closed weight: below the first one a weight is reduced to the second one, above it rises to 1."""
MIN_LASTING_CLOSED = 0.45
"""Minimum weight at which eyes that are closed for longer than a blink count as closed."""
WINK_RANGE = (0.3, 0.45)
"""Difference of both eyes from which on they begin to move apart, and at which they are fully independent."""
MIN_WINK_TIME = 0.15
"""Minimum time in s for which the eyes differ; one eye of a blink may seem less closed for a moment."""


def couple_eyes(weights: FloatArray, fps: float) -> FloatArray:
    """Joins the weights of both eyes unless one winks.

    Args:
        weights: (T, 2) 0 to 1, calibrated; NaN where not observed.
        fps: Frames per second.

    Returns:
        (T, 2) 0 to 1.
    """
    # An eye behind a hand or on the far side of the face is seen open more easily than a visible one is seen closed.
    both = (weights.mean(axis=1, keepdims=True) + weights.max(axis=1, keepdims=True)) / 2
    low, high = WINK_RANGE
    difference = np.nan_to_num(np.abs(weights[:, 0] - weights[:, 1]))
    lasting = grey_opening(difference, (2 * max(1, round(MIN_WINK_TIME * fps / 2)) + 1,))
    apart = np.clip((lasting[:, None] - low) / (high - low), 0.0, 1.0)
    return np.asarray(apart * weights + (1.0 - apart) * both)


def measure_noise(weights: FloatArray) -> float:
    """Returns the noise of a series (T,), NaN where not observed: the median of its second differences."""
    differences = np.abs(np.diff(weights, 2))
    return float(np.nanmedian(differences)) if np.isfinite(differences).any() else 0.0


def close_blinks(weights: FloatArray, noise: float, fps: float) -> FloatArray:
    """Makes blinks close the eyes.

    Args:
        weights: (T, 2) 0 to 1, coupled and smoothed; NaN where not observed.
        noise: Noise of the weights before they were smoothed.
        fps: Frames per second.

    Returns:
        (T, 2) 0 to 1. Without any blink in the clip the weights stay as they are.
    """
    both = weights.mean(axis=1)
    peaks = find_blinks(both, noise, fps)
    if not len(peaks):
        return weights
    closed = float(np.quantile(both[peaks], CLOSED_QUANTILE))
    result = _close(weights, max(closed, MIN_LASTING_CLOSED))
    closing, opening = _blink_frames(fps)
    for peak in peaks:
        blink = slice(max(peak - closing, 0), peak + opening + 1)
        result[blink] = _close(weights[blink], closed)
    return result


def find_blinks(weights: FloatArray, noise: float, fps: float) -> IntArray:
    """Finds blinks: short rises of the weight of closed eyes.

    Args:
        weights: (T,) 0 to 1; NaN where not observed, at least one frame observed.
        noise: Noise of the weights before they were smoothed.
        fps: Frames per second.

    Returns:
        (N,) frames of the peaks, ascending.
    """
    from scipy.signal import find_peaks  # takes longer to import than all else that capture needs of SciPy

    min_rise = max(MIN_PEAK, MIN_PEAK_TO_NOISE * noise)
    known = np.flatnonzero(np.isfinite(weights))
    weights = np.interp(np.arange(len(weights)), known, weights[known])  # the edge of a gap is no blink
    peaks, _ = find_peaks(weights, prominence=min_rise)
    closing, opening = _blink_frames(fps)
    bases = np.array(
        [
            max(weights[max(peak - closing, 0) : peak].min(), weights[peak + 1 : peak + 1 + opening].min())
            for peak in peaks
        ]
    )
    rises = weights[peaks] - bases
    neighbors = np.maximum(weights[peaks - 1], weights[peaks + 1]) - bases
    is_long = (neighbors >= MIN_NEIGHBOR_RISE * rises) | (fps < MIN_NEIGHBOR_RATE)
    return np.asarray(peaks[(rises >= min_rise) & is_long])


def _blink_frames(fps: float) -> tuple[int, int]:
    """Returns the maximum numbers of frames in which eyes close and open."""
    return max(1, round(MAX_CLOSING_TIME * fps)), max(1, round(MAX_OPENING_TIME * fps))


def _close(weights: FloatArray, closed: float) -> FloatArray:
    """Maps weights so that the given one becomes 1; small weights do not grow."""
    knee, reduced = (fraction * closed for fraction in KNEE)
    return np.interp(weights, [0.0, knee, closed], [0.0, reduced, 1.0])

"""Smoothing and filling of series of face weights and angles, in which a blink lasts 0.1 s."""

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.data.windows import split_into_windows

WINDOW_FRAMES = 6000
"""Number of frames that are smoothed at once."""
SMOOTHING_TIME = 0.06
"""Standard deviation in s of the weights in time."""
EASE_TIME = 0.4
"""Time in s in which an expression eases to neutral where the face is lost."""
MIN_RUN_TIME = 0.1
"""Minimum duration in s for which a face must be observed without a gap; shorter ones are mistaken easily."""


def smooth_bilateral(values: FloatArray, fps: float, noise: float) -> FloatArray:
    """Smooths series without flattening fast changes.

    Args:
        values: (T, N); NaN where unknown.
        fps: Frames per second.
        noise: Standard deviation of values that count as alike, in their unit; changes of several times as much stay.

    Returns:
        (T, N); NaN as in the values.

    Source: C. Tomasi and R. Manduchi, "Bilateral filtering for gray and color images", ICCV 1998.
    """
    reach = int(np.ceil(3 * SMOOTHING_TIME * fps))
    padded = np.pad(values, ((reach, reach), (0, 0)), constant_values=np.nan)
    smooth = np.empty_like(values)
    for rows, _ in split_into_windows(len(values), WINDOW_FRAMES, 0):
        smooth[rows] = _smooth_bilateral(padded[rows.start : rows.stop + 2 * reach], reach, fps, noise)
    return smooth


def _smooth_bilateral(padded: FloatArray, reach: int, fps: float, noise: float) -> FloatArray:
    """Smooths series (T, N) that are padded by ``reach`` rows at both ends."""
    values = padded[reach : len(padded) - reach]
    total, weight_sum = np.zeros_like(values), np.zeros_like(values)
    for shift in range(-reach, reach + 1):
        other = padded[reach + shift : reach + shift + len(values)]
        exponent = (shift / fps / SMOOTHING_TIME) ** 2 + ((other - values) / noise) ** 2
        weight = np.where(np.isfinite(exponent), np.exp(-0.5 * exponent), 0.0)
        total += weight * np.nan_to_num(other)
        weight_sum += weight
    return np.where(weight_sum > 0, total / np.where(weight_sum > 0, weight_sum, 1.0), np.nan)


def drop_short_runs(observed: BoolArray, fps: float) -> BoolArray:
    """Returns which frames (T,) are observed without the runs that are too short; all if there is no longer one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], observed, [False]]).astype(int)))
    kept = np.zeros_like(observed)
    for start, stop in edges.reshape(-1, 2):
        kept[start:stop] = stop - start >= MIN_RUN_TIME * fps
    return kept if kept.any() else observed


def ease_gaps(values: FloatArray, observed: BoolArray, fps: float) -> FloatArray:
    """Fills gaps: values ease to 0 after they were last observed, and from 0 before they are observed again.

    Args:
        values: (T, N), any value where not observed.
        observed: (T,), at least one.
        fps: Frames per second.
    """
    frames = np.arange(len(values))
    known = np.flatnonzero(observed)
    following = np.searchsorted(known, frames)
    before = known[np.clip(following - 1, 0, len(known) - 1)]
    after = known[np.clip(following, 0, len(known) - 1)]
    weights = [
        np.where(is_valid, _fade(np.abs(frames - nearest) / fps), 0.0)
        for nearest, is_valid in ((before, before < frames), (after, after > frames))
    ]
    # In a short gap both ends overlap, and their mean joins them.
    scale = np.maximum(sum(weights), 1.0)
    filled = sum((weight / scale)[:, None] * values[end] for weight, end in zip(weights, (before, after), strict=True))
    return np.where(observed[:, None], values, filled)


def _fade(seconds: FloatArray) -> FloatArray:
    """Returns a smooth step from 1 at 0 s to 0 at ``EASE_TIME``."""
    x = np.clip(1.0 - seconds / EASE_TIME, 0.0, 1.0)
    return np.asarray(x * x * (3 - 2 * x))

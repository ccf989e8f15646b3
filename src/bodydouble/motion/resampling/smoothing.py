"""Zero-phase smoothing of time series, with weights, gaps and outliers."""

import numpy as np
from scipy.linalg import solveh_banded

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

GAP_WEIGHT = 1e-9
OUTLIER_ROUNDS = 2


def _second_difference_bands(count: int) -> FloatArray:
    """Upper bands (3, count) of D'D, D the second difference."""
    bands = np.zeros((3, count))
    bands[2, :-2] += 1
    bands[2, 1:-1] += 4
    bands[2, 2:] += 1
    bands[1, 1:-1] -= 2
    bands[1, 2:] -= 2
    bands[0, 2:] += 1
    return bands


def whittaker(values: FloatArray, weights: FloatArray, fps: float, cutoff: float) -> FloatArray:
    """The curve that is close to the values and has small second differences.

    Args:
        values: (T, N); entries of weight 0 may be NaN.
        weights: (T, N) or (T, 1), non-negative. Frames of weight 0 are interpolated.
        fps: frames per second.
        cutoff: frequency in Hz at which a sine of weight 1 is halved.

    Returns:
        (T, N) smoothed values; a column without any weight becomes NaN.

    Source: Eilers, "A perfect smoother", Analytical Chemistry 75 (2003).
    """
    count, columns = values.shape
    weights = np.broadcast_to(np.where(np.isfinite(values), weights, 0.0), values.shape)
    filled = np.where(weights > 0, values, 0.0)
    empty = ~np.any(weights > 0, axis=0)
    if count < 3:
        total = np.maximum(weights.sum(axis=0), GAP_WEIGHT)
        mean = (weights * filled).sum(axis=0) / total
        result = np.where(weights > 0, filled, mean)
    else:
        strength = (fps / (2 * np.pi * cutoff)) ** 4
        bands = strength * _second_difference_bands(count)
        result = np.empty_like(filled)
        for column in range(columns):
            system = bands.copy()
            system[2] += weights[:, column] + GAP_WEIGHT * (weights[:, column].max() or 1.0)
            center = np.average(filled[:, column], weights=weights[:, column]) if not empty[column] else 0.0
            right = weights[:, column] * (filled[:, column] - center)
            result[:, column] = solveh_banded(system, right, check_finite=False) + center
    result[:, empty] = np.nan
    return result


def robust_whittaker(
    values: FloatArray, weights: FloatArray, fps: float, cutoff: float, outlier: FloatArray
) -> FloatArray:
    """whittaker with the weight of outliers lowered.

    Args:
        values: (T, N).
        weights: (T, N).
        fps: frames per second.
        cutoff: Hz.
        outlier: (T, 1) or scalar; a residual of this size has its weight halved (Cauchy loss).

    Returns:
        (T, N).
    """
    smooth = whittaker(values, weights, fps, cutoff)
    for _ in range(OUTLIER_ROUNDS):
        residual = np.where(np.isfinite(values), values - smooth, 0.0)
        smooth = whittaker(values, weights / (1 + (residual / outlier) ** 2), fps, cutoff)
    return smooth


def smooth_rotations(rotations: FloatArray, fps: float, cutoff: float) -> FloatArray:
    """Quaternions (T, J, 4), smoothed with zero phase in their four components and normalised."""
    frames = len(rotations)
    flat = rotation.make_continuous(rotations).reshape(frames, -1)
    smooth = whittaker(flat, np.ones((frames, 1)), fps, cutoff)
    return rotation.normalize(smooth.reshape(rotations.shape))

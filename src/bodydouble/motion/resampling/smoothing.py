"""Zero-phase smoothing of time series, with weights, gaps and outliers."""

import numpy as np
from scipy.linalg import solveh_banded

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

GAP_WEIGHT = 1e-9
"""Weight of frames in gaps, relative to the largest weight, that keeps the system of equations regular."""
OUTLIER_ROUNDS = 2
"""Number of times that the weights of outliers are updated."""


def second_difference_bands(count: int) -> FloatArray:
    """Returns the upper bands (3, count) of D'D, where D is the second difference."""
    bands = np.zeros((3, count))
    bands[2, :-2] += 1
    bands[2, 1:-1] += 4
    bands[2, 2:] += 1
    bands[1, 1:-1] -= 2
    bands[1, 2:] -= 2
    bands[0, 2:] += 1
    return bands


def whittaker(values: FloatArray, weights: FloatArray, fps: float, cutoff: float) -> FloatArray:
    """Smooths values by a curve that is close to them and has small second differences.

    Args:
        values: (T, N); entries of weight 0 may be NaN.
        weights: (T, N) or (T, 1), non-negative. Frames of weight 0 are interpolated.
        fps: frames per second.
        cutoff: frequency in Hz at which the amplitude of a sine of weight 1 is halved.

    Returns:
        (T, N) smoothed values; a column without any weight becomes NaN.

    Source: Eilers, "A perfect smoother", Analytical Chemistry 75 (2003).
    """
    count, columns = values.shape
    weights = np.broadcast_to(np.where(np.isfinite(values), weights, 0.0), values.shape)
    known = np.where(weights > 0, values, 0.0)
    if count < 3:
        total = np.maximum(weights.sum(axis=0), GAP_WEIGHT)
        smooth = np.where(weights > 0, known, (weights * known).sum(axis=0) / total)
    else:
        strength = (fps / (2 * np.pi * cutoff)) ** 4
        bands = strength * second_difference_bands(count)
        smooth = np.empty_like(known)
        for column in range(columns):
            smooth[:, column] = _smooth_column(known[:, column], weights[:, column], bands)
    smooth[:, ~np.any(weights > 0, axis=0)] = np.nan
    return smooth


def _smooth_column(values: FloatArray, weights: FloatArray, bands: FloatArray) -> FloatArray:
    """Solves the normal equations of one column (T,) with a penalty of upper bands (3, T)."""
    system = bands.copy()
    system[2] += weights + GAP_WEIGHT * (weights.max() or 1.0)
    center = np.average(values, weights=weights) if np.any(weights > 0) else 0.0
    return np.asarray(solveh_banded(system, weights * (values - center), check_finite=False) + center)


def robust_whittaker(
    values: FloatArray, weights: FloatArray, fps: float, cutoff: float, outlier: FloatArray
) -> FloatArray:
    """Smooths values as whittaker does, with lower weights of outliers.

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
    """Smooths quaternions (T, J, 4) with zero phase in their four components and normalizes them."""
    frames = len(rotations)
    flat = rotation.make_continuous(rotations).reshape(frames, -1)
    smooth = whittaker(flat, np.ones((frames, 1)), fps, cutoff)
    return rotation.normalize(smooth.reshape(rotations.shape))

"""Means and percentiles that ignore NaN, which marks values that were not observed."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray


def mean_over(values: FloatArray, axis: int | tuple[int, ...]) -> FloatArray:
    """Returns the mean of the finite values along the axes; NaN where there is none."""
    finite = np.isfinite(values)
    count = finite.sum(axis=axis)
    total = np.where(finite, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def mean(values: FloatArray) -> float:
    """Returns the mean of all finite values; NaN if there is none."""
    return float(mean_over(np.ravel(values), axis=0))


def percentile(values: FloatArray, percent: float) -> float:
    """Returns a percentile (0 to 100) of the finite values; NaN if there is none."""
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, percent)) if finite.size else float("nan")


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Returns the weighted mean of the finite values; NaN if their weights are zero."""
    value, weight = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    weight = np.where(np.isfinite(value), weight, 0.0)
    total = weight.sum()
    return float((np.where(weight > 0, value, 0.0) * weight).sum() / total) if total > 0 else float("nan")

"""Curves: values at key times -> values in all frames, eased in and out."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from bodydouble.data import FloatArray

Keys = dict[float, float | tuple[float, ...]]
"""Time in s -> value."""


def ease(keys: Keys, times: FloatArray, delay: float = 0.0, period: float | None = None) -> FloatArray:
    """Interpolates keys without overshoot; the velocity is zero at every turning point.

    Args:
        keys: at least one.
        times: (T,) s.
        delay: time in s by which the curve follows later.
        period: duration of a cycle in s; outside the keys the curve is constant if not given.

    Returns:
        (T,) or (T, K).
    """
    known = np.array(sorted(keys))
    values = np.array([keys[time] for time in known], dtype=float)
    if len(known) == 1:
        return np.repeat(values, len(times), axis=0)
    at = times - delay
    if period is None:
        return np.asarray(PchipInterpolator(known, values)(np.clip(at, known[0], known[-1])))
    is_cycle = known[-1] - known[0] >= period - 1e-9
    once = slice(None, -1) if is_cycle else slice(None)
    wrapped = np.concatenate([known[once] + k * period for k in (-1, 0, 1)])
    return np.asarray(PchipInterpolator(wrapped, np.concatenate([values[once]] * 3))(at % period))


def sway(times: FloatArray, seconds: float, amplitude: float, phase: float = 0.0) -> FloatArray:
    """Returns a sine wave (T,) with a period in s; the phase is a part of the period."""
    return np.asarray(amplitude * np.sin(2 * np.pi * (times / seconds - phase)))

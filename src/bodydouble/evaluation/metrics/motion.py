"""Derivatives of a motion: acceleration, jitter, and the peak speed of strikes."""

import numpy as np

from bodydouble.data import FloatArray

MIN_PEAK_SPEED = 3.0
"""Minimum speed in m/s of a hand or foot that strikes."""
PEAK_WINDOW = 0.2
"""Time in s before and after a true peak in which the predicted peak may lie."""


def acceleration(points: FloatArray, fps: float) -> FloatArray:
    """Returns the second derivative (T-2, ..., 3) m/s^2 of points (T, ..., 3) m; empty below three frames."""
    return np.asarray(np.diff(points, n=2, axis=0) * fps**2)


def acceleration_errors_m_s2(predicted: FloatArray, truth: FloatArray, fps: float) -> FloatArray:
    """Returns the length (T-2, J) m/s^2 of the difference between the accelerations of joints (T, J, 3) m.

    Source: A. Kanazawa et al., "Learning 3D human dynamics from video", CVPR 2019; per second squared as in
    Z. Shen et al., "World-grounded human motion recovery via gravity-view coordinates" (GVHMR), SIGGRAPH Asia 2024.
    """
    return np.asarray(np.linalg.norm(acceleration(predicted, fps) - acceleration(truth, fps), axis=-1))


def jitter_10m_s3(points: FloatArray, fps: float) -> FloatArray:
    """Returns the length (T-3, ...) of the third derivative of points (T, ..., 3) m, in units of 10 m/s^3.

    Source: X. Yi et al., "TransPose", SIGGRAPH 2021; the unit as in WHAM (S. Shin et al., CVPR 2024) and GVHMR.
    """
    return np.asarray(np.linalg.norm(np.diff(points, n=3, axis=0), axis=-1) * fps**3 / 10.0)


def peak_speed_losses_percent(predicted: FloatArray, truth: FloatArray, fps: float) -> FloatArray:
    """Returns the loss of peak speed in strikes.

    A strike is a peak of the speed of the fastest true point: over 3 m/s, and the highest within 0.2 s. It is compared
    with the highest predicted speed of the same point within 0.2 s of it.

    Args:
        predicted: (T, P, 3) m, hands and feet.
        truth: the same points.
        fps: frames per second.

    Returns:
        (N,) percent of the true speed, one per strike; negative where the prediction is faster. Strikes without a
        prediction in that time are left out.
    """
    from scipy.signal import find_peaks  # takes longer to import than all else that capture needs of SciPy

    predicted_speed, true_speed = (
        np.linalg.norm(np.diff(points, axis=0), axis=-1) * fps for points in (predicted, truth)
    )
    fastest, window = true_speed.max(axis=1), round(PEAK_WINDOW * fps)
    peaks, _ = find_peaks(fastest, height=MIN_PEAK_SPEED, distance=max(window, 1))
    predicted_peaks = [
        predicted_speed[max(peak - window, 0) : peak + window + 1, point].max()
        for peak, point in zip(peaks, true_speed[peaks].argmax(axis=1), strict=True)
    ]
    losses = 100 * (1 - np.array(predicted_peaks) / fastest[peaks])
    return np.asarray(losses[np.isfinite(losses)])

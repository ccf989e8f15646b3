"""How a motion changes over time: acceleration and jitter."""

import numpy as np

from bodydouble.data import FloatArray


def acceleration(points: FloatArray, fps: float) -> FloatArray:
    """Second derivative (T-2, ..., 3) m/s^2 of points (T, ..., 3) m; none for fewer than three frames."""
    return np.asarray(np.diff(points, n=2, axis=0) * fps**2)


def acceleration_errors_m_s2(predicted: FloatArray, truth: FloatArray, fps: float) -> FloatArray:
    """Length (T-2, J) m/s^2 of the difference between the accelerations of joints (T, J, 3) m.

    Source: A. Kanazawa et al., "Learning 3D human dynamics from video", CVPR 2019; per second squared as in
    Z. Shen et al., "World-grounded human motion recovery via gravity-view coordinates" (GVHMR), SIGGRAPH Asia 2024.
    """
    return np.asarray(np.linalg.norm(acceleration(predicted, fps) - acceleration(truth, fps), axis=-1))


def jitter_10m_s3(points: FloatArray, fps: float) -> FloatArray:
    """Length (T-3, ...) of the third derivative of points (T, ..., 3) m, in units of 10 m/s^3.

    Source: X. Yi et al., "TransPose", SIGGRAPH 2021; the unit as in WHAM (S. Shin et al., CVPR 2024) and GVHMR.
    """
    return np.asarray(np.linalg.norm(np.diff(points, n=3, axis=0), axis=-1) * fps**3 / 10.0)

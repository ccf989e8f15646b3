"""Soles that move evenly."""

import numpy as np

FPS = 30.0


def moving_soles(speed: float, height: float) -> np.ndarray:
    """Returns points (20, 4, 3) m that move along x at a speed in m/s."""
    points = np.zeros((20, 4, 3))
    points[..., 0] = speed * np.arange(20)[:, None] / FPS
    points[..., 1] = height
    return points

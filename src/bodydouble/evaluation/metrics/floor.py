"""Feet and the floor (y = 0, +Y up): sliding, penetration, floating, contacts."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.evaluation.metrics.counts import Counts

CONTACT_PROBABILITY = 0.5
REFERENCE_FPS = 30.0
"""Foot slide is per frame at this rate, whatever the rate of the clip."""


def foot_slide_mm(feet: FloatArray, contacts: FloatArray, fps: float) -> FloatArray:
    """How far a touching foot moves.

    Args:
        feet: (T, N, 3) m points of the soles.
        contacts: (T, N) probability, of the truth where there is one.
        fps: frames per second.

    Returns:
        (T-1, N) mm per 1/30 s; NaN unless the point touches the floor in both frames.

    Source: WHAM (S. Shin et al., CVPR 2024) and GVHMR (2024), whose clips have 30 frames/s.
    """
    touching = contacts >= CONTACT_PROBABILITY
    step = 1e3 * np.linalg.norm(np.diff(feet, axis=0), axis=-1) * fps / REFERENCE_FPS
    return np.where(touching[1:] & touching[:-1], step, np.nan)


def penetration_mm(feet: FloatArray) -> FloatArray:
    """Depth (T,) mm below the floor of the lowest point of the soles (T, N, 3) m; 0 above it.

    Source: Y. Yuan et al., "PhysDiff", ICCV 2023, on four points of the soles instead of all vertices.
    """
    return np.asarray(np.maximum(-1e3 * feet[..., 1].min(axis=-1), 0.0))


def floating_mm(feet: FloatArray, contacts: FloatArray) -> FloatArray:
    """Height (T, N) mm above the floor of points (T, N, 3) m that touch it; 0 below it, NaN without contact.

    Source: PhysDiff, limited to contacts (T, N), so that a jump does not count.
    """
    height = np.maximum(1e3 * feet[..., 1], 0.0)
    return np.where(contacts >= CONTACT_PROBABILITY, height, np.nan)


def contact_counts(predicted: FloatArray, truth: FloatArray) -> Counts:
    """Contacts found, invented and missed; probabilities (T, N). What is NaN in either does not count."""
    known = np.isfinite(predicted) & np.isfinite(truth)
    found, real = predicted[known] >= CONTACT_PROBABILITY, truth[known] >= CONTACT_PROBABILITY
    return Counts.of(found, real)

"""Feet relative to the floor (y = 0, +Y up): foot slide, penetration, floating, contacts."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.evaluation.metrics.counts import Counts

CONTACT_PROBABILITY = 0.5
"""Minimum probability of a contact."""
REFERENCE_FPS = 30.0
"""Frame rate in frames/s to which foot slide per frame refers, for clips of any rate."""


def foot_slide_mm(feet: FloatArray, contacts: FloatArray, fps: float) -> FloatArray:
    """Returns the movement of points of the soles that are in contact with the floor.

    Args:
        feet: (T, N, 3) m points of the soles.
        contacts: (T, N) probability, of the ground truth if known.
        fps: frames per second.

    Returns:
        (T-1, N) mm per 1/30 s; NaN unless the point is in contact in both frames.

    Source: WHAM (S. Shin et al., CVPR 2024) and GVHMR (2024), whose clips have 30 frames/s.
    """
    in_contact = contacts >= CONTACT_PROBABILITY
    step = 1e3 * np.linalg.norm(np.diff(feet, axis=0), axis=-1) * fps / REFERENCE_FPS
    return np.where(in_contact[1:] & in_contact[:-1], step, np.nan)


def penetration_mm(feet: FloatArray) -> FloatArray:
    """Returns the depth (T,) mm below the floor of the lowest point of the soles (T, N, 3) m; 0 above it.

    Source: Y. Yuan et al., "PhysDiff", ICCV 2023, on four points of the soles instead of all vertices.
    """
    return np.asarray(np.maximum(-1e3 * feet[..., 1].min(axis=-1), 0.0))


def floating_mm(feet: FloatArray, contacts: FloatArray) -> FloatArray:
    """Returns the height (T, N) mm above the floor of points (T, N, 3) m in contact; 0 below it, NaN without contact.

    Source: PhysDiff, limited to contacts (T, N), so that a jump does not count.
    """
    height = np.maximum(1e3 * feet[..., 1], 0.0)
    return np.where(contacts >= CONTACT_PROBABILITY, height, np.nan)


def contact_counts(predicted: FloatArray, truth: FloatArray) -> Counts:
    """Counts correct, false and missed contacts of probabilities (T, N); NaN in either does not count."""
    finite = np.isfinite(predicted) & np.isfinite(truth)
    predicted_contact, true_contact = predicted[finite] >= CONTACT_PROBABILITY, truth[finite] >= CONTACT_PROBABILITY
    return Counts.from_labels(predicted_contact, true_contact)

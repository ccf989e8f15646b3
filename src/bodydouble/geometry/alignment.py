"""Similarity transforms that align point sets by least squares (Umeyama, Procrustes analysis)."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry.rotation import polar_rotation


@dataclass(frozen=True, slots=True)
class Similarity:
    """Transform p -> scale * rotation @ p + translation, batched over leading axes."""

    scale: FloatArray
    """(...)."""
    rotation: FloatArray
    """(..., 3, 3)."""
    translation: FloatArray
    """(..., 3)."""

    def apply(self, points: FloatArray) -> FloatArray:
        """Transforms points (..., N, 3)."""
        rotated = points @ np.swapaxes(self.rotation, -1, -2)
        return self.scale[..., None, None] * rotated + self.translation[..., None, :]


def fit_similarity(source: FloatArray, target: FloatArray, scaled: bool = True) -> Similarity:
    """Fits the transform from source to target points with the smallest sum of squared distances.

    Args:
        source: (..., N, 3). A point that is NaN here or in the target is ignored.
        target: (..., N, 3).
        scaled: whether the scale is fitted; it is 1 otherwise.

    Returns:
        The transform, never a reflection; NaN where all points are ignored.

    Source: S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991.
    """
    is_valid = np.isfinite(source).all(axis=-1, keepdims=True) & np.isfinite(target).all(axis=-1, keepdims=True)
    count = is_valid.sum(axis=-2)
    weight = is_valid / np.where(count > 0, count, np.nan)[..., None, :]
    source, target = np.where(is_valid, source, 0.0), np.where(is_valid, target, 0.0)
    source_mean, target_mean = (weight * source).sum(axis=-2), (weight * target).sum(axis=-2)
    centred_source = np.where(is_valid, source - source_mean[..., None, :], 0.0)
    centred_target = np.where(is_valid, target - target_mean[..., None, :], 0.0)
    rotation, values = polar_rotation(np.swapaxes(centred_target, -1, -2) @ centred_source)
    scale = np.ones(values.shape[:-1])
    if scaled:
        variance = (centred_source**2).sum(axis=(-1, -2))
        scale = np.where(variance > 0, values.sum(axis=-1) / np.where(variance > 0, variance, 1.0), 1.0)
    rotated_mean = (rotation @ source_mean[..., None])[..., 0]
    return Similarity(scale, rotation, target_mean - scale[..., None] * rotated_mean)

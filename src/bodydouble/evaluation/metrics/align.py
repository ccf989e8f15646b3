"""The similarity transform that brings points as near as possible to other points."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray


@dataclass(frozen=True, slots=True)
class Similarity:
    """p -> scale * rotation @ p + translation, batched over leading axes."""

    scale: FloatArray
    """(...)."""
    rotation: FloatArray
    """(..., 3, 3)."""
    translation: FloatArray
    """(..., 3)."""

    def apply(self, points: FloatArray) -> FloatArray:
        """Points (..., N, 3) moved."""
        turned = points @ np.swapaxes(self.rotation, -1, -2)
        return self.scale[..., None, None] * turned + self.translation[..., None, :]


def fit_similarity(source: FloatArray, target: FloatArray, scaled: bool = True) -> Similarity:
    """The transform of source points that leaves the least sum of squared distances to the target points.

    Args:
        source: (..., N, 3). A point that is NaN here or in the target does not count.
        target: (..., N, 3).
        scaled: the size is fitted too; otherwise the scale is 1.

    Returns:
        The transform; NaN where no point counts. It never mirrors.

    Source: S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991.
    """
    seen = np.isfinite(source).all(axis=-1, keepdims=True) & np.isfinite(target).all(axis=-1, keepdims=True)
    count = seen.sum(axis=-2)
    share = seen / np.where(count > 0, count, np.nan)[..., None, :]
    source, target = np.where(seen, source, 0.0), np.where(seen, target, 0.0)
    source_mean, target_mean = (share * source).sum(axis=-2), (share * target).sum(axis=-2)
    source_part = np.where(seen, source - source_mean[..., None, :], 0.0)
    target_part = np.where(seen, target - target_mean[..., None, :], 0.0)
    u, values, vt = np.linalg.svd(np.swapaxes(target_part, -1, -2) @ source_part)
    sign = np.ones_like(values)
    sign[..., 2] = np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0)
    rotation = (u * sign[..., None, :]) @ vt
    scale = np.ones(values.shape[:-1])
    if scaled:
        spread = (source_part**2).sum(axis=(-1, -2))
        scale = np.where(spread > 0, (values * sign).sum(axis=-1) / np.where(spread > 0, spread, 1.0), 1.0)
    turned = (rotation @ source_mean[..., None])[..., 0]
    return Similarity(scale, rotation, target_mean - scale[..., None] * turned)

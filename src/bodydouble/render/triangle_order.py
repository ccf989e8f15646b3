"""Triangle order: mesh -> its triangles in an order in which neighbours follow each other."""

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray

_GRID_BITS = 10
"""Bits per axis of the grid on which triangles are sorted."""


def sort_triangles(positions: FloatArray, triangles: NDArray[np.integer]) -> NDArray[np.integer]:
    """Sorts triangles along a Z-order curve through their centroids.

    A software driver draws in runs of some dozens of vertices. Neighbours in one run share vertices, so that fewer are
    processed twice.

    Args:
        positions: vertices (V, 3).
        triangles: vertex indices (T, 3).

    Returns:
        The same triangles (T, 3).
    """
    if len(triangles) == 0:
        return triangles
    centroids = positions[triangles].mean(axis=1)
    centroids = centroids - centroids.min(axis=0)
    cells = (centroids / max(float(centroids.max()), 1e-9) * (2**_GRID_BITS - 1)).astype(np.int64)
    bits = cells[:, :, None] >> np.arange(_GRID_BITS) & 1
    code = (bits << 3 * np.arange(_GRID_BITS) + np.arange(3)[:, None]).sum(axis=(1, 2))
    return triangles[np.argsort(code, kind="stable")]

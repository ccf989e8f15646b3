"""Hull normals: normals of the surface itself, common to all vertices at one place, along which outlines are moved."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray, Mesh
from bodydouble.geometry.rotation import normalize

_TOLERANCE = 1e-5
"""Distance in m within which vertices are at one place."""


def compute_hull_normals(meshes: Sequence[Mesh]) -> FloatArray:
    """Returns unit normals (V, 3) of the vertices of all meshes.

    They are means of the normals of the triangles, weighted by area. Vertices at one place have the same one, or the
    hull would be torn open along their edge. Shading normals, which may be those of another shape, are not used.
    """
    positions = np.concatenate([mesh.positions for mesh in meshes])
    sums = np.concatenate([_sum_triangle_normals(mesh) for mesh in meshes])
    cells = np.round(positions / _TOLERANCE).astype(np.int64)
    _, place = np.unique(cells, axis=0, return_inverse=True)
    place = place.ravel()
    welded = np.stack([np.bincount(place, sums[:, axis]) for axis in range(3)], axis=1)[place]
    shading = np.concatenate([mesh.normals for mesh in meshes])
    is_flat = np.linalg.norm(welded, axis=1, keepdims=True) < 1e-12
    return normalize(np.where(is_flat, shading, welded), eps=1e-15)


def _sum_triangle_normals(mesh: Mesh) -> FloatArray:
    a, b, c = np.moveaxis(mesh.positions[mesh.triangles], 1, 0)
    normals = np.repeat(np.cross(b - a, c - a), 3, axis=0)
    corners = mesh.triangles.ravel()
    return np.stack([np.bincount(corners, normals[:, axis], len(mesh.positions)) for axis in range(3)], axis=1)

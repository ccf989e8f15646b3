"""Characters of a few plain meshes for tests of the toon renderer."""

from typing import Any

import numpy as np

from bodydouble.data import Character, FloatArray, IntArray, Material, Mesh, Skeleton
from bodydouble.film.toon_materials import MTOON
from bodydouble.geometry.rotation import IDENTITY

FLAT = {"shadeColorFactor": [1.0, 1.0, 1.0], "outlineWidthMode": "none"}
"""Values of MToon with which a white surface is white everywhere."""


def create_mesh(positions: FloatArray, normals: FloatArray, triangles: IntArray, **fields: Any) -> Mesh:
    """Returns a mesh that one joint moves."""
    count = len(positions)
    weights = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))
    return Mesh(positions, normals, triangles, np.zeros((count, 4), dtype=int), weights, **fields)


def create_plate(size: float, place: FloatArray, **fields: Any) -> Mesh:
    """Returns a square that faces +Z, of a side in m, around a place (3,) m."""
    corners = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])
    uvs = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    return create_mesh(
        place + size / 2 * corners,
        np.tile([0.0, 0.0, 1.0], (4, 1)),
        np.array([[0, 1, 2], [0, 2, 3]]),
        uvs=uvs,
        **fields,
    )


def create_material(name: str, color: tuple[float, float, float], **fields: Any) -> Material:
    """Returns a one-sided material of a linear colour."""
    return Material(name, (*color, 1.0), **fields)


def create_body(*meshes: Mesh, toon: dict[str, dict[str, Any]] | None = None) -> Character:
    """Returns a rigid character with one joint at the origin, and MToon values by the name of a material."""
    described: dict[str, Any] = {name: (values, {}) for name, values in (toon or {}).items()}
    skeleton = Skeleton(("hips",), (-1,), np.zeros((1, 3)))
    return Character("body", skeleton, IDENTITY[None], {"hips": 0}, meshes, vrm={MTOON: described})

"""Tangents of a mesh, along which a normal map is laid: triangles and texture coordinates -> (V, 4).

Source: E. Lengyel, Foundations of Game Engine Development, volume 2: Rendering, 7.5.
"""

import numpy as np

from bodydouble.data import FloatArray, IntArray
from bodydouble.geometry import rotation


def compute_tangents(positions: FloatArray, normals: FloatArray, uvs: FloatArray, triangles: IntArray) -> FloatArray:
    """Computes unit tangents along u, and in the fourth column the sign of the bitangent.

    Args:
        positions: (V, 3) m.
        normals: (V, 3) unit.
        uvs: (V, 2) texture coordinates.
        triangles: (N, 3) vertex indices.
    """
    edges = positions[triangles[:, 1:]] - positions[triangles[:, :1]]
    (u1, v1), (u2, v2) = np.moveaxis(uvs[triangles[:, 1:]] - uvs[triangles[:, :1]], (1, 2), (0, 1))
    sign = np.sign(u1 * v2 - u2 * v1)[:, None]
    along_u = sign * (v2[:, None] * edges[:, 0] - v1[:, None] * edges[:, 1])
    along_v = sign * (u1[:, None] * edges[:, 1] - u2[:, None] * edges[:, 0])
    tangents, bitangents = np.zeros_like(positions), np.zeros_like(positions)
    for corner in triangles.T:
        np.add.at(tangents, corner, along_u)
        np.add.at(bitangents, corner, along_v)
    flat = tangents - normals * np.sum(tangents * normals, axis=1, keepdims=True)
    is_undefined = np.linalg.norm(flat, axis=1, keepdims=True) < 1e-12
    unit = rotation.normalize(np.where(is_undefined, _perpendicular(normals), flat))
    # Image rows go down, so that the bitangent points against v.
    handedness = np.where(np.sum(np.cross(normals, unit) * bitangents, axis=1) > 0, -1.0, 1.0)
    return np.concatenate([unit, handedness[:, None]], axis=1)


def _perpendicular(normals: FloatArray) -> FloatArray:
    """Returns unit vectors (V, 3) across unit vectors."""
    helper = np.where(np.abs(normals[:, :1]) < 0.9, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    return rotation.normalize(np.cross(normals, helper))

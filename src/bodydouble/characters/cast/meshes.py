"""Triangle meshes of the cast: normals, smoothing, subdivision, lofts and tubes on arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from scipy import sparse

from bodydouble.data import FloatArray, IntArray
from bodydouble.geometry import rotation


@dataclass(frozen=True, slots=True)
class Part:
    """Mesh with one material; parts of one mesh name become one mesh of the character."""

    mesh: str
    material: str
    positions: FloatArray
    """(V, 3)."""
    triangles: IntArray
    """(N, 3)."""
    normals: FloatArray
    """(V, 3) unit."""
    uvs: FloatArray
    """(V, 2), origin at the top left."""
    weights: FloatArray | None = None
    """(V, J) skin weights; None: the head carries the part."""
    morphs: dict[str, FloatArray] = field(default_factory=dict)
    """(V, 3) offsets by the name of a morph target; absent: zero."""
    bones: dict[str, FloatArray] = field(default_factory=dict)
    """(V,) weights of further bones by name; the skin weights share what is left."""


@dataclass(frozen=True, slots=True)
class Bone:
    """Bone beside those of the humanoid, as of a skirt."""

    name: str
    parent: str
    position: FloatArray
    """(3,) m at rest."""


def compute_normals(positions: FloatArray, triangles: IntArray) -> FloatArray:
    """Returns unit normals (V, 3), weighted by the areas of the triangles."""
    a, b, c = np.moveaxis(positions[triangles], 1, 0)
    face = np.cross(b - a, c - a)
    corners = triangles.ravel()
    sums = [np.bincount(corners, np.repeat(face[:, k], 3), len(positions)) for k in range(3)]
    return rotation.normalize(np.stack(sums, axis=1), eps=1e-15)


def adjacency(triangles: IntArray, count: int) -> sparse.csr_matrix:
    """Returns the matrix (count, count) that averages the neighbours of each vertex."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    both = np.concatenate([edges, edges[:, ::-1]])
    matrix = (sparse.csr_matrix((np.ones(len(both)), both.T), shape=(count, count)) > 0).astype(float)
    degree = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1.0)
    return sparse.csr_matrix(sparse.diags(1.0 / degree) @ matrix)


def smooth(values: FloatArray, triangles: IntArray, rounds: int, strength: float = 0.5) -> FloatArray:
    """Moves values (V, C) of the vertices towards the mean of their neighbours, a number of times."""
    mean = adjacency(triangles, len(values))
    return reduce(lambda v, _: v + (mean @ v - v) * strength, range(rounds), values)


def subdivide(triangles: IntArray, *values: FloatArray) -> tuple[IntArray, tuple[FloatArray, ...]]:
    """Divides each triangle into four.

    Returns:
        Triangles (4 N, 3), and the values (V + edges, C) with those at the middles of the edges appended.
    """
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    unique, inverse = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = np.split(inverse.ravel() + len(values[0]), 3)
    a, b, c = triangles.T
    rows = [np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    middles = (np.concatenate([v, v[unique].mean(axis=1)]) for v in values)
    return np.concatenate(rows), tuple(middles)


def grid_triangles(rows: int, columns: int, *, closed: bool = False) -> IntArray:
    """Returns the triangles of a grid of vertices, row by row; closed: the last column meets the first."""
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns if closed else columns - 1), indexing="ij")
    a = (row * columns + column).ravel()
    b = (row * columns + (column + 1) % columns).ravel()
    return np.concatenate([np.stack([a, b, a + columns], axis=1), np.stack([b, b + columns, a + columns], axis=1)])


def orient(positions: FloatArray, triangles: IntArray, inside: FloatArray) -> IntArray:
    """Turns all triangles over if more of their normals point towards points (V, 3) or (3,) inside than away."""
    outward = (compute_normals(positions, triangles) * (positions - inside)).sum()
    return triangles if outward >= 0 else triangles[:, ::-1]


def sweep_tube(line: FloatArray, radii: FloatArray, sides: int = 10) -> tuple[FloatArray, IntArray]:
    """Sweeps an ellipse along a line.

    Args:
        line: (K, 3) centre line.
        radii: (K, 2) radius across the line horizontally, and upwards.
        sides: vertices of a ring.

    Returns:
        Positions (K * sides, 3) and triangles.
    """
    tangent = rotation.normalize(np.gradient(line, axis=0))
    across = rotation.normalize(np.cross([0.0, 1.0, 0.013], tangent))
    up = np.cross(tangent, across)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = across[:, None] * (radii[:, :1, None] * np.cos(angle)[None, :, None])
    ring = ring + up[:, None] * (radii[:, 1:, None] * np.sin(angle)[None, :, None])
    positions = (line[:, None] + ring).reshape(-1, 3)
    return positions, orient(positions, grid_triangles(len(line), sides, closed=True), np.repeat(line, sides, axis=0))


def join(meshes: Sequence[tuple[FloatArray, IntArray]]) -> tuple[FloatArray, IntArray]:
    """Joins meshes of positions and triangles into one."""
    starts = np.cumsum([0, *[len(positions) for positions, _ in meshes]])
    triangles = [t + start for (_, t), start in zip(meshes, starts[:-1], strict=True)]
    return np.concatenate([positions for positions, _ in meshes]), np.concatenate(triangles)


def smoothstep(low: float, high: float, x: FloatArray) -> FloatArray:
    """Returns 0 below low, 1 above high and a smooth ramp between."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))

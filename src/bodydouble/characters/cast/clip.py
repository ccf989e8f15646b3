"""Clipping of triangle meshes along the zero line of a field: triangles are cut, with all values of their vertices."""

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray


def clip(triangles: IntArray, field: FloatArray, *values: FloatArray) -> tuple[IntArray, tuple[FloatArray, ...]]:
    """Keeps the part of a mesh where a field is positive.

    Args:
        triangles: (N, 3).
        field: (V,) value of the field at the vertices; linear in each triangle.
        values: arrays (V, C) or (V,) of the vertices.

    Returns:
        The triangles and the values of the kept vertices; those on a cut edge are interpolated.
    """
    inside = field > 0
    count = inside[triangles].sum(axis=1)
    one = _rotate_to_front(triangles[count == 1], inside)
    two = _rotate_to_front(triangles[count == 2], ~inside)
    cut = np.concatenate([one, two])
    edges = np.sort(np.concatenate([cut[:, [0, 1]], cut[:, [0, 2]]]), axis=1)
    unique, inverse = np.unique(edges.reshape(-1, 2), axis=0, return_inverse=True)
    first, second = np.split(inverse.ravel() + len(field), 2)
    k = len(one)
    kept = np.concatenate(
        [
            triangles[count == 3],
            np.stack([one[:, 0], first[:k], second[:k]], axis=1),
            np.stack([first[k:], two[:, 1], two[:, 2]], axis=1),
            np.stack([first[k:], two[:, 2], second[k:]], axis=1),
        ]
    )
    used, local = np.unique(kept, return_inverse=True)
    return local.reshape(-1, 3), tuple(_cut_values(v, field, unique)[used] for v in values)


def _rotate_to_front(triangles: IntArray, mask: BoolArray) -> IntArray:
    """Rotates the corners of triangles with one vertex of the mask so that it comes first."""
    place = mask[triangles].argmax(axis=1)
    columns = (place[:, None] + np.arange(3)) % 3
    return np.take_along_axis(triangles, columns, axis=1)


def _cut_values(values: FloatArray, field: FloatArray, edges: IntArray) -> FloatArray:
    """Appends the values where the field is zero on the edges (E, 2)."""
    a, b = edges.T
    share = field[a] / (field[a] - field[b])
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    return np.concatenate([values, values[a] + (values[b] - values[a]) * share])

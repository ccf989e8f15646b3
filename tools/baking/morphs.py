"""Morph targets of the mannequin: offsets of a `Surface` -> the few vertices that move, quantised."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baking.mesh import surface_normals
from baking.source import Array
from baking.suit import Surface
from bodydouble.skeletons import arkit

MIN_OFFSET = 2e-4
"""Smallest offset in m that is kept."""
MIN_NORMAL_OFFSET = 0.06
"""Smallest change of a unit normal that is kept."""


@dataclass(frozen=True)
class SparseOffsets:
    """Offsets of the vertices that move: indices (M,), and values (M, 3) in quanta of the type's largest number."""

    indices: NDArray[np.uint16]
    values: NDArray[np.signedinteger]


def sparse_morphs(surface: Surface) -> list[tuple[str, SparseOffsets, SparseOffsets]]:
    """Returns name, position offsets in units of m / 32767 and normal offsets in units of 1 / 127 of each shape."""
    positions, welded = np.unique(np.round(surface.positions, 6), axis=0, return_inverse=True)
    welded = welded.reshape(-1)
    rest = surface_normals(positions, welded[surface.faces])
    morphs = []
    for k, name in enumerate(arkit.BLENDSHAPES):
        offsets = surface.targets[:, k]
        offsets = np.where(np.linalg.norm(offsets, axis=1, keepdims=True) < MIN_OFFSET, 0.0, offsets)
        moved = positions.copy()
        moved[welded] += offsets
        turned = (surface_normals(moved, welded[surface.faces]) - rest)[welded]
        turned = np.where(np.linalg.norm(turned, axis=1, keepdims=True) < MIN_NORMAL_OFFSET, 0.0, turned)
        morphs.append((name, quantize(offsets, np.int16), quantize(np.clip(turned, -1.0, 1.0), np.int8)))
    return morphs


def quantize(offsets: Array, kind: type[np.signedinteger]) -> SparseOffsets:
    """Quantises offsets (V, 3) of at most 1 to a type of integers."""
    values = np.round(offsets * np.iinfo(kind).max).astype(kind)
    indices = np.flatnonzero(values.any(axis=1)).astype(np.uint16)
    return SparseOffsets(indices, values[indices])

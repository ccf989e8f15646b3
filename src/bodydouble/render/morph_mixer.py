"""Morph mixer: morph targets of a mesh and their weights -> vertices before skinning."""

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray, Mesh


class MorphMixer:
    """Mixer of the morph targets of one mesh; only vertices that one of them moves are touched."""

    def __init__(self, mesh: Mesh) -> None:
        """Takes a mesh; the vertices have the weights at rest."""
        self.vertices: NDArray[np.float32] = np.hstack([mesh.positions, mesh.normals]).astype(np.float32)
        """(V, 6) positions m and normals, which the shaders normalise."""
        self._weights_at_rest = np.array([target.weight for target in mesh.morph_targets], dtype=np.float32)
        moved = np.zeros(len(mesh.positions), dtype=np.bool_)
        for target in mesh.morph_targets:
            moved |= _is_moved(target.position_offsets)
            if target.normal_offsets is not None:
                moved |= _is_moved(target.normal_offsets)
        self._rows = np.flatnonzero(moved)
        self._unmorphed = self.vertices[self._rows]
        vectors = np.zeros((len(mesh.morph_targets), len(self._rows), 6), dtype=np.float32)
        for offsets, target in zip(vectors, mesh.morph_targets, strict=True):
            offsets[:, :3] = target.position_offsets[self._rows]
            if target.normal_offsets is not None:
                offsets[:, 3:] = target.normal_offsets[self._rows]
        self._offsets = vectors.reshape(len(vectors), 6 * len(self._rows))
        self._mixed: NDArray[np.float32] = np.zeros_like(self._weights_at_rest)
        self.mix(None)

    def mix(self, weights: FloatArray | None) -> bool:
        """Sets the weights (K,) of the morph targets, those at rest if not given; returns whether a vertex moves."""
        wanted = self._weights_at_rest if weights is None else np.asarray(weights, dtype=np.float32)
        if np.array_equal(wanted, self._mixed):
            return False
        self._mixed = wanted
        used = np.flatnonzero(wanted)
        step = wanted[used] @ self._offsets[used]
        self.vertices[self._rows] = self._unmorphed + step.reshape(-1, 6)
        return len(self._rows) > 0


def _is_moved(offsets: FloatArray) -> NDArray[np.bool_]:
    """Returns (V,) whether an offset (V, 3) is not zero."""
    return np.asarray((offsets[:, 0] != 0) | (offsets[:, 1] != 0) | (offsets[:, 2] != 0))

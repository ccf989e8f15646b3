"""Keyframe reduction of morph weights: the fewest frames that keep every vertex within a tolerance.

In: weights (T, K). Out: a mask of the frames that keep a key. Between keys, files interpolate linearly.
"""

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Mesh
from bodydouble.errors import InvalidDataError


def reduce_weight_keys(weights: FloatArray, mesh: Mesh, tolerance: float) -> BoolArray:
    """Selects the frames of one mesh that keep a key; all its morph targets have keys in the same frames.

    Args:
        weights: (T, K) of the morph targets of the mesh.
        mesh: K morph targets.
        tolerance: m, above 0; maximum distance of a vertex from its position, before skinning.

    Returns:
        (T,) True where there is a key; the first and the last frame have one.

    Raises:
        InvalidDataError: the tolerance is not above 0.
    """
    if not tolerance > 0:
        raise InvalidDataError(f"a keyframe tolerance of {tolerance} m; it must be above 0")
    reach = np.array([np.linalg.norm(target.position_offsets, axis=1).max() for target in mesh.morph_targets])
    frames = np.arange(len(weights))
    keys = np.zeros(len(weights), dtype=np.bool_)
    keys[[0, -1]] = True
    while True:
        at_keys = np.flatnonzero(keys)
        between = np.stack([np.interp(frames, at_keys, column) for column in weights[at_keys].T], axis=1)
        errors = np.abs(weights - between) @ reach
        violations = np.flatnonzero(errors > tolerance)
        if not len(violations):
            return keys
        # One key in each gap between keys, where its error is largest.
        descending = violations[np.argsort(-errors[violations], kind="stable")]
        gaps = np.searchsorted(at_keys, descending)
        keys[descending[np.unique(gaps, return_index=True)[1]]] = True

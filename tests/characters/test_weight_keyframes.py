"""Keyframe reduction of morph weights keeps every vertex within the tolerance."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.characters.weight_keyframes import reduce_weight_keys
from bodydouble.data import BoolArray, FloatArray, Mesh, MorphTarget
from bodydouble.errors import InvalidDataError
from tests import builders


def mesh_with_targets(count: int) -> Mesh:
    (mesh,) = builders.character().meshes
    rng = np.random.default_rng(count)
    offsets = rng.normal(scale=0.01, size=(count, *mesh.positions.shape))
    return replace(mesh, morph_targets=tuple(MorphTarget(f"t{k}", each) for k, each in enumerate(offsets)))


def vertices(mesh: Mesh, weights: FloatArray) -> FloatArray:
    """Positions (T, V, 3) of the morphed vertices."""
    offsets = np.stack([target.position_offsets for target in mesh.morph_targets])
    return np.asarray(mesh.positions + np.einsum("tk,kvi->tvi", weights, offsets))


def interpolated(weights: FloatArray, keys: BoolArray) -> FloatArray:
    at = np.flatnonzero(keys)
    return np.stack([np.interp(np.arange(len(weights)), at, column) for column in weights[at].T], axis=1)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-3, 5e-3])
def test_vertices_stay_within_the_tolerance(tolerance: float) -> None:
    mesh = mesh_with_targets(4)
    time = np.linspace(0, 3, 90)[:, None]
    weights = 0.5 + 0.5 * np.sin(time * np.array([1.0, 2.0, 3.0, 5.0]))
    keys = reduce_weight_keys(weights, mesh, tolerance)
    exact, reduced = vertices(mesh, weights), vertices(mesh, interpolated(weights, keys))
    assert np.linalg.norm(np.subtract(exact, reduced), axis=-1).max() <= tolerance
    assert keys[[0, -1]].all()
    assert keys.sum() < 90


def test_lines_need_two_keys_and_a_blink_keeps_its_peak() -> None:
    mesh = mesh_with_targets(1)
    assert reduce_weight_keys(np.linspace(0, 1, 50)[:, None], mesh, 1e-6).sum() == 2
    blink = np.zeros((50, 1))
    blink[20:23, 0] = 0.6, 1.0, 0.6
    keys = reduce_weight_keys(blink, mesh, 1e-4)
    assert keys[21]
    assert keys.sum() < 9


def test_one_frame_is_one_key() -> None:
    assert reduce_weight_keys(np.zeros((1, 2)), mesh_with_targets(2), 1e-3).tolist() == [True]


def test_the_tolerance_is_above_0() -> None:
    with pytest.raises(InvalidDataError, match="above 0"):
        reduce_weight_keys(np.zeros((3, 1)), mesh_with_targets(1), 0.0)

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.render.triangle_order import sort_triangles


@given(st.integers(0, 2**16), st.integers(0, 40))
def test_sorting_keeps_every_triangle_as_it_is(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    positions, triangles = random.normal(size=(30, 3)), random.integers(0, 30, (count, 3))
    assert sorted(map(tuple, sort_triangles(positions, triangles))) == sorted(map(tuple, triangles))


def test_neighbours_follow_each_other() -> None:
    rows, columns = np.mgrid[0:32, 0:32].reshape(2, -1)
    positions = np.stack([columns, rows, 0 * rows], axis=1).astype(np.float64)
    corners = np.flatnonzero((rows < 31) & (columns < 31))
    triangles = np.stack([corners, corners + 1, corners + 32], axis=1)
    shuffled = np.random.default_rng(0).permutation(triangles)
    ordered = positions[sort_triangles(positions, shuffled)].mean(axis=1)
    steps = np.linalg.norm(np.diff(ordered, axis=0), axis=1)
    assert np.median(steps) <= np.sqrt(2.0)


def test_triangles_at_one_point_are_kept() -> None:
    triangles = np.array([[0, 1, 2], [2, 1, 0]])
    np.testing.assert_array_equal(sort_triangles(np.ones((3, 3)), triangles), triangles)

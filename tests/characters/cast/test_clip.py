import numpy as np
import pytest

from bodydouble.characters.cast.clip import clip
from bodydouble.characters.cast.meshes import grid_triangles, subdivide
from bodydouble.data import FloatArray, IntArray


def square(count: int = 9) -> tuple[FloatArray, IntArray]:
    x, y = np.meshgrid(np.linspace(0, 1, count), np.linspace(0, 1, count))
    return np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1), grid_triangles(count, count)


def area(positions: FloatArray, triangles: IntArray) -> FloatArray:
    a, b, c = np.moveaxis(positions[triangles], 1, 0)
    return np.asarray(np.cross(b - a, c - a)[:, 2] / 2)


@pytest.mark.parametrize("angle", np.linspace(0.1, 6.2, 7))
def test_both_sides_of_a_line_add_up_to_the_whole(angle: float) -> None:
    positions, triangles = square()
    field = (positions[:, :2] - [0.47, 0.53]) @ [np.cos(angle), np.sin(angle)]
    parts = [clip(triangles, sign * field, positions, sign * field) for sign in (1, -1)]
    for kept, (points, values) in parts:
        assert (area(points, kept) >= 0).all()
        assert values.min() >= -1e-12
    total = sum(area(points, kept).sum() for kept, (points, _) in parts)
    assert total == pytest.approx(area(positions, triangles).sum())


def test_values_are_interpolated_where_the_mesh_is_cut() -> None:
    positions, triangles = square()
    _, (points, linear) = clip(triangles, positions[:, 0] - 0.3, positions, 3 * positions + 1)
    assert np.allclose(linear, 3 * points + 1)
    assert points[:, 0].min() == pytest.approx(0.3)


def test_a_mesh_inside_is_kept_and_one_outside_vanishes() -> None:
    positions, triangles = square(4)
    kept, (points,) = clip(triangles, np.ones(len(positions)), positions)
    assert np.array_equal(points[kept], positions[triangles])
    assert len(clip(triangles, -np.ones(len(positions)), positions)[0]) == 0


def test_subdivision_keeps_the_surface() -> None:
    positions, triangles = square(4)
    finer, (points,) = subdivide(triangles, positions)
    assert len(finer) == 4 * len(triangles)
    assert area(points, finer).sum() == pytest.approx(area(positions, triangles).sum())
    assert np.allclose(area(points, finer), area(positions, triangles).sum() / len(finer))

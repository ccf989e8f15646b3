"""Laws of the person view: independence of position, size and camera rotation."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.lifting import person_view

ONES = np.ones((4, 33))


def _points(seed: int = 0) -> FloatArray:
    """Returns points (4, 33, 3) m in front of the camera."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal([0.8, -0.3, 4.0], [0.3, 0.5, 0.2], (4, 33, 3)))


def _view(points: FloatArray) -> person_view.PersonView:
    return person_view.view_straight_at(points[..., :2] / points[..., 2:], ONES)


@pytest.mark.parametrize("seed", range(4))
def test_points_from_depths_inverts_relative_depths(seed: int) -> None:
    points = _points(seed)
    view = _view(points)
    recovered = person_view.points_from_depths(person_view.relative_depths(points, view), view)
    hips = points[:, person_view.HIP_INDICES].mean(axis=1, keepdims=True)
    hips_depth = (hips @ view.camera_from_view)[..., 2:]
    expected = (points - hips) / (hips_depth * view.scale)
    offset = recovered[:, person_view.HIP_INDICES].mean(axis=1, keepdims=True)
    np.testing.assert_allclose(recovered - offset, expected, atol=1e-9)
    assert np.abs(offset).max() < 0.1


def test_view_is_independent_of_scale() -> None:
    points = _points()
    near, far = _view(points), _view(2.5 * points)
    np.testing.assert_allclose(near.points, far.points)
    np.testing.assert_allclose(
        person_view.relative_depths(points, near), person_view.relative_depths(2.5 * points, far)
    )


def test_camera_rotation_hardly_changes_the_view() -> None:
    points = _points()
    camera_rotation = rotation.to_matrix(rotation.from_rotvec(np.array([0.2, -0.15, 0.0])))
    original, rotated = _view(points), _view(points @ camera_rotation.T)
    assert original.scale == pytest.approx(rotated.scale, rel=2e-3)
    lengths = [np.linalg.norm(view.points, axis=-1) for view in (original, rotated)]
    assert np.median(np.abs(lengths[0] - lengths[1])) < 0.01


def test_hips_lie_on_the_axis() -> None:
    view = _view(_points())
    np.testing.assert_allclose(view.points[:, person_view.HIP_INDICES].mean(axis=1), 0.0, atol=0.05)

"""Laws of pinhole cameras and rigid transforms."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bodydouble.geometry import camera, rotation
from tests import builders
from tests.builders import Floats, assert_same

pixels = arrays(np.float64, (5, 2), elements=st.floats(-500, 1500))
depths = arrays(np.float64, (5, 1), elements=st.floats(0.1, 50))
INTRINSICS = np.array([[700.0, 0.0, 310.0], [0.0, 650.0, 250.0], [0.0, 0.0, 1.0]])


def _poses(count: int) -> Floats:
    rng = np.random.default_rng(0)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = rotation.to_matrix(builders.random_quaternions(rng, (count,)))
    poses[:, :3, 3] = rng.normal(size=(count, 3))
    return poses


@given(pixels, depths)
def test_rays_and_project_are_inverse(image_points: Floats, depth: Floats) -> None:
    rays = camera.rays(INTRINSICS, image_points)
    assert (rays[:, 2] == 1.0).all()
    assert_same(camera.project(INTRINSICS, rays * depth), image_points, 1e-9)


def test_the_optical_axis_meets_the_image_centre() -> None:
    intrinsics = camera.intrinsics_from_focal_length(600.0, (640, 480))
    assert_same(camera.project(intrinsics, np.array([0.0, 0.0, 3.0])), np.array([320.0, 240.0]), 1e-12)
    # One metre to the right and below, at a depth of two metres.
    assert_same(camera.project(intrinsics, np.array([1.0, 1.0, 2.0])), np.array([620.0, 540.0]), 1e-12)


def test_the_left_of_a_person_facing_the_camera_is_right_in_the_image() -> None:
    level = builders.level_camera(frames=1)
    points = np.array([[0.0, 1.0, 0.0], [0.5, 1.0, 0.0], [0.0, 1.5, 0.0], [0.0, 1.0, 1.0]])
    image_points = camera.transform(level.camera_from_world[0], points)
    assert_same(image_points, np.array([[0, 0, 4], [0.5, 0, 4], [0, -0.5, 4], [0, 0, 3]]), 1e-12)


def test_transform_is_the_homogeneous_product() -> None:
    poses = _poses(4)
    points = np.random.default_rng(1).normal(size=(4, 6, 3))
    homogeneous = np.concatenate([points, np.ones((4, 6, 1))], axis=-1)
    expected = np.einsum("fij,fnj->fni", poses, homogeneous)[..., :3]
    assert_same(camera.transform(poses, points), expected, 1e-12)
    assert_same(camera.transform(poses, points[0])[2], camera.transform(poses[2], points[0]), 1e-12)


def test_inverse_undoes_a_transform() -> None:
    poses = _poses(4)
    assert_same(camera.inverse(poses) @ poses, np.tile(np.eye(4), (4, 1, 1)), 1e-12)
    assert_same(camera.inverse(camera.inverse(poses)), poses, 1e-12)
    points = np.random.default_rng(1).normal(size=(4, 6, 3))
    assert_same(camera.transform(camera.inverse(poses), camera.transform(poses, points)), points, 1e-12)

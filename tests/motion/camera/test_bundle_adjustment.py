"""Laws of bundle adjustment: derivatives against finite differences, recovery of known cameras and points."""

from dataclasses import replace

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.camera.bundle_adjustment import (
    Bundle,
    PointObservations,
    bundle_adjust,
    cauchy_loss,
    linearize,
    refine_poses,
    reprojection_residuals,
    triangulate,
)

RADIANS_PER_PIXEL = 0.002
VIEWS, POINTS = 6, 60


def scene() -> tuple[Bundle, PointObservations]:
    """Returns cameras on an arc, points in front of them (the last ten at infinity) and exact observations."""
    rng = np.random.default_rng(0)
    fraction = np.linspace(0, 1, VIEWS)
    rotations = rotation.to_matrix(rotation.from_rotvec(fraction[:, None] * [0.02, 0.25, -0.05]))
    positions = np.stack([fraction, 0.2 * fraction**2, 0.3 * fraction], axis=-1)
    points = rng.uniform([-3, -2, 4], [3, 2, 9], (POINTS, 3))
    inverse_distances = 1 / np.linalg.norm(points, axis=1)
    inverse_distances[-10:] = 0
    bundle = Bundle(rotations, positions, rotation.normalize(points), inverse_distances)
    view_ids, point_ids = (a.ravel() for a in np.meshgrid(np.arange(VIEWS), np.arange(POINTS), indexing="ij"))
    without_rays = PointObservations(view_ids, point_ids, np.zeros((len(view_ids), 2)))
    return bundle, replace(without_rays, rays=reprojection_residuals(bundle, without_rays, 1.0)[1])


def perturb(bundle: Bundle, size: float) -> Bundle:
    rng = np.random.default_rng(1)
    rotations = rotation.to_matrix(rotation.from_rotvec(rng.normal(0, size, (VIEWS, 3)))) @ bundle.rotations
    rotations[0] = bundle.rotations[0]
    positions = bundle.positions + rng.normal(0, size, (VIEWS, 3)) * (np.arange(VIEWS) > 0)[:, None]
    bearings = rotation.normalize(bundle.bearings + rng.normal(0, size, (POINTS, 3)))
    return Bundle(rotations, positions, bearings, bundle.inverse_distances * rng.uniform(0.8, 1.2, POINTS))


def rotation_errors(a: FloatArray, b: FloatArray) -> FloatArray:
    return rotation.angle_between(rotation.from_matrix(a), rotation.from_matrix(b))


def test_derivatives_by_pose_agree_with_finite_differences() -> None:
    bundle, observations = scene()
    by_pose, _, _ = linearize(bundle, observations, 1.0)
    for axis in range(6):
        step = np.zeros(6)
        step[axis] = 1e-6
        rotations = rotation.to_matrix(rotation.from_rotvec(step[:3])) @ bundle.rotations
        moved = replace(bundle, rotations=rotations, positions=bundle.positions + step[3:])
        numeric = (
            reprojection_residuals(moved, observations, 1.0)[1] - reprojection_residuals(bundle, observations, 1.0)[1]
        ) / 1e-6
        assert np.abs(by_pose[..., axis] - numeric).max() < 1e-4


def test_derivative_by_inverse_distance_agrees_with_finite_differences() -> None:
    bundle, observations = scene()
    _, by_point, _ = linearize(bundle, observations, 1.0)
    closer = replace(bundle, inverse_distances=bundle.inverse_distances + 1e-6)
    numeric = (
        reprojection_residuals(closer, observations, 1.0)[1] - reprojection_residuals(bundle, observations, 1.0)[1]
    ) / 1e-6
    assert np.abs(by_point[..., 2] - numeric).max() < 1e-4


def test_recovers_cameras_and_points_up_to_scale() -> None:
    bundle, observations = scene()
    result = bundle_adjust(perturb(bundle, 0.02), observations, np.arange(1, VIEWS), RADIANS_PER_PIXEL, 60)
    assert cauchy_loss(reprojection_residuals(result, observations, RADIANS_PER_PIXEL)[1]) < 1e-3
    assert rotation_errors(result.rotations, bundle.rotations).max() < 1e-3
    scale = np.sum(result.positions * bundle.positions) / np.sum(result.positions**2)
    assert np.abs(scale * result.positions - bundle.positions).max() < 0.01


def test_never_increases_the_cost_and_keeps_fixed_views() -> None:
    bundle, observations = scene()
    start = perturb(bundle, 0.05)
    result = bundle_adjust(start, observations, np.array([2, 3]), RADIANS_PER_PIXEL, 5)
    assert cauchy_loss(reprojection_residuals(result, observations, RADIANS_PER_PIXEL)[1]) < cauchy_loss(
        reprojection_residuals(start, observations, RADIANS_PER_PIXEL)[1]
    )
    for view in (0, 1, 4, 5):
        assert np.array_equal(result.rotations[view], start.rotations[view])
        assert np.array_equal(result.positions[view], start.positions[view])


def test_is_robust_to_outliers() -> None:
    bundle, observations = scene()
    outliers = np.random.default_rng(4).random(len(observations.view_ids)) < 0.1
    noisy = replace(observations, rays=observations.rays + outliers[:, None] * np.array([0.08, -0.05]))
    result = bundle_adjust(perturb(bundle, 0.01), noisy, np.arange(1, VIEWS), RADIANS_PER_PIXEL, 60)
    assert rotation_errors(result.rotations, bundle.rotations).max() < 0.01


def test_recovers_poses_from_known_points() -> None:
    bundle, observations = scene()
    start = replace(perturb(bundle, 0.1), bearings=bundle.bearings, inverse_distances=bundle.inverse_distances)
    result = refine_poses(start, observations, RADIANS_PER_PIXEL, 30)
    assert rotation_errors(result.rotations, bundle.rotations).max() < 1e-4
    assert np.abs(result.positions - bundle.positions).max() < 1e-3


def test_triangulates_finite_and_infinite_points() -> None:
    bundle, observations = scene()
    initial = replace(bundle, bearings=np.tile([0.0, 0.0, 1.0], (POINTS, 1)), inverse_distances=np.ones(POINTS))
    result = triangulate(initial, observations)
    assert np.abs(result.bearings - bundle.bearings).max() < 1e-5
    assert np.abs(result.inverse_distances - bundle.inverse_distances).max() < 1e-5


def test_point_with_one_observation_does_not_change() -> None:
    bundle, observations = scene()
    start = perturb(bundle, 0.05)
    once = observations.select((observations.point_ids != 7) | (observations.view_ids == 0))
    result = triangulate(start, once)
    assert np.array_equal(result.bearings[7], start.bearings[7])
    assert result.inverse_distances[7] == start.inverse_distances[7]

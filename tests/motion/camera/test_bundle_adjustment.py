"""Bundle adjustment: derivatives against finite differences, and known cameras and places come back."""

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

UNIT = 0.002
VIEWS, PLACES = 6, 60


def scene() -> tuple[Bundle, PointObservations]:
    """Exact cameras on an arc, places before them, the last ten infinitely far away, and what is seen."""
    rng = np.random.default_rng(0)
    course = np.linspace(0, 1, VIEWS)
    turns = rotation.to_matrix(rotation.from_rotvec(course[:, None] * [0.02, 0.25, -0.05]))
    positions = np.stack([course, 0.2 * course**2, 0.3 * course], axis=-1)
    points = rng.uniform([-3, -2, 4], [3, 2, 9], (PLACES, 3))
    closeness = 1 / np.linalg.norm(points, axis=1)
    closeness[-10:] = 0
    bundle = Bundle(turns, positions, rotation.normalize(points), closeness)
    views, places = (a.ravel() for a in np.meshgrid(np.arange(VIEWS), np.arange(PLACES), indexing="ij"))
    blank = PointObservations(views, places, np.zeros((len(views), 2)))
    return bundle, replace(blank, rays=reprojection_residuals(bundle, blank, 1.0)[1])


def disturbed(bundle: Bundle, size: float) -> Bundle:
    rng = np.random.default_rng(1)
    turns = rotation.to_matrix(rotation.from_rotvec(rng.normal(0, size, (VIEWS, 3)))) @ bundle.rotations
    turns[0] = bundle.rotations[0]
    positions = bundle.positions + rng.normal(0, size, (VIEWS, 3)) * (np.arange(VIEWS) > 0)[:, None]
    directions = rotation.normalize(bundle.bearings + rng.normal(0, size, (PLACES, 3)))
    return Bundle(turns, positions, directions, bundle.inverse_distances * rng.uniform(0.8, 1.2, PLACES))


def turn_errors(one: FloatArray, other: FloatArray) -> FloatArray:
    return rotation.angle_between(rotation.from_matrix(one), rotation.from_matrix(other))


def test_derivatives_by_pose_are_right() -> None:
    bundle, seen = scene()
    by_pose, _, _ = linearize(bundle, seen, 1.0)
    for axis in range(6):
        step = np.zeros(6)
        step[axis] = 1e-6
        turns = rotation.to_matrix(rotation.from_rotvec(step[:3])) @ bundle.rotations
        moved = replace(bundle, rotations=turns, positions=bundle.positions + step[3:])
        numeric = (reprojection_residuals(moved, seen, 1.0)[1] - reprojection_residuals(bundle, seen, 1.0)[1]) / 1e-6
        assert np.abs(by_pose[..., axis] - numeric).max() < 1e-4


def test_derivative_by_closeness_is_right() -> None:
    bundle, seen = scene()
    _, by_place, _ = linearize(bundle, seen, 1.0)
    nearer = replace(bundle, inverse_distances=bundle.inverse_distances + 1e-6)
    numeric = (reprojection_residuals(nearer, seen, 1.0)[1] - reprojection_residuals(bundle, seen, 1.0)[1]) / 1e-6
    assert np.abs(by_place[..., 2] - numeric).max() < 1e-4


def test_adjustment_finds_cameras_and_places_up_to_scale() -> None:
    bundle, seen = scene()
    found = bundle_adjust(disturbed(bundle, 0.02), seen, np.arange(1, VIEWS), UNIT, 60)
    assert cauchy_loss(reprojection_residuals(found, seen, UNIT)[1]) < 1e-3
    assert turn_errors(found.rotations, bundle.rotations).max() < 1e-3
    scale = np.sum(found.positions * bundle.positions) / np.sum(found.positions**2)
    assert np.abs(scale * found.positions - bundle.positions).max() < 0.01


def test_adjustment_never_makes_it_worse_and_keeps_what_is_not_free() -> None:
    bundle, seen = scene()
    start = disturbed(bundle, 0.05)
    found = bundle_adjust(start, seen, np.array([2, 3]), UNIT, 5)
    assert cauchy_loss(reprojection_residuals(found, seen, UNIT)[1]) < cauchy_loss(
        reprojection_residuals(start, seen, UNIT)[1]
    )
    for view in (0, 1, 4, 5):
        assert np.array_equal(found.rotations[view], start.rotations[view])
        assert np.array_equal(found.positions[view], start.positions[view])


def test_wrong_sightings_do_not_matter() -> None:
    bundle, seen = scene()
    wrong = np.random.default_rng(4).random(len(seen.view_ids)) < 0.1
    noisy = replace(seen, rays=seen.rays + wrong[:, None] * np.array([0.08, -0.05]))
    found = bundle_adjust(disturbed(bundle, 0.01), noisy, np.arange(1, VIEWS), UNIT, 60)
    assert turn_errors(found.rotations, bundle.rotations).max() < 0.01


def test_views_are_located_by_known_places() -> None:
    bundle, seen = scene()
    start = replace(disturbed(bundle, 0.1), bearings=bundle.bearings, inverse_distances=bundle.inverse_distances)
    found = refine_poses(start, seen, UNIT, 30)
    assert turn_errors(found.rotations, bundle.rotations).max() < 1e-4
    assert np.abs(found.positions - bundle.positions).max() < 1e-3


def test_places_are_triangulated_near_and_far() -> None:
    bundle, seen = scene()
    blank = replace(bundle, bearings=np.tile([0.0, 0.0, 1.0], (PLACES, 1)), inverse_distances=np.ones(PLACES))
    found = triangulate(blank, seen)
    assert np.abs(found.bearings - bundle.bearings).max() < 1e-5
    assert np.abs(found.inverse_distances - bundle.inverse_distances).max() < 1e-5


def test_a_place_that_is_seen_once_stays() -> None:
    bundle, seen = scene()
    start = disturbed(bundle, 0.05)
    once = seen.select((seen.point_ids != 7) | (seen.view_ids == 0))
    found = triangulate(start, once)
    assert np.array_equal(found.bearings[7], start.bearings[7])
    assert found.inverse_distances[7] == start.inverse_distances[7]

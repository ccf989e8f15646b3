"""Bundle adjustment: derivatives against finite differences, and known cameras and places come back."""

from dataclasses import replace

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.camera.bundle_adjustment import (
    Bundle,
    Sightings,
    adjust,
    linearised,
    locate,
    loss,
    residuals,
    triangulate,
)

UNIT = 0.002
VIEWS, PLACES = 6, 60


def scene() -> tuple[Bundle, Sightings]:
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
    blank = Sightings(views, places, np.zeros((len(views), 2)))
    return bundle, replace(blank, rays=residuals(bundle, blank, 1.0)[1])


def disturbed(bundle: Bundle, size: float) -> Bundle:
    rng = np.random.default_rng(1)
    turns = rotation.to_matrix(rotation.from_rotvec(rng.normal(0, size, (VIEWS, 3)))) @ bundle.turns
    turns[0] = bundle.turns[0]
    positions = bundle.positions + rng.normal(0, size, (VIEWS, 3)) * (np.arange(VIEWS) > 0)[:, None]
    directions = rotation.normalize(bundle.directions + rng.normal(0, size, (PLACES, 3)))
    return Bundle(turns, positions, directions, bundle.closeness * rng.uniform(0.8, 1.2, PLACES))


def turn_errors(one: FloatArray, other: FloatArray) -> FloatArray:
    return rotation.angle_between(rotation.from_matrix(one), rotation.from_matrix(other))


def test_derivatives_by_pose_are_right() -> None:
    bundle, seen = scene()
    by_pose, _, _ = linearised(bundle, seen, 1.0)
    for axis in range(6):
        step = np.zeros(6)
        step[axis] = 1e-6
        turns = rotation.to_matrix(rotation.from_rotvec(step[:3])) @ bundle.turns
        moved = replace(bundle, turns=turns, positions=bundle.positions + step[3:])
        numeric = (residuals(moved, seen, 1.0)[1] - residuals(bundle, seen, 1.0)[1]) / 1e-6
        assert np.abs(by_pose[..., axis] - numeric).max() < 1e-4


def test_derivative_by_closeness_is_right() -> None:
    bundle, seen = scene()
    _, by_place, _ = linearised(bundle, seen, 1.0)
    nearer = replace(bundle, closeness=bundle.closeness + 1e-6)
    numeric = (residuals(nearer, seen, 1.0)[1] - residuals(bundle, seen, 1.0)[1]) / 1e-6
    assert np.abs(by_place[..., 2] - numeric).max() < 1e-4


def test_adjustment_finds_cameras_and_places_up_to_scale() -> None:
    bundle, seen = scene()
    found = adjust(disturbed(bundle, 0.02), seen, np.arange(1, VIEWS), UNIT, 60)
    assert loss(residuals(found, seen, UNIT)[1]) < 1e-3
    assert turn_errors(found.turns, bundle.turns).max() < 1e-3
    scale = np.sum(found.positions * bundle.positions) / np.sum(found.positions**2)
    assert np.abs(scale * found.positions - bundle.positions).max() < 0.01


def test_adjustment_never_makes_it_worse_and_keeps_what_is_not_free() -> None:
    bundle, seen = scene()
    start = disturbed(bundle, 0.05)
    found = adjust(start, seen, np.array([2, 3]), UNIT, 5)
    assert loss(residuals(found, seen, UNIT)[1]) < loss(residuals(start, seen, UNIT)[1])
    for view in (0, 1, 4, 5):
        assert np.array_equal(found.turns[view], start.turns[view])
        assert np.array_equal(found.positions[view], start.positions[view])


def test_wrong_sightings_do_not_matter() -> None:
    bundle, seen = scene()
    wrong = np.random.default_rng(4).random(len(seen.views)) < 0.1
    noisy = replace(seen, rays=seen.rays + wrong[:, None] * np.array([0.08, -0.05]))
    found = adjust(disturbed(bundle, 0.01), noisy, np.arange(1, VIEWS), UNIT, 60)
    assert turn_errors(found.turns, bundle.turns).max() < 0.01


def test_views_are_located_by_known_places() -> None:
    bundle, seen = scene()
    start = replace(disturbed(bundle, 0.1), directions=bundle.directions, closeness=bundle.closeness)
    found = locate(start, seen, UNIT, 30)
    assert turn_errors(found.turns, bundle.turns).max() < 1e-4
    assert np.abs(found.positions - bundle.positions).max() < 1e-3


def test_places_are_triangulated_near_and_far() -> None:
    bundle, seen = scene()
    blank = replace(bundle, directions=np.tile([0.0, 0.0, 1.0], (PLACES, 1)), closeness=np.ones(PLACES))
    found = triangulate(blank, seen)
    assert np.abs(found.directions - bundle.directions).max() < 1e-5
    assert np.abs(found.closeness - bundle.closeness).max() < 1e-5


def test_a_place_that_is_seen_once_stays() -> None:
    bundle, seen = scene()
    start = disturbed(bundle, 0.05)
    once = seen.of((seen.places != 7) | (seen.views == 0))
    found = triangulate(start, once)
    assert np.array_equal(found.directions[7], start.directions[7])
    assert found.closeness[7] == start.closeness[7]

"""Laws of the likelihood of lines: maximal at the true up direction, flat for clutter, mirror symmetry."""

import numpy as np
import pytest

from bodydouble.data import FloatArray, LineSegments
from bodydouble.geometry import camera, rotation
from bodydouble.motion.camera.vanishing_points import BackgroundLines
from bodydouble.motion.floor.up_direction import up_from_angles
from bodydouble.motion.reconstruct import default_intrinsics

IMAGE_SIZE = (1280, 720)
INTRINSICS = default_intrinsics(IMAGE_SIZE)
STATIC = np.tile(np.eye(4), (1, 1, 1))
GRID_DEG = np.arange(-40, 41, 2)
"""Rolls and pitches in degrees at which the likelihood is compared."""


def building_lines(roll: float, pitch: float, heading: float = 0.5, count: int = 12, seed: int = 0) -> LineSegments:
    """Returns the segments of vertical lines and of horizontal ones in two directions, with noise of 0.3 px."""
    rng = np.random.default_rng(seed)
    up = up_from_angles(np.array([roll, pitch]))
    first = rotation.rotate(rotation.from_rotvec(heading * up), rotation.normalize(np.cross(up, [0.0, 0.0, 1.0])))
    directions = np.repeat([up, first, np.cross(up, first)], count, axis=0)
    middles = camera.rays(INTRINSICS, rng.uniform(0.15, 0.85, (3 * count, 2)) * IMAGE_SIZE) * 6.0
    ends = np.stack([middles - 0.5 * directions, middles + 0.5 * directions], axis=1)
    points = camera.project(INTRINSICS, ends) + rng.normal(0.0, 0.3, (3 * count, 2, 2))
    return LineSegments(np.zeros(3 * count, int), points, 2.0)


def clutter(count: int = 150, seed: int = 0) -> LineSegments:
    """Returns segments of random directions, as in foliage."""
    rng = np.random.default_rng(seed)
    middles, angles = rng.uniform(0.05, 0.95, (count, 2)) * IMAGE_SIZE, rng.uniform(0, np.pi, count)
    half = 20 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return LineSegments(np.zeros(count, int), np.stack([middles - half, middles + half], axis=1), 2.0)


def grid() -> FloatArray:
    rolls, pitches = np.meshgrid(GRID_DEG, GRID_DEG, indexing="ij")
    return np.radians(np.stack([rolls, pitches], axis=-1).reshape(-1, 2))


def log_likelihoods(segments: LineSegments, angles: FloatArray, focal_ratios: tuple[float, ...] = (1.0,)) -> FloatArray:
    lines = BackgroundLines.from_segments(segments, INTRINSICS, STATIC, focal_ratios)
    return lines.log_likelihood(up_from_angles(angles))


@pytest.mark.parametrize(("roll", "pitch"), [(0.0, 0.0), (10.0, 16.0), (-24.0, 30.0), (8.0, -18.0)])
def test_the_likelihood_of_a_building_is_highest_at_the_true_direction(roll: float, pitch: float) -> None:
    scores = log_likelihoods(building_lines(*np.radians([roll, pitch])), grid())
    best = np.degrees(grid()[np.argmax(scores)])
    assert np.abs(best - [roll, pitch]).max() <= 2.0
    assert scores.max() > np.median(scores) + 10


def test_clutter_is_flat_compared_with_a_building() -> None:
    spread_of_clutter = np.ptp(log_likelihoods(clutter(), grid()))
    spread_of_building = np.ptp(log_likelihoods(building_lines(0.1, 0.2), grid()))
    assert spread_of_clutter < 2.5 < spread_of_building / 5


def test_a_wrong_focal_length_is_tolerated() -> None:
    segments, angles = building_lines(0.1, 0.4), grid()
    intrinsics = INTRINSICS * [[1.3, 1.0, 1.0], [1.0, 1.3, 1.0], [1.0, 1.0, 1.0]]
    ratios = tuple(np.exp(np.linspace(-0.4, 0.4, 7)))
    lines = BackgroundLines.from_segments(segments, intrinsics, STATIC, ratios)
    best = angles[np.argmax(lines.log_likelihood(up_from_angles(angles)))]
    np.testing.assert_allclose(best, [0.1, 0.4], atol=np.radians(3.0))


def test_mirroring_the_image_mirrors_the_likelihood() -> None:
    segments, angles = building_lines(0.2, 0.3), grid()[::7]
    points = segments.points * [-1.0, 1.0] + [IMAGE_SIZE[0], 0.0]
    mirrored = LineSegments(segments.frames, points, segments.pixel_size)
    # The headings are sampled in other places.
    np.testing.assert_allclose(
        log_likelihoods(mirrored, angles * [-1.0, 1.0]), log_likelihoods(segments, angles), atol=0.5
    )


def test_lines_of_a_moving_camera_agree_in_the_reference() -> None:
    turn = rotation.to_matrix(rotation.from_rotvec(np.array([0.1, -0.2, 0.05])))
    level, up = building_lines(0.0, 0.1), up_from_angles(np.array([0.0, 0.1]))
    rays = camera.rays(INTRINSICS, level.points) @ turn
    later = LineSegments(level.frames + 1, camera.project(INTRINSICS, rays), level.pixel_size)
    poses = np.stack([np.eye(4), np.eye(4)])
    poses[1, :3, :3] = turn
    expected = log_likelihoods(level, np.array([[0.0, 0.1]]))
    lines = BackgroundLines.from_segments(later, INTRINSICS, poses, (1.0,))
    np.testing.assert_allclose(lines.log_likelihood(up[None]), expected, rtol=1e-2)


def test_no_lines_say_nothing() -> None:
    none = LineSegments(np.empty(0, int), np.empty((0, 2, 2)), 1.0)
    np.testing.assert_array_equal(log_likelihoods(none, grid()), 0.0)

"""Laws of the relative pose of two views: recovery of a known pose, also with outliers and for points on a plane."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.camera.two_view import RelativePose, estimate_relative_poses

RADIANS_PER_PIXEL = 0.002
ROTATION = rotation.to_matrix(rotation.from_rotvec(np.array([0.02, -0.25, 0.03])))
POSITION = np.array([0.8, -0.1, 0.3])


def rays(points: FloatArray, noise: float, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    in_cameras = (points, (points - POSITION) @ ROTATION.T)
    first, second = (
        rotation.normalize(p + p[:, 2:] * rng.normal(0, noise * RADIANS_PER_PIXEL, p.shape)) for p in in_cameras
    )
    return first, second


def random_points(count: int = 120) -> FloatArray:
    return np.random.default_rng(0).uniform([-3, -2, 4], [3, 2, 9], (count, 3))


def rotation_error(pose: RelativePose) -> float:
    return float(rotation.angle_between(rotation.from_matrix(pose.second_from_first), rotation.from_matrix(ROTATION)))


def translation_error(pose: RelativePose) -> float:
    return float(np.arccos(np.clip(pose.position @ rotation.normalize(POSITION), -1, 1)))


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_recovers_a_known_pose(noise: float) -> None:
    best = estimate_relative_poses(*rays(random_points(), noise), RADIANS_PER_PIXEL)[0]
    assert rotation_error(best) < 1e-6 + 0.01 * noise
    assert translation_error(best) < 1e-4 + 0.05 * noise


def test_is_robust_to_moving_points() -> None:
    first, second = rays(random_points(), 0.2)
    second[::4] = rotation.normalize(second[::4] + np.random.default_rng(2).normal(0, 0.05, second[::4].shape))
    best = estimate_relative_poses(first, second, RADIANS_PER_PIXEL)[0]
    assert rotation_error(best) < 0.005
    assert translation_error(best) < 0.03


def test_one_candidate_of_a_plane_is_right() -> None:
    wall = random_points()
    wall[:, 2] = 6 + 0.3 * wall[:, 0]
    candidates = estimate_relative_poses(*rays(wall, 0.05), RADIANS_PER_PIXEL)
    assert min(rotation_error(pose) + translation_error(pose) for pose in candidates) < 0.02


def test_candidates_differ() -> None:
    candidates = estimate_relative_poses(*rays(random_points(), 0.2), RADIANS_PER_PIXEL)
    vectors = [np.append(pose.second_from_first.ravel(), pose.position) for pose in candidates]
    for i, vector in enumerate(vectors):
        assert all(np.linalg.norm(vector - earlier) > 0.05 for earlier in vectors[:i])

"""Two views of things that stand still: the known relative pose comes back, also with outliers and on a plane."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.camera.two_view import RelativePose, estimate_relative_poses

UNIT = 0.002
TURN = rotation.to_matrix(rotation.from_rotvec(np.array([0.02, -0.25, 0.03])))
POSITION = np.array([0.8, -0.1, 0.3])


def rays(points: FloatArray, noise: float, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    seen = (points, (points - POSITION) @ TURN.T)
    first, second = (rotation.normalize(p + p[:, 2:] * rng.normal(0, noise * UNIT, p.shape)) for p in seen)
    return first, second


def room(count: int = 120) -> FloatArray:
    return np.random.default_rng(0).uniform([-3, -2, 4], [3, 2, 9], (count, 3))


def turn_error(found: RelativePose) -> float:
    return float(rotation.angle_between(rotation.from_matrix(found.second_from_first), rotation.from_matrix(TURN)))


def direction_error(found: RelativePose) -> float:
    return float(np.arccos(np.clip(found.position @ rotation.normalize(POSITION), -1, 1)))


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_a_known_pose_comes_back(noise: float) -> None:
    best = estimate_relative_poses(*rays(room(), noise), UNIT)[0]
    assert turn_error(best) < 1e-6 + 0.01 * noise
    assert direction_error(best) < 1e-4 + 0.05 * noise


def test_things_that_move_do_not_matter() -> None:
    first, second = rays(room(), 0.2)
    second[::4] = rotation.normalize(second[::4] + np.random.default_rng(2).normal(0, 0.05, second[::4].shape))
    best = estimate_relative_poses(first, second, UNIT)[0]
    assert turn_error(best) < 0.005
    assert direction_error(best) < 0.03


def test_of_the_two_explanations_of_a_plane_one_is_right() -> None:
    wall = room()
    wall[:, 2] = 6 + 0.3 * wall[:, 0]
    found = estimate_relative_poses(*rays(wall, 0.05), UNIT)
    assert min(turn_error(one) + direction_error(one) for one in found) < 0.02


def test_answers_differ() -> None:
    found = estimate_relative_poses(*rays(room(), 0.2), UNIT)
    poses = [np.append(one.second_from_first.ravel(), one.position) for one in found]
    for i, one in enumerate(poses):
        assert all(np.linalg.norm(one - other) > 0.05 for other in poses[:i])

"""Random environments contain people and camera."""

import numpy as np
import pytest

from bodydouble.synthetic.environments import sample_environment

POINTS = np.random.default_rng(0).uniform([-1.0, 0.0, -1.0], [1.0, 1.8, 1.0], (5, 33, 3))
CAMERA_POSITIONS = np.array([[3.0, 1.5, 4.0], [3.2, 1.5, 4.0]])


@pytest.mark.parametrize("seed", range(12))
def test_rooms_contain_people_and_camera(seed: int) -> None:
    surroundings = sample_environment(POINTS, CAMERA_POSITIONS, np.random.default_rng(seed)).surroundings
    assert surroundings is not None
    if surroundings.room is None:
        return
    x, z, x_end, z_end, height = surroundings.room
    inside = np.concatenate([POINTS.reshape(-1, 3), CAMERA_POSITIONS])
    assert np.all(inside[:, [0, 2]] >= np.array([x, z]) + 0.5)
    assert np.all(inside[:, [0, 2]] <= np.array([x_end, z_end]) - 0.5)
    assert inside[:, 1].max() < height


def test_environments_are_rooms_and_outdoor_scenes() -> None:
    rooms = [
        sample_environment(POINTS, CAMERA_POSITIONS, np.random.default_rng(seed)).surroundings for seed in range(20)
    ]
    outdoors = sum(room is not None and room.room is None for room in rooms)
    assert 3 < outdoors < 17


@pytest.mark.parametrize("seed", range(12))
def test_light_comes_from_above(seed: int) -> None:
    light = sample_environment(POINTS, CAMERA_POSITIONS, np.random.default_rng(seed)).light
    x, y, z = light.direction
    assert y > 0
    assert np.degrees(np.arctan2(y, np.hypot(x, z))) > 27
    assert min(light.key) > 0
    assert min(light.sky) > min(light.ground) > 0

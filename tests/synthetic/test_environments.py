"""Random places hold the people and the camera."""

import numpy as np
import pytest

from bodydouble.synthetic.environments import sample_environment

POINTS = np.random.default_rng(0).uniform([-1.0, 0.0, -1.0], [1.0, 1.8, 1.0], (5, 33, 3))
EYES = np.array([[3.0, 1.5, 4.0], [3.2, 1.5, 4.0]])


@pytest.mark.parametrize("seed", range(12))
def test_rooms_hold_everybody_and_the_camera(seed: int) -> None:
    place = sample_environment(POINTS, EYES, np.random.default_rng(seed)).surroundings
    assert place is not None
    if place.room is None:
        return
    x, z, x_end, z_end, height = place.room
    inside = np.concatenate([POINTS.reshape(-1, 3), EYES])
    assert np.all(inside[:, [0, 2]] >= np.array([x, z]) + 0.5)
    assert np.all(inside[:, [0, 2]] <= np.array([x_end, z_end]) - 0.5)
    assert inside[:, 1].max() < height


def test_there_are_rooms_and_open_places() -> None:
    rooms = [sample_environment(POINTS, EYES, np.random.default_rng(seed)).surroundings for seed in range(20)]
    outdoors = sum(room is not None and room.room is None for room in rooms)
    assert 3 < outdoors < 17


@pytest.mark.parametrize("seed", range(12))
def test_light_comes_from_above(seed: int) -> None:
    light = sample_environment(POINTS, EYES, np.random.default_rng(seed)).light
    x, y, z = light.direction
    assert y > 0
    assert np.degrees(np.arctan2(y, np.hypot(x, z))) > 27
    assert min(light.key) > 0
    assert min(light.sky) > min(light.ground) > 0

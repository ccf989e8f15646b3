"""When soles rest on the floor, and when a body falls freely."""

import numpy as np
import pytest

from bodydouble.motion.floor.contacts import contact_probability
from bodydouble.motion.floor.floor import airborne_probability, support_height

FPS = 30.0


def soles(speed: float, height: float) -> np.ndarray:
    """(20, 4, 3) m, points that travel along x at that speed, m/s."""
    points = np.zeros((20, 4, 3))
    points[..., 0] = speed * np.arange(20)[:, None] / FPS
    points[..., 1] = height
    return points


@pytest.mark.parametrize(
    ("speed", "height", "rests"), [(0.0, 0.0, True), (0.05, 0.01, True), (1.0, 0.0, False), (2.0, 0.2, False)]
)
def test_slow_soles_rest(speed: float, height: float, rests: bool) -> None:
    points = soles(speed, height)
    assert np.all((contact_probability(points, points[..., 1], FPS) > 0.5) == rests)


def test_faster_and_higher_is_less_certain() -> None:
    found = [
        contact_probability(soles(v, h), soles(v, h)[..., 1], FPS)[0, 0]
        for v, h in ((0.0, 0.0), (0.3, 0.0), (0.3, 0.3))
    ]
    assert found[0] > found[1] > found[2]


def test_a_foot_held_still_in_the_air_does_not_rest() -> None:
    points = soles(0.0, 0.4)
    assert np.all(contact_probability(points, points[..., 1], FPS) < 0.05)


def test_one_frame_says_nothing_about_speed() -> None:
    points = soles(5.0, 0.0)[:1]
    assert np.all(contact_probability(points, points[..., 1], FPS) > 0.5)


def test_who_touches_nothing_high_above_the_floor_falls() -> None:
    height = np.repeat([[0.0], [0.3], [0.3]], 5, axis=1)
    contacts = np.zeros((3, 4))
    contacts[2, 1] = 1.0
    np.testing.assert_array_equal(airborne_probability(height, contacts), [0.0, 1.0, 0.0])


def test_who_stays_on_a_roof_rests_on_it_until_the_jump() -> None:
    lowest = np.concatenate([np.full(60, 1.8), np.linspace(1.8, 0.0, 12), np.zeros(40)])
    found = support_height(lowest, FPS)
    np.testing.assert_array_equal(found[:60], 1.8)
    np.testing.assert_array_equal(found[64:], 0.0)


def test_who_jumps_rests_on_nothing_but_the_floor() -> None:
    lowest = np.concatenate([np.zeros(30), 0.6 * np.sin(np.linspace(0, np.pi, 24)), np.zeros(30)])
    np.testing.assert_array_equal(support_height(lowest, FPS), 0.0)


def test_steps_apart_are_levels_of_their_own() -> None:
    lowest = np.concatenate([np.full(60, 1.0), np.zeros(60), np.full(60, -0.7)])
    np.testing.assert_array_equal(support_height(lowest, FPS), lowest)

"""Laws of floor contacts, supports and free fall."""

from collections.abc import Callable

import numpy as np
import pytest

from bodydouble.motion.floor.contacts import contact_probability
from bodydouble.motion.floor.floor import airborne_probability, support_height
from bodydouble.motion.floor.sole_contacts import sole_contact_probability
from tests.motion.floor.soles import FPS, moving_soles

Probability = Callable[..., np.ndarray]


BOTH = pytest.mark.parametrize("probability", [contact_probability, sole_contact_probability])
"""The regression of single frames, and its mean with the network."""


@BOTH
@pytest.mark.parametrize(
    ("speed", "height", "rests"), [(0.0, 0.0, True), (0.05, 0.01, True), (1.0, 0.0, False), (2.0, 0.2, False)]
)
def test_only_slow_points_on_the_floor_rest(probability: Probability, speed: float, height: float, rests: bool) -> None:
    points = moving_soles(speed, height)
    assert np.all((probability(points, points[..., 1], FPS) > 0.5) == rests)


@BOTH
@pytest.mark.parametrize("frame", [0, 10])
def test_probability_falls_with_speed_and_height(probability: Probability, frame: int) -> None:
    probabilities = [
        probability(moving_soles(v, h), moving_soles(v, h)[..., 1], FPS)[frame, 0]
        for v, h in ((0.0, 0.0), (0.3, 0.0), (0.3, 0.3))
    ]
    assert probabilities[0] > probabilities[1] > probabilities[2]


@BOTH
def test_a_point_held_still_in_the_air_does_not_rest(probability: Probability) -> None:
    points = moving_soles(0.0, 0.4)
    assert np.all(probability(points, points[..., 1], FPS) < 0.05)


@BOTH
def test_single_frame_has_no_speed(probability: Probability) -> None:
    points = moving_soles(5.0, 0.0)[:1]
    assert np.all(probability(points, points[..., 1], FPS) > 0.5)


def test_person_without_contact_above_the_floor_is_airborne() -> None:
    height = np.repeat([[0.0], [0.3], [0.3]], 5, axis=1)
    contacts = np.zeros((3, 4))
    contacts[2, 1] = 1.0
    np.testing.assert_array_equal(airborne_probability(height, contacts), [0.0, 1.0, 0.0])


def test_roof_is_the_support_until_the_jump() -> None:
    lowest = np.concatenate([np.full(60, 1.8), np.linspace(1.8, 0.0, 12), np.zeros(40)])
    support = support_height(lowest, FPS)
    np.testing.assert_array_equal(support[:60], 1.8)
    np.testing.assert_array_equal(support[64:], 0.0)


def test_floor_is_the_support_of_a_jump() -> None:
    lowest = np.concatenate([np.zeros(30), 0.6 * np.sin(np.linspace(0, np.pi, 24)), np.zeros(30)])
    np.testing.assert_array_equal(support_height(lowest, FPS), 0.0)


def test_long_stays_at_other_heights_are_supports() -> None:
    lowest = np.concatenate([np.full(60, 1.0), np.zeros(60), np.full(60, -0.7)])
    np.testing.assert_array_equal(support_height(lowest, FPS), lowest)

"""Forces within friction cones, and distance from the area of support, on cases worked by hand."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.motion.physics import support
from bodydouble.motion.physics.dynamics import RequiredForces
from tests.builders import assert_same

FRAMES = 9
LEG = 0.9
FEET = np.array([[0.1, 0.0, -0.05], [0.1, 0.0, 0.2], [-0.1, 0.0, -0.05], [-0.1, 0.0, 0.2]])
"""Left heel, left toes, right heel and right toes of a person who faces +Z."""


def required(
    center: tuple[float, float, float], force: tuple[float, float, float], speed: float = 0.0
) -> RequiredForces:
    rows = (FRAMES, 1)
    return RequiredForces(
        np.tile(center, rows), np.tile([0.0, 0.0, speed], rows), np.tile(force, rows), np.zeros((FRAMES, 3))
    )


def standing(contacts: FloatArray | None = None) -> support.Support:
    resting = np.ones((FRAMES, 4)) if contacts is None else contacts
    return support.support_points(np.tile(FEET, (FRAMES, 1, 1)), resting, 30.0)


def test_the_weight_of_a_standing_person_is_explained() -> None:
    force, torque = support.unexplained_forces(required((0.0, 1.0, 0.05), (0.0, 1.0, 0.0)), standing(), LEG)
    assert_same(force, np.zeros(FRAMES), 1e-6)
    assert_same(torque, np.zeros(FRAMES), 1e-6)


def test_without_contacts_all_is_unexplained() -> None:
    nothing = standing(np.zeros((FRAMES, 4)))
    force, torque = support.unexplained_forces(required((0.0, 1.0, 0.05), (0.3, 1.2, -0.4)), nothing, LEG)
    assert_same(force, np.full(FRAMES, 1.3), 1e-9)
    assert_same(torque, np.zeros(FRAMES), 1e-9)


def test_a_floor_cannot_pull() -> None:
    force, _ = support.unexplained_forces(required((0.0, 1.0, 0.05), (0.0, -0.5, 0.0)), standing(), LEG)
    assert_same(force, np.full(FRAMES, 0.5), 1e-6)


@pytest.mark.parametrize(("sideways", "is_explained"), [(0.05, True), (2.0, False)])
def test_forces_beyond_the_friction_cone_are_unexplained(sideways: float, is_explained: bool) -> None:
    low = required((0.0, 0.02, 0.05), (sideways, 1.0, 0.0))
    force, _ = support.unexplained_forces(low, standing(), LEG)
    assert bool(force.max() < 0.01) == is_explained


def test_a_center_of_mass_outside_the_feet_needs_a_torque() -> None:
    outside = required((0.0, 1.0, 0.5), (0.0, 1.0, 0.0))
    force, torque = support.unexplained_forces(outside, standing(), LEG)
    assert force.min() > 0.1
    assert torque.min() > 0.1


def test_contacts_hold_for_a_quarter_of_the_period_of_the_filter() -> None:
    contacts = np.zeros((FRAMES, 4))
    contacts[4] = 1.0
    for fps, frames in ((30.0, 1), (120.0, 5)):
        resting = support.support_points(np.tile(FEET, (FRAMES, 1, 1)), contacts, fps).is_resting
        expected = np.abs(np.arange(FRAMES) - 4) <= frames
        np.testing.assert_array_equal(resting.any(axis=1), expected)


def test_the_points_of_a_foot_are_around_its_sole() -> None:
    points = standing().points[0]
    assert len(points) == 12
    assert_same(points[:, 1], np.zeros(12), 1e-12)
    assert_same(points[:6].mean(axis=0)[0], 0.1, 1e-9)
    assert points[:6, 2].min() == pytest.approx(-0.05)
    assert points[:6, 2].max() == pytest.approx(0.2)
    assert np.ptp(points[:6, 0]) == pytest.approx(2 * support.BALL_HALF_WIDTH * 0.25)


@pytest.mark.parametrize(("z", "distance"), [(0.1, 0.0), (-0.05, 0.0), (0.3, 0.1), (-0.15, 0.1)])
def test_imbalance_is_the_distance_from_the_feet(z: float, distance: float) -> None:
    measured = support.imbalance_m(required((0.0, 1.0, z), (0.0, 1.0, 0.0)), standing())
    assert_same(measured, np.full(FRAMES, distance), 1e-6)


def test_velocity_moves_the_extrapolated_center_of_mass() -> None:
    moving = required((0.0, 9.81 * 0.25, 0.15), (0.0, 1.0, 0.0), speed=0.14)
    assert_same(support.imbalance_m(moving, standing()), np.full(FRAMES, 0.02), 1e-6)


def test_imbalance_is_not_measured_while_moving_or_without_contact() -> None:
    walking = required((0.0, 1.0, 0.05), (0.0, 1.0, 0.0), speed=1.2)
    assert np.isnan(support.imbalance_m(walking, standing())).all()
    nothing = standing(np.zeros((FRAMES, 4)))
    assert np.isnan(support.imbalance_m(required((0.0, 1.0, 0.05), (0.0, 1.0, 0.0)), nothing)).all()

"""Regions around hands: they turn and scale with the image, and mirror with it."""

import numpy as np
import pytest

from bodydouble.data import Observation
from bodydouble.perception.hands.regions import (
    SIDES,
    body_scale,
    roi_from_alignment_points,
    roi_from_body,
    roi_from_landmarks,
    roi_from_palm,
)
from bodydouble.perception.protocols import RotatedRoi
from bodydouble.skeletons import blazepose

RNG = np.random.default_rng(2)


def person(keypoints: np.ndarray, space: np.ndarray) -> Observation:
    return Observation(np.zeros(4), np.column_stack([keypoints, np.ones(33)]), space, 1.0)


def random_person() -> Observation:
    space = RNG.normal(scale=0.3, size=(33, 3))
    return person(300 + 400 * space[:, :2], space)


def test_the_scale_of_a_body_is_that_of_its_projection() -> None:
    assert body_scale(random_person()) == pytest.approx(400)


def test_external_keypoints_without_3d_landmarks_have_no_scale() -> None:
    body = random_person()
    assert body_scale(person(body.keypoints[:, :2], np.full((33, 3), np.nan))) == 0


@pytest.mark.parametrize("side", SIDES)
def test_the_region_turns_and_scales_with_the_body(side: str) -> None:
    body = random_person()
    turn = RotatedRoi(np.zeros(2), 1.0, 0.7).axes
    moved = person(2 * body.keypoints[:, :2] @ turn.T + 50, np.pad(body.landmarks_3d[:, :2] @ turn.T, ((0, 0), (0, 1))))
    before, after = roi_from_body(body, side), roi_from_body(moved, side)
    np.testing.assert_allclose(after.center, 2 * turn @ before.center + 50)
    assert after.side == pytest.approx(2 * before.side)
    assert np.cos(after.angle - before.angle - 0.7) == pytest.approx(1)


def test_the_region_mirrors_with_the_body() -> None:
    body = random_person()
    flip = [*blazepose.MIRROR]
    mirrored = person(body.keypoints[flip, :2] * [-1.0, 1.0], body.landmarks_3d[flip] * [-1.0, 1.0, 1.0])
    left, right = roi_from_body(body, "left"), roi_from_body(mirrored, "right")
    np.testing.assert_allclose(right.center, left.center * [-1.0, 1.0])
    assert right.side == pytest.approx(left.side)
    assert np.cos(right.angle + left.angle) == pytest.approx(1)


def test_landmarks_lie_inside_their_region_and_the_middle_finger_points_up() -> None:
    points = np.array([100.0, 200.0]) + RNG.normal(scale=15, size=(21, 2))
    points[0], points[9] = (100, 260), (100, 200)
    inside = roi_from_landmarks(points).from_image(points)
    assert np.all((inside > 0) & (inside < 1))
    assert inside[9, 1] < inside[0, 1]


def test_a_palm_and_alignment_points_give_regions_towards_the_fingers() -> None:
    wrist, knuckle = np.array([50.0, 90.0]), np.array([50.0, 60.0])
    regions = (
        roi_from_palm(np.array([30.0, 55.0, 70.0, 95.0]), wrist, knuckle),
        roi_from_alignment_points(np.array([[50.0, 70.0], [50.0, 110.0]])),
    )
    for roi in regions:
        assert roi.angle == pytest.approx(0)
        assert roi.center[1] < 75
        assert roi.side > 75

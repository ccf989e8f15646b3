"""Regions of faces."""

import numpy as np
import pytest

from bodydouble.perception.face.regions import region_difference, region_from_body, region_from_landmarks
from bodydouble.perception.protocols import RotatedRoi
from bodydouble.skeletons import blazepose

FRONTAL = {
    "nose": (100, 115), "left_eye": (116, 100), "right_eye": (84, 100), "left_ear": (138, 108), "right_ear": (62, 108),
    "mouth_left": (112, 134), "mouth_right": (88, 134),
}  # fmt: skip


def body(transform: np.ndarray | None = None) -> np.ndarray:
    keypoints = np.zeros((33, 3))
    for name, point in FRONTAL.items():
        keypoints[blazepose.INDEX[name]] = [*point, 1.0]
    if transform is not None:
        keypoints[:, :2] = keypoints[:, :2] @ transform.T
    return keypoints


def test_the_region_is_upright_and_holds_the_face() -> None:
    region = region_from_body(body())
    assert region is not None
    assert region.angle == pytest.approx(0.0)
    inside = region.from_image(np.array(list(FRONTAL.values()), dtype=float))
    assert inside.min() > 0.1 and inside.max() < 0.9


@pytest.mark.parametrize("angle", [-2.0, 0.4, 3.0])
def test_the_region_turns_with_the_image(angle: float) -> None:
    turn = RotatedRoi(np.zeros(2), 1.0, angle).axes
    upright, turned = region_from_body(body()), region_from_body(body(turn))
    assert upright is not None and turned is not None
    assert turned.angle == pytest.approx(angle)
    assert turned.side == pytest.approx(upright.side)
    np.testing.assert_allclose(turned.center, turn @ upright.center)


def test_a_head_seen_from_behind_has_no_region() -> None:
    assert region_from_body(body(np.diag([-1.0, 1.0]))) is None


def test_the_region_around_landmarks_moves_scales_and_turns_with_them() -> None:
    points = np.random.default_rng(0).uniform(0, 100, (478, 2))
    points[[33, 263]] = [[30, 40], [70, 40]]
    region = region_from_landmarks(points)
    turn = RotatedRoi(np.zeros(2), 1.0, 0.5).axes
    moved = region_from_landmarks(2.0 * points @ turn.T + [10.0, 20.0])
    assert moved.side == pytest.approx(2.0 * region.side)
    assert moved.angle - region.angle == pytest.approx(0.5)
    np.testing.assert_allclose(moved.center, 2.0 * turn @ region.center + [10.0, 20.0])


def test_regions_differ_by_scale_place_and_angle_even_across_the_half_turn() -> None:
    region = RotatedRoi(np.array([50.0, 50.0]), 40.0, np.pi - 0.01)
    assert region_difference(region, region) == 0.0
    assert region_difference(region, RotatedRoi(region.center, 40.0, -np.pi + 0.01)) < 1.0
    assert region_difference(region, RotatedRoi(region.center, 50.0, region.angle)) > 1.0
    assert region_difference(region, RotatedRoi(region.center + 3.0, 40.0, region.angle)) > 1.0

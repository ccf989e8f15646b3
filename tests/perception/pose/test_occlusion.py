"""Who stands before whom, and pictures without those who stand before somebody: laws on drawn people."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.perception.pose.occlusion import argsort_nearest_first, find_occluders, inpaint_people, is_occluded
from bodydouble.skeletons import blazepose

SIDES = (("left", 1.0), ("right", -1.0))
HEIGHTS = {
    "eye": -95, "ear": -94, "mouth": -88, "shoulder": -75, "elbow": -50, "wrist": -30, "pinky": -24, "index": -22,
    "thumb": -24, "hip": -30, "knee": 10, "ankle": 50, "heel": 54, "foot_index": 56,
}  # fmt: skip


def standing(x: float, y: float, size: float = 1.0) -> FloatArray:
    """(33, 2) landmarks of somebody upright whose hips are about here."""
    pose = np.zeros((33, 2))
    for name, index in blazepose.INDEX.items():
        height = next((h for part, h in HEIGHTS.items() if part in name), -92)
        side = next((s for prefix, s in SIDES if prefix in name), 0.0)
        pose[index] = (12 if height > -80 else 5) * side, height + 30
    return np.asarray(size * pose + [x, y])


def test_who_reaches_lower_stands_before_whom_they_touch() -> None:
    behind, before, elsewhere = standing(100, 100), standing(110, 110), standing(300, 130)
    assert find_occluders(behind, [before, elsewhere]) == [0]
    assert find_occluders(before, [behind, elsewhere]) == []
    assert argsort_nearest_first([behind, before, elsewhere]) == [2, 1, 0]


def test_two_at_the_same_depth_stand_before_nobody() -> None:
    one, other = standing(100, 100), standing(105, 101)
    assert find_occluders(one, [other]) == find_occluders(other, [one]) == []


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
def test_nobody_is_left_of_whom_is_painted_over_and_the_rest_stays(size: float) -> None:
    pose = standing(150, 150, size)
    picture = np.full((400, 300, 3), (90, 120, 60), np.uint8)
    corners = np.round(pose).astype(int)
    drawn = picture.copy()
    for x, y in corners:
        drawn[y, x] = (250, 0, 250)
    painted = inpaint_people(drawn, [pose])
    assert np.abs(painted.astype(int) - picture).max() <= 8
    far = np.ones(picture.shape[:2], bool)
    low, high = np.maximum(corners.min(axis=0) - 40, 0), corners.max(axis=0) + 40
    far[low[1] : high[1], low[0] : high[0]] = False
    assert np.array_equal(painted[far], drawn[far])


def test_a_picture_without_anybody_to_paint_over_is_the_picture_itself() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert inpaint_people(picture, []) is picture
    assert inpaint_people(picture, [standing(900, 900)]) is picture


def test_painting_over_commutes_with_mirroring() -> None:
    rng = np.random.default_rng(2)
    smooth = np.repeat(np.repeat(rng.integers(0, 255, (20, 20, 3), dtype=np.uint8), 12, 0), 12, 1)
    pose = standing(100, 130)
    mirrored = inpaint_people(np.ascontiguousarray(smooth[:, ::-1]), [np.array([240.0, 0.0]) + pose * [-1, 1]])
    difference = np.abs(inpaint_people(smooth, [pose])[:, ::-1].astype(int) - mirrored)
    assert (difference > 60).mean() < 0.02


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
def test_points_on_a_body_are_hidden_behind_it_and_points_beside_it_are_not(size: float) -> None:
    pose = standing(200, 200, size)
    assert is_occluded(pose, [pose]).all()
    assert not is_occluded(pose + np.array([80 * size, 0.0]), [pose]).any()
    assert not is_occluded(pose, []).any()

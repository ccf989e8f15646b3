"""Laws of occluders and of their inpainting, on drawn people."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.perception.pose.occlusion import (
    MIN_VISIBLE_LANDMARKS,
    argsort_nearest_first,
    find_occluders,
    inpaint_people,
    is_occluded,
    replace_occluded,
)
from bodydouble.perception.protocols import Landmarks, RotatedRoi
from bodydouble.skeletons import blazepose

SIDES = (("left", 1.0), ("right", -1.0))
HEIGHTS = {
    "eye": -95, "ear": -94, "mouth": -88, "shoulder": -75, "elbow": -50, "wrist": -30, "pinky": -24, "index": -22,
    "thumb": -24, "hip": -30, "knee": 10, "ankle": 50, "heel": 54, "foot_index": 56,
}  # fmt: skip


def standing_person(x: float, y: float, size: float = 1.0) -> FloatArray:
    """(33, 2) landmarks of an upright person with the hips about here."""
    pose = np.zeros((33, 2))
    for name, index in blazepose.INDEX.items():
        height = next((h for part, h in HEIGHTS.items() if part in name), -92)
        side = next((s for prefix, s in SIDES if prefix in name), 0.0)
        pose[index] = (12 if height > -80 else 5) * side, height + 30
    return np.asarray(size * pose + [x, y])


def test_people_that_reach_lower_occlude_people_that_they_overlap() -> None:
    behind, in_front, elsewhere = standing_person(100, 100), standing_person(110, 110), standing_person(300, 130)
    assert find_occluders(behind, [in_front, elsewhere]) == [0]
    assert find_occluders(in_front, [behind, elsewhere]) == []
    assert argsort_nearest_first([behind, in_front, elsewhere]) == [2, 1, 0]


def test_people_at_the_same_depth_do_not_occlude_each_other() -> None:
    one, other = standing_person(100, 100), standing_person(105, 101)
    assert find_occluders(one, [other]) == find_occluders(other, [one]) == []


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
def test_inpainting_removes_the_person_and_keeps_the_rest(size: float) -> None:
    pose = standing_person(150, 150, size)
    image = np.full((400, 300, 3), (90, 120, 60), np.uint8)
    corners = np.round(pose).astype(int)
    drawn = image.copy()
    for x, y in corners:
        drawn[y, x] = (250, 0, 250)
    inpainted = inpaint_people(drawn, [pose])
    assert np.abs(inpainted.astype(int) - image).max() <= 8
    far = np.ones(image.shape[:2], bool)
    low, high = np.maximum(corners.min(axis=0) - 40, 0), corners.max(axis=0) + 40
    far[low[1] : high[1], low[0] : high[0]] = False
    assert np.array_equal(inpainted[far], drawn[far])


def test_an_image_without_occluders_is_returned_unchanged() -> None:
    image = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert inpaint_people(image, []) is image
    assert inpaint_people(image, [standing_person(900, 900)]) is image


def test_inpainting_commutes_with_flipping() -> None:
    rng = np.random.default_rng(2)
    smooth = np.repeat(np.repeat(rng.integers(0, 255, (20, 20, 3), dtype=np.uint8), 12, 0), 12, 1)
    pose = standing_person(100, 130)
    flipped = inpaint_people(np.ascontiguousarray(smooth[:, ::-1]), [np.array([240.0, 0.0]) + pose * [-1, 1]])
    difference = np.abs(inpaint_people(smooth, [pose])[:, ::-1].astype(int) - flipped)
    assert (difference > 60).mean() < 0.02


@pytest.mark.parametrize("size", [0.5, 1.0, 2.0])
def test_points_on_a_body_are_occluded_and_points_beside_it_are_not(size: float) -> None:
    pose = standing_person(200, 200, size)
    assert is_occluded(pose, [pose]).all()
    assert not is_occluded(pose + np.array([80 * size, 0.0]), [pose]).any()
    assert not is_occluded(pose, []).any()


def landmarks_of(pose: FloatArray, confidence: float = 0.9) -> Landmarks:
    keypoints = np.column_stack([pose, np.full(33, confidence)])
    return Landmarks(keypoints, np.zeros((33, 3)), 0.9, RotatedRoi(pose.mean(axis=0), 250.0, 0.0))


def test_occluded_landmarks_follow_the_visible_ones_and_not_the_occluder() -> None:
    predicted, shift = standing_person(100, 100), np.array([7.0, -3.0])
    occluded = predicted[:, 1] > 110
    stolen = np.where(occluded[:, None], standing_person(160, 120), predicted + shift)
    kept = replace_occluded(landmarks_of(stolen), predicted, occluded)
    np.testing.assert_allclose(kept.pose, predicted + shift)
    np.testing.assert_array_equal(kept.keypoints[:, 2], np.where(occluded, 0.0, 0.9))


def test_landmarks_without_an_occluder_stay_as_they_are() -> None:
    landmarks = landmarks_of(standing_person(100, 100))
    assert replace_occluded(landmarks, standing_person(0, 0), np.zeros(33, dtype=bool)) is landmarks


def test_with_too_few_visible_landmarks_the_prediction_stays() -> None:
    predicted = standing_person(100, 100)
    occluded = np.arange(33) >= MIN_VISIBLE_LANDMARKS - 1
    kept = replace_occluded(landmarks_of(standing_person(150, 100)), predicted, occluded)
    np.testing.assert_allclose(kept.pose[occluded], predicted[occluded])


def test_giving_up_landmarks_is_the_same_in_a_mirror() -> None:
    def mirror(points: FloatArray) -> FloatArray:
        return np.asarray(points * [-1, 1] + [400, 0])

    predicted, stolen = standing_person(100, 100), standing_person(130, 105)
    occluded = predicted[:, 0] > 100
    kept = replace_occluded(landmarks_of(stolen), predicted, occluded).pose
    mirrored = replace_occluded(landmarks_of(mirror(stolen)), mirror(predicted), occluded).pose
    np.testing.assert_allclose(mirrored, mirror(kept))

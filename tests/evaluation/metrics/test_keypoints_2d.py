import numpy as np
import pytest

from bodydouble.data import BoolArray
from bodydouble.evaluation.metrics import keypoints_2d
from bodydouble.skeletons import coco
from tests.builders import Floats, assert_same

BOX = np.array([10.0, 20.0, 110.0, 220.0])


def _random_keypoints(seed: int) -> tuple[Floats, BoolArray, Floats, Floats, Floats]:
    """Returns truth (40, 3, 17, 2), visible, boxes, predictions (40, 4, 17, 2) and scores; some are missing."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(100, 300, (40, 3, 17, 2))
    visible = rng.uniform(size=(40, 3, 17)) < 0.8
    boxes = np.concatenate([np.zeros((40, 3, 2)), rng.uniform(100, 300, (40, 3, 2))], axis=-1)
    predicted = rng.uniform(100, 300, (40, 4, 17, 2))
    predicted[:, :3] = truth + rng.normal(size=truth.shape) * rng.uniform(2, 25, (40, 3, 1, 1))
    scores = rng.uniform(size=(40, 4))
    present, detected = rng.uniform(size=(40, 3)) < 0.9, rng.uniform(size=(40, 4)) < 0.8
    predicted[~detected], scores[~detected], visible[~present] = np.nan, np.nan, False
    return truth, visible, boxes, predicted, scores


def _average_precision(seed: int) -> float:
    truth, visible, boxes, predicted, scores = _random_keypoints(seed)
    similarity = keypoints_2d.keypoint_similarity(
        predicted[:, None], truth[:, :, None], visible[:, :, None], boxes[:, :, None]
    )
    return keypoints_2d.average_precision(similarity, scores, np.asarray(visible.any(axis=-1)))


@pytest.mark.parametrize(("seed", "expected"), [(0, 0.13285552), (1, 0.13128095), (2, 0.092512584)])
def test_average_precision_equals_pycocotools(seed: int, expected: float) -> None:
    """Expected: COCOeval("keypoints") of pycocotools 2.0.11 on _random_keypoints, with areas of 0.53 of the boxes."""
    assert_same(_average_precision(seed), expected, 1e-8)


def test_similarity_follows_the_oks_definition() -> None:
    truth = np.random.default_rng(0).uniform(0, 200, (17, 2))
    visible = np.ones(17, dtype=bool)
    assert keypoints_2d.keypoint_similarity(truth, truth, visible, BOX) == 1.0
    area = 0.53 * 100 * 200
    reach = 2 * np.sqrt(area) * np.array(coco.OKS_SIGMAS)
    shifted = truth + np.stack([reach, np.zeros(17)], axis=-1)
    assert_same(keypoints_2d.keypoint_similarity(shifted, truth, visible, BOX), np.exp(-0.5), 1e-12)


def test_similarity_ignores_invisible_keypoints() -> None:
    truth = np.zeros((17, 2))
    visible = np.arange(17) < 4
    shifted = np.where(visible[:, None], truth, 1e4)
    assert keypoints_2d.keypoint_similarity(shifted, truth, visible, BOX) == 1.0
    missing = truth.copy()
    missing[0] = np.nan
    assert keypoints_2d.keypoint_similarity(missing, truth, visible, BOX) == 0.75
    assert keypoints_2d.keypoint_similarity(truth, truth, np.zeros(17, dtype=bool), BOX) == 0.0


def test_errors_are_relative_to_the_longer_side_of_the_box() -> None:
    truth = np.zeros((2, 2))
    errors = keypoints_2d.relative_errors(np.array([[6.0, 8.0], [np.nan, 0.0]]), truth, BOX)
    assert_same(errors, [0.05, np.nan], 1e-12)
    assert keypoints_2d.pck(errors - 1e-9, np.array([True, True])) == 0.5
    assert keypoints_2d.pck(errors - 1e-9, np.array([True, False])) == 1.0
    assert np.isnan(keypoints_2d.pck(errors, np.array([False, False])))


def test_average_precision_of_a_known_example() -> None:
    """The surest of three detections is right up to OKS 0.7, the second is wrong, the third is always right."""
    similarity = np.array([[[0.72, 0.1, 0.0], [0.0, 0.1, 1.0]]])
    scores, present = np.array([[0.9, 0.8, 0.7]]), np.ones((1, 2), dtype=bool)
    low = (51 * 1.0 + 50 * 2 / 3) / 101
    high = 51 * (1 / 3) / 101
    assert_same(keypoints_2d.average_precision(similarity, scores, present), (5 * low + 5 * high) / 10, 1e-12)


def test_average_precision_of_perfect_wrong_and_missing_detections() -> None:
    present = np.ones((3, 1), dtype=bool)
    scores = np.full((3, 1), 0.9)
    assert keypoints_2d.average_precision(np.ones((3, 1, 1)), scores, present) == 1.0
    assert keypoints_2d.average_precision(np.zeros((3, 1, 1)), scores, present) == 0.0
    assert keypoints_2d.average_precision(np.zeros((3, 1, 0)), np.zeros((3, 0)), present) == 0.0
    assert np.isnan(keypoints_2d.average_precision(np.ones((3, 1, 1)), scores, ~present))


def test_duplicate_detections_do_not_match_twice() -> None:
    """A second detection of the same person is wrong, but comes after full recall."""
    similarity, scores = np.ones((1, 1, 2)), np.array([[0.4, 0.9]])
    assert keypoints_2d.average_precision(similarity, scores, np.ones((1, 1), dtype=bool)) == 1.0


def test_box_overlap_of_known_boxes() -> None:
    box = np.array([0.0, 0.0, 2.0, 2.0])
    boxes = np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0], [5.0, 5.0, 6.0, 6.0], [np.nan] * 4])
    np.testing.assert_allclose(keypoints_2d.box_overlap(box, boxes), [1.0, 1 / 3, 0.0, 0.0])
    np.testing.assert_array_equal(keypoints_2d.box_overlap(box, boxes), keypoints_2d.box_overlap(boxes, box))

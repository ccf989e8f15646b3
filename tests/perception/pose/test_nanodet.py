"""Laws of the second people detector: exact ones of its decoder, and one run on a real picture."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.geometry.similarity import box_iou
from bodydouble.perception.pose import nanodet
from bodydouble.perception.pose.movenet import MoveNetDetector
from bodydouble.perception.pose.nanodet import INPUT_SIDE, STRIDES, NanoDet, cell_centers, decode_boxes
from tests.perception.test_models import golden


def encode(sides: FloatArray) -> FloatArray:
    """(44,) logits of four distances of whole widths of the cell."""
    logits = np.full((4, 11), -50.0)
    logits[np.arange(4), sides.astype(int)] = 50.0
    return logits.ravel()


def outputs(cells: dict[int, float], sides: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scores (N,) and distances (N, 44) of people in these cells."""
    count = len(cell_centers()[0])
    scores, distances = np.zeros(count), np.zeros((count, 44))
    for cell, score in cells.items():
        scores[cell], distances[cell] = score, encode(sides)
    return scores, distances


def test_the_cells_of_each_level_tile_the_input() -> None:
    centers, widths = cell_centers()
    for stride in STRIDES:
        level = centers[widths == stride]
        assert len(level) == (INPUT_SIDE // stride) ** 2
        np.testing.assert_allclose(level.mean(axis=0), INPUT_SIDE / 2)
        np.testing.assert_allclose(level.min(axis=0), stride / 2)


@pytest.mark.parametrize("cell", [100, 2704 + 100, 2704 + 676 + 100])
def test_a_box_reaches_its_distances_from_the_middle_of_its_cell(cell: int) -> None:
    sides = np.array([1.0, 2.0, 3.0, 4.0])
    (person,) = decode_boxes(*outputs({cell: 0.9}, sides))
    center, width = cell_centers()[0][cell], cell_centers()[1][cell]
    np.testing.assert_allclose(person.box, np.tile(center, 2) + width * sides * [-1, -1, 1, 1], atol=1e-9)
    assert person.score == 0.9


def test_each_person_is_detected_once_the_best_first_and_doubtful_ones_not() -> None:
    sides = np.full(4, 5.0)
    people = decode_boxes(*outputs({1000: 0.6, 1001: 0.9, 1030: 0.7, 2000: nanodet.MIN_SCORE - 0.01}, sides))
    assert [person.score for person in people] == [0.9, 0.7]


def test_nobody_is_detected_in_an_empty_image() -> None:
    assert NanoDet().detect(np.zeros((120, 300, 3), np.uint8)) == []


def test_the_person_in_a_picture_is_detected_where_multipose_detects_one_in_its_mirror_image_too() -> None:
    picture = np.asarray(golden("pictures")["people"], np.uint8)
    detector = NanoDet()
    (person,) = detector.detect(picture)
    (expected,) = MoveNetDetector().detect(picture)
    assert box_iou(person.box, expected.box) > 0.7
    (mirrored,) = detector.detect(np.ascontiguousarray(picture[:, ::-1]))
    x_min, y_min, x_max, y_max = mirrored.box
    width = picture.shape[1]
    assert box_iou(person.box, np.array([width - x_max, y_min, width - x_min, y_max])) > 0.7

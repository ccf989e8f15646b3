"""Laws of the matching of detections and tracked people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data import FloatArray
from bodydouble.perception.pose.blazepose import roi_from_detection
from bodydouble.perception.pose.detection_matching import (
    box_agreement,
    find_unexplained,
    is_crowded,
    match_one_to_one,
    to_detection,
)
from bodydouble.perception.pose.movenet import MAX_PEOPLE
from bodydouble.perception.protocols import Detection, Landmarks, PersonBox, RotatedRoi
from bodydouble.skeletons import blazepose, coco

SIZE = (1000, 500)
BOX = np.array([100.0, 100.0, 140.0, 200.0])


def landmarks_in(box: FloatArray) -> Landmarks:
    """Landmarks whose bounding box is this one, px."""
    pose = np.tile(box.reshape(2, 2), (17, 1))[:33]
    return Landmarks(np.column_stack([pose, np.ones(33)]), np.zeros((33, 3)), 0.9, RotatedRoi(pose.mean(0), 120.0, 0.0))


def detection_in(box: FloatArray) -> Detection:
    return Detection(box, np.zeros((17, 3)), 0.9)


def shifted(x: float) -> FloatArray:
    return np.asarray(BOX + np.array([x, 0, x, 0]))


def test_a_person_explains_one_detection_even_if_several_are_similar() -> None:
    similarity = np.array([[0.9, 0.5], [0.8, 0.1], [0.1, 0.3]])
    assert match_one_to_one(similarity, 0.4) == {0: 1, 1: 0}
    assert match_one_to_one(similarity, 0.85) == {0: 0}
    assert match_one_to_one(np.zeros((0, 3)), 0.4) == match_one_to_one(np.zeros((3, 0)), 0.4) == {}


@given(st.permutations(range(4)), st.permutations(range(3)))
def test_the_matching_does_not_depend_on_the_order(rows: list[int], columns: list[int]) -> None:
    similarity = np.random.default_rng(3).uniform(0, 1, (4, 3))
    matches = match_one_to_one(similarity[np.ix_(rows, columns)], 0.4)
    assert {rows[i]: columns[k] for i, k in matches.items()} == match_one_to_one(similarity, 0.4)


def test_boxes_are_left_over_where_people_stand_whom_nobody_knows() -> None:
    behind, elsewhere = PersonBox(shifted(12), 0.6), PersonBox(shifted(300), 0.7)
    here = PersonBox(BOX, 0.9)
    assert find_unexplained([here, behind, elsewhere], [BOX]) == [behind, elsewhere]
    assert find_unexplained([here, behind, elsewhere], [BOX, shifted(14)]) == [elsewhere]
    assert find_unexplained([here], []) == [here]
    assert find_unexplained([], [BOX]) == []


def test_boxes_agree_within_the_image_alone() -> None:
    assert box_agreement(landmarks_in(BOX), detection_in(BOX), SIZE) == pytest.approx(1.0)
    assert box_agreement(landmarks_in(BOX), detection_in(shifted(20)), SIZE) == pytest.approx(1 / 3)
    beyond = np.array([100.0, 400.0, 140.0, 800.0])
    assert box_agreement(landmarks_in(beyond), detection_in(np.minimum(beyond, 500.0)), SIZE) == pytest.approx(1.0)


def test_people_who_touch_and_full_detectors_are_a_crowd() -> None:
    apart, close = [landmarks_in(BOX), landmarks_in(shifted(50))], [landmarks_in(BOX), landmarks_in(shifted(30))]
    assert not is_crowded(apart, [detection_in(BOX)] * (MAX_PEOPLE - 1))
    assert is_crowded(close, [])
    assert is_crowded(close[::-1], [])
    assert is_crowded(apart, [detection_in(BOX)] * MAX_PEOPLE)
    assert not is_crowded(apart[:1], [])


def test_the_person_in_a_box_stands_upright_in_it_and_is_its_own_mirror_image() -> None:
    detection = to_detection(PersonBox(BOX, 0.7))
    points = detection.keypoints[:, :2]
    assert detection.score == 0.7
    assert (points >= BOX[:2]).all() and (points <= BOX[2:]).all()
    mirror = [coco.INDEX[blazepose.mirrored_name(name)] for name in coco.KEYPOINTS]
    np.testing.assert_allclose(points[mirror] * [-1, 1] + [BOX[0] + BOX[2], 0], points)
    roi = roi_from_detection(detection)
    np.testing.assert_allclose(roi.center, [120, 150])
    assert roi.angle == pytest.approx(0.0)
    assert 100 < roi.side < 160

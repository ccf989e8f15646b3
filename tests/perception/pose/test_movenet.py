"""Laws of the people detector."""

from collections.abc import Sequence

import numpy as np
import pytest

from bodydouble.data import RgbImage
from bodydouble.geometry.similarity import box_iou, pose_similarity
from bodydouble.perception.pose.movenet import (
    MIN_INPUT_SIZE,
    MoveNetDetector,
    MoveNetOptions,
    decode_detections,
    pose_nms,
)
from bodydouble.perception.protocols import Detection
from bodydouble.skeletons import coco
from tests.perception.test_models import golden


@pytest.fixture(scope="module")
def frame() -> RgbImage:
    return np.asarray(golden("pictures")["people"], np.uint8)


@pytest.fixture(scope="module")
def detector() -> MoveNetDetector:
    return MoveNetDetector(MoveNetOptions((256,)))


def test_the_woman_is_detected_in_the_right_place(detector: MoveNetDetector, frame: RgbImage) -> None:
    best = detector.detect(frame)[0]
    x_min, y_min, x_max, y_max = best.box
    assert 205 < x_min < 220 and 235 < x_max < 250
    assert 80 < y_min < 95 and 140 < y_max < 155
    assert best.score > 0.3


def test_padding_does_not_move_people(detector: MoveNetDetector, frame: RgbImage) -> None:
    wide = np.pad(frame, ((40, 0), (0, 0), (0, 0)))
    here, there = detector.detect(frame)[0], detector.detect(wide)[0]
    assert pose_similarity(here.keypoints[:, :2] + [0, 40], there.keypoints[:, :2]) > 0.85
    assert box_iou(here.box + np.array([0, 40, 0, 40]), there.box) > 0.7


def test_scale_does_not_matter(detector: MoveNetDetector, frame: RgbImage) -> None:
    large = np.repeat(np.repeat(frame, 5, axis=0), 5, axis=1)
    here, there = detector.detect(frame)[0], detector.detect(large)[0]
    np.testing.assert_allclose(there.keypoints[:, :2] / 5, here.keypoints[:, :2], atol=2.0)


def test_an_empty_image_has_no_detections(detector: MoveNetDetector) -> None:
    assert detector.detect(np.full((120, 200, 3), 128, np.uint8)) == ()


def test_decode_reads_rows_as_the_model_card_says() -> None:
    row = np.zeros((1, 56))
    row[0, :3] = 0.25, 0.5, 0.9  # y, x, confidence of the nose
    row[0, 51:] = 0.1, 0.2, 0.3, 0.4, 0.8  # y_min, x_min, y_max, x_max, score
    (detection,) = decode_detections(row, np.array([-10.0, 0.0, 190.0, 100.0]))
    np.testing.assert_allclose(detection.keypoints[coco.INDEX["nose"]], [90.0, 25.0, 0.9])
    np.testing.assert_allclose(detection.box, [30.0, 10.0, 70.0, 30.0])
    assert detection.score == 0.8


def test_of_two_detections_of_one_person_the_better_is_kept() -> None:
    rng = np.random.default_rng(0)
    pose = np.column_stack([rng.uniform(0, 100, (17, 2)), np.ones(17)])
    apart = pose + np.array([300, 0, 0])
    people = [Detection(np.zeros(4), p, s) for p, s in ((pose, 0.5), (pose + np.array([1, 1, 0]), 0.9), (apart, 0.4))]
    assert [d.score for d in pose_nms(people, 0.6)] == [0.9, 0.4]


def test_detections_in_inputs_of_two_sizes_are_merged(frame: RgbImage) -> None:
    both = MoveNetDetector(MoveNetOptions((384, 256))).detect(frame)
    for side in (256, 384):
        for one in MoveNetDetector(MoveNetOptions((side,))).detect(frame):
            assert sum(box_iou(one.box, other.box) > 0.5 for other in both) == 1


def test_a_crowd_larger_than_the_maximum_of_the_network_is_detected(frame: RgbImage) -> None:
    """Nine copies of the woman side by side, every other one flipped, are detected once each, in the right place."""
    alone = frame[:, 185:271]
    crowd = np.hstack([alone if n % 2 else alone[:, ::-1] for n in range(9)])
    detections = MoveNetDetector(MoveNetOptions((512, 256))).detect(crowd)
    middles = sorted((one.box[0] + one.box[2]) / 2 / alone.shape[1] for one in detections)
    np.testing.assert_allclose(middles, np.arange(9) + 0.5, atol=0.1)


def test_a_crowd_in_a_tall_image_is_detected(frame: RgbImage) -> None:
    alone = frame[50:, 160:296]
    crowd = np.vstack([np.hstack([alone, alone[:, ::-1]])] * 5)
    detections = MoveNetDetector(MoveNetOptions((512, 256))).detect(crowd)
    assert len(detections) == 10


def test_only_the_smallest_input_is_used_if_people_are_large_enough_in_it(frame: RgbImage) -> None:
    both, small = MoveNetDetector(MoveNetOptions((384, 256))), MoveNetDetector(MoveNetOptions((256,)))
    large_enough = MIN_INPUT_SIZE * max(frame.shape) / 256
    assert_same(both.detect(frame, 1.01 * large_enough), small.detect(frame))
    assert_same(both.detect(frame, 0.99 * large_enough), both.detect(frame))
    with pytest.raises(AssertionError):
        assert_same(small.detect(frame), both.detect(frame))


def assert_same(first: Sequence[Detection], second: Sequence[Detection]) -> None:
    assert len(first) == len(second)
    assert all(np.array_equal(a.keypoints, b.keypoints) for a, b in zip(first, second, strict=True))

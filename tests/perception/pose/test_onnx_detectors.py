"""Laws of all people detectors in one test body, and laws of the networks of the user."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bodydouble.data import FloatArray, RgbImage
from bodydouble.errors import ModelError
from bodydouble.geometry.similarity import box_iou
from bodydouble.networks import network_seconds
from bodydouble.perception.pose.movenet import MoveNetDetector, MoveNetOptions
from bodydouble.perception.pose.onnx_detectors import create_detector
from bodydouble.perception.protocols import Detection, PeopleDetector
from tests.perception import onnx_detectors
from tests.perception.test_models import golden

BUILDERS: dict[str, Callable[[Path], Path]] = {
    "rtmo": onnx_detectors.rtmo,
    "yolo": onnx_detectors.yolo,
    "yolo without duplicates": onnx_detectors.yolo_nms,
    "rtmpose": onnx_detectors.rtmpose,
}


class NoDetections:
    """A detector without detections."""

    seconds = 0.0

    def detect(self, frame: RgbImage, min_size: float = 0.0) -> tuple[Detection, ...]:  # noqa: ARG002 - independent of the frame
        """Returns nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Case:
    """A detector, an image with one person that it detects best, and the box of that person."""

    detector: PeopleDetector
    frame: RgbImage
    box: FloatArray
    """(4,) px."""
    tolerance: float
    """Tolerance of keypoints, px."""


def red_ellipse() -> RgbImage:
    """(120, 200, 3) a red ellipse on grey; its standard deviations are 10 and 20 px."""
    y, x = np.mgrid[:120, :200] + 0.5
    inside = ((x - 130) / 20) ** 2 + ((y - 60) / 40) ** 2 < 1
    return np.where(inside[..., None], [230, 20, 20], 114).astype(np.uint8)


@pytest.fixture(scope="module", params=["movenet", *BUILDERS])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    if request.param == "movenet":
        frame = np.asarray(golden("pictures")["people"], np.uint8)
        return Case(MoveNetDetector(MoveNetOptions((256,))), frame, np.array([212.0, 87.0, 242.0, 147.0]), 3.0)
    folder = tmp_path_factory.mktemp("networks")
    box_detector = create_detector(onnx_detectors.rtmo(folder / "box_detector.onnx"), NoDetections())
    detector = create_detector(BUILDERS[request.param](folder / "network.onnx"), box_detector)
    return Case(detector, red_ellipse(), np.array([110.0, 20.0, 150.0, 100.0]), 0.5)


def keypoints(case: Case, frame: RgbImage) -> FloatArray:
    """(17, 2) px of the best detection."""
    return case.detector.detect(frame)[0].keypoints[:, :2]


def test_the_person_is_detected_in_the_right_place(case: Case) -> None:
    assert box_iou(case.detector.detect(case.frame)[0].box, case.box) > 0.7


def test_keypoints_lie_on_the_person(case: Case) -> None:
    low, high = keypoints(case, case.frame).min(axis=0), keypoints(case, case.frame).max(axis=0)
    assert box_iou(np.concatenate([low, high]), case.box) > 0.5


def test_scores_and_confidences_are_probabilities(case: Case) -> None:
    for person in case.detector.detect(case.frame):
        assert 0 < person.score <= 1
        assert person.keypoints.shape == (17, 3)
        assert np.all((person.keypoints[:, 2] >= 0) & (person.keypoints[:, 2] <= 1))


def test_the_best_comes_first(case: Case) -> None:
    scores = [person.score for person in case.detector.detect(case.frame)]
    assert scores == sorted(scores, reverse=True)


def test_padding_does_not_move_the_person(case: Case) -> None:
    wide = np.pad(case.frame, ((40, 0), (0, 0), (0, 0)))
    moved = keypoints(case, wide) - keypoints(case, case.frame)
    np.testing.assert_allclose(np.median(moved, axis=0), [0, 40], atol=case.tolerance)


def test_scale_does_not_matter(case: Case) -> None:
    large = np.repeat(np.repeat(case.frame, 5, axis=0), 5, axis=1)
    np.testing.assert_allclose(keypoints(case, large) / 5, keypoints(case, case.frame), atol=case.tolerance)


def test_an_empty_image_has_no_detections(case: Case) -> None:
    assert case.detector.detect(np.full((120, 200, 3), 128, np.uint8)) == ()


def test_the_time_in_the_network_is_counted(case: Case) -> None:
    before = network_seconds()
    case.detector.detect(case.frame)
    assert network_seconds() > before


@pytest.mark.parametrize("name", list(BUILDERS))
def test_known_keypoints_are_recovered(name: str, tmp_path: Path) -> None:
    box_detector = create_detector(onnx_detectors.rtmo(tmp_path / "box_detector.onnx"), NoDetections())
    (person,) = create_detector(BUILDERS[name](tmp_path / "network.onnx"), box_detector).detect(red_ellipse())
    expected = [130, 60] + onnx_detectors.OFFSETS * [10, 20]
    np.testing.assert_allclose(person.keypoints[:, :2], expected, atol=0.4)


def two_people_twice() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Boxes (5, 4), scores (5,) and keypoints (5, 17, 3): two people, each detected twice, and a weak third."""
    rng = np.random.default_rng(0)
    pose = np.concatenate([rng.uniform(5, 20, (17, 2)), np.full((17, 1), 0.8)], axis=1)
    steps = np.array([[0, 0, 0], [0.2, 0, 0], [40, 30, 0], [40.2, 30, 0], [0, 40, 0]])
    poses = pose + steps[:, None]
    boxes = np.stack([np.concatenate([one[:, :2].min(axis=0), one[:, :2].max(axis=0)]) for one in poses])
    return boxes, np.array([0.6, 0.7, 0.9, 0.8, 0.1]), poses


def test_duplicates_and_weak_detections_are_suppressed(tmp_path: Path) -> None:
    boxes, scores, poses = two_people_twice()
    sizes = boxes[:, 2:] - boxes[:, :2]
    middles = (boxes[:, 2:] + boxes[:, :2]) / 2
    outputs_of = {
        "rtmo": {"dets": np.column_stack([boxes, scores])[None], "keypoints": poses[None]},
        "yolo": {"output0": np.column_stack([middles, sizes, scores, poses.reshape(5, 51)]).T[None]},
        "finished": {"output0": np.column_stack([boxes, scores, np.zeros(5), poses.reshape(5, 51)])[None]},
    }
    for name, outputs in outputs_of.items():
        path = onnx_detectors.constant_output(tmp_path / f"{name}.onnx", outputs)
        detections = create_detector(path, NoDetections()).detect(np.zeros((64, 64, 3), np.uint8))
        assert [person.score for person in detections] == pytest.approx([0.9, 0.7])
        np.testing.assert_allclose(detections[0].keypoints, poses[2], atol=1e-4)
        np.testing.assert_allclose(detections[1].box, boxes[1], atol=1e-4)


@pytest.mark.parametrize("count", [26, 133])
def test_rtmpose_with_more_keypoints_starts_with_those_of_coco(count: int, tmp_path: Path) -> None:
    across, down = np.zeros((1, count, 128)), np.zeros((1, count, 128))
    for keypoint in range(count):
        across[0, keypoint, (3 * keypoint) % 128], down[0, keypoint, (5 * keypoint) % 128] = 0.6, 0.8
    path = onnx_detectors.constant_output(tmp_path / "network.onnx", {"simcc_x": across, "simcc_y": down})
    box_detector = create_detector(onnx_detectors.rtmo(tmp_path / "box_detector.onnx"), NoDetections())
    (person,) = create_detector(path, box_detector).detect(red_ellipse())
    assert person.keypoints.shape == (17, 3)
    np.testing.assert_allclose(person.keypoints[:, 2], 0.7, atol=1e-6)
    # The crop is square and 1.25 times the box, which is 80 px high.
    np.testing.assert_allclose(person.keypoints[:, 0], 80 + 100 / 64 * (1.5 * np.arange(17) + 0.5), atol=0.5)


@pytest.mark.parametrize(
    "outputs",
    [
        {"output0": np.zeros((1, 84, 20))},
        {"output0": np.zeros((1, 25200, 57))},
        {"dets": np.zeros((1, 4, 5)), "labels": np.zeros((1, 4))},
        {"simcc_x": np.zeros((1, 9, 128)), "simcc_y": np.zeros((1, 9, 128))},
        {"people": np.zeros((1, 6, 56))},
    ],
)
def test_rejects_other_networks_and_lists_their_outputs(outputs: dict[str, FloatArray], tmp_path: Path) -> None:
    path = onnx_detectors.constant_output(tmp_path / "other.onnx", outputs)
    with pytest.raises(
        ModelError, match=r"other\.onnx is none of RTMO, YOLO-pose and RTMPose .*" + next(iter(outputs))
    ):
        create_detector(path, NoDetections())


def test_rejects_files_that_are_no_network(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    with pytest.raises(ModelError, match=r"mine\.onnx is missing; give another file"):
        create_detector(path, NoDetections())
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"mine\.onnx cannot be loaded, give another file"):
        create_detector(path, NoDetections())

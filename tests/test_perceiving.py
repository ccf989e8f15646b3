"""Perception of drawn frames with fake networks: the second network may be slow or fail at any time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from bodydouble.data import FaceObservation, FloatArray, HandObservation, Observation, RgbImage
from bodydouble.perception.appearance.faces import FaceEmbedder
from bodydouble.perception.background_observer import BackgroundObserver
from bodydouble.perception.face.face_model import FaceModel
from bodydouble.perception.image.enhance import FrameEnhancer
from bodydouble.perception.pose.observe import Observer
from bodydouble.perception.pose.observer_options import ObserverOptions
from bodydouble.perception.protocols import DetailModel, Detection, KeypointRequest, Landmarks, RotatedRoi
from bodydouble.pipeline.perceiving import Perception, PerceptionResult
from bodydouble.pipeline.progress import Progress
from bodydouble.skeletons import coco

SCALE = np.array([2.0, 3.0])
FRAMES = [np.full((200, 300, 3), 50 + number, np.uint8) for number in range(24)]
_COCO = list(coco.BLAZEPOSE_INDICES)


def body(x: float) -> FloatArray:
    """(33, 2) px, landmarks of a person at a position."""
    return np.random.default_rng(1).uniform(-1, 1, (33, 2)) * [20, 50] + [x, 100]


class TwoPeople:
    """Both networks of the observer: two people who stand still."""

    def detect(self, frame: RgbImage, min_size: float = 0.0) -> tuple[Detection, ...]:  # noqa: ARG002
        poses = [np.column_stack([body(x)[_COCO], np.ones(17)]) for x in (80, 220)]
        return tuple(Detection(np.zeros(4), pose, 0.9) for pose in poses)

    def roi_from_detection(self, detection: Detection) -> RotatedRoi:
        return RotatedRoi((detection.keypoints[:, :2] - body(0)[_COCO]).mean(axis=0), 120.0, 0.0)

    def locate(self, frame: RgbImage, roi: RotatedRoi, occluders: Sequence[FloatArray] = ()) -> Landmarks:  # noqa: ARG002
        x = 80 if roi.center[0] < 150 else 220
        keypoints = np.column_stack([body(x), np.ones(33)])
        return Landmarks(keypoints, np.zeros((33, 3)), 0.99, RotatedRoi(np.array([x, 0.0]), 120.0, 0.0))


@dataclass
class FakeSecondNetwork:
    """Second network that returns the grey level of the frame and the pose of the request, after some time."""

    delays: tuple[float, ...] = (0.0,)
    fails_at: int = -1
    calls: int = 0

    def estimate(self, frame: RgbImage, request: KeypointRequest) -> FloatArray:
        self.calls += 1
        time.sleep(self.delays[self.calls % len(self.delays)])
        if self.calls == self.fails_at:
            raise ValueError("the second network failed")
        return np.column_stack([request.pose[_COCO], np.full(17, frame[0, 0, 0] / 255)])


class FakeHands:
    """Observes a right hand at the person's own box, with the grey level of the frame as confidence."""

    interval = 2

    def add_detail(self, frame: RgbImage, person: Observation) -> Observation:
        time.sleep(0.001 * (int(person.box[0]) % 5))
        keypoints = np.tile(np.append(person.box[:2], frame[0, 0, 0] / 255), (21, 1))
        return replace(person, hands=(None, HandObservation(keypoints, np.zeros((21, 3)))))


def perceive(second_network: FakeSecondNetwork | None, detail_models: Sequence[DetailModel] = ()) -> PerceptionResult:
    networks = TwoPeople()
    observer = Observer(networks, networks, ObserverOptions(second_network_interval=5))
    perception = Perception(
        observer,
        second_network,
        FaceEmbedder(),
        FrameEnhancer("off"),
        BackgroundObserver(30.0),
        detail_models,
    )
    return perception.process_all(FRAMES, SCALE, Progress())


@pytest.mark.parametrize("delays", [(0.0,), (0.02,), (0.0, 0.03, 0.005)], ids=["fast", "slow", "uneven"])
def test_second_keypoints_belong_to_their_frame_and_person_whatever_the_timing(delays: tuple[float, ...]) -> None:
    result = perceive(FakeSecondNetwork(delays))
    assert [len(people) for people in result.observations] == [2] * len(FRAMES)
    for number, people in enumerate(result.observations):
        for person in people:
            second = person.second_keypoints
            assert (second is None) == (number % 5 != 0)
            if second is not None:
                np.testing.assert_allclose(second[:, :2], person.keypoints[_COCO, :2])
                np.testing.assert_allclose(second[:, 2], (50 + number) / 255)


def test_the_second_network_changes_nothing_else() -> None:
    without, with_network = perceive(None), perceive(FakeSecondNetwork((0.01,)))
    for first, second in zip(without.observations, with_network.observations, strict=True):
        for one, other in zip(first, second, strict=True):
            assert one.second_keypoints is None
            np.testing.assert_array_equal(one.keypoints, other.keypoints)
            np.testing.assert_array_equal(one.box, other.box)
    assert with_network.background is not None
    assert with_network.lines is not None


def test_details_belong_to_their_frame_and_person() -> None:
    result = perceive(FakeSecondNetwork((0.0, 0.01)), [FakeHands()])
    for number, people in enumerate(result.observations):
        for person in people:
            assert person.hands[0] is None
            assert (person.hands[1] is None) == (number % 2 == 1)
            if person.hands[1] is None:
                continue
            expected = np.append(person.box[:2], (50 + number) / 255)
            np.testing.assert_allclose(person.hands[1].keypoints, np.tile(expected, (21, 1)))
        assert all((person.second_keypoints is None) == (number % 5 != 0) for person in people)


class FakeFaces(FaceModel):
    """Observes faces that tell the grey level of the frame and how many frames came before it."""

    def __init__(self) -> None:
        self.calls = 0

    def observe_people(self, frame: RgbImage, people: Sequence[Observation]) -> list[FaceObservation | None]:
        self.calls += 1
        time.sleep(0.002 * (self.calls % 3))
        weights = np.full(52, frame[0, 0, 0] / 255)
        faces = [FaceObservation(weights, np.array([0, 0, 0, 1.0]), self.calls) for _ in people]
        return [None, *faces[1:]]


def test_faces_belong_to_their_frame_and_person_and_are_observed_in_order() -> None:
    networks = TwoPeople()
    observer = Observer(networks, networks, ObserverOptions())
    background_observer = BackgroundObserver(30.0, camera_may_move=False)
    perception = Perception(
        observer, None, FaceEmbedder(), FrameEnhancer("off"), background_observer, [FakeHands()], FakeFaces()
    )
    result = perception.process_all(FRAMES, SCALE, Progress())
    for number, (first, second) in enumerate(result.observations):
        assert first.face is None and second.face is not None
        assert second.face.confidence == number + 1
        np.testing.assert_allclose(second.face.weights, (50 + number) / 255)
        assert (second.hands[1] is None) == (number % 2 == 1)
    assert result.background is None  # of a static camera


@pytest.mark.parametrize("fails_at", [1, 3, 10])
def test_an_error_of_the_second_network_reaches_the_caller(fails_at: int) -> None:
    with pytest.raises(ValueError, match="the second network failed"):
        perceive(FakeSecondNetwork(fails_at=fails_at))

"""Tracking of people in perception: exact laws with fake networks, and one run with the real networks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.perception.pose.duplicate_suppression import bounding_box
from bodydouble.perception.pose.observe import (
    QUALITY_PRESETS,
    Observer,
    create_observer,
    second_network_interval,
)
from bodydouble.perception.pose.observer_options import ObserverOptions
from bodydouble.perception.protocols import Detection, Landmarks, PersonBox, RotatedRoi
from bodydouble.skeletons import coco
from tests.perception.test_models import golden

FRAME = np.zeros((500, 500, 3), np.uint8)
Position = tuple[float, float]


def body(position: Position) -> np.ndarray:
    """(33, 3) keypoints of a person 100 px high at a position."""
    shape = np.random.default_rng(7).uniform(-1, 1, (33, 2)) * [20, 50]
    return np.column_stack([shape + position, np.ones(33)])


@dataclass
class FakeNetworks:
    """Both networks: detects people at given positions, and locates the nearest one in a region."""

    people: list[Position]
    is_detectable: bool = True
    runs: int = 0
    occluder_counts: list[int] = field(default_factory=list)
    """Number of occluders in each call of ``locate``."""
    people_by_pixel: Sequence[Sequence[Position]] = ()
    """People to locate in frames with these pixel values; empty: ``people`` in all frames."""

    def detect(self, frame: RgbImage, min_size: float = 0.0) -> tuple[Detection, ...]:  # noqa: ARG002
        self.runs += 1
        poses = [body(position)[list(coco.BLAZEPOSE_INDICES)] for position in self.people if self.is_detectable]
        boxes = [bounding_box(body(position)[:, :2]) for position in self.people]
        return tuple(Detection(*person, 0.9) for person in zip(boxes, poses, strict=False))

    def roi_from_detection(self, detection: Detection) -> RotatedRoi:
        reference = body((0.0, 0.0))[list(coco.BLAZEPOSE_INDICES), :2]
        return RotatedRoi((detection.keypoints[:, :2] - reference).mean(axis=0), 120.0, 0.0)

    def locate(self, frame: RgbImage, roi: RotatedRoi, occluders: Sequence[FloatArray] = ()) -> Landmarks:
        self.occluder_counts.append(len(occluders))
        people = self.people_by_pixel[frame[0, 0, 0]] if self.people_by_pixel else self.people
        distance = [float(np.linalg.norm(roi.center - position)) for position in people]
        nearest = int(np.argmin(distance)) if distance else -1
        if nearest < 0 or distance[nearest] > 60:
            return Landmarks(body((250, 250)), np.zeros((33, 3)), 0.1, roi)
        position = people[nearest]
        presence = 0.99 - 0.001 * distance[nearest]
        return Landmarks(
            body(position), np.zeros((33, 3)), presence, RotatedRoi(np.asarray(position, float), 120.0, 0.0)
        )


def create(networks: FakeNetworks, detection_interval: int = 5) -> Observer:
    return Observer(networks, networks, ObserverOptions(detection_interval=detection_interval))


def observed_positions(observer: Observer) -> list[Position]:
    centers = [np.round((o.keypoints - body((0, 0)))[0, :2], 6) for o in observer.observe(FRAME).current]
    return sorted((float(x), float(y)) for x, y in centers)


def test_people_are_detected_at_once_and_tracked() -> None:
    networks = FakeNetworks([(100, 100), (300, 300)])
    observer = create(networks, 50)
    for step in range(20):
        networks.people = [(100 + 10 * step, 100), (300, 300)]
        assert observed_positions(observer) == sorted([(100 + 10 * step, 100), (300, 300)])
    assert networks.runs <= 6  # 1, 2, 4, 8, 16 frames apart


def test_a_new_person_is_detected_within_the_interval() -> None:
    networks = FakeNetworks([(100, 100)])
    observer = create(networks, 5)
    for _ in range(12):
        observed_positions(observer)
    networks.people.append((400, 400))
    assert any(len(observed_positions(observer)) == 2 for _ in range(5))


def count_people(
    observer: Observer,
    networks: FakeNetworks,
    people_by_frame: Sequence[Sequence[Position]],
    detected: Sequence[Sequence[Position]] | None = None,
) -> list[int]:
    """Number of people in each frame, backfilled ones included, if some of them can be detected."""
    counts: list[int] = []
    networks.people_by_pixel = people_by_frame
    for number, people in enumerate(detected or people_by_frame):
        networks.people = list(people)
        result = observer.observe(np.full_like(FRAME, number))
        counts.append(len(result.current))
        for past in result.backfilled:
            counts[-1 - past.frames_ago] += 1
    return counts


def test_a_person_who_is_detected_late_is_tracked_backward_to_their_entry() -> None:
    networks = FakeNetworks([])
    people_by_frame = [[(100, 100)]] * 12 + [[(100, 100), (300 + 5 * step, 300)] for step in range(12)]
    assert count_people(create(networks, 9), networks, people_by_frame) == [len(people) for people in people_by_frame]
    assert networks.runs < 8  # the detector did not run at the entry


def test_nobody_is_tracked_backward_into_another_shot() -> None:
    networks = FakeNetworks([], is_detectable=False)
    observer = create(networks)
    assert count_people(observer, networks, [[(100, 100)]] * 6) == [0] * 6
    networks.is_detectable = True
    observer.begin_shot()
    results = [observer.observe(FRAME) for _ in range(9)]
    assert all(result.current and not result.backfilled for result in results)


@pytest.mark.parametrize(("visible_before", "count"), [(2, 1), (8, 2)])
def test_only_people_who_are_visible_for_some_frames_are_tracked_backward(visible_before: int, count: int) -> None:
    one, two = [(100, 100)], [(100, 100), (300, 300)]
    networks = FakeNetworks([])
    observer = Observer(networks, networks, ObserverOptions(detection_interval=2, backfill_after=5))
    people_by_frame = [two] * (13 + visible_before) + [one] * 12
    assert count_people(observer, networks, people_by_frame, [one] * 13 + [two] * 12)[12] == count


def test_a_person_who_leaves_is_dropped() -> None:
    networks = FakeNetworks([(100, 100), (300, 300)])
    observer = create(networks)
    assert len(observed_positions(observer)) == 2
    networks.people.pop()
    assert observed_positions(observer) == [(100, 100)]


def test_a_person_outside_the_frame_is_dropped() -> None:
    networks = FakeNetworks([(100, 100)])
    observer = create(networks)
    for x in (60, 20, -20, -60):
        networks.people = [(x, 100)]
        found = observed_positions(observer)
    assert found == []


def test_a_person_who_jumps_out_of_the_region_is_detected_in_the_same_frame() -> None:
    networks = FakeNetworks([(100, 100)])
    observer = create(networks, 50)
    for _ in range(4):
        observed_positions(observer)
    networks.people = [(400, 300)]
    assert observed_positions(observer) == [(400, 300)]


def test_two_regions_on_one_person_are_merged_and_the_other_person_is_detected_again() -> None:
    networks = FakeNetworks([(200, 200), (280, 200)])
    observer = create(networks, 50)
    assert len(observed_positions(observer)) == 2
    networks.people = [(240, 200)]  # both regions show the same person
    assert observed_positions(observer) == [(240, 200)]
    networks.people = [(240, 200), (340, 200)]
    assert any(len(observed_positions(observer)) == 2 for _ in range(3))


def test_a_person_who_is_lost_for_a_moment_is_reacquired_at_the_predicted_position() -> None:
    networks = FakeNetworks([(100, 100)])
    observer = create(networks, 50)
    for x in range(100, 200, 10):
        networks.people = [(x, 100)]
        observed_positions(observer)
    networks.is_detectable = False
    networks.people = []
    for _ in range(5):
        assert observed_positions(observer) == []
    networks.people = [(250, 100)]
    assert observed_positions(observer) == [(250, 100)]


def test_a_person_who_is_lost_for_long_is_given_up() -> None:
    networks = FakeNetworks([(100, 100)])
    observer = Observer(networks, networks, ObserverOptions(detection_interval=50, max_missed_frames=3))
    observed_positions(observer)
    networks.is_detectable, networks.people = False, []
    for _ in range(5):
        observed_positions(observer)
    networks.people = [(100, 100)]
    assert observed_positions(observer) == []


def test_occluders_are_passed_to_the_landmark_model() -> None:
    networks = FakeNetworks([(200, 200), (230, 240)])  # the second one is lower in the image, so nearer
    observer = create(networks, 50)
    assert len(observed_positions(observer)) == 2
    networks.occluder_counts.clear()
    assert len(observed_positions(observer)) == 2
    assert networks.occluder_counts == [0, 1]


def test_a_new_shot_starts_with_the_detector_and_without_tracked_people() -> None:
    networks = FakeNetworks([(100, 100)])
    observer = create(networks, 50)
    for _ in range(4):
        observed_positions(observer)
    runs = networks.runs
    networks.people = [(400, 400)]
    observer.begin_shot()
    assert observed_positions(observer) == [(400, 400)]
    assert networks.runs == runs + 1


def test_a_person_whom_the_detector_misses_is_kept() -> None:
    networks = FakeNetworks([(100, 100)])
    observer = create(networks, 2)
    observed_positions(observer)
    networks.is_detectable = False
    assert all(observed_positions(observer) == [(100, 100)] for _ in range(10))


def test_an_empty_video_runs_the_detector_rarely() -> None:
    networks = FakeNetworks([])
    observer = create(networks, 10)
    for _ in range(100):
        assert observer.observe(FRAME).current == ()
    assert networks.runs <= 15


@pytest.mark.parametrize("quality", QUALITY_PRESETS)
def test_the_networks_detect_and_track_a_real_person(quality: str) -> None:
    crop = np.asarray(golden("pictures")["crop"], np.uint8)
    frame = np.zeros((400, 640, 3), np.uint8)
    observer = create_observer(quality)
    for step in range(4):
        frame[:] = 0
        frame[100:356, 50 + 40 * step : 306 + 40 * step] = crop
        (person,) = observer.observe(frame).current
        x_min, y_min, x_max, y_max = person.box
        assert 0 <= x_min < 50 + 40 * step + 135 < x_max <= 640
        assert 100 <= y_min < 256 < y_max <= 400


def test_an_unknown_quality_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(InvalidDataError, match="'ultra'; choose one of fast, balanced, best"):
        create_observer("ultra")


@pytest.mark.parametrize(("fps", "interval"), [(60.0, 5), (30.0, 5), (15.0, 2), (5.0, 1), (1.0, 1)])
def test_the_second_network_runs_about_six_times_a_second_and_never_less_often_in_frames(
    fps: float, interval: int
) -> None:
    assert second_network_interval(QUALITY_PRESETS["balanced"], fps) == interval
    assert second_network_interval(QUALITY_PRESETS["best"], fps) == 1


@dataclass
class DriftingNetworks(FakeNetworks):
    """Landmarks of tracked people are squeezed to the left; those of people who were just detected are right."""

    has_detected: bool = False

    def detect(self, frame: RgbImage, min_size: float = 0.0) -> tuple[Detection, ...]:
        self.has_detected = True
        return super().detect(frame, min_size)

    def locate(self, frame: RgbImage, roi: RotatedRoi, occluders: Sequence[FloatArray] = ()) -> Landmarks:
        landmarks = super().locate(frame, roi, occluders)
        if self.has_detected:
            return landmarks
        pose = landmarks.pose.copy()
        pose[:, 0] = pose[:, 0].min() + 0.49 * (pose[:, 0] - pose[:, 0].min())
        return replace(landmarks, keypoints=np.column_stack([pose, np.ones(33)]))


def test_a_tracked_person_whose_landmarks_and_detection_lie_apart_is_located_again() -> None:
    networks = DriftingNetworks([(100, 100)])
    observer = create(networks, 1)
    for _ in range(5):
        networks.has_detected = False
        (person,) = observer.observe(FRAME).current
        np.testing.assert_allclose(person.keypoints, body((100, 100)))


@dataclass
class FakeBoxDetector:
    """Second detector: boxes around people at given positions."""

    people: list[Position]
    runs: int = 0
    seconds: float = 0.0

    def detect(self, frame: RgbImage) -> list[PersonBox]:  # noqa: ARG002
        self.runs += 1
        return [PersonBox(bounding_box(body(position)[:, :2]), 0.8) for position in self.people]


@pytest.mark.parametrize(("x", "count"), [(130, 3), (180, 2)])
def test_a_person_whom_only_the_second_detector_detects_is_observed_where_people_overlap(x: int, count: int) -> None:
    detected, missed = [(100.0, 100.0), (float(x), 100.0)], (400.0, 300.0)
    networks = FakeNetworks(detected, people_by_pixel=[[*detected, missed]])
    boxes = FakeBoxDetector([*detected, missed])
    observer = Observer(networks, networks, ObserverOptions(), second_detector=boxes)
    assert all(len(observed_positions(observer)) == count for _ in range(4))
    assert (boxes.runs > 0) == (count == 3)


@pytest.mark.parametrize("is_mirrored", [False, True])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_people_who_cross_are_both_observed_again_without_the_detector(is_mirrored: bool, is_reversed: bool) -> None:
    networks = FakeNetworks([])
    observer = create(networks, 50)
    for step in range(31):
        people: list[Position] = [(100 + 10 * step, 200), (400 - 10 * step, 215)]
        people = [(500 - x, y) for x, y in people] if is_mirrored else people
        networks.people = people[::-1] if is_reversed else people
        observed = observed_positions(observer)
        networks.is_detectable = False
        assert set(observed) <= set(people)
    assert observed == sorted(people)


def test_the_second_detector_does_not_run_for_a_person_alone() -> None:
    networks, boxes = FakeNetworks([(100, 100)]), FakeBoxDetector([(100, 100), (400, 300)])
    observer = Observer(networks, networks, ObserverOptions(detection_interval=2), second_detector=boxes)
    for step in range(30):
        networks.people = [(100 + 4 * step, 100)]
        assert observed_positions(observer) == [(100 + 4 * step, 100)]
    assert boxes.runs == 0

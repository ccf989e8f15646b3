"""Following people: exact laws with stand-ins for the networks, and one run with the networks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from bodydouble.data import FloatArray, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.perception.pose.observe import QUALITY_PRESETS, Observer, ObserverOptions, create_observer
from bodydouble.perception.protocols import Detection, Landmarks, RotatedRoi
from bodydouble.skeletons import coco
from tests.perception.test_models import golden

FRAME = np.zeros((500, 500, 3), np.uint8)
Place = tuple[float, float]


def body(place: Place) -> np.ndarray:
    """(33, 3) keypoints of a person 100 px high at a place."""
    shape = np.random.default_rng(7).uniform(-1, 1, (33, 2)) * [20, 50]
    return np.column_stack([shape + place, np.ones(33)])


@dataclass
class Stage:
    """Stands for both networks: knows where everybody is, and who is shown in a region."""

    people: list[Place]
    seen_by_detector: bool = True
    runs: int = 0
    seconds: float = 0.0
    before: list[int] = field(default_factory=list)
    shown: Sequence[Sequence[Place]] = ()
    """Who is in the frames whose pixels have these numbers; the people above are in all others."""

    def detect(self, frame: RgbImage) -> tuple[Detection, ...]:  # noqa: ARG002
        self.runs += 1
        poses = [body(place)[list(coco.FROM_BLAZEPOSE)] for place in self.people if self.seen_by_detector]
        return tuple(Detection(np.zeros(4), pose, 0.9) for pose in poses)

    def roi_from_detection(self, detection: Detection) -> RotatedRoi:
        reference = body((0.0, 0.0))[list(coco.FROM_BLAZEPOSE), :2]
        return RotatedRoi((detection.keypoints[:, :2] - reference).mean(axis=0), 120.0, 0.0)

    def locate(self, frame: RgbImage, roi: RotatedRoi, occluders: Sequence[FloatArray] = ()) -> Landmarks:
        self.before.append(len(occluders))
        people = self.shown[frame[0, 0, 0]] if self.shown else self.people
        distance = [float(np.linalg.norm(roi.center - place)) for place in people]
        nearest = int(np.argmin(distance)) if distance else -1
        if nearest < 0 or distance[nearest] > 60:
            return Landmarks(body((250, 250)), np.zeros((33, 3)), 0.1, roi)
        place = people[nearest]
        presence = 0.99 - 0.001 * distance[nearest]
        return Landmarks(body(place), np.zeros((33, 3)), presence, RotatedRoi(np.asarray(place, float), 120.0, 0.0))


def observer_of(stage: Stage, detect_every: int = 5) -> Observer:
    return Observer(stage, stage, ObserverOptions(detection_interval=detect_every))


def places(observer: Observer) -> list[Place]:
    centers = [np.round((o.keypoints - body((0, 0)))[0, :2], 6) for o in observer.observe(FRAME)]
    return sorted((float(x), float(y)) for x, y in centers)


def test_people_are_found_at_once_and_followed() -> None:
    stage = Stage([(100, 100), (300, 300)])
    observer = observer_of(stage, 50)
    for step in range(20):
        stage.people = [(100 + 10 * step, 100), (300, 300)]
        assert places(observer) == sorted([(100 + 10 * step, 100), (300, 300)])
    assert stage.runs <= 6  # 1, 2, 4, 8, 16 frames apart


def test_someone_new_is_found_within_the_interval() -> None:
    stage = Stage([(100, 100)])
    observer = observer_of(stage, 5)
    for _ in range(12):
        places(observer)
    stage.people.append((400, 400))
    assert any(len(places(observer)) == 2 for _ in range(5))


def everybody(
    observer: Observer,
    stage: Stage,
    shown: Sequence[Sequence[Place]],
    detected: Sequence[Sequence[Place]] | None = None,
) -> list[int]:
    """How many people are known of each frame in the end, when these are shown and those can be detected."""
    counts: list[int] = []
    stage.shown = shown
    for number, people in enumerate(detected or shown):
        stage.people = list(people)
        counts.append(len(observer.observe(np.full_like(FRAME, number))))
        for ago, _ in observer.backfilled_observations():
            counts[-1 - ago] += 1
    return counts


def test_someone_who_was_found_late_is_followed_back_to_where_they_came_in() -> None:
    stage = Stage([])
    shown = [[(100, 100)]] * 12 + [[(100, 100), (300 + 5 * step, 300)] for step in range(12)]
    assert everybody(observer_of(stage, 9), stage, shown) == [len(people) for people in shown]
    assert stage.runs < 8  # the detector did not see them come


def test_nobody_is_followed_back_into_another_shot() -> None:
    stage = Stage([], seen_by_detector=False)
    observer = observer_of(stage)
    assert everybody(observer, stage, [[(100, 100)]] * 6) == [0] * 6
    stage.seen_by_detector = True
    observer.begin_shot()
    assert all(observer.observe(FRAME) and not observer.backfilled_observations() for _ in range(9))


@pytest.mark.parametrize(("seen", "known_before"), [(2, 1), (8, 2)])
def test_only_who_has_been_seen_for_some_frames_is_followed_back(seen: int, known_before: int) -> None:
    one, two = [(100, 100)], [(100, 100), (300, 300)]
    stage = Stage([])
    observer = Observer(stage, stage, ObserverOptions(detection_interval=2, backfill_after=5))
    shown = [two] * (13 + seen) + [one] * 12
    assert everybody(observer, stage, shown, [one] * 13 + [two] * 12)[12] == known_before


def test_someone_who_leaves_is_dropped() -> None:
    stage = Stage([(100, 100), (300, 300)])
    observer = observer_of(stage)
    assert len(places(observer)) == 2
    stage.people.pop()
    assert places(observer) == [(100, 100)]


def test_someone_outside_the_frame_is_dropped() -> None:
    stage = Stage([(100, 100)])
    observer = observer_of(stage)
    for x in (60, 20, -20, -60):
        stage.people = [(x, 100)]
        found = places(observer)
    assert found == []


def test_a_person_who_jumps_out_of_the_region_is_found_in_the_same_frame() -> None:
    stage = Stage([(100, 100)])
    observer = observer_of(stage, 50)
    for _ in range(4):
        places(observer)
    stage.people = [(400, 300)]
    assert places(observer) == [(400, 300)]


def test_two_regions_on_one_person_become_one_and_the_other_person_comes_back() -> None:
    stage = Stage([(200, 200), (280, 200)])
    observer = observer_of(stage, 50)
    assert len(places(observer)) == 2
    stage.people = [(240, 200)]  # both regions now show him
    assert places(observer) == [(240, 200)]
    stage.people = [(240, 200), (340, 200)]
    assert any(len(places(observer)) == 2 for _ in range(3))


def test_somebody_out_of_sight_for_a_moment_is_seen_again_where_they_should_be_without_the_detector() -> None:
    stage = Stage([(100, 100)])
    observer = observer_of(stage, 50)
    for x in range(100, 200, 10):
        stage.people = [(x, 100)]
        places(observer)
    stage.seen_by_detector = False
    stage.people = []
    for _ in range(5):
        assert places(observer) == []
    stage.people = [(250, 100)]
    assert places(observer) == [(250, 100)]


def test_somebody_lost_for_long_is_given_up() -> None:
    stage = Stage([(100, 100)])
    observer = Observer(stage, stage, ObserverOptions(detection_interval=50, max_missed_frames=3))
    places(observer)
    stage.seen_by_detector, stage.people = False, []
    for _ in range(5):
        places(observer)
    stage.people = [(100, 100)]
    assert places(observer) == []


def test_those_behind_are_located_without_those_in_front() -> None:
    stage = Stage([(200, 200), (230, 240)])  # the second stands lower down
    observer = observer_of(stage, 50)
    assert len(places(observer)) == 2
    stage.before.clear()
    assert len(places(observer)) == 2
    assert stage.before == [0, 1]


def test_a_new_shot_begins_with_the_detector_and_without_the_people_of_the_last() -> None:
    stage = Stage([(100, 100)])
    observer = observer_of(stage, 50)
    for _ in range(4):
        places(observer)
    runs = stage.runs
    stage.people = [(400, 400)]
    observer.begin_shot()
    assert places(observer) == [(400, 400)]
    assert stage.runs == runs + 1


def test_somebody_whom_only_the_landmarks_see_is_kept() -> None:
    stage = Stage([(100, 100)])
    observer = observer_of(stage, 2)
    places(observer)
    stage.seen_by_detector = False
    assert all(places(observer) == [(100, 100)] for _ in range(10))


def test_an_empty_video_runs_the_detector_rarely() -> None:
    stage = Stage([])
    observer = observer_of(stage, 10)
    for _ in range(100):
        assert observer.observe(FRAME) == ()
    assert stage.runs <= 15


@pytest.mark.parametrize("quality", QUALITY_PRESETS)
def test_the_networks_find_and_follow_the_man(quality: str) -> None:
    picture = np.asarray(golden("pictures")["crop"], np.uint8)
    frame = np.zeros((400, 640, 3), np.uint8)
    observer = create_observer(quality)
    for step in range(4):
        frame[:] = 0
        frame[100:356, 50 + 40 * step : 306 + 40 * step] = picture
        (person,) = observer.observe(frame)
        x_min, y_min, x_max, y_max = person.box
        assert 0 <= x_min < 50 + 40 * step + 135 < x_max <= 640
        assert 100 <= y_min < 256 < y_max <= 400
    assert observer.network_seconds > 0


def test_an_unknown_quality_is_told_with_the_known_ones() -> None:
    with pytest.raises(InvalidDataError, match="'ultra'; choose one of fast, balanced, best"):
        create_observer("ultra")

"""Schedule of the detector: laws of the intervals, and changes of a view that is drawn."""

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from bodydouble.data import RgbImage
from bodydouble.perception.pose.detection_schedule import (
    CHECK_INTERVAL,
    LOSS_MEMORY,
    MAX_CHANGE_WAIT,
    MAX_SHIFT,
    DetectionSchedule,
    KnownPerson,
    ViewChange,
    estimate_shift,
)

INTERVAL, MAX_INTERVAL = 6, 30
PERSON = KnownPerson(np.array([500.0, 100.0, 700.0, 600.0]), 0.99)
FAR_PERSON = KnownPerson(np.array([900.0, 200.0, 960.0, 350.0]), 0.99)


def scene(*boxes: tuple[int, int, int, int], light: int = 0) -> RgbImage:
    """Draws boxes before a background with texture, 1280 x 720."""
    texture = np.random.default_rng(3).integers(60, 140, (36, 64, 3), dtype=np.uint8)
    image = cv2.resize(texture, (1280, 720), interpolation=cv2.INTER_NEAREST)
    for left, top, right, bottom in boxes:
        image[top:bottom, left:right] = (220, 30, 30)
    return np.asarray(np.clip(image.astype(int) + light, 0, 255), np.uint8)


def detection_frames(
    schedule: DetectionSchedule,
    people: list[KnownPerson],
    frames: list[RgbImage],
    lost_at: int = -1,
) -> dict[int, float]:
    """Minimum size of people by frame in which the detector runs."""
    sizes: dict[int, float] = {}
    for number, frame in enumerate(frames):
        is_lost = number == lost_at
        if schedule.is_due(frame, people, is_anyone_lost=is_lost):
            sizes[number] = schedule.min_size(people)
            schedule.mark_detected(frame, people, min_size=sizes[number], is_anyone_lost=is_lost)
    return sizes


def gaps(frames: dict[int, float]) -> list[int]:
    return [later - earlier for earlier, later in pairwise(frames)]


def test_one_certain_person_before_a_calm_background_is_detected_ever_less_often() -> None:
    frames = detection_frames(DetectionSchedule(INTERVAL, MAX_INTERVAL), [PERSON], [scene()] * 130)
    assert gaps(frames) == [2, 4, 8, 16, 30, 30, 30]
    assert list(frames.values())[1] == np.inf  # large people suffice


def test_small_people_are_detected_now_and_then() -> None:
    frames = detection_frames(DetectionSchedule(INTERVAL, MAX_INTERVAL), [PERSON], [scene()] * 250)
    full = [number for number, size in frames.items() if size == 0.0]
    assert full[0] == 0
    assert all(90 <= gap <= 90 + MAX_INTERVAL for gap in np.diff(full))
    assert len(full) == 3


def test_without_a_longer_interval_the_detector_runs_as_often_as_asked_and_at_full_size() -> None:
    frames = detection_frames(DetectionSchedule(INTERVAL, 0), [PERSON], [scene()] * 40)
    assert gaps(frames) == [2, 4, 6, 6, 6, 6, 6]
    assert set(frames.values()) == {0.0}


@pytest.mark.parametrize(
    "people",
    [
        [],
        [KnownPerson(PERSON.box, 0.6)],
        [PERSON, KnownPerson(PERSON.box + 100, 0.99)],
    ],
    ids=["nobody", "low presence", "overlap"],
)
def test_the_detector_runs_at_the_short_interval_while_a_person_is_in_doubt(people: list[KnownPerson]) -> None:
    frames = detection_frames(DetectionSchedule(INTERVAL, MAX_INTERVAL), people, [scene()] * 60)
    assert max(gaps(frames)) == INTERVAL


def test_several_people_in_doubt_are_detected_at_full_size_and_one_at_their_own() -> None:
    doubtful = KnownPerson(PERSON.box, 0.6)
    several = detection_frames(DetectionSchedule(INTERVAL, MAX_INTERVAL), [doubtful, FAR_PERSON], [scene()] * 20)
    assert set(several.values()) == {0.0}
    one = detection_frames(DetectionSchedule(INTERVAL, MAX_INTERVAL), [doubtful], [scene()] * 20)
    assert set(list(one.values())[1:]) == {500.0}


def test_a_loss_makes_the_detector_run_at_once_and_often_for_a_while() -> None:
    frames = detection_frames(DetectionSchedule(INTERVAL, MAX_INTERVAL), [PERSON], [scene()] * 300, lost_at=100)
    assert {100, 101, 103} <= frames.keys()
    after = [number for number in frames if number >= 100]
    assert max(np.diff([number for number in after if number <= 100 + LOSS_MEMORY])) <= INTERVAL
    assert max(np.diff([number for number in after if number > 100 + LOSS_MEMORY])) == MAX_INTERVAL


def test_a_person_who_enters_is_detected_at_the_next_check() -> None:
    frames = [scene()] * 80 + [scene((20, 300, 80, 500))] * 20
    runs = detection_frames(DetectionSchedule(INTERVAL, MAX_INTERVAL), [PERSON], frames)
    assert any(80 <= number < 80 + CHECK_INTERVAL for number in runs)
    assert min(size for number, size in runs.items() if 80 <= number < 80 + CHECK_INTERVAL) == 0.0


def test_a_view_that_always_changes_is_within_reach_of_backward_tracking() -> None:
    frames = [np.roll(scene(), 40 * i, axis=1) for i in range(120)]
    runs = detection_frames(DetectionSchedule(INTERVAL, MAX_INTERVAL), [PERSON], frames)
    assert max(gaps(runs)) == MAX_CHANGE_WAIT
    assert min(gaps(runs)[4:]) == MAX_CHANGE_WAIT


@pytest.mark.parametrize(
    ("frame", "is_seen"),
    [
        (scene(), False),
        (scene((20, 300, 80, 500)), True),
        (scene((550, 150, 650, 550)), False),
        (scene(light=25), False),
    ],
    ids=["same", "person elsewhere", "the known person", "light"],
)
def test_changes_count_outside_the_known_people_and_beyond_the_light(frame: RgbImage, is_seen: bool) -> None:
    view = ViewChange()
    assert view.is_seen(frame, [PERSON])  # nothing is known yet
    view.restart(scene(), [PERSON])
    assert view.is_seen(frame, [PERSON]) == is_seen


def test_the_place_that_a_known_person_left_does_not_count() -> None:
    view, before = ViewChange(), KnownPerson(np.array([100.0, 100.0, 300.0, 600.0]), 0.99)
    view.restart(scene((120, 120, 280, 580)), [before])
    assert not view.is_seen(scene(), [PERSON])


def shifted(image: RgbImage, shift: tuple[float, float]) -> RgbImage:
    """Shifts an image by px; what comes in at the border looks like the border."""
    matrix = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    return np.asarray(cv2.warpAffine(image, matrix, (1280, 720), borderMode=cv2.BORDER_REPLICATE), np.uint8)


@cache
def smooth_landscape() -> RgbImage:
    """A landscape without sharp edges."""
    blurred = np.asarray(cv2.GaussianBlur(scene(), (0, 0), 25), float)
    return np.asarray(np.clip(120 + 4 * (blurred - blurred.mean()), 0, 200), np.uint8)


def smooth_scene(*boxes: tuple[int, int, int, int]) -> RgbImage:
    """Draws boxes before the smooth landscape."""
    image = smooth_landscape().copy()
    for left, top, right, bottom in boxes:
        image[top:bottom, left:right] = (220, 30, 30)
    return image


def move(person: KnownPerson, shift: tuple[float, float]) -> KnownPerson:
    return KnownPerson(person.box + np.tile(shift, 2), person.presence)


SHIFTS = [(5.0, 0.0), (-13.0, 7.0), (30.0, -20.0), (-55.0, 33.0)]


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_shift_of_the_camera_is_no_change(shift: tuple[float, float]) -> None:
    view = ViewChange()
    view.restart(smooth_scene(), [PERSON])
    assert not view.is_seen(shifted(smooth_scene(), shift), [move(PERSON, shift)])


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_person_who_enters_while_the_camera_moves_is_a_change(shift: tuple[float, float]) -> None:
    view = ViewChange()
    view.restart(smooth_scene(), [PERSON])
    assert view.is_seen(shifted(smooth_scene((150, 300, 210, 500)), shift), [move(PERSON, shift)])


@pytest.mark.parametrize("shift", [*SHIFTS, (0.0, 0.0), (3.0, -1.0)])
def test_the_shift_is_estimated_to_a_fraction_of_a_pixel_whatever_the_light(shift: tuple[float, float]) -> None:
    small = [cv2.resize(smooth_scene(), (64, 36), interpolation=cv2.INTER_AREA).astype(np.float32)]
    small.append(cv2.resize(shifted(smooth_scene(), shift), (64, 36), interpolation=cv2.INTER_AREA) + np.float32(10))
    estimate = 20 * estimate_shift(small[0], small[1], np.ones((36, 64), dtype=bool))
    np.testing.assert_allclose(estimate, shift, atol=4.0)
    assert np.abs(estimate).max() <= 20 * (MAX_SHIFT + 1)


def test_another_place_is_a_change_and_has_no_shift() -> None:
    view = ViewChange()
    view.restart(smooth_scene(), [PERSON])
    assert view.is_seen(np.ascontiguousarray(smooth_scene()[::-1, ::-1]), [PERSON])


def test_a_thing_that_the_detector_has_seen_is_followed_and_does_not_count() -> None:
    def frame(step: int, *boxes: tuple[int, int, int, int]) -> RgbImage:
        return scene((100 + 8 * step, 20, 180 + 8 * step, 80), *boxes)

    view = ViewChange()
    view.restart(frame(0), [PERSON])
    assert view.is_seen(frame(10), [PERSON])
    view.restart(frame(10), [PERSON])  # nobody was detected there
    assert not any(view.is_seen(frame(step), [PERSON]) for step in range(11, 30, 3))
    assert view.is_seen(frame(30, (900, 300, 960, 500)), [PERSON])


def test_a_camera_that_shakes_does_not_make_the_detector_run() -> None:
    shifts = [(12.0 * np.sin(0.7 * i), 9.0 * np.cos(0.5 * i)) for i in range(130)]
    schedule, runs = DetectionSchedule(INTERVAL, MAX_INTERVAL), 0
    for shift in shifts:
        people = [move(PERSON, shift)]
        frame = shifted(smooth_scene(), shift)
        if schedule.is_due(frame, people, is_anyone_lost=False):
            runs += 1
            schedule.mark_detected(frame, people, min_size=np.inf, is_anyone_lost=False)
    assert runs <= 8

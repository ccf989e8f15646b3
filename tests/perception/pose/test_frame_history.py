"""Laws of backward tracking through the last frames, with an exact stand-in for the landmark network."""

from collections.abc import Sequence

import numpy as np
import pytest

from bodydouble.data import RgbImage
from bodydouble.perception.pose.frame_history import FrameHistory
from bodydouble.perception.pose.tracked_person import TrackedPerson
from bodydouble.perception.protocols import Landmarks, RotatedRoi

FRAMES = 8
STEP = 5.0
"""Movement of the person, px per frame."""


def frame(number: int) -> RgbImage:
    """A frame of pixels that hold its number."""
    return np.full((4, 4, 3), number, np.uint8)


def landmarks(number: int, y: float = 0.0) -> Landmarks:
    """Landmarks of a person moving to the right, in the frame of this number."""
    keypoints = np.column_stack([np.full(33, STEP * number), np.full(33, y), np.ones(33)])
    return Landmarks(keypoints, np.zeros((33, 3)), 0.9, RotatedRoi(np.array([STEP * number, y]), 100.0, 0.0))


class Locator:
    """Locates the person in every frame from the first visible one on, and records the calls."""

    def __init__(self, first_visible: int = 0, y: float = 0.0) -> None:
        self.first_visible = first_visible
        self.y = y
        self.searched: list[int] = []
        self.centers: list[float] = []
        self.others: list[int] = []

    def __call__(self, image: RgbImage, person: TrackedPerson, others: Sequence[Landmarks]) -> Landmarks | None:
        number = int(image[0, 0, 0])
        self.searched.append(number)
        self.centers.append(float(person.predicted_roi.center[0]))
        self.others.append(len(others))
        return landmarks(number, self.y) if number >= self.first_visible else None


def history(length: int = FRAMES, people: Sequence[Landmarks] = ()) -> FrameHistory:
    """A history after all frames were appended."""
    result = FrameHistory(length)
    for number in range(FRAMES):
        result.append(frame(number), people)
    return result


def test_a_person_is_tracked_backward_through_all_frames() -> None:
    located = list(history().track_backward(landmarks(FRAMES), 0, Locator()))
    assert [ago for ago, _, _ in located] == list(range(1, FRAMES + 1))
    assert [int(past.image[0, 0, 0]) for _, past, _ in located] == list(range(FRAMES))[::-1]
    for ago, _, there in located:
        np.testing.assert_array_equal(there.keypoints, landmarks(FRAMES - ago).keypoints)


@pytest.mark.parametrize("first_visible", [0, 3, FRAMES])
def test_tracking_ends_at_the_first_frame_without_the_person(first_visible: int) -> None:
    locate = Locator(first_visible)
    located = list(history().track_backward(landmarks(FRAMES), 0, locate))
    assert len(located) == FRAMES - first_visible
    assert locate.searched == list(range(FRAMES))[::-1][: FRAMES - first_visible + 1]


@pytest.mark.parametrize("skip", [0, 2, FRAMES, FRAMES + 3])
def test_skipped_frames_are_not_searched(skip: int) -> None:
    locate = Locator()
    located = list(history().track_backward(landmarks(FRAMES - skip), skip, locate))
    assert locate.searched == list(range(FRAMES - skip))[::-1]
    assert [ago for ago, _, _ in located] == list(range(skip + 1, FRAMES + 1))


def test_only_the_last_frames_are_kept() -> None:
    locate = Locator()
    list(history(length=3).track_backward(landmarks(FRAMES), 0, locate))
    assert locate.searched == [FRAMES - 1, FRAMES - 2, FRAMES - 3]


def test_the_person_is_searched_where_they_were_in_the_frame_after() -> None:
    locate = Locator()
    list(history().track_backward(landmarks(FRAMES), 0, locate))
    assert locate.centers == [STEP * number for number in range(FRAMES, 0, -1)]


def test_a_located_person_counts_among_the_people_of_that_frame_and_the_given_list_stays() -> None:
    people = [landmarks(0, y=300.0)]
    past = history(people=people)
    first, second = Locator(first_visible=4), Locator(y=600.0)
    list(past.track_backward(landmarks(FRAMES), 0, first))
    list(past.track_backward(landmarks(FRAMES, 600.0), 0, second))
    assert second.others == [2] * 4 + [1] * 4
    assert len(people) == 1

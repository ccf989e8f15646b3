"""Laws of gradual transitions between drawn rooms: known middles, time reversal, and changes that are none."""

import cv2
import numpy as np
import pytest

from bodydouble.data import FloatArray, RgbImage
from bodydouble.perception.shots.frame_similarity import downsample
from bodydouble.perception.shots.gradual import HISTORY_LENGTH, GradualTransitionDetector
from tests.perception.shots.test_frame_similarity import SIZE, light, view

Frames = list[RgbImage]
STILL = 40
"""Frames of a shot without change, more than are awaited after a dissolve of 20 frames."""
BLACK: Frames = [np.zeros((270, 480, 3), np.uint8)] * 6


def still(seed: int, count: int = STILL) -> Frames:
    return [view(seed)] * count


def dissolve(before: RgbImage, after: RgbImage, count: int) -> Frames:
    """Linear mixtures of two images, in which the second gains."""
    fractions: FloatArray = np.arange(1, count + 1) / (count + 1)
    return [np.round((1 - part) * before + part * after).astype(np.uint8) for part in fractions]


def transitions(frames: Frames) -> list[int]:
    detector = GradualTransitionDetector()
    middles: list[int] = []
    for number, frame in enumerate(frames):
        reported = detector.process_frame(downsample(frame))
        assert all(middle <= number for middle in reported)
        middles += reported
    return [*middles, *detector.flush()]


@pytest.mark.parametrize("count", [7, 15, 30, 45])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_middle_of_a_dissolve_is_its_first_half_mixed_frame(seed: int, count: int) -> None:
    frames = [*still(seed), *dissolve(view(seed), view(seed + 10), count), *still(seed + 10)]
    (middle,) = transitions(frames)
    # The fraction of the later image is estimated on rounded images: one frame either way around one half.
    assert abs(middle - (STILL + count // 2)) <= 1


def test_a_dissolve_backward_has_the_same_middle() -> None:
    frames = [*still(4), *dissolve(view(4), view(14), 20), *still(14)]
    (forward,), (backward,) = transitions(frames), transitions(frames[::-1])
    # The two frames beside one half are mirror images of each other, and the later one counts: one frame.
    assert abs(forward + backward - (len(frames) - 1)) <= 1


def test_the_middle_of_black_between_two_places_is_a_transition_and_one_place_before_and_after_is_none() -> None:
    assert transitions([*still(5), *BLACK, *still(15)]) == [STILL + len(BLACK) // 2 - 1]
    assert transitions([*still(5), *BLACK, *still(5)]) == []
    assert transitions([*BLACK, *still(5), *BLACK]) == []


def lit(seed: int) -> Frames:
    """Light that is switched off and on slowly."""
    gains = 0.6 + 0.4 * np.cos(np.linspace(0, 2 * np.pi, 2 * STILL))
    return [np.asarray(view(seed) * gain, np.uint8) for gain in gains]


def striped(seed: int) -> Frames:
    """Light with vertical stripes of 160 px turns into light with horizontal stripes."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    before, after = (light(view(seed), 0.55 + 0.45 * np.sin(2 * np.pi * axis / 160)) for axis in (x, y))
    return [*[before] * STILL, *dissolve(before, after, 20), *[after] * STILL]


def panned(seed: int) -> Frames:
    return [view(seed, 20 + 5 * i) for i in range(2 * STILL)]


def crossed(seed: int) -> Frames:
    """A large plain object passes in front of the camera."""
    frames = []
    for i in range(2 * STILL):
        frame = view(seed).copy()
        cv2.rectangle(frame, (-300 + 10 * i, 0), (-20 + 10 * i, 270), (30, 30, 120), -1)
        frames.append(frame)
    return frames


@pytest.mark.parametrize("frames", [still(6, 2 * HISTORY_LENGTH), lit(7), striped(7), panned(8), crossed(9)])
def test_one_place_in_other_light_or_from_elsewhere_is_no_transition(frames: Frames) -> None:
    assert transitions(frames) == []


def test_a_new_shot_forgets_the_frames_before_but_goes_on_counting() -> None:
    detector = GradualTransitionDetector()
    for frame in [*still(1), *dissolve(view(1), view(11), 20)]:
        assert detector.process_frame(downsample(frame)) == ()
    detector.begin_shot()
    assert detector.flush() == ()
    (middle,) = (
        middle
        for frame in [*still(2), *dissolve(view(2), view(12), 20), *still(12)]
        for middle in detector.process_frame(downsample(frame))
    )
    # One frame around one half, as in the first test.
    assert abs(middle - (STILL + 20 + STILL + 10)) <= 1

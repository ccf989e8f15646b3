"""Cuts and gradual transitions are detected, and other changes of the image are not."""

import weakref
from collections.abc import Callable, Iterator
from functools import cache

import cv2
import numpy as np
import pytest

from bodydouble.data import RgbImage
from bodydouble.perception.shots.detect import split_into_shots

IMAGE_SIZE = (480, 270)
CUT = 12
Video = list[RgbImage]


@cache
def draw_room(seed: int) -> RgbImage:
    """Image (540, 960) of a room with large and small shapes, larger than the frames."""
    rng = np.random.default_rng(seed)
    wide = cv2.resize(rng.uniform(40, 160, (5, 9, 3)).astype(np.float32), (960, 540), interpolation=cv2.INTER_CUBIC)
    room = np.ascontiguousarray(np.clip(wide, 0, 255).astype(np.uint8))
    for _ in range(25):
        x, y, w, h = rng.integers(0, 900), rng.integers(0, 500), rng.integers(30, 200), rng.integers(30, 250)
        cv2.rectangle(room, (int(x), int(y)), (int(x + w), int(y + h)), rng.integers(0, 256, 3).tolist(), -1)
    return room


def crop_view(room: RgbImage, x: float = 240.0, y: float = 135.0, zoom: float = 1.0) -> RgbImage:
    """Frame of a camera whose top-left corner is at (x, y) of the room."""
    matrix = np.array([[zoom, 0.0, -zoom * x], [0.0, zoom, -zoom * y]])
    return np.asarray(cv2.warpAffine(room, matrix, IMAGE_SIZE, borderMode=cv2.BORDER_REFLECT), dtype=np.uint8)


def add_walker(frame: RgbImage, f: int, width: int = 60) -> RgbImage:
    """Frame with a person who walks through."""
    x = -width + 20 * f
    painted = frame.copy()
    cv2.rectangle(painted, (x, 40), (x + width, 260), (30, 30, 120), -1)
    cv2.circle(painted, (x + width // 2, 30), 25, (200, 160, 140), -1)
    return painted


def brighten(frame: RgbImage, gain: float) -> RgbImage:
    return np.asarray(np.clip(frame * gain, 0, 255), dtype=np.uint8)


def walking_shot(seed: int, count: int = CUT) -> Video:
    return [add_walker(crop_view(draw_room(seed)), f) for f in range(count)]


def detect_shot_starts(frames: Video) -> list[int]:
    """Shot starts of all frames; checks the contract of ``split_into_shots``."""
    results = list(split_into_shots(iter(frames)))
    assert all(result.image is frame for result, frame in zip(results, frames, strict=True))
    assert [result.index for result in results] == list(range(len(frames)))
    assert all(start <= result.index for result in results for start in result.shot_starts)
    shot_starts = [start for result in results for start in result.shot_starts]
    assert shot_starts == sorted(shot_starts)
    assert {result.index for result in results if result.is_shot_start} <= set(shot_starts)
    return shot_starts


@pytest.mark.parametrize("seed", range(6))
def test_every_hard_cut_is_detected_at_its_frame(seed: int) -> None:
    frames = [*walking_shot(seed), *walking_shot(seed + 1), *walking_shot(seed + 20)]
    assert detect_shot_starts(frames) == [CUT, 2 * CUT]


def test_cuts_are_detected_in_reversed_time() -> None:
    frames = [*walking_shot(1, CUT), *walking_shot(2, CUT + 5)]
    assert detect_shot_starts(frames[::-1]) == [CUT + 5]


def test_a_cut_in_darkness_and_noise_is_detected() -> None:
    rng = np.random.default_rng(0)
    dark = [brighten(frame, 0.4) + rng.normal(0, 15, frame.shape) for frame in [*walking_shot(3), *walking_shot(4)]]
    assert detect_shot_starts([np.clip(frame, 0, 255).astype(np.uint8) for frame in dark]) == [CUT]


def test_a_shot_of_three_frames_has_two_cuts() -> None:
    assert detect_shot_starts([*walking_shot(5), *walking_shot(6, 3), *walking_shot(5)]) == [CUT, CUT + 3]


def shake(rng: np.random.Generator) -> Video:
    return [crop_view(draw_room(7), *(np.array([240, 135]) + rng.uniform(-25, 25, 2))) for _ in range(40)]


def pan(_: np.random.Generator) -> Video:
    return [crop_view(draw_room(8), 12.0 * f) for f in range(40)]


def zoom_in(_: np.random.Generator) -> Video:
    return [crop_view(draw_room(9), 240, 135, 1 + 0.05 * f) for f in range(20)]


def add_noise(rng: np.random.Generator) -> Video:
    return [np.clip(frame + rng.normal(0, 40, frame.shape), 0, 255).astype(np.uint8) for frame in walking_shot(10, 30)]


def flash(gain: float) -> Callable[[np.random.Generator], Video]:
    """A flash in one frame."""
    return lambda _: [brighten(frame, gain if f == 15 else 1.0) for f, frame in enumerate(walking_shot(11, 30))]


def turn_up_light(_: np.random.Generator) -> Video:
    return [brighten(frame, 0.6 if f < 15 else 1.1) for f, frame in enumerate(walking_shot(12, 30))]


def pass_close_by(_: np.random.Generator) -> Video:
    """A person passes close to the camera."""
    return [add_walker(crop_view(draw_room(13)), 3 * f, width=200) for f in range(20)]


def change_colored_light(_: np.random.Generator) -> Video:
    """Lamps of three colours become brighter and darker in turn."""
    gains = [0.6 + 0.35 * np.sin(0.15 * f + np.array([0.0, 2.0, 4.0])) for f in range(60)]
    return [np.asarray(frame * gain, dtype=np.uint8) for frame, gain in zip(walking_shot(18, 60), gains, strict=True)]


def whip_pan(_: np.random.Generator) -> Video:
    """A camera pans to another part of the room within 0.4 s, with motion blur."""
    way = 20 + 420 * np.clip((np.arange(240) - 90) / 60, 0, 1)
    return [
        np.asarray(np.mean([crop_view(draw_room(19), x) for x in part], axis=0), np.uint8)
        for part in way.reshape(40, 6)
    ]


@pytest.mark.parametrize(
    "video",
    [
        shake,
        pan,
        zoom_in,
        add_noise,
        flash(2.5),
        flash(20.0),
        turn_up_light,
        pass_close_by,
        change_colored_light,
        whip_pan,
    ],
)
def test_changes_within_a_shot_are_not_cuts(video: Callable[[np.random.Generator], Video]) -> None:
    assert detect_shot_starts(video(np.random.default_rng(0))) == []


def test_a_video_may_have_one_frame_or_none_or_be_black() -> None:
    black = np.zeros((36, 64, 3), np.uint8)
    assert detect_shot_starts([]) == []
    assert detect_shot_starts(walking_shot(0, 1)) == []
    assert detect_shot_starts([black] * 5) == []


BLACK = [np.zeros((*IMAGE_SIZE[::-1], 3), np.uint8)] * 5


def test_the_midpoint_of_black_between_two_shots_is_the_cut() -> None:
    assert detect_shot_starts([*walking_shot(14), *BLACK, *walking_shot(15)]) == [CUT + 2]
    assert detect_shot_starts([*fade_out(walking_shot(14, 30)), *BLACK, *fade_out(walking_shot(15, 30))[::-1]]) == [32]


def test_black_within_a_shot_or_at_the_ends_of_a_video_is_not_a_cut() -> None:
    video = fade_out(walking_shot(14, 30))
    assert detect_shot_starts([*video, *BLACK, *video[::-1]]) == []
    assert detect_shot_starts([*BLACK, *video[::-1], *video, *BLACK]) == []


def fade_out(video: Video) -> Video:
    """Video that fades to black in the second half."""
    half = len(video) // 2
    return video[:half] + [brighten(frame, 1 - (i + 1) / (half + 1)) for i, frame in enumerate(video[half:])]


def handheld(seed: int, count: int) -> Video:
    """Shot of a person who walks through, by a camera that moves a little."""
    return [
        add_walker(crop_view(draw_room(seed), 200 + 0.5 * f, 120 + 4 * np.sin(0.2 * f)), f // 3 + seed, 40)
        for f in range(count)
    ]


def dissolve(first: Video, second: Video, frames: int, gamma: float = 1.0) -> Video:
    """Two videos, joined by a dissolve of some frames."""
    parts = (np.arange(frames) + 1) / (frames + 1)
    pairs = zip(parts, first[len(first) - frames :], second[:frames], strict=True)
    mixed = [(1 - part) * (a / 255) ** gamma + part * (b / 255) ** gamma for part, a, b in pairs]
    middle = [np.asarray(np.round(255 * frame ** (1 / gamma)), dtype=np.uint8) for frame in mixed]
    return first[: len(first) - frames] + middle + second[frames:]


@pytest.mark.parametrize("frames", [2, 8, 15, 30, 45])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_midpoint_of_a_dissolve_is_the_cut(frames: int, seed: int) -> None:
    video = dissolve(handheld(seed, 25 + frames), handheld(seed + 10, 25 + frames), frames)
    (found,) = detect_shot_starts(video)
    assert abs(found - 25 - frames / 2) <= 1 + frames / 5


def test_a_dissolve_in_linear_light_is_detected() -> None:
    (found,) = detect_shot_starts(dissolve(handheld(3, 50), handheld(4, 50), 20, gamma=2.2))
    assert abs(found - 40) <= 4


def test_dissolves_and_cuts_in_sequence_are_detected() -> None:
    video = dissolve(dissolve(handheld(1, 60), handheld(2, 90), 20), handheld(3, 60), 20)
    found = detect_shot_starts([*walking_shot(4, 25), *video, *walking_shot(5, 25)])
    assert found[0] == 25
    assert found[-1] == 25 + len(video)
    assert found[1:-1] == pytest.approx([75, 145], abs=4)


def test_a_dissolve_to_the_same_place_is_not_a_cut() -> None:
    assert detect_shot_starts(dissolve(handheld(6, 50), handheld(6, 50)[::-1], 20)) == []


def test_frames_are_not_buffered_until_a_dissolve_is_over() -> None:
    video = dissolve(walking_shot(7, 40), walking_shot(8, 40), 20)
    alive: list[weakref.ref[RgbImage]] = []

    def watched() -> Iterator[RgbImage]:
        for frame in video:
            copy = frame.copy()
            alive.append(weakref.ref(copy))
            yield copy
            del copy

    most = max(sum(one() is not None for one in alive) for _ in split_into_shots(watched()))
    assert most <= 4


def test_image_size_and_flipping_do_not_matter() -> None:
    frames = [*walking_shot(16), *walking_shot(17)]
    assert detect_shot_starts([frame[:, ::-1].copy() for frame in frames]) == detect_shot_starts(frames) == [CUT]
    assert detect_shot_starts([np.repeat(np.repeat(frame, 2, axis=0), 2, axis=1) for frame in frames]) == [CUT]

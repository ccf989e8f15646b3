"""Cuts and fades are told from everything else that changes a picture."""

import weakref
from collections.abc import Callable, Iterator
from functools import cache

import cv2
import numpy as np
import pytest

from bodydouble.data import RgbImage
from bodydouble.perception.shots.detect import split_into_shots

SIZE = (480, 270)
CUT = 12
Film = list[RgbImage]


@cache
def place(seed: int) -> RgbImage:
    """A room seen from far: larger than the picture, with large and small shapes."""
    rng = np.random.default_rng(seed)
    wide = cv2.resize(rng.uniform(40, 160, (5, 9, 3)).astype(np.float32), (960, 540), interpolation=cv2.INTER_CUBIC)
    room = np.ascontiguousarray(np.clip(wide, 0, 255).astype(np.uint8))
    for _ in range(25):
        x, y, w, h = rng.integers(0, 900), rng.integers(0, 500), rng.integers(30, 200), rng.integers(30, 250)
        cv2.rectangle(room, (int(x), int(y)), (int(x + w), int(y + h)), rng.integers(0, 256, 3).tolist(), -1)
    return room


def view(room: RgbImage, x: float = 240.0, y: float = 135.0, zoom: float = 1.0) -> RgbImage:
    """What a camera sees whose picture begins at a place of the room."""
    matrix = np.array([[zoom, 0.0, -zoom * x], [0.0, zoom, -zoom * y]])
    return np.asarray(cv2.warpAffine(room, matrix, SIZE, borderMode=cv2.BORDER_REFLECT), dtype=np.uint8)


def walker(frame: RgbImage, f: int, width: int = 60) -> RgbImage:
    """Somebody walks through."""
    x = -width + 20 * f
    painted = frame.copy()
    cv2.rectangle(painted, (x, 40), (x + width, 260), (30, 30, 120), -1)
    cv2.circle(painted, (x + width // 2, 30), 25, (200, 160, 140), -1)
    return painted


def as_bright(frame: RgbImage, gain: float) -> RgbImage:
    return np.asarray(np.clip(frame * gain, 0, 255), dtype=np.uint8)


def shot(seed: int, count: int = CUT) -> Film:
    return [walker(view(place(seed)), f) for f in range(count)]


def cuts(frames: Film) -> list[int]:
    told = list(split_into_shots(iter(frames)))
    assert all(one is frame for (one, _), frame in zip(told, frames, strict=True))
    assert all(first <= i for i, (_, begun) in enumerate(told) for first in begun)
    found = [first for _, begun in told for first in begun]
    assert found == sorted(found)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_every_cut_is_found_where_it_is(seed: int) -> None:
    frames = [*shot(seed), *shot(seed + 1), *shot(seed + 20)]
    assert cuts(frames) == [CUT, 2 * CUT]


def test_time_may_run_backwards() -> None:
    frames = [*shot(1, CUT), *shot(2, CUT + 5)]
    assert cuts(frames[::-1]) == [CUT + 5]


def test_a_cut_in_the_dark_and_noise_is_found() -> None:
    rng = np.random.default_rng(0)
    dark = [as_bright(frame, 0.4) + rng.normal(0, 15, frame.shape) for frame in [*shot(3), *shot(4)]]
    assert cuts([np.clip(frame, 0, 255).astype(np.uint8) for frame in dark]) == [CUT]


def test_there_and_back_again_are_two_cuts() -> None:
    assert cuts([*shot(5), *shot(6, 3), *shot(5)]) == [CUT, CUT + 3]


def shaken(rng: np.random.Generator) -> Film:
    return [view(place(7), *(np.array([240, 135]) + rng.uniform(-25, 25, 2))) for _ in range(40)]


def panned(_: np.random.Generator) -> Film:
    return [view(place(8), 12.0 * f) for f in range(40)]


def zoomed(_: np.random.Generator) -> Film:
    return [view(place(9), 240, 135, 1 + 0.05 * f) for f in range(20)]


def noisy(rng: np.random.Generator) -> Film:
    return [np.clip(frame + rng.normal(0, 40, frame.shape), 0, 255).astype(np.uint8) for frame in shot(10, 30)]


def lit(gain: float) -> Callable[[np.random.Generator], Film]:
    """A flash in one frame."""
    return lambda _: [as_bright(frame, gain if f == 15 else 1.0) for f, frame in enumerate(shot(11, 30))]


def brighter(_: np.random.Generator) -> Film:
    return [as_bright(frame, 0.6 if f < 15 else 1.1) for f, frame in enumerate(shot(12, 30))]


def crossed(_: np.random.Generator) -> Film:
    """Somebody close to the camera goes by."""
    return [walker(view(place(13)), 3 * f, width=200) for f in range(20)]


def colourful(_: np.random.Generator) -> Film:
    """Lamps of three colours become brighter and darker in turn."""
    turn = [0.6 + 0.35 * np.sin(0.15 * f + np.array([0.0, 2.0, 4.0])) for f in range(60)]
    return [np.asarray(frame * gain, dtype=np.uint8) for frame, gain in zip(shot(18, 60), turn, strict=True)]


def swung(_: np.random.Generator) -> Film:
    """A camera swings to another part of the room within 0.4 s, and its picture is blurred by it."""
    way = 20 + 420 * np.clip((np.arange(240) - 90) / 60, 0, 1)
    return [np.asarray(np.mean([view(place(19), x) for x in part], axis=0), np.uint8) for part in way.reshape(40, 6)]


@pytest.mark.parametrize(
    "film", [shaken, panned, zoomed, noisy, lit(2.5), lit(20.0), brighter, crossed, colourful, swung]
)
def test_what_is_no_cut_is_not_told(film: Callable[[np.random.Generator], Film]) -> None:
    assert cuts(film(np.random.default_rng(0))) == []


def test_a_film_may_be_of_one_frame_or_none_or_black() -> None:
    black = np.zeros((36, 64, 3), np.uint8)
    assert cuts([]) == []
    assert cuts(shot(0, 1)) == []
    assert cuts([black] * 5) == []


BLACK = [np.zeros((*SIZE[::-1], 3), np.uint8)] * 5


def test_the_middle_of_black_between_two_shots_is_the_cut() -> None:
    assert cuts([*shot(14), *BLACK, *shot(15)]) == [CUT + 2]
    assert cuts([*faded(shot(14, 30)), *BLACK, *faded(shot(15, 30))[::-1]]) == [32]


def test_nothing_begins_when_the_light_is_off_for_a_while_or_at_both_ends_of_a_film() -> None:
    film = faded(shot(14, 30))
    assert cuts([*film, *BLACK, *film[::-1]]) == []
    assert cuts([*BLACK, *film[::-1], *film, *BLACK]) == []


def faded(film: Film) -> Film:
    """Darker and darker in the second half."""
    half = len(film) // 2
    return film[:half] + [as_bright(frame, 1 - (i + 1) / (half + 1)) for i, frame in enumerate(film[half:])]


def handheld(seed: int, count: int) -> Film:
    """A shot of somebody who walks through, by a camera that moves a little."""
    return [
        walker(view(place(seed), 200 + 0.5 * f, 120 + 4 * np.sin(0.2 * f)), f // 3 + seed, 40) for f in range(count)
    ]


def dissolve(one: Film, other: Film, frames: int, gamma: float = 1.0) -> Film:
    """The end of one film turns into the beginning of the other within some frames."""
    parts = (np.arange(frames) + 1) / (frames + 1)
    pairs = zip(parts, one[len(one) - frames :], other[:frames], strict=True)
    mixed = [(1 - part) * (a / 255) ** gamma + part * (b / 255) ** gamma for part, a, b in pairs]
    middle = [np.asarray(np.round(255 * frame ** (1 / gamma)), dtype=np.uint8) for frame in mixed]
    return one[: len(one) - frames] + middle + other[frames:]


@pytest.mark.parametrize("frames", [2, 8, 15, 30, 45])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_middle_of_a_dissolve_is_a_cut(frames: int, seed: int) -> None:
    film = dissolve(handheld(seed, 25 + frames), handheld(seed + 10, 25 + frames), frames)
    (found,) = cuts(film)
    assert abs(found - 25 - frames / 2) <= 1 + frames / 5


def test_a_dissolve_of_light_rather_than_of_grey_values() -> None:
    (found,) = cuts(dissolve(handheld(3, 50), handheld(4, 50), 20, gamma=2.2))
    assert abs(found - 40) <= 4


def test_dissolves_and_cuts_one_after_the_other() -> None:
    film = dissolve(dissolve(handheld(1, 60), handheld(2, 90), 20), handheld(3, 60), 20)
    found = cuts([*shot(4, 25), *film, *shot(5, 25)])
    assert found[0] == 25
    assert found[-1] == 25 + len(film)
    assert found[1:-1] == pytest.approx([75, 145], abs=4)


def test_a_dissolve_to_the_same_place_tells_nothing_apart() -> None:
    assert cuts(dissolve(handheld(6, 50), handheld(6, 50)[::-1], 20)) == []


def test_frames_are_not_kept_until_a_dissolve_is_over() -> None:
    film = dissolve(shot(7, 40), shot(8, 40), 20)
    alive: list[weakref.ref[RgbImage]] = []

    def watched() -> Iterator[RgbImage]:
        for frame in film:
            copy = frame.copy()
            alive.append(weakref.ref(copy))
            yield copy
            del copy

    most = max(sum(one() is not None for one in alive) for _ in split_into_shots(watched()))
    assert most <= 4


def test_size_and_mirror_change_nothing() -> None:
    frames = [*shot(16), *shot(17)]
    assert cuts([frame[:, ::-1].copy() for frame in frames]) == cuts(frames) == [CUT]
    assert cuts([np.repeat(np.repeat(frame, 2, axis=0), 2, axis=1) for frame in frames]) == [CUT]

"""Laws of the interpolation between keyed frames."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data.annotations import AnnotatedKeypoint, KeypointState
from bodydouble.motion.annotations.annotated_track import MAX_GAP_SECONDS, AnnotatedTrack, interpolate_annotations
from bodydouble.skeletons import blazepose

FRAMES = np.arange(10, 50)
FPS = 30.0
WRIST = blazepose.INDEX["left_wrist"]
ABSENT, HIDDEN, VISIBLE = KeypointState.ABSENT, KeypointState.HIDDEN, KeypointState.VISIBLE


def key(frame: int, x: float, state: KeypointState = VISIBLE) -> AnnotatedKeypoint:
    return AnnotatedKeypoint("a", frame, "left_wrist", state, None if state is ABSENT else (x, 2 * x))


def interpolate(*keys: AnnotatedKeypoint, shot_starts: tuple[int, ...] = ()) -> AnnotatedTrack:
    return interpolate_annotations(keys, FRAMES, FPS, shot_starts)


def placed_frames(track: AnnotatedTrack) -> list[int]:
    return [int(frame) for frame in FRAMES[track.is_placed[:, WRIST]]]


@given(st.dictionaries(st.integers(10, 49), st.floats(0, 1000), min_size=1, max_size=8))
def test_places_pass_through_keys_and_stay_between_them(places: dict[int, float]) -> None:
    track = interpolate(*(key(frame, x) for frame, x in places.items()))
    keyed = sorted(places)
    for frame in keyed:
        np.testing.assert_allclose(track.pixels[frame - 10, WRIST], [places[frame], 2 * places[frame]], atol=1e-6)
        assert track.is_keyed[frame - 10, WRIST]
    assert track.is_keyed.sum() == len(places)
    for first, last in pairwise(keyed):
        x = track.pixels[first - 10 : last - 9, WRIST, 0]
        if last - first <= MAX_GAP_SECONDS * FPS:
            low, high = sorted((places[first], places[last]))
            assert np.all((x >= low - 1e-6) & (x <= high + 1e-6))
            assert np.all(np.diff(x) * np.sign(places[last] - places[first]) >= -1e-6)
        else:
            assert np.isnan(x[1:-1]).all()


def test_nothing_is_interpolated_over_an_absent_key_a_cut_or_a_long_gap() -> None:
    assert placed_frames(interpolate(key(12, 0), key(15, 3))) == [12, 13, 14, 15]
    track = interpolate(key(12, 0), key(14, 0, ABSENT), key(16, 0, ABSENT), key(18, 6))
    assert placed_frames(track) == [12, 18]
    assert FRAMES[track.is_absent[:, WRIST]].tolist() == [14, 15, 16]
    assert placed_frames(interpolate(key(12, 0), key(15, 3), shot_starts=(15,))) == [12, 15]
    assert placed_frames(interpolate(key(12, 0), key(15, 3), shot_starts=(12, 16))) == [12, 13, 14, 15]
    longest = int(MAX_GAP_SECONDS * FPS)
    assert len(placed_frames(interpolate(key(12, 0), key(12 + longest, 3)))) == longest + 1
    assert placed_frames(interpolate(key(12, 0), key(13 + longest, 3))) == [12, 13 + longest]


def test_a_state_holds_from_its_key_to_the_next_one() -> None:
    track = interpolate(key(12, 0), key(15, 3, HIDDEN), key(18, 3), key(20, 0, HIDDEN))
    assert FRAMES[track.is_hidden[:, WRIST]].tolist() == [15, 16, 17, 20]


def test_keys_outside_the_frames_are_left_out() -> None:
    track = interpolate(key(5, 0), key(60, 1))
    assert not track.is_placed.any()
    assert not track.is_keyed.any()


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_keys_does_not_matter(order: int) -> None:
    keys = [key(12, 0), key(20, 5), key(16, 9)][::order]
    np.testing.assert_array_equal(interpolate(*keys).pixels, interpolate(key(12, 0), key(16, 9), key(20, 5)).pixels)

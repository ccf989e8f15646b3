"""Laws of association."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodydouble.data import Observation, Track
from bodydouble.skeletons import blazepose
from bodydouble.tracking.association import build_tracks
from tests.tracking.people import WIDTH, observation, observe_paths, straight_path

FPS = Fraction(30)


def middles(track: Track) -> np.ndarray:
    """(T, 2) middle of the keypoints."""
    return np.asarray(track.keypoints[..., :2].mean(axis=1))


def same(a: tuple[Track, ...], b: tuple[Track, ...]) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(x.frames, y.frames)
        and np.array_equal(x.observed, y.observed)
        and np.array_equal(x.keypoints, y.keypoints, equal_nan=True)
        and np.array_equal(x.boxes, y.boxes, equal_nan=True)
        and np.array_equal(x.landmarks_3d, y.landmarks_3d, equal_nan=True)
        for x, y in zip(a, b, strict=True)
    )


def test_one_person_is_one_track_that_holds_what_was_seen() -> None:
    seen = observe_paths(40, straight_path(100, 200, 5))
    (track,) = build_tracks(seen, FPS)
    assert track.observed.all()
    np.testing.assert_array_equal(track.frames, np.arange(40))
    np.testing.assert_array_equal(track.keypoints, [one.keypoints for (one,) in seen])
    np.testing.assert_array_equal(track.boxes, [one.box for (one,) in seen])
    np.testing.assert_array_equal(track.landmarks_3d, [one.landmarks_3d for (one,) in seen])


@pytest.mark.parametrize("pose_seeds", [(0, 1), (0, 0)])
def test_people_who_cross_keep_their_identity(pose_seeds: tuple[int, int]) -> None:
    seen = [
        tuple(observation(place, pose_seed=seed) for place, seed in zip(places, pose_seeds, strict=True))
        for places in (((100.0 + 10 * f, 200.0), (700.0 - 10 * f, 215.0)) for f in range(60))
    ]
    tracks = build_tracks(seen, FPS)
    assert len(tracks) == 2
    for track in tracks:
        steps = np.diff(middles(track)[:, 0])
        assert np.all(steps == pytest.approx(steps[0]))
    assert {np.sign(np.diff(middles(t)[:2, 0]))[0] for t in tracks} == {1.0, -1.0}


def test_one_who_is_hidden_while_crossing_keeps_the_identity() -> None:
    front = straight_path(100, 200, 8)
    hidden = range(32, 46)
    seen = observe_paths(80, front, lambda f: None if f in hidden else (700.0 - 8 * f, 230.0))
    tracks = build_tracks(seen, FPS)
    assert len(tracks) == 2
    assert sorted(int(track.observed.sum()) for track in tracks) == [80 - len(hidden), 80]
    for track in tracks:
        steps = np.diff(middles(track)[track.observed][:, 0])
        assert np.all(np.sign(steps) == np.sign(steps[0]))


def test_a_gap_is_bridged_and_marked() -> None:
    gap = range(20, 35)
    (track,) = build_tracks(observe_paths(60, lambda f: None if f in gap else (100.0 + 5 * f, 200.0)), FPS)
    np.testing.assert_array_equal(track.frames, np.arange(60))
    np.testing.assert_array_equal(np.flatnonzero(~track.observed), list(gap))
    assert np.isnan(track.keypoints[gap.start : gap.stop, :, :2]).all()
    assert (track.keypoints[gap.start : gap.stop, :, 2] == 0).all()
    assert np.isnan(track.boxes[gap.start : gap.stop]).all() and np.isnan(track.landmarks_3d[20:35]).all()
    assert np.isfinite(track.keypoints[track.observed]).all()


def test_after_a_long_gap_it_is_the_same_person_in_the_same_place_only() -> None:
    gap = range(20, 60)

    def somewhere(place: float) -> tuple[Track, ...]:
        return build_tracks(observe_paths(80, lambda f: None if f in gap else (100.0 if f < 20 else place, 200.0)), FPS)

    (track,) = somewhere(100.0)
    assert np.flatnonzero(~track.observed).tolist() == list(gap)
    first, second = somewhere(900.0)
    assert (first.frames[-1], second.frames[0]) == (19, 60)


def test_the_same_seconds_are_bridged_at_any_frame_rate() -> None:
    for fps in (10, 24, 60):
        gap = range(fps, fps + fps // 2)
        paths = observe_paths(3 * fps, lambda f, gap=gap: None if f in gap else (100.0, 200.0))  # type: ignore[misc]
        tracks = build_tracks(paths, Fraction(fps))
        assert len(tracks) == 1


def test_someone_seen_for_a_moment_is_dropped() -> None:
    seen = observe_paths(60, straight_path(100, 200, 2), straight_path(700, 200, 0, frames=range(10, 13)))
    assert len(build_tracks(seen, FPS)) == 1
    assert build_tracks(observe_paths(60, straight_path(700, 200, 0, frames=range(10, 13))), FPS) == ()


@pytest.mark.parametrize("length", [1, 2, 5])
def test_in_a_short_clip_everybody_counts(length: int) -> None:
    tracks = build_tracks(observe_paths(length, straight_path(100, 200, 0), straight_path(600, 200, 0)), FPS)
    assert [len(track.frames) for track in tracks] == [length, length]


def test_nothing_seen_gives_no_tracks() -> None:
    assert build_tracks([], FPS) == ()
    assert build_tracks([(), (), ()], FPS) == ()


def test_two_tracks_of_one_person_become_one() -> None:
    def noisy(f: int) -> tuple[Observation, ...]:
        place = (100.0 + 3 * f, 200.0)
        ghost = observation((place[0] + 4, place[1] + 3)) if 15 <= f < 45 else None
        person = observation(place) if f < 30 else None
        return tuple(one for one in (person, ghost) if one is not None)

    (track,) = build_tracks([noisy(f) for f in range(45)], FPS)
    assert len(track.frames) == 45 and track.observed.all()
    np.testing.assert_allclose(np.diff(middles(track)[:, 0]), 3.0, atol=4.1)


def test_one_long_lost_takes_nothing_from_one_just_seen() -> None:
    seen = observe_paths(60, straight_path(300, 200, 1))
    seen[10] = (*seen[10], observation((305.0, 205.0), pose_seed=0))  # somebody seen double in one frame
    (track,) = build_tracks(seen, FPS)
    assert track.observed.all() and len(track.frames) == 60


def test_a_fall_that_breaks_constant_velocity_is_followed() -> None:
    def fall(f: int) -> tuple[float, float] | None:
        if f < 20:
            return (200.0, 150.0)
        return None if f < 32 else (260.0, 450.0)

    (track,) = build_tracks(observe_paths(60, fall), FPS)
    assert int(track.observed.sum()) == 48


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000))
def test_the_order_within_a_frame_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen = observe_paths(
        30, straight_path(100, 200, 12), straight_path(450, 220, -9), straight_path(300, 400, 1, frames=range(5, 28))
    )
    shuffled = [tuple(frame[i] for i in rng.permutation(len(frame))) for frame in seen]
    assert same(build_tracks(seen, FPS), build_tracks(shuffled, FPS))


def test_a_shift_in_time_shifts_the_frames_only() -> None:
    seen = observe_paths(
        60, straight_path(100, 200, 8), lambda f: None if f in range(20, 30) else (700.0 - 7 * f, 230.0)
    )
    for before, after in zip(build_tracks(seen, FPS), build_tracks([(), (), (), *seen], FPS), strict=True):
        np.testing.assert_array_equal(before.frames + 3, after.frames)
        np.testing.assert_array_equal(before.keypoints, after.keypoints)


def test_a_mirrored_picture_gives_mirrored_tracks() -> None:
    def mirrored(one: Observation) -> Observation:
        keypoints = one.keypoints[list(blazepose.MIRROR)] * [-1, 1, 1] + [WIDTH, 0, 0]
        box = np.array([WIDTH - one.box[2], one.box[1], WIDTH - one.box[0], one.box[3]])
        return Observation(box, keypoints, one.landmarks_3d[list(blazepose.MIRROR)] * [-1, 1, 1], one.score)

    seen = observe_paths(
        60, straight_path(100, 200, 8), lambda f: None if f in range(20, 30) else (700.0 - 7 * f, 230.0)
    )
    here = build_tracks(seen, FPS)
    there = build_tracks([tuple(mirrored(one) for one in frame) for frame in seen], FPS)
    assert len(here) == len(there) == 2
    for a, b in zip(here, there, strict=True):
        np.testing.assert_array_equal(a.observed, b.observed)
        expected = a.keypoints[:, list(blazepose.MIRROR)] * [-1, 1, 1] + [WIDTH, 0, 0]
        np.testing.assert_allclose(b.keypoints, expected, atol=1e-9)

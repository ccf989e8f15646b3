"""Laws of association."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodydouble.data import UNKNOWN_TRACK_ID, Observation, Track
from bodydouble.skeletons import blazepose, coco
from bodydouble.tracking.association import build_tracks
from bodydouble.tracking.keypoint_fusion import FACE, FusionOptions
from bodydouble.tracking.keypoint_reliability import downweight_unreliable_keypoints
from tests.tracking.people import FPS, WIDTH, associate, observation, observe_paths, straight_path

IMAGE_SIZE = (1000, 500)
MAX_BYTES_PER_FRAME = 6000
"""Maximum growth of the peak of tracking per frame of one person, of which the track itself has 1700."""


def centers(track: Track) -> np.ndarray:
    """(T, 2) mean of the keypoints."""
    return np.asarray(track.keypoints[..., :2].mean(axis=1))


def are_equal(a: tuple[Track, ...], b: tuple[Track, ...]) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(x.frames, y.frames)
        and np.array_equal(x.observed, y.observed)
        and np.array_equal(x.keypoints, y.keypoints, equal_nan=True)
        and np.array_equal(x.boxes, y.boxes, equal_nan=True)
        and np.array_equal(x.landmarks_3d, y.landmarks_3d, equal_nan=True)
        for x, y in zip(a, b, strict=True)
    )


def build(observations: list[tuple[Observation, ...]], ids: list[list[int]] | None = None) -> tuple[Track, ...]:
    return tuple(person.track for person in build_tracks(observations, FPS, IMAGE_SIZE, ids))


def test_one_person_is_one_track_of_all_observations() -> None:
    observations = observe_paths(40, straight_path(100, 200, 5))
    (track,) = associate(observations)
    assert track.observed.all()
    np.testing.assert_array_equal(track.frames, np.arange(40))
    np.testing.assert_array_equal(track.keypoints, [person.keypoints for (person,) in observations])
    np.testing.assert_array_equal(track.boxes, [person.box for (person,) in observations])
    np.testing.assert_array_equal(track.landmarks_3d, [person.landmarks_3d for (person,) in observations])


@pytest.mark.parametrize("pose_seeds", [(0, 1), (0, 0)])
def test_people_who_cross_keep_their_identity(pose_seeds: tuple[int, int]) -> None:
    observations = [
        tuple(observation(position, pose_seed=seed) for position, seed in zip(positions, pose_seeds, strict=True))
        for positions in (((100.0 + 10 * f, 200.0), (700.0 - 10 * f, 215.0)) for f in range(60))
    ]
    tracks = associate(observations)
    assert len(tracks) == 2
    for track in tracks:
        steps = np.diff(centers(track)[:, 0])
        assert np.all(steps == pytest.approx(steps[0]))
    assert {np.sign(np.diff(centers(t)[:2, 0]))[0] for t in tracks} == {1.0, -1.0}


def test_a_person_who_is_occluded_while_crossing_keeps_the_identity() -> None:
    occluded = range(32, 46)
    observations = observe_paths(
        80, straight_path(100, 200, 8), lambda f: None if f in occluded else (700.0 - 8 * f, 230.0)
    )
    tracks = associate(observations)
    assert len(tracks) == 2
    assert sorted(int(track.observed.sum()) for track in tracks) == [80 - len(occluded), 80]
    for track in tracks:
        steps = np.diff(centers(track)[track.observed][:, 0])
        assert np.all(np.sign(steps) == np.sign(steps[0]))


def test_a_gap_is_bridged_and_marked() -> None:
    gap = range(20, 35)
    (track,) = associate(observe_paths(60, lambda f: None if f in gap else (100.0 + 5 * f, 200.0)))
    np.testing.assert_array_equal(track.frames, np.arange(60))
    np.testing.assert_array_equal(np.flatnonzero(~track.observed), list(gap))
    assert np.isnan(track.keypoints[gap.start : gap.stop, :, :2]).all()
    assert (track.keypoints[gap.start : gap.stop, :, 2] == 0).all()
    assert np.isnan(track.boxes[gap.start : gap.stop]).all() and np.isnan(track.landmarks_3d[20:35]).all()
    assert np.isfinite(track.keypoints[track.observed]).all()


def test_after_a_long_gap_only_the_same_position_is_the_same_person() -> None:
    gap = range(20, 60)

    def returning_at(x: float) -> tuple[Track, ...]:
        return associate(observe_paths(80, lambda f: None if f in gap else (100.0 if f < 20 else x, 200.0)))

    (track,) = returning_at(100.0)
    assert np.flatnonzero(~track.observed).tolist() == list(gap)
    first, second = returning_at(900.0)
    assert (first.frames[-1], second.frames[0]) == (19, 60)


@pytest.mark.parametrize("fps", [10, 24, 60])
def test_gaps_of_the_same_duration_are_bridged_at_any_frame_rate(fps: int) -> None:
    gap = range(fps, fps + fps // 2)
    observations = observe_paths(3 * fps, lambda f: None if f in gap else (100.0, 200.0))
    assert len(associate(observations, float(fps))) == 1


def test_people_who_are_observed_for_a_moment_are_dropped() -> None:
    short = straight_path(700, 200, 0, frames=range(10, 13))
    assert len(associate(observe_paths(60, straight_path(100, 200, 2), short))) == 1
    assert associate(observe_paths(60, short)) == ()


@pytest.mark.parametrize("length", [1, 2, 5])
def test_all_people_of_a_short_clip_are_kept(length: int) -> None:
    tracks = associate(observe_paths(length, straight_path(100, 200, 0), straight_path(600, 200, 0)))
    assert [len(track.frames) for track in tracks] == [length, length]


def test_without_observations_there_are_no_tracks() -> None:
    assert associate([]) == ()
    assert associate([(), (), ()]) == ()


def test_two_tracklets_of_one_person_are_merged() -> None:
    def observe_twice(f: int) -> tuple[Observation, ...]:
        position = (100.0 + 3 * f, 200.0)
        ghost = observation((position[0] + 4, position[1] + 3)) if 15 <= f < 45 else None
        person = observation(position) if f < 30 else None
        return tuple(one for one in (person, ghost) if one is not None)

    (track,) = associate([observe_twice(f) for f in range(45)])
    assert len(track.frames) == 45 and track.observed.all()
    np.testing.assert_allclose(np.diff(centers(track)[:, 0]), 3.0, atol=4.1)


def test_a_lost_tracklet_takes_no_observation_from_a_recent_one() -> None:
    observations = observe_paths(60, straight_path(300, 200, 1))
    duplicate = observation((305.0, 205.0), pose_seed=0)
    observations[10] = (*observations[10], duplicate)
    (track,) = associate(observations)
    assert track.observed.all() and len(track.frames) == 60


def test_a_fall_that_breaks_constant_velocity_is_tracked() -> None:
    def fall(f: int) -> tuple[float, float] | None:
        if f < 20:
            return (200.0, 150.0)
        return None if f < 32 else (260.0, 450.0)

    (track,) = associate(observe_paths(60, fall))
    assert int(track.observed.sum()) == 48


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000))
def test_the_order_within_a_frame_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    observations = observe_paths(
        30,
        straight_path(100, 200, 12),
        straight_path(450, 220, -9),
        straight_path(300, 400, 1, frames=range(5, 28)),
    )
    shuffled = [tuple(frame[i] for i in rng.permutation(len(frame))) for frame in observations]
    assert are_equal(associate(observations), associate(shuffled))


def crossing_with_gap() -> list[tuple[Observation, ...]]:
    """Two people who cross; one is not observed in frames 20 to 29."""
    return observe_paths(
        60, straight_path(100, 200, 8), lambda f: None if f in range(20, 30) else (700.0 - 7 * f, 230.0)
    )


def test_a_shift_in_time_changes_only_the_frames() -> None:
    observations = crossing_with_gap()
    for before, after in zip(associate(observations), associate([(), (), (), *observations]), strict=True):
        np.testing.assert_array_equal(before.frames + 3, after.frames)
        np.testing.assert_array_equal(before.keypoints, after.keypoints)


def test_a_flipped_image_gives_flipped_tracks() -> None:
    def flip(person: Observation) -> Observation:
        keypoints = person.keypoints[list(blazepose.MIRROR)] * [-1, 1, 1] + [WIDTH, 0, 0]
        box = np.array([WIDTH - person.box[2], person.box[1], WIDTH - person.box[0], person.box[3]])
        landmarks_3d = person.landmarks_3d[list(blazepose.MIRROR)] * [-1, 1, 1]
        return Observation(box, keypoints, landmarks_3d, person.score)

    observations = crossing_with_gap()
    tracks = associate(observations)
    flipped = associate([tuple(flip(person) for person in frame) for frame in observations])
    assert len(tracks) == len(flipped) == 2
    for a, b in zip(tracks, flipped, strict=True):
        np.testing.assert_array_equal(a.observed, b.observed)
        expected = a.keypoints[:, list(blazepose.MIRROR)] * [-1, 1, 1] + [WIDTH, 0, 0]
        np.testing.assert_allclose(b.keypoints, expected, atol=1e-9)


def test_without_ids_unreliable_keypoints_are_downweighted() -> None:
    observations = observe_paths(40, straight_path(100, 200, 5), straight_path(980, 200, 0))
    expected = downweight_unreliable_keypoints(associate(observations), IMAGE_SIZE, FPS)
    assert are_equal(build(observations), expected)
    assert not are_equal(build(observations), associate(observations))


def test_the_face_by_both_networks_is_in_the_fused_track_alone() -> None:
    observed = [person for (person,) in observe_paths(12, straight_path(300, 200, 2))]
    second = [person.keypoints[list(coco.BLAZEPOSE_INDICES)] + np.array([4.0, 0.0, 0.0]) for person in observed]
    pairs = zip(observed, second, strict=True)
    (person,) = build_tracks([(replace(a, second_keypoints=b),) for a, b in pairs], FPS, (640, 480))
    fused, lifted, plain = (
        t.keypoints for t in (person.fused_track(), person.track, build([(o,) for o in observed])[0])
    )
    np.testing.assert_allclose(fused[:, FACE, 0], plain[:, FACE, 0] + FusionOptions().weight * 4.0)
    np.testing.assert_array_equal(lifted[:, FACE, :2], plain[:, FACE, :2])
    np.testing.assert_array_equal(np.delete(fused, FACE, axis=1), np.delete(lifted, FACE, axis=1))


def test_unknown_ids_give_the_tracks_of_association() -> None:
    observations = observe_paths(40, straight_path(100, 200, 5), straight_path(700, 210, -5))
    unknown = [[UNKNOWN_TRACK_ID] * len(frame) for frame in observations]
    assert are_equal(build(observations, unknown), associate(observations))


def test_ids_are_trusted_against_the_image() -> None:
    observations = observe_paths(40, straight_path(100, 200, 0), straight_path(700, 210, 0))
    ids = [[5, 3] if frame < 20 else [3, 5] for frame in range(40)]
    third, fifth = build(observations, ids)
    for track, number in ((third, 3), (fifth, 5)):
        expected = [frame[ids[f].index(number)].keypoints for f, frame in enumerate(observations)]
        np.testing.assert_array_equal(track.keypoints, expected)


def test_gaps_of_people_with_ids_are_marked() -> None:
    observations = observe_paths(90, straight_path(100, 200, 1, frames=range(10, 80)))
    hidden = [people if not 20 <= frame < 70 else () for frame, people in enumerate(observations)]
    (track,) = build(hidden, [[1] * len(people) for people in hidden])
    np.testing.assert_array_equal(track.frames, np.arange(10, 80))
    np.testing.assert_array_equal(np.flatnonzero(~track.observed) + 10, np.arange(20, 70))


def test_people_with_ids_who_are_observed_for_a_moment_are_dropped() -> None:
    observations = observe_paths(90, straight_path(100, 200, 0), straight_path(700, 200, 0, frames=range(5)))
    (track,) = build(observations, [list(range(1, 1 + len(people))) for people in observations])
    assert len(track.frames) == 90


def test_people_without_ids_are_tracked_beside_those_with_ids() -> None:
    observations = observe_paths(40, straight_path(100, 200, 2), straight_path(700, 210, -2))
    with_id, without_id = build(observations, [[4, UNKNOWN_TRACK_ID]] * 40)
    np.testing.assert_array_equal(with_id.keypoints, [first.keypoints for first, _ in observations])
    np.testing.assert_array_equal(without_id.keypoints, [second.keypoints for _, second in observations])


def test_memory_of_tracks_grows_little_per_frame() -> None:
    lengths, peaks = (600, 2400), []
    for length in lengths:
        observations = with_second_network(observe_paths(length, straight_path(100, 300, 0.3)))
        tracemalloc.start()
        build_tracks(observations, FPS, IMAGE_SIZE)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / (lengths[1] - lengths[0]) < MAX_BYTES_PER_FRAME


def with_second_network(observations: list[tuple[Observation, ...]]) -> list[tuple[Observation, ...]]:
    """The same people, with a second opinion in every fifth frame."""
    coco_landmarks = list(coco.BLAZEPOSE_INDICES)
    return [
        tuple(replace(person, second_keypoints=person.keypoints[coco_landmarks]) for person in people)
        if frame % 5 == 0
        else people
        for frame, people in enumerate(observations)
    ]

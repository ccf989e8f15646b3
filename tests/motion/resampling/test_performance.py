"""Laws of resampling performances."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import Camera, Face, Performance, Person, Track
from bodydouble.errors import InvalidDataError
from bodydouble.formats import performance as file
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.motion.resampling.performance import resample_performance
from tests import builders
from tests.builders import Floats, assert_same

RATES = [Fraction(24), Fraction(25), Fraction(60), Fraction(30000, 1001), Fraction(25, 2), Fraction(120)]
MILLIMETRE, TENTH_DEGREE = 1e-3, np.radians(0.1)


def clip(frames: int = 40, people: int = 2, fps: Fraction = Fraction(30)) -> Performance:
    return builders.performance(frames, people, fps)


def moving_camera(frames: int) -> Camera:
    """Returns a camera that rotates about the vertical and moves sideways at constant speed."""
    static = builders.level_camera(frames)
    angles = np.linspace(0.0, 1.0, frames)
    poses = static.camera_from_world.copy()
    poses[:, :3, :3] = rotation.to_matrix(rotation.from_rotvec(angles[:, None] * [0.0, 1.0, 0.0])) @ poses[:, :3, :3]
    position = np.stack([angles, 0 * angles + 1.0, 0 * angles + 4.0], axis=-1)
    poses[:, :3, 3] = -np.einsum("fij,fj->fi", poses[:, :3, :3], position)
    return replace(static, camera_from_world=poses)


def with_observed(performance: Performance, observed: list[bool]) -> Performance:
    """Returns the first person alone, observed in some frames; x of the keypoints is the frame."""
    is_observed = np.array(observed)
    frames = len(is_observed)
    track = builders.track(frames)
    keypoints, boxes, landmarks_3d = np.ones((frames, 33, 3)), np.ones((frames, 4)), np.ones((frames, 33, 3))
    keypoints[..., 0] = np.arange(frames)[:, None]
    keypoints[~is_observed], boxes[~is_observed], landmarks_3d[~is_observed] = (np.nan, np.nan, 0.0), np.nan, np.nan
    person = Person(
        "person1", Track(track.frames, is_observed, boxes, keypoints, landmarks_3d), performance.people[0].motion
    )
    return replace(performance, people=(person,))


def seconds(performance: Performance, person: int = 0) -> Floats:
    return np.asarray(performance.people[person].track.frames / float(performance.fps))


@pytest.mark.parametrize("fps", RATES)
def test_every_frame_rate_gives_a_valid_performance(fps: Fraction) -> None:
    resampled = resample_performance(clip(), fps)
    file.check_consistency(resampled)
    assert resampled.fps == fps
    assert all(person.motion.fps == fps for person in resampled.people)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("frames", [1, 2, 39, 40])
def test_duration_is_kept(fps: Fraction, frames: int) -> None:
    resampled = resample_performance(clip(frames, people=1), fps)
    end = Fraction(frames - 1, 30)
    assert (resampled.frame_count - 1) / fps <= end < resampled.frame_count / fps
    for person, source in zip(resampled.people, clip(frames, people=1).people, strict=True):
        assert person.track.frames[0] / fps >= source.track.frames[0] / Fraction(30)
        assert person.track.frames[-1] == resampled.frame_count - 1


def test_resampling_to_the_same_frame_rate_changes_nothing() -> None:
    performance = clip()
    assert resample_performance(performance, performance.fps) is performance


@pytest.mark.parametrize("fps", [Fraction(60), Fraction(90), Fraction(240)])
def test_upsampling_and_back_gives_the_performance(fps: Fraction) -> None:
    source = replace(clip(), camera=moving_camera(40))
    resampled = resample_performance(resample_performance(source, fps), source.fps)
    assert resampled.frame_count == source.frame_count
    assert_same(resampled.camera.camera_from_world, source.camera.camera_from_world, 1e-9)
    for actual, expected in zip(resampled.people, source.people, strict=True):
        for name in ("frames", "observed", "boxes", "keypoints", "landmarks_3d"):
            np.testing.assert_allclose(getattr(actual.track, name), getattr(expected.track, name), rtol=0, atol=1e-9)
        for name in ("root_position", "contacts", "joint_sigma"):
            assert_same(getattr(actual.motion, name), getattr(expected.motion, name), 1e-9)
        assert rotation.angle_between(actual.motion.rotations, expected.motion.rotations).max() < 1e-7


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(25), Fraction(50), Fraction(30000, 1001)])
def test_resampling_to_a_rate_without_common_frames_and_back_is_close(fps: Fraction) -> None:
    source = resample_performance(clip(80, people=1), Fraction(60))
    resampled = resample_performance(resample_performance(source, fps), source.fps)
    inside = slice(8, resampled.frame_count - 8)
    joints, expected = (kinematics.joint_positions(one.people[0].motion)[inside] for one in (resampled, source))
    assert np.linalg.norm(joints - expected, axis=-1).max() < 20 * MILLIMETRE
    assert np.linalg.norm(joints - expected, axis=-1).mean() < MILLIMETRE


def test_twice_the_frame_rate_is_on_the_motion() -> None:
    """Every second frame of a smooth motion at 60 frames per second is reconstructed from the others."""
    fine = builders.smooth_motion(121, fps=Fraction(60))
    half = replace(
        fine,
        fps=Fraction(30),
        rotations=fine.rotations[::2],
        root_position=fine.root_position[::2],
        contacts=fine.contacts[::2],
        joint_sigma=fine.joint_sigma[::2],
    )
    source = Performance(Fraction(30), 61, builders.level_camera(61), (Person("a", builders.track(61), half),))
    resampled = resample_performance(source, Fraction(60)).people[0].motion
    inside = slice(6, -6)
    angles = rotation.angle_between(resampled.rotations, fine.rotations)[inside]
    assert angles.mean() < TENTH_DEGREE
    joints, expected = (kinematics.joint_positions(one)[inside] for one in (resampled, fine))
    assert np.linalg.norm(joints - expected, axis=-1).mean() < MILLIMETRE


def test_resampling_is_equivariant_under_time_shifts() -> None:
    source = clip(40, people=1)
    person = source.people[0]
    later = replace(person, track=replace(person.track, frames=person.track.frames + 10))
    shifted = replace(source, frame_count=50, camera=builders.level_camera(50), people=(later,))
    for fps in (Fraction(60), Fraction(24)):
        first, second = resample_performance(source, fps).people[0], resample_performance(shifted, fps).people[0]
        assert_same(second.track.frames - first.track.frames, np.full(len(first.track.frames), float(fps / 3)), 0)
        assert_same(second.motion.rotations, first.motion.rotations, 1e-12)
        np.testing.assert_array_equal(second.track.observed, first.track.observed)


@pytest.mark.parametrize("fps", RATES)
def test_positions_are_those_of_the_same_time(fps: Fraction) -> None:
    """Hips that move at 1 m/s are at the position of that second, whatever the first frame of the person."""
    source = clip(40, people=3)
    people = tuple(
        replace(p, motion=replace(p.motion, root_position=np.outer(p.track.frames / 30, [1.0, 0.0, 0.0])))
        for p in source.people
    )
    resampled = resample_performance(replace(source, people=people), fps)
    for index, person in enumerate(resampled.people):
        assert_same(person.motion.root_position[:, 0], seconds(resampled, index), 1e-9)


def test_a_pan_at_constant_speed_stays_constant() -> None:
    source = replace(clip(41), camera=moving_camera(41))
    resampled = resample_performance(source, Fraction(75))
    angles = np.arange(resampled.frame_count) / 75 / (40 / 30)
    world_from_camera = camera.inverse(resampled.camera.camera_from_world)
    assert_same(world_from_camera[:, 0, 3], angles, 1e-9)
    assert_same(world_from_camera[:, 2, 3], np.full(resampled.frame_count, 4.0), 1e-9)
    rotations = rotation.from_matrix(resampled.camera.camera_from_world[:, :3, :3])
    assert_same(rotation.angle_between(rotations, rotations[:1]), angles, 1e-6)


def test_halfway_frames_are_observed_where_both_neighbours_were() -> None:
    resampled = resample_performance(with_observed(clip(6), [True, False, True, True, False, False]), Fraction(60))
    is_observed = [True, False, False, False, True, True, True, False, False, False, False]
    assert resampled.people[0].track.observed.tolist() == is_observed


def test_other_frames_are_observed_where_the_nearest_one_was() -> None:
    resampled = resample_performance(with_observed(clip(6), [True, True, False, True, True, True]), Fraction(120))
    frames = np.arange(21) / 4
    np.testing.assert_array_equal(resampled.people[0].track.observed, np.abs(frames - 2) > 0.5)


@pytest.mark.parametrize("fps", RATES)
def test_keypoints_are_interpolated_between_observed_frames_and_nan_elsewhere(fps: Fraction) -> None:
    observed = [True, True, False, True, True, False, False, True, True, True]
    resampled = resample_performance(with_observed(clip(10), observed), fps)
    track = resampled.people[0].track
    is_observed = track.observed
    assert np.isnan(track.keypoints[~is_observed][..., :2]).all() and (track.keypoints[~is_observed][..., 2] == 0).all()
    assert np.isnan(track.boxes[~is_observed]).all() and np.isnan(track.landmarks_3d[~is_observed]).all()
    assert np.isfinite(track.keypoints[is_observed]).all() and np.isfinite(track.boxes[is_observed]).all()
    assert_same(track.keypoints[is_observed][..., 2], np.ones((is_observed.sum(), 33)), 0)
    source_frame = seconds(resampled)[is_observed] * 30
    # Next to a gap the keypoints are those of one frame, at most half a frame away.
    assert np.abs(track.keypoints[is_observed][:, 0, 0] - source_frame).max() < 0.5 + 1e-9
    between = np.array([observed[int(f)] and observed[min(int(f) + 1, 9)] for f in source_frame])
    assert_same(track.keypoints[is_observed][between, 0, 0], source_frame[between], 1e-9)


def test_a_track_between_two_frames_of_a_low_rate_is_kept() -> None:
    source = clip(31, people=1)
    person = source.people[0]
    short_person = Person("person2", builders.track(2, first_frame=13), builders.smooth_motion(2, seed=5))
    resampled = resample_performance(replace(source, people=(person, short_person)), Fraction(5))
    assert resampled.people[1].track.frames.tolist() == [2]
    last = replace(clip(30, people=1), people=(replace(short_person, track=builders.track(2, first_frame=28)),))
    assert resample_performance(last, Fraction(4)).people[0].track.frames.tolist() == [3]


def test_rejects_a_frame_rate_of_0() -> None:
    with pytest.raises(InvalidDataError, match="must be above 0"):
        resample_performance(clip(), Fraction(0))


@pytest.mark.parametrize("fps", RATES)
def test_the_face_is_interpolated(fps: Fraction) -> None:
    frames = 31
    ramp = np.linspace(0.0, 1.0, frames)
    face = Face(ramp < 0.5, np.tile(ramp[:, None], 52), np.stack([ramp, -ramp], axis=1))
    source = builders.performance(frames, 1, Fraction(30))
    person = replace(source.people[0], face=face)
    resampled = resample_performance(replace(source, people=(person,)), fps).people[0]
    assert resampled.face is not None
    times = resampled.track.frames / float(fps)
    np.testing.assert_allclose(resampled.face.weights[:, 7], np.minimum(times, 1.0), atol=1e-9)
    np.testing.assert_allclose(resampled.face.gaze[:, 1], -resampled.face.gaze[:, 0], atol=1e-12)
    assert resampled.face.observed[0] and not resampled.face.observed[-1]


def test_hands_at_twice_the_frame_rate_are_those_of_the_video_and_between_them() -> None:
    performance = clip(people=1)
    person = performance.people[0]
    hands = builders.hands(len(person.track.frames))
    doubled = resample_performance(replace(performance, people=(replace(person, hands=hands),)), Fraction(60))
    resampled = doubled.people[0].hands
    assert resampled is not None
    np.testing.assert_array_equal(resampled.observed[::2], hands.observed)
    np.testing.assert_allclose(resampled.keypoints[::2], hands.keypoints)
    assert rotation.angle_between(resampled.rotations[::2], hands.rotations).max() < 1e-7
    # The left hand was not observed in the first frame, and so not halfway to the next one.
    np.testing.assert_array_equal(resampled.observed[:3], [[False, True], [False, True], [True, True]])
    middle = (hands.keypoints[:-1, 1] + hands.keypoints[1:, 1]) / 2
    np.testing.assert_allclose(resampled.keypoints[1::2, 1], middle)


def test_appearances_are_kept() -> None:
    plain = builders.performance(people=1)
    seen = replace(plain, people=(replace(plain.people[0], appearance=builders.appearance()),))
    assert resample_performance(seen, Fraction(24)).people[0].appearance == builders.appearance()


def two_shots(cut: int = 20) -> Performance:
    """Returns a clip in which camera and people jump at a cut."""
    performance = replace(clip(), camera=moving_camera(40), shot_starts=(cut,))
    performance.camera.camera_from_world[cut:, :3, 3] += [50.0, 0.0, 0.0]
    for person in performance.people:
        person.motion.root_position[cut - int(person.track.frames[0]) :] += [0.0, 30.0, 0.0]
    return performance


@pytest.mark.parametrize("fps", RATES)
def test_nothing_is_interpolated_between_two_shots(fps: Fraction) -> None:
    resampled = resample_performance(two_shots(), fps)
    (start,) = resampled.shot_starts
    # The frame that is shown is the nearest one, halfway between two frames the later one.
    assert start == min(i for i in range(resampled.frame_count) if 30 * i / fps >= 20 - Fraction(1, 2))
    in_second = np.arange(resampled.frame_count) >= start
    np.testing.assert_array_equal(resampled.camera.camera_from_world[:, 0, 3] > 25.0, in_second)
    for person in resampled.people:
        np.testing.assert_array_equal(person.motion.root_position[:, 1] > 15.0, in_second[person.track.frames])


@pytest.mark.parametrize("fps", [Fraction(60), Fraction(90)])
def test_shots_are_resampled_as_clips_of_their_own(fps: Fraction) -> None:
    performance = two_shots()
    camera = performance.camera.camera_from_world
    whole = resample_performance(performance, fps)
    first = resample_performance(
        replace(performance, frame_count=20, camera=replace(performance.camera, camera_from_world=camera[:20]),
                people=(), shot_starts=()), fps
    )  # fmt: skip
    assert_same(whole.camera.camera_from_world[: first.frame_count], first.camera.camera_from_world, 1e-9)


def test_shots_shorter_than_a_frame_are_left_out() -> None:
    performance = replace(clip(), shot_starts=(19, 20, 21, 39))
    assert resample_performance(performance, Fraction(5)).shot_starts == (4,)

"""A performance at another rate is the same performance."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import Camera, Performance, Person, Track
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
    """Turns about the vertical and walks sideways, evenly."""
    still = builders.level_camera(frames)
    angle = np.linspace(0.0, 1.0, frames)
    poses = still.camera_from_world.copy()
    poses[:, :3, :3] = rotation.to_matrix(rotation.from_rotvec(angle[:, None] * [0.0, 1.0, 0.0])) @ poses[:, :3, :3]
    place = np.stack([angle, 0 * angle + 1.0, 0 * angle + 4.0], axis=-1)
    poses[:, :3, 3] = -np.einsum("fij,fj->fi", poses[:, :3, :3], place)
    return replace(still, camera_from_world=poses)


def with_observed(made: Performance, observed: list[bool]) -> Performance:
    """The first person alone; keypoint x is the frame, and NaN where not observed."""
    seen = np.array(observed)
    frames = len(seen)
    track = builders.track(frames)
    keypoints, boxes, rough = np.ones((frames, 33, 3)), np.ones((frames, 4)), np.ones((frames, 33, 3))
    keypoints[..., 0] = np.arange(frames)[:, None]
    keypoints[~seen], boxes[~seen], rough[~seen] = (np.nan, np.nan, 0.0), np.nan, np.nan
    person = Person("person1", Track(track.frames, seen, boxes, keypoints, rough), made.people[0].motion)
    return replace(made, people=(person,))


def seconds(made: Performance, person: int = 0) -> Floats:
    return np.asarray(made.people[person].track.frames / float(made.fps))


@pytest.mark.parametrize("fps", RATES)
def test_every_rate_gives_a_file_that_can_be_saved(fps: Fraction) -> None:
    made = resample_performance(clip(), fps)
    file.check_consistency(made)
    assert made.fps == fps
    assert all(person.motion.fps == fps for person in made.people)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("frames", [1, 2, 39, 40])
def test_duration_is_kept(fps: Fraction, frames: int) -> None:
    made = resample_performance(clip(frames, people=1), fps)
    end = Fraction(frames - 1, 30)
    assert (made.frame_count - 1) / fps <= end < made.frame_count / fps
    for person, source in zip(made.people, clip(frames, people=1).people, strict=True):
        assert person.track.frames[0] / fps >= source.track.frames[0] / Fraction(30)
        assert person.track.frames[-1] == made.frame_count - 1


def test_the_same_rate_changes_nothing() -> None:
    made = clip()
    assert resample_performance(made, made.fps) is made


@pytest.mark.parametrize("fps", [Fraction(60), Fraction(90), Fraction(240)])
def test_up_and_down_again_gives_the_performance(fps: Fraction) -> None:
    source = replace(clip(), camera=moving_camera(40))
    made = resample_performance(resample_performance(source, fps), source.fps)
    assert made.frame_count == source.frame_count
    assert_same(made.camera.camera_from_world, source.camera.camera_from_world, 1e-9)
    for got, expected in zip(made.people, source.people, strict=True):
        for name in ("frames", "observed", "boxes", "keypoints", "landmarks_3d"):
            np.testing.assert_allclose(getattr(got.track, name), getattr(expected.track, name), rtol=0, atol=1e-9)
        for name in ("root_position", "contacts", "joint_sigma"):
            assert_same(getattr(got.motion, name), getattr(expected.motion, name), 1e-9)
        assert rotation.angle_between(got.motion.rotations, expected.motion.rotations).max() < 1e-7


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(25), Fraction(50), Fraction(30000, 1001)])
def test_to_a_rate_that_shares_no_frames_and_back(fps: Fraction) -> None:
    source = resample_performance(clip(80, people=1), Fraction(60))
    made = resample_performance(resample_performance(source, fps), source.fps)
    inside = slice(8, made.frame_count - 8)
    joints, expected = (kinematics.joint_positions(one.people[0].motion)[inside] for one in (made, source))
    assert np.linalg.norm(joints - expected, axis=-1).max() < 20 * MILLIMETRE
    assert np.linalg.norm(joints - expected, axis=-1).mean() < MILLIMETRE


def test_twice_the_rate_lies_on_the_motion() -> None:
    """Every other frame of a smooth motion at 60 frames per second is found again from the rest."""
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
    made = resample_performance(source, Fraction(60)).people[0].motion
    inside = slice(6, -6)
    angles = rotation.angle_between(made.rotations, fine.rotations)[inside]
    assert angles.mean() < TENTH_DEGREE
    joints, expected = (kinematics.joint_positions(one)[inside] for one in (made, fine))
    assert np.linalg.norm(joints - expected, axis=-1).mean() < MILLIMETRE


def test_a_person_who_comes_later_is_the_same_person_later() -> None:
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
def test_joints_move_at_the_right_time(fps: Fraction) -> None:
    """Somebody whose hips go 1 m/s is found where they are at that second, whenever they came."""
    source = clip(40, people=3)
    people = tuple(
        replace(p, motion=replace(p.motion, root_position=np.outer(p.track.frames / 30, [1.0, 0.0, 0.0])))
        for p in source.people
    )
    made = resample_performance(replace(source, people=people), fps)
    for index, person in enumerate(made.people):
        assert_same(person.motion.root_position[:, 0], seconds(made, index), 1e-9)


def test_an_even_pan_stays_even() -> None:
    source = replace(clip(41), camera=moving_camera(41))
    made = resample_performance(source, Fraction(75))
    angle = np.arange(made.frame_count) / 75 / (40 / 30)
    world_from_camera = camera.inverse(made.camera.camera_from_world)
    assert_same(world_from_camera[:, 0, 3], angle, 1e-9)
    assert_same(world_from_camera[:, 2, 3], np.full(made.frame_count, 4.0), 1e-9)
    turns = rotation.from_matrix(made.camera.camera_from_world[:, :3, :3])
    assert_same(rotation.angle_between(turns, turns[:1]), angle, 1e-6)


def test_halfway_frames_are_observed_where_both_neighbours_were() -> None:
    made = resample_performance(with_observed(clip(6), [True, False, True, True, False, False]), Fraction(60))
    seen = [True, False, False, False, True, True, True, False, False, False, False]
    assert made.people[0].track.observed.tolist() == seen


def test_other_frames_are_observed_where_the_nearest_one_was() -> None:
    made = resample_performance(with_observed(clip(6), [True, True, False, True, True, True]), Fraction(120))
    frames = np.arange(21) / 4
    np.testing.assert_array_equal(made.people[0].track.observed, np.abs(frames - 2) > 0.5)


@pytest.mark.parametrize("fps", RATES)
def test_keypoints_lie_between_observed_frames_and_are_nan_elsewhere(fps: Fraction) -> None:
    observed = [True, True, False, True, True, False, False, True, True, True]
    made = resample_performance(with_observed(clip(10), observed), fps)
    track = made.people[0].track
    seen = track.observed
    assert np.isnan(track.keypoints[~seen][..., :2]).all() and (track.keypoints[~seen][..., 2] == 0).all()
    assert np.isnan(track.boxes[~seen]).all() and np.isnan(track.landmarks_3d[~seen]).all()
    assert np.isfinite(track.keypoints[seen]).all() and np.isfinite(track.boxes[seen]).all()
    assert_same(track.keypoints[seen][..., 2], np.ones((seen.sum(), 33)), 0)
    source_frame = seconds(made)[seen] * 30
    # Beside a gap there is only one frame to take them from, at most half a frame away.
    assert np.abs(track.keypoints[seen][:, 0, 0] - source_frame).max() < 0.5 + 1e-9
    between = np.array([observed[int(f)] and observed[min(int(f) + 1, 9)] for f in source_frame])
    assert_same(track.keypoints[seen][between, 0, 0], source_frame[between], 1e-9)


def test_somebody_between_two_frames_of_a_low_rate_is_kept() -> None:
    source = clip(31, people=1)
    person = source.people[0]
    brief = Person("person2", builders.track(2, first_frame=13), builders.smooth_motion(2, seed=5))
    made = resample_performance(replace(source, people=(person, brief)), Fraction(5))
    assert made.people[1].track.frames.tolist() == [2]
    last = replace(clip(30, people=1), people=(replace(brief, track=builders.track(2, first_frame=28)),))
    assert resample_performance(last, Fraction(4)).people[0].track.frames.tolist() == [3]


def test_no_rate_is_refused() -> None:
    with pytest.raises(InvalidDataError, match="must be above 0"):
        resample_performance(clip(), Fraction(0))

"""A performance fitted at a higher rate is the same performance, with more in it than curves have."""

from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion, Performance, Person, Track
from bodydouble.geometry import kinematics
from bodydouble.motion import upsample
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.reconstruct import ReconstructionInput, default_intrinsics, reconstruct
from bodydouble.motion.resampling.performance import resample_performance
from bodydouble.motion.upsample import insert_gap_frames, upsample_performance
from tests.motion.scenes import FPS, IMAGE_SIZE, simulated_track, static_camera, waving_motion

STEP = 3
INTRINSICS = default_intrinsics(IMAGE_SIZE)
RIGHT_TOES = 32


def seen_at_a_low_rate(truth: Motion, first: int = 0) -> Performance:
    """The performance from every third frame; its clip begins some frames before the person comes."""
    track = simulated_track(truth, static_camera(yaw=0.5), INTRINSICS, noise=1.0)
    count = len(track.frames[::STEP])
    low = Track(
        np.arange(first, first + count),
        track.observed[::STEP],
        track.boxes[::STEP],
        track.keypoints[::STEP],
        track.landmarks_3d[::STEP],
    )
    camera, (motion,) = reconstruct(ReconstructionInput((low,), IMAGE_SIZE, first + count, FPS / STEP))
    return Performance(FPS / STEP, first + count, camera, (Person("person1", low, motion),))


def slide(motion: Motion) -> float:
    """m/s of the toes that rest."""
    toes = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)[:, RIGHT_TOES]
    return float(np.linalg.norm(np.diff(toes, axis=0), axis=-1).mean()) * float(motion.fps)


def joints(performance: Performance) -> FloatArray:
    return kinematics.joint_positions(performance.people[0].motion)


@pytest.mark.parametrize("fps", [FPS / STEP, FPS / STEP / 2])
def test_lower_rate_is_that_of_curves(fps: Fraction) -> None:
    low = seen_at_a_low_rate(waving_motion(30))
    np.testing.assert_array_equal(joints(upsample_performance(low, fps)), joints(resample_performance(low, fps)))


def test_rates_far_above_the_video_are_reached_on_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    low = seen_at_a_low_rate(waving_motion(30))
    monkeypatch.setattr(upsample, "MAX_FIT_RATE", 20)
    found = upsample_performance(low, Fraction(60))
    np.testing.assert_array_equal(
        joints(found), joints(resample_performance(upsample_performance(low, Fraction(20)), Fraction(60)))
    )


def test_single_frame_is_enough() -> None:
    low = seen_at_a_low_rate(waving_motion(1))
    assert joints(upsample_performance(low, FPS)).shape == joints(low).shape


@pytest.mark.parametrize("fps", [FPS, Fraction(24)])
def test_everything_but_the_motion_is_that_of_curves(fps: Fraction) -> None:
    low = seen_at_a_low_rate(waving_motion(30), first=4)
    fine, curves = upsample_performance(low, fps), resample_performance(low, fps)
    assert fine.fps == curves.fps
    np.testing.assert_allclose(fine.camera.camera_from_world, curves.camera.camera_from_world, atol=1e-9)
    person, drawn = fine.people[0], curves.people[0]
    for name in ("frames", "observed", "boxes", "keypoints", "landmarks_3d"):
        np.testing.assert_allclose(getattr(person.track, name), getattr(drawn.track, name), atol=1e-9)
    np.testing.assert_array_equal(person.motion.skeleton.rest_offsets, drawn.motion.skeleton.rest_offsets)
    assert person.motion.fps == fps
    assert person.motion.rotations.shape == drawn.motion.rotations.shape


def test_frames_of_the_video_hardly_change() -> None:
    low = seen_at_a_low_rate(waving_motion(60))
    distance = np.linalg.norm(joints(upsample_performance(low, FPS))[::STEP] - joints(low), axis=-1)
    assert distance.mean() < 0.02


def test_resting_foot_slides_less_than_on_curves() -> None:
    low = seen_at_a_low_rate(waving_motion(90))
    fine, curves = upsample_performance(low, FPS), resample_performance(low, FPS)
    assert slide(fine.people[0].motion) < slide(curves.people[0].motion)


def test_spread_track_is_the_track_at_its_own_frames_and_a_gap_elsewhere() -> None:
    track = simulated_track(waving_motion(7), static_camera(), INTRINSICS)
    found = insert_gap_frames(
        Track(track.frames + 5, track.observed, track.boxes, track.keypoints, track.landmarks_3d), STEP
    )
    own = found.frames % STEP == 0
    np.testing.assert_array_equal(found.frames[own], STEP * (track.frames + 5))
    np.testing.assert_array_equal(found.observed, own)
    np.testing.assert_array_equal(found.keypoints[own], track.keypoints)
    np.testing.assert_array_equal(found.landmarks_3d[own], track.landmarks_3d)
    assert np.all(found.keypoints[~own, :, 2] == 0)
    assert np.all(np.isnan(found.boxes[~own]))

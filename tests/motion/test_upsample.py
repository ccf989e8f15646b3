"""Laws of upsampling: the same performance at a higher rate, with less foot sliding than resampling gives."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion, Performance, Person, Track
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion import upsample
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.reconstruct import ReconstructionInput, default_intrinsics, reconstruct
from bodydouble.motion.resampling.performance import resample_performance
from bodydouble.motion.upsample import insert_gap_frames, upsample_performance
from tests import builders
from tests.motion.scenes import FPS, IMAGE_SIZE, simulated_track, static_camera, waving_motion

STEP = 3
INTRINSICS = default_intrinsics(IMAGE_SIZE)
RIGHT_TOES = 32


def reconstruct_at_low_rate(truth: Motion, first: int = 0) -> Performance:
    """Returns the performance from every third frame; the person appears in frame ``first`` of the clip."""
    track = simulated_track(truth, static_camera(yaw=0.5), INTRINSICS, noise=1.0)
    count = len(track.frames[::STEP])
    low_rate_track = Track(
        np.arange(first, first + count),
        track.observed[::STEP],
        track.boxes[::STEP],
        track.keypoints[::STEP],
        track.landmarks_3d[::STEP],
    )
    camera, (motion,) = reconstruct(ReconstructionInput((low_rate_track,), IMAGE_SIZE, first + count, FPS / STEP))
    return Performance(FPS / STEP, first + count, camera, (Person("person1", low_rate_track, motion),))


def slide(motion: Motion) -> float:
    """Returns the speed of the resting toes in m/s."""
    toes = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)[:, RIGHT_TOES]
    return float(np.linalg.norm(np.diff(toes, axis=0), axis=-1).mean()) * float(motion.fps)


def joints(performance: Performance) -> FloatArray:
    return kinematics.joint_positions(performance.people[0].motion)


@pytest.mark.parametrize("fps", [FPS / STEP, FPS / STEP / 2])
def test_lower_rate_is_only_resampled(fps: Fraction) -> None:
    performance = reconstruct_at_low_rate(waving_motion(30))
    np.testing.assert_array_equal(
        joints(upsample_performance(performance, fps)), joints(resample_performance(performance, fps))
    )


def test_rates_above_the_fit_are_resampled_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    performance = reconstruct_at_low_rate(waving_motion(30))
    monkeypatch.setattr(upsample, "MAX_FIT_RATE", 20)
    upsampled = upsample_performance(performance, Fraction(60))
    np.testing.assert_array_equal(
        joints(upsampled), joints(resample_performance(upsample_performance(performance, Fraction(20)), Fraction(60)))
    )


def test_single_frame_is_enough() -> None:
    performance = reconstruct_at_low_rate(waving_motion(1))
    assert joints(upsample_performance(performance, FPS)).shape == joints(performance).shape


@pytest.mark.parametrize("fps", [FPS, Fraction(24)])
def test_only_the_motion_differs_from_resampling(fps: Fraction) -> None:
    performance = reconstruct_at_low_rate(waving_motion(30), first=4)
    upsampled, resampled = upsample_performance(performance, fps), resample_performance(performance, fps)
    assert upsampled.fps == resampled.fps
    np.testing.assert_allclose(upsampled.camera.camera_from_world, resampled.camera.camera_from_world, atol=1e-9)
    person, resampled_person = upsampled.people[0], resampled.people[0]
    for name in ("frames", "observed", "boxes", "keypoints", "landmarks_3d"):
        np.testing.assert_allclose(getattr(person.track, name), getattr(resampled_person.track, name), atol=1e-9)
    np.testing.assert_array_equal(person.motion.skeleton.rest_offsets, resampled_person.motion.skeleton.rest_offsets)
    assert person.motion.fps == fps
    assert person.motion.rotations.shape == resampled_person.motion.rotations.shape


def test_frames_of_the_video_change_little() -> None:
    performance = reconstruct_at_low_rate(waving_motion(60))
    distance = np.linalg.norm(joints(upsample_performance(performance, FPS))[::STEP] - joints(performance), axis=-1)
    assert distance.mean() < 0.02


def test_palms_of_observed_hands_keep_their_rotation() -> None:
    performance = reconstruct_at_low_rate(waving_motion(30))
    person = performance.people[0]
    hands = builders.hands(len(person.track.frames))
    hands = replace(hands, observed=np.ones_like(hands.observed))
    turned = replace(performance, people=(replace(person, hands=hands),))
    palms = [_palms(sampled) for sampled in (upsample_performance(turned, FPS), resample_performance(turned, FPS))]
    # The arms are fitted again, and wrists have limits.
    assert np.median(rotation.angle_between(*palms)) < np.radians(1)


def _palms(performance: Performance) -> FloatArray:
    """World rotations (T, 2, 4) of both hands of the first person."""
    motion = performance.people[0].motion
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    return world[:, [motion.skeleton.index(f"{side}Hand") for side in ("left", "right")]]


def test_resting_foot_slides_less_than_with_resampling() -> None:
    performance = reconstruct_at_low_rate(waving_motion(90))
    upsampled, resampled = upsample_performance(performance, FPS), resample_performance(performance, FPS)
    assert slide(upsampled.people[0].motion) < slide(resampled.people[0].motion)


def test_inserted_frames_are_gaps() -> None:
    track = simulated_track(waving_motion(7), static_camera(), INTRINSICS)
    expanded = insert_gap_frames(
        Track(track.frames + 5, track.observed, track.boxes, track.keypoints, track.landmarks_3d), STEP
    )
    original = expanded.frames % STEP == 0
    np.testing.assert_array_equal(expanded.frames[original], STEP * (track.frames + 5))
    np.testing.assert_array_equal(expanded.observed, original)
    np.testing.assert_array_equal(expanded.keypoints[original], track.keypoints)
    np.testing.assert_array_equal(expanded.landmarks_3d[original], track.landmarks_3d)
    assert np.all(expanded.keypoints[~original, :, 2] == 0)
    assert np.all(np.isnan(expanded.boxes[~original]))

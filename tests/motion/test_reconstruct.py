"""Laws of all motion stages together, on known motions."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from bodydouble.data import Background, Camera, FloatArray, Motion, Track
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera, kinematics
from bodydouble.motion.body import proportions
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.reconstruct import MeasuredInputs, ReconstructionInput, default_intrinsics, reconstruct
from bodydouble.skeletons import humanoid
from tests.motion.scenes import (
    FPS,
    IMAGE_SIZE,
    coco_track,
    flipped_track,
    simulated_track,
    static_camera,
    waving_motion,
    without_feet,
)

INTRINSICS = default_intrinsics(IMAGE_SIZE)
NO_OBSERVATIONS = np.zeros(0, dtype=int)
EMPTY_BACKGROUND = Background(3, NO_OBSERVATIONS, NO_OBSERVATIONS, NO_OBSERVATIONS, np.zeros((0, 2)))


def reconstruct_track(track: Track, fps: Fraction = FPS) -> tuple[Camera, Motion]:
    view, (motion,) = reconstruct(ReconstructionInput((track,), IMAGE_SIZE, int(track.frames[-1]) + 1, fps))
    return view, motion


def in_camera(view: Camera, motion: Motion) -> FloatArray:
    return camera.transform(view.camera_from_world[0], kinematics.joint_positions(motion))


@pytest.mark.parametrize("yaw", [0.0, 0.9, 2.5])
def test_recovers_a_known_motion(yaw: float) -> None:
    truth = waving_motion()
    view = static_camera(yaw=yaw, pitch=0.1)
    estimated_view, motion = reconstruct_track(simulated_track(truth, view, INTRINSICS))
    expected = camera.transform(view, kinematics.joint_positions(truth))
    reconstructed = in_camera(estimated_view, motion)
    error = (reconstructed - reconstructed[:, :1]) - (expected - expected[:, :1])
    assert np.linalg.norm(error, axis=-1).mean() < 0.04


def test_landmarks_project_onto_the_track() -> None:
    track = simulated_track(waving_motion(), static_camera(), INTRINSICS)
    view, motion = reconstruct_track(track)
    points = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    pixels = camera.project(view.intrinsics, camera.transform(view.camera_from_world[0], points))
    height = np.median(track.boxes[:, 3] - track.boxes[:, 1])
    error = np.linalg.norm(pixels - track.keypoints[..., :2], axis=-1)
    assert np.median(error[:, 11:]) < 0.012 * height


def test_flipped_image_gives_the_mirrored_motion() -> None:
    track = simulated_track(waving_motion(), static_camera(yaw=0.5), INTRINSICS, noise=1.5)
    view, motion = reconstruct_track(track)
    flipped_view, flipped = reconstruct_track(flipped_track(track, IMAGE_SIZE[0]))
    expected = in_camera(view, motion)[:, list(humanoid.MIRROR)] * np.array([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(in_camera(flipped_view, flipped), expected, atol=1e-6)


def test_shift_in_time_changes_nothing_but_the_frames() -> None:
    track = simulated_track(waving_motion(), static_camera(), INTRINSICS, noise=1.0)
    later = Track(track.frames + 17, track.observed, track.boxes, track.keypoints, track.landmarks_3d)
    np.testing.assert_array_equal(reconstruct_track(track)[1].rotations, reconstruct_track(later)[1].rotations)


def test_image_of_twice_the_size_gives_the_same_motion() -> None:
    track = simulated_track(waving_motion(), static_camera(), INTRINSICS, noise=1.0)
    double = np.array([2.0, 2.0, 1.0])
    large = Track(track.frames, track.observed, track.boxes * 2, track.keypoints * double, track.landmarks_3d)
    _, (motion,) = reconstruct(ReconstructionInput((large,), (2 * IMAGE_SIZE[0], 2 * IMAGE_SIZE[1]), 60, FPS))
    np.testing.assert_allclose(motion.rotations, reconstruct_track(track)[1].rotations, atol=1e-6)


def test_half_the_frame_rate_agrees_at_the_common_frames() -> None:
    truth = waving_motion(120)
    track = simulated_track(truth, static_camera(), INTRINSICS)
    half = Track(np.arange(60), track.observed[::2], track.boxes[::2], track.keypoints[::2], track.landmarks_3d[::2])
    view, motion = reconstruct_track(track)
    half_view, half_motion = reconstruct_track(half, FPS / 2)
    distance = np.linalg.norm(in_camera(view, motion)[::2] - in_camera(half_view, half_motion), axis=-1)
    assert distance.mean() < 0.025


def test_gap_is_filled_smoothly() -> None:
    truth = waving_motion()
    track = simulated_track(truth, static_camera(), INTRINSICS)
    observed = track.observed.copy()
    observed[25:31] = False
    hidden = ~observed
    keypoints, landmarks_3d, boxes = track.keypoints.copy(), track.landmarks_3d.copy(), track.boxes.copy()
    keypoints[hidden] = [np.nan, np.nan, 0.0]
    landmarks_3d[hidden] = np.nan
    boxes[hidden] = np.nan
    _, motion = reconstruct_track(Track(track.frames, observed, boxes, keypoints, landmarks_3d))
    _, without_gap = reconstruct_track(track)
    distance = np.linalg.norm(kinematics.joint_positions(motion) - kinematics.joint_positions(without_gap), axis=-1)
    assert np.all(np.isfinite(motion.rotations))
    assert distance.mean() < 0.04
    assert np.all(motion.joint_sigma[hidden].mean(axis=0) > motion.joint_sigma[observed].mean(axis=0))
    assert np.all(motion.joint_sigma[hidden] > without_gap.joint_sigma[hidden])


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_short_clips_work(frames: int) -> None:
    track = simulated_track(waving_motion(frames), static_camera(), INTRINSICS)
    view, motion = reconstruct_track(track)
    assert motion.rotations.shape == (frames, 22, 4)
    assert np.all(np.isfinite(kinematics.joint_positions(motion)))
    np.testing.assert_allclose(np.linalg.norm(motion.rotations, axis=-1), 1.0, atol=1e-9)
    assert view.camera_from_world.shape == (frames, 4, 4)


def test_people_share_a_floor_and_have_symmetric_bones() -> None:
    near = waving_motion()
    far = Motion(
        near.skeleton,
        FPS,
        near.rotations,
        near.root_position + np.array([1.5, 0.0, -3.0]),
        near.contacts,
        near.joint_sigma,
    )
    view = static_camera(height=1.6)
    tracks = tuple(simulated_track(m, view, INTRINSICS) for m in (near, far))
    _, motions = reconstruct(ReconstructionInput(tracks, IMAGE_SIZE, 60, FPS))
    distance = motions[0].root_position[0] - motions[1].root_position[0]
    assert np.linalg.norm(distance) == pytest.approx(np.hypot(1.5, 3.0), rel=0.1)
    for motion in motions:
        lengths = np.linalg.norm(motion.skeleton.rest_offsets[1:], axis=-1)
        mirror = np.array(humanoid.MIRROR)[1:] - 1
        np.testing.assert_allclose(lengths, lengths[mirror], rtol=1e-12)


def test_resting_foot_stays_on_the_floor() -> None:
    track = simulated_track(waving_motion(), static_camera(), INTRINSICS, noise=1.0)
    _, motion = reconstruct_track(track)
    toes = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)[:, 32]
    resting = motion.contacts[:, 3] > 0.5
    assert resting.mean() > 0.7
    assert np.abs(toes[resting, 1]).max() < 0.02
    assert np.linalg.norm(np.diff(toes[resting][:, [0, 2]], axis=0), axis=-1).mean() < 0.002


def sole_heights(motion: Motion) -> FloatArray:
    """Returns the heights (T,) m of the lowest point of the soles above the floor."""
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    return np.asarray(soles[..., 1].min(axis=1))


@pytest.mark.parametrize("camera_height", [0.8, 1.4, 2.2])
def test_person_whose_feet_are_never_seen_stands_on_the_floor_without_contacts(camera_height: float) -> None:
    track = without_feet(simulated_track(waving_motion(), static_camera(camera_height), INTRINSICS, noise=1.0))
    _, motion = reconstruct_track(track)
    assert np.median(sole_heights(motion)) == pytest.approx(0.0, abs=0.02)
    assert not motion.contacts.any()


def test_height_of_a_person_whose_feet_are_never_seen_is_kept() -> None:
    track = without_feet(simulated_track(waving_motion(), static_camera(), INTRINSICS))
    inputs = ReconstructionInput((track,), IMAGE_SIZE, 60, FPS, measured=MeasuredInputs(stature=1.9))
    _, (motion,) = reconstruct(inputs)
    assert proportions.stature(motion.skeleton) == pytest.approx(1.9)
    assert np.median(sole_heights(motion)) == pytest.approx(0.0, abs=0.02)


def test_feet_that_leave_the_image_have_no_contacts_from_then_on() -> None:
    track = simulated_track(waving_motion(90), static_camera(), INTRINSICS)
    _, whole = reconstruct_track(track)
    _, cut = reconstruct_track(without_feet(track, first=40))
    assert cut.contacts[:40].max() > 0.5
    assert not cut.contacts[60:].any()
    assert whole.contacts[60:].max() > 0.5
    assert np.abs(sole_heights(cut)).max() < 0.05


@pytest.mark.parametrize("convert", [lambda track: track, coco_track], ids=["all landmarks", "coco"])
def test_one_person_on_a_roof_leaves_the_other_on_the_floor(convert: Callable[[Track], Track]) -> None:
    walker = waving_motion()
    root = walker.root_position
    on_roof = replace(walker, root_position=root + np.array([-1.5, 1.9, 0.0]))
    walker = replace(walker, root_position=root + np.array([1.5, 0.0, 0.0]))
    view = static_camera(height=1.6, distance=8.0)
    tracks = tuple(convert(simulated_track(motion, view, INTRINSICS, noise=1.0)) for motion in (on_roof, walker))
    _, motions = reconstruct(ReconstructionInput(tracks, IMAGE_SIZE, 60, FPS))
    assert np.median(sole_heights(motions[1])) == pytest.approx(0.0, abs=0.03)
    # The height of the roof is as uncertain as the size of the person on it, 7 %, and of the camera above the floor.
    assert np.median(sole_heights(motions[0])) == pytest.approx(1.9, rel=0.15)


def shot(**changes: Any) -> ReconstructionInput:
    """Returns the input of a clip of 10 frames, with changes."""
    track = simulated_track(waving_motion(10), static_camera(), INTRINSICS)
    return replace(ReconstructionInput((track,), IMAGE_SIZE, 10, FPS), **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tracks": ()}, "tracks is empty"),
        ({"frame_count": 9}, "a track covers frames 0 to 9 of a clip of 9"),
        ({"shot_starts": (6, 4)}, "shot_starts"),
        ({"shot_starts": (11,)}, "shot_starts"),
        ({"background": EMPTY_BACKGROUND}, "background has 3 frames, expected 10"),
        ({"measured": MeasuredInputs(contacts=())}, "0 measured contacts for 1 tracks"),
    ],
)
def test_rejects_inconsistent_input(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDataError, match=message):
        shot(**changes)


def test_rejects_several_shots() -> None:
    with pytest.raises(InvalidDataError, match="2 shots, expected one"):
        reconstruct(shot(shot_starts=(5,)))

"""Labelled windows: targets are the ground truth, also of flipped and rolled windows."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.lifting import lifter
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.training.detections import WINDOW_FRAMES, save_detections
from bodydouble.training.windows import (
    Window,
    camera_rolled,
    compute_log_bone_scales,
    flip_horizontally,
    read_windows,
    stack_windows,
)
from tests.builders import assert_same
from tests.training.scenes import detected_clip, detected_window

FLIP_SIGNS = np.array([-1.0, 1.0, 1.0])


def features_of(window: Window) -> FloatArray:
    age = np.zeros(len(window.confidence))
    return lifter.build_features(
        window.points, window.confidence, window.landmarks_3d, window.direction, window.scale, age
    )


def joint_positions(window: Window) -> FloatArray:
    """Joint positions (T, 22, 3) from the hips, in person sizes."""
    positions = [
        kinematics.forward_kinematics(Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets), rotations, np.zeros(3))[0]
        for offsets, rotations in zip(window.offsets, window.rotations, strict=True)
    ]
    return np.stack(positions)


def test_flipping_twice_restores_the_window() -> None:
    window = detected_window(noise=2.0)
    for field in fields(Window):
        assert_same(getattr(flip_horizontally(flip_horizontally(window)), field.name), getattr(window, field.name), 0.0)


def test_features_of_a_flipped_window_are_the_flipped_input_of_the_lifter() -> None:
    window = detected_window(noise=2.0)
    parts = lifter.mirror_input(window.points, window.confidence, window.landmarks_3d, window.direction)
    expected = lifter.build_features(*parts, window.scale, np.zeros(len(window.confidence)))
    assert_same(features_of(flip_horizontally(window)), expected, 0.0)
    assert np.abs(features_of(flip_horizontally(window)) - features_of(window)).max() > 0.1


def test_flipped_targets_are_mirrored() -> None:
    window = detected_window()
    flipped = flip_horizontally(window)
    swap = list(blazepose.MIRROR)
    assert_same(joint_positions(flipped), joint_positions(window)[:, list(humanoid.MIRROR)] * FLIP_SIGNS, 1e-9)
    assert_same(flipped.true_points, window.true_points[:, swap] * FLIP_SIGNS[:2], 0.0)
    assert_same(flipped.depths, window.depths[:, swap], 0.0)
    assert_same(flipped.gravity_up, window.gravity_up * FLIP_SIGNS, 0.0)
    assert_same(flipped.velocity, window.velocity * FLIP_SIGNS, 0.0)
    assert_same(flipped.contacts, window.contacts[:, [2, 3, 0, 1]], 0.0)


def test_points_without_noise_are_the_true_points() -> None:
    window = detected_window()
    assert_same(window.points, window.true_points, 1e-9)


def test_joints_are_near_the_corresponding_landmarks() -> None:
    window = detected_window()
    landmarks = np.concatenate(
        [window.true_points * (1 + window.scale * window.depths[..., None]), window.depths[..., None]], -1
    )
    pairs = {"leftLowerArm": "left_elbow", "rightHand": "right_wrist", "leftLowerLeg": "left_knee"}
    hips = [humanoid.INDEX["leftUpperLeg"], humanoid.INDEX["rightUpperLeg"]]
    relative = joint_positions(window) - joint_positions(window)[:, hips].mean(axis=1, keepdims=True)
    for joint, landmark in pairs.items():
        offset = relative[:, humanoid.INDEX[joint]] - landmarks[:, blazepose.INDEX[landmark]]
        # A person size is about 0.45 m.
        assert np.linalg.norm(offset, axis=-1).max() < 0.25


def test_gravity_is_unit_and_rotations_are_normalised() -> None:
    window = detected_window()
    assert_same(np.linalg.norm(window.gravity_up, axis=-1), 1.0, 1e-9)
    assert_same(np.linalg.norm(window.rotations, axis=-1), 1.0, 1e-9)
    assert_same(rotation.to_matrix(window.rotations)[:, 1:], rotation.to_matrix(detected_clip().rotations)[:, 1:], 1e-9)


def test_log_bone_scales_are_those_of_the_skeleton() -> None:
    ratios = np.linspace(0.8, 1.2, len(proportions.BONES))
    assert_same(
        compute_log_bone_scales(proportions.skeleton_from_bone_scales(ratios).rest_offsets), np.log(ratios), 1e-9
    )


def test_stacked_windows_keep_their_order() -> None:
    windows = [detected_window(seed) for seed in range(3)]
    for field in fields(Window):
        stacked = getattr(stack_windows(windows), field.name)
        for number, window in enumerate(windows):
            assert_same(stacked[number], getattr(window, field.name), 0.0)


def test_saved_detections_are_read_as_windows(tmp_path: Path) -> None:
    clips = [
        detected_clip(WINDOW_FRAMES),
        detected_clip(WINDOW_FRAMES - 1, seed=1),
        detected_clip(WINDOW_FRAMES + 5, seed=2),
    ]
    save_detections(tmp_path / "seen.npz", clips)
    windows = read_windows(tmp_path / "seen.npz")
    assert len(windows) == 2
    for window, clip in zip(windows, (clips[0], clips[2]), strict=True):
        assert window.points.shape == (WINDOW_FRAMES, 33, 2)
        assert_same(window.confidence, clip.keypoints[-WINDOW_FRAMES:, :, 2], 1e-6)
        assert_same(window.landmarks_3d, clip.landmarks_3d[-WINDOW_FRAMES:], 1e-6)
        assert_same(window.contacts, clip.contacts[-WINDOW_FRAMES:], 1e-6)
        assert_same(window.points, window.true_points, 1e-4)


def test_rolling_back_restores_the_window() -> None:
    window = detected_window(noise=2.0)
    for field in fields(Window):
        assert_same(
            getattr(camera_rolled(camera_rolled(window, 0.8), -0.8), field.name), getattr(window, field.name), 1e-9
        )


def test_camera_roll_rotates_the_body_about_the_viewing_axis() -> None:
    window = detected_window()
    roll = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, 0.0, 0.8])))
    rolled = camera_rolled(window, 0.8)
    np.testing.assert_allclose(joint_positions(rolled), joint_positions(window) @ roll.T, atol=1e-9)
    np.testing.assert_allclose(rolled.true_points, window.true_points @ roll[:2, :2].T, atol=1e-12)
    np.testing.assert_array_equal(rolled.depths, window.depths)

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


def features_of(made: Window) -> FloatArray:
    age = np.zeros(len(made.confidence))
    return lifter.build_features(made.points, made.confidence, made.landmarks_3d, made.direction, made.scale, age)


def joint_positions(made: Window) -> FloatArray:
    """Joint positions (T, 22, 3) from the hips, in person sizes."""
    positions = [
        kinematics.forward_kinematics(Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets), rotations, np.zeros(3))[0]
        for offsets, rotations in zip(made.offsets, made.rotations, strict=True)
    ]
    return np.stack(positions)


def test_flipping_twice_restores_the_window() -> None:
    made = detected_window(noise=2.0)
    for field in fields(Window):
        assert_same(getattr(flip_horizontally(flip_horizontally(made)), field.name), getattr(made, field.name), 0.0)


def test_features_of_a_flipped_window_are_the_flipped_input_of_the_lifter() -> None:
    made = detected_window(noise=2.0)
    parts = lifter.mirror_input(made.points, made.confidence, made.landmarks_3d, made.direction)
    expected = lifter.build_features(*parts, made.scale, np.zeros(len(made.confidence)))
    assert_same(features_of(flip_horizontally(made)), expected, 0.0)
    assert np.abs(features_of(flip_horizontally(made)) - features_of(made)).max() > 0.1


def test_flipped_targets_are_mirrored() -> None:
    made = detected_window()
    other = flip_horizontally(made)
    swap = list(blazepose.MIRROR)
    assert_same(joint_positions(other), joint_positions(made)[:, list(humanoid.MIRROR)] * FLIP_SIGNS, 1e-9)
    assert_same(other.true_points, made.true_points[:, swap] * FLIP_SIGNS[:2], 0.0)
    assert_same(other.depths, made.depths[:, swap], 0.0)
    assert_same(other.gravity_up, made.gravity_up * FLIP_SIGNS, 0.0)
    assert_same(other.velocity, made.velocity * FLIP_SIGNS, 0.0)
    assert_same(other.contacts, made.contacts[:, [2, 3, 0, 1]], 0.0)


def test_points_without_noise_are_the_true_points() -> None:
    made = detected_window()
    assert_same(made.points, made.true_points, 1e-9)


def test_joints_are_near_the_corresponding_landmarks() -> None:
    made = detected_window()
    landmarks = np.concatenate(
        [made.true_points * (1 + made.scale * made.depths[..., None]), made.depths[..., None]], -1
    )
    pairs = {"leftLowerArm": "left_elbow", "rightHand": "right_wrist", "leftLowerLeg": "left_knee"}
    hips = [humanoid.INDEX["leftUpperLeg"], humanoid.INDEX["rightUpperLeg"]]
    relative = joint_positions(made) - joint_positions(made)[:, hips].mean(axis=1, keepdims=True)
    for joint, landmark in pairs.items():
        offset = relative[:, humanoid.INDEX[joint]] - landmarks[:, blazepose.INDEX[landmark]]
        # A person size is about 0.45 m.
        assert np.linalg.norm(offset, axis=-1).max() < 0.25


def test_gravity_is_unit_and_rotations_are_normalised() -> None:
    made = detected_window()
    assert_same(np.linalg.norm(made.gravity_up, axis=-1), 1.0, 1e-9)
    assert_same(np.linalg.norm(made.rotations, axis=-1), 1.0, 1e-9)
    assert_same(rotation.to_matrix(made.rotations)[:, 1:], rotation.to_matrix(detected_clip().rotations)[:, 1:], 1e-9)


def test_log_bone_scales_are_those_of_the_skeleton() -> None:
    ratios = np.linspace(0.8, 1.2, len(proportions.BONES))
    assert_same(
        compute_log_bone_scales(proportions.skeleton_from_bone_scales(ratios).rest_offsets), np.log(ratios), 1e-9
    )


def test_stacked_windows_keep_their_order() -> None:
    windows = [detected_window(seed) for seed in range(3)]
    for field in fields(Window):
        many = getattr(stack_windows(windows), field.name)
        for number, one in enumerate(windows):
            assert_same(many[number], getattr(one, field.name), 0.0)


def test_saved_detections_are_read_as_windows(tmp_path: Path) -> None:
    clips = [
        detected_clip(WINDOW_FRAMES),
        detected_clip(WINDOW_FRAMES - 1, seed=1),
        detected_clip(WINDOW_FRAMES + 5, seed=2),
    ]
    save_detections(tmp_path / "seen.npz", clips)
    found = read_windows(tmp_path / "seen.npz")
    assert len(found) == 2
    for one, clip in zip(found, (clips[0], clips[2]), strict=True):
        assert one.points.shape == (WINDOW_FRAMES, 33, 2)
        assert_same(one.confidence, clip.keypoints[-WINDOW_FRAMES:, :, 2], 1e-6)
        assert_same(one.landmarks_3d, clip.landmarks_3d[-WINDOW_FRAMES:], 1e-6)
        assert_same(one.contacts, clip.contacts[-WINDOW_FRAMES:], 1e-6)
        assert_same(one.points, one.true_points, 1e-4)


def test_rolling_back_restores_the_window() -> None:
    made = detected_window(noise=2.0)
    for field in fields(Window):
        assert_same(getattr(camera_rolled(camera_rolled(made, 0.8), -0.8), field.name), getattr(made, field.name), 1e-9)


def test_camera_roll_rotates_the_body_about_the_viewing_axis() -> None:
    made = detected_window()
    roll = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, 0.0, 0.8])))
    found = camera_rolled(made, 0.8)
    np.testing.assert_allclose(joint_positions(found), joint_positions(made) @ roll.T, atol=1e-9)
    np.testing.assert_allclose(found.true_points, made.true_points @ roll[:2, :2].T, atol=1e-12)
    np.testing.assert_array_equal(found.depths, made.depths)

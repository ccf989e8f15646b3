"""Windows: what is said of a person is true, of the mirror image too."""

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
from tests.training.scenes import seen_clip, seen_window

FLIP = np.array([-1.0, 1.0, 1.0])


def features(made: Window) -> FloatArray:
    age = np.zeros(len(made.confidence))
    return lifter.build_features(made.points, made.confidence, made.landmarks_3d, made.direction, made.scale, age)


def joints(made: Window) -> FloatArray:
    """Joints (T, 22, 3) from the hips, in sizes."""
    places = [
        kinematics.forward_kinematics(Skeleton(humanoid.JOINTS, humanoid.PARENTS, offsets), turns, np.zeros(3))[0]
        for offsets, turns in zip(made.offsets, made.rotations, strict=True)
    ]
    return np.stack(places)


def test_the_mirror_image_of_the_mirror_image_is_the_window() -> None:
    made = seen_window(noise=2.0)
    for field in fields(Window):
        assert_same(getattr(flip_horizontally(flip_horizontally(made)), field.name), getattr(made, field.name), 0.0)


def test_features_of_the_mirror_image_are_what_the_lifter_asks_of_the_mirror_image() -> None:
    made = seen_window(noise=2.0)
    parts = lifter.mirror_input(made.points, made.confidence, made.landmarks_3d, made.direction)
    expected = lifter.build_features(*parts, made.scale, np.zeros(len(made.confidence)))
    assert_same(features(flip_horizontally(made)), expected, 0.0)
    assert np.abs(features(flip_horizontally(made)) - features(made)).max() > 0.1


def test_the_truth_of_the_mirror_image_is_the_mirror_image() -> None:
    made = seen_window()
    other = flip_horizontally(made)
    swap = list(blazepose.MIRROR)
    assert_same(joints(other), joints(made)[:, list(humanoid.MIRROR)] * FLIP, 1e-9)
    assert_same(other.true_points, made.true_points[:, swap] * FLIP[:2], 0.0)
    assert_same(other.depths, made.depths[:, swap], 0.0)
    assert_same(other.gravity_up, made.gravity_up * FLIP, 0.0)
    assert_same(other.velocity, made.velocity * FLIP, 0.0)
    assert_same(other.contacts, made.contacts[:, [2, 3, 0, 1]], 0.0)


def test_what_is_seen_without_noise_is_true() -> None:
    made = seen_window()
    assert_same(made.points, made.true_points, 1e-9)


def test_joints_are_near_the_landmarks_that_are_named_after_them() -> None:
    made = seen_window()
    space = np.concatenate([made.true_points * (1 + made.scale * made.depths[..., None]), made.depths[..., None]], -1)
    pairs = {"leftLowerArm": "left_elbow", "rightHand": "right_wrist", "leftLowerLeg": "left_knee"}
    hips = [humanoid.INDEX["leftUpperLeg"], humanoid.INDEX["rightUpperLeg"]]
    relative = joints(made) - joints(made)[:, hips].mean(axis=1, keepdims=True)
    for joint, landmark in pairs.items():
        off = relative[:, humanoid.INDEX[joint]] - space[:, blazepose.INDEX[landmark]]
        # A size is about 0.45 m.
        assert np.linalg.norm(off, axis=-1).max() < 0.25


def test_up_is_unit_and_turns_are_rotations() -> None:
    made = seen_window()
    assert_same(np.linalg.norm(made.gravity_up, axis=-1), 1.0, 1e-9)
    assert_same(np.linalg.norm(made.rotations, axis=-1), 1.0, 1e-9)
    assert_same(rotation.to_matrix(made.rotations)[:, 1:], rotation.to_matrix(seen_clip().rotations)[:, 1:], 1e-9)


def test_lengths_are_those_of_the_bones() -> None:
    ratios = np.linspace(0.8, 1.2, len(proportions.BONES))
    assert_same(
        compute_log_bone_scales(proportions.skeleton_from_bone_scales(ratios).rest_offsets), np.log(ratios), 1e-9
    )


def test_stacked_windows_can_be_told_apart() -> None:
    windows = [seen_window(seed) for seed in range(3)]
    for field in fields(Window):
        many = getattr(stack_windows(windows), field.name)
        for number, one in enumerate(windows):
            assert_same(many[number], getattr(one, field.name), 0.0)


def test_windows_are_read_from_what_was_saved(tmp_path: Path) -> None:
    clips = [seen_clip(WINDOW_FRAMES), seen_clip(WINDOW_FRAMES - 1, seed=1), seen_clip(WINDOW_FRAMES + 5, seed=2)]
    save_detections(tmp_path / "seen.npz", clips)
    found = read_windows(tmp_path / "seen.npz")
    assert len(found) == 2
    for one, clip in zip(found, (clips[0], clips[2]), strict=True):
        assert one.points.shape == (WINDOW_FRAMES, 33, 2)
        assert_same(one.confidence, clip.keypoints[-WINDOW_FRAMES:, :, 2], 1e-6)
        assert_same(one.landmarks_3d, clip.landmarks_3d[-WINDOW_FRAMES:], 1e-6)
        assert_same(one.contacts, clip.contacts[-WINDOW_FRAMES:], 1e-6)
        assert_same(one.points, one.true_points, 1e-4)


def test_a_window_rolled_there_and_back_is_the_window() -> None:
    made = seen_window(noise=2.0)
    for field in fields(Window):
        assert_same(getattr(camera_rolled(camera_rolled(made, 0.8), -0.8), field.name), getattr(made, field.name), 1e-9)


def test_the_body_in_a_rolled_window_is_turned_about_the_line_of_sight() -> None:
    made = seen_window()
    turn = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, 0.0, 0.8])))
    found = camera_rolled(made, 0.8)
    np.testing.assert_allclose(joints(found), joints(made) @ turn.T, atol=1e-9)
    np.testing.assert_allclose(found.true_points, made.true_points @ turn[:2, :2].T, atol=1e-12)
    np.testing.assert_array_equal(found.depths, made.depths)

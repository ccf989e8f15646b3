"""Statues and pictures are distinguished from living people by their displacement."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data import LANDMARK_COUNT, Background, FloatArray, IntArray, Track
from bodydouble.skeletons import blazepose
from bodydouble.tracking.static_detection import (
    StaticDetectionOptions,
    detect_static_people,
    landmark_displacements,
    peak_rms_displacement,
)
from tests.tracking.people import observation

FPS = 25.0
IMAGE_SIZE = (1280, 720)
SECONDS = 8.0
FRAMES = round(FPS * SECONDS)
POSE = observation((600.0, 360.0), height=400.0).keypoints[:, :2]
HEIGHT = float(np.linalg.norm(np.ptp(POSE, axis=0)))
WRIST = [blazepose.INDEX[f"left_{part}"] for part in ("wrist", "pinky", "index", "thumb")]
OPTIONS = StaticDetectionOptions()
STILLEST_LIVING = 0.0039
"""Displacement of the stillest living people, relative to their size: docs/selection.md, first row of the table."""


def statue(frames: int = FRAMES, noise: float = 0.0) -> FloatArray:
    """(T, 33, 2) px of a person who never moves; ``noise`` is a standard deviation relative to the size."""
    jitter = np.random.default_rng(0).normal(0, noise * HEIGHT, (frames, LANDMARK_COUNT, 2))
    return np.asarray(POSE + jitter)


def sway(amplitude: float, frequency: float = 0.3, frames: int = FRAMES) -> FloatArray:
    """(T,) px, displacement of a sine; the amplitude is relative to the size."""
    return np.asarray(amplitude * HEIGHT * np.sin(2 * np.pi * frequency * np.arange(frames) / FPS))


def build_track(points: FloatArray, confidence: float = 0.9) -> Track:
    count = len(points)
    keypoints = np.concatenate([points, np.full((count, LANDMARK_COUNT, 1), confidence)], axis=-1)
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=-1)
    return Track(
        np.arange(count), np.ones(count, dtype=bool), boxes, keypoints, np.zeros((count, LANDMARK_COUNT, 3))
    )  # fmt: skip


def peak_displacement(points: FloatArray, *, affine: bool = False, options: StaticDetectionOptions = OPTIONS) -> float:
    return peak_rms_displacement(landmark_displacements(points, FPS, options, affine=affine), FPS, options)


def is_static(track: Track, background: Background | None = None) -> bool:
    found = detect_static_people({"person1": track}, FPS, IMAGE_SIZE, background)
    assert all(found[name] is track for name in found)
    return bool(found)


def project(camera: FloatArray) -> FloatArray:
    """(T, 33, 2) px of a statue seen by a camera with the affine maps (T, 2, 3)."""
    return np.asarray(np.einsum("tij,kj->tki", camera, np.column_stack([POSE, np.ones(LANDMARK_COUNT)])))


def project_background(camera: FloatArray) -> Background:
    """Background with a grid of corners seen by that camera."""
    grid = np.stack(np.meshgrid(np.linspace(100, 1200, 6), np.linspace(50, 650, 5), [1.0]), axis=-1).reshape(-1, 3)
    points = np.einsum("tij,nj->tni", camera, grid)
    frames: IntArray = np.repeat(np.arange(len(camera)), len(grid))
    corners: IntArray = np.tile(np.arange(len(grid)), len(camera))
    return Background(len(camera), np.array([0]), frames, corners, points.reshape(-1, 2))


def affine_camera() -> FloatArray:
    """(T, 2, 3) affine maps of a camera that pans, rotates, zooms and shears."""
    time = np.linspace(0, 1, FRAMES)[:, None, None]
    change = np.array([[0.2, -0.1, 90.0], [0.15, 0.1, -40.0]])
    return np.asarray(np.eye(3)[:2] + time * change)


def test_a_statue_is_static() -> None:
    assert is_static(build_track(statue()))


def test_landmark_noise_is_not_motion() -> None:
    assert is_static(build_track(statue(noise=0.003)))


@pytest.mark.parametrize("seconds", [0.04, 1.0, 2.0, 4.9])
def test_people_who_are_observed_for_a_short_time_are_not_static(seconds: float) -> None:
    assert not is_static(build_track(statue(round(seconds * FPS))))


def test_swaying_like_the_stillest_living_people_is_motion() -> None:
    amplitude = np.sqrt(2) * STILLEST_LIVING
    assert not is_static(build_track(statue() + sway(amplitude)[:, None, None] * [1.0, 0.0]))


def test_a_person_who_moves_one_hand_is_not_static() -> None:
    points = statue()
    points[:, WRIST, 0] += sway(0.03)[:, None]
    assert not is_static(build_track(points))


def test_a_person_who_moves_for_one_second_is_not_static() -> None:
    points = statue(round(60 * FPS))
    points[700:725] += 0.05 * HEIGHT
    assert not is_static(build_track(points))


def test_a_person_who_is_carried_through_the_image_is_not_static() -> None:
    points = statue() + np.linspace(0, 100, FRAMES)[:, None, None]
    standing = np.tile(np.eye(3)[:2], (FRAMES, 1, 1))
    for background in (None, project_background(standing)):
        assert not is_static(build_track(points), background)


def test_a_picture_seen_by_a_moving_camera_is_static() -> None:
    camera = affine_camera()
    assert is_static(build_track(project(camera)), project_background(camera))
    assert not is_static(build_track(project(camera)), None)


def test_a_changing_pose_seen_by_a_moving_camera_is_not_static() -> None:
    camera = affine_camera()
    points = project(camera)
    points[:, WRIST, 1] += sway(0.02)[:, None]
    assert not is_static(build_track(points), project_background(camera))


def test_a_background_without_corners_means_a_static_camera() -> None:
    nothing = Background(FRAMES, np.array([0]), np.empty(0, int), np.empty(0, int), np.empty((0, 2)))
    assert is_static(build_track(statue()), nothing)
    assert not is_static(build_track(project(affine_camera())), nothing)


def test_frames_of_low_confidence_do_not_count() -> None:
    points = statue()
    points[30:45] += 0.2 * HEIGHT
    track = build_track(points)
    assert not is_static(track)
    track.keypoints[30:45, :, 2] = 0.1
    assert is_static(track)


def test_landmarks_of_low_confidence_do_not_count() -> None:
    points = statue()
    points[:, WRIST] += np.random.default_rng(1).normal(0, 0.1 * HEIGHT, (FRAMES, len(WRIST), 2))
    track = build_track(points)
    assert not is_static(track)
    track.keypoints[:, WRIST, 2] = 0.2
    assert is_static(track)


def test_people_who_are_hardly_visible_are_not_static() -> None:
    assert not is_static(build_track(statue(), confidence=0.3))
    mostly_hidden = build_track(statue(round(60 * FPS)))
    mostly_hidden.keypoints[::2, :, 2] = 0.1
    assert not is_static(mostly_hidden)


def test_frames_without_observation_do_not_count() -> None:
    track = build_track(statue())
    observed = np.arange(FRAMES) % 10 > 0
    keypoints = np.where(observed[:, None, None], track.keypoints, [np.nan, np.nan, 0.0])
    assert is_static(replace(track, observed=observed, keypoints=keypoints))


@given(st.floats(0.2, 5.0), st.floats(-500, 500))
def test_the_displacement_is_relative_to_the_size_and_independent_of_the_position(scale: float, shift: float) -> None:
    points = statue(noise=0.002) + sway(0.01)[:, None, None]
    for affine in (False, True):
        assert peak_displacement(scale * points + shift, affine=affine) == pytest.approx(
            peak_displacement(points, affine=affine), rel=1e-6
        )


@given(st.floats(-3.2, 3.2))
def test_affine_changes_are_removed_at_any_rotation_of_the_person(angle: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert peak_displacement(project(affine_camera()) @ turn, affine=True) < 1e-9


def test_the_displacement_of_a_sine_is_its_amplitude_over_root_two() -> None:
    frames = round(8 * FPS)
    points = statue(frames) + sway(0.01, frequency=0.25, frames=frames)[:, None, None] * np.array([1.0, 0.0])
    assert peak_displacement(points, options=replace(OPTIONS, smoothing_window=0.0)) == pytest.approx(
        0.01 / np.sqrt(2), rel=0.01
    )
    assert peak_displacement(points, affine=True) < 1e-9


def test_landmarks_that_settle_in_the_first_second_do_not_count() -> None:
    points = statue()
    points[:20] += 0.02 * HEIGHT
    assert is_static(build_track(points))
    points[20:40] += 0.02 * HEIGHT
    assert not is_static(build_track(points))


def test_a_person_who_moves_only_the_head_a_little_is_not_static() -> None:
    points = statue()
    head = slice(0, 11)
    points[:, head, 0] += sway(0.0035)[:, None]
    assert peak_displacement(points) < OPTIONS.max_displacement
    assert not is_static(build_track(points))


def test_people_whose_head_is_not_visible_are_not_static() -> None:
    track = build_track(statue())
    track.keypoints[:, :13, 2] = 0.1
    assert not is_static(track)

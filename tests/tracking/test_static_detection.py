"""Statues and pictures, told from people by how little they move."""

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
SIZE = (1280, 720)
SECONDS = 8.0
FRAMES = round(FPS * SECONDS)
POSE = observation((600.0, 360.0), height=400.0).keypoints[:, :2]
HEIGHT = float(np.linalg.norm(np.ptp(POSE, axis=0)))
WRIST = [blazepose.INDEX[f"left_{part}"] for part in ("wrist", "pinky", "index", "thumb")]
OPTIONS = StaticDetectionOptions()


def statue(frames: int = FRAMES, noise: float = 0.0) -> FloatArray:
    """(T, 33, 2) px, with noise of a standard deviation relative to the size."""
    trembling = np.random.default_rng(0).normal(0, noise * HEIGHT, (frames, LANDMARK_COUNT, 2))
    return np.asarray(POSE + trembling)


def sway(amplitude: float, hertz: float = 0.3, frames: int = FRAMES) -> FloatArray:
    """(T,) px; amplitude relative to the size."""
    return np.asarray(amplitude * HEIGHT * np.sin(2 * np.pi * hertz * np.arange(frames) / FPS))


def tracked(points: FloatArray, confidence: float = 0.9) -> Track:
    count = len(points)
    keypoints = np.concatenate([points, np.full((count, LANDMARK_COUNT, 1), confidence)], axis=-1)
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=-1)
    return Track(
        np.arange(count), np.ones(count, dtype=bool), boxes, keypoints, np.zeros((count, LANDMARK_COUNT, 3))
    )  # fmt: skip


def moved(points: FloatArray, *, affine: bool = False, options: StaticDetectionOptions = OPTIONS) -> float:
    return peak_rms_displacement(landmark_displacements(points, FPS, options, affine=affine), FPS, options)


def never_moves(track: Track, background: Background | None = None) -> bool:
    found = detect_static_people({"somebody": track}, FPS, SIZE, background)
    assert all(found[name] is track for name in found)
    return bool(found)


def seen_by(camera: FloatArray) -> FloatArray:
    """(T, 33, 2) px of a statue before a camera of affine maps (T, 2, 3)."""
    return np.asarray(np.einsum("tij,kj->tki", camera, np.column_stack([POSE, np.ones(LANDMARK_COUNT)])))


def background_of(camera: FloatArray) -> Background:
    """A grid of corners before that camera."""
    grid = np.stack(np.meshgrid(np.linspace(100, 1200, 6), np.linspace(50, 650, 5), [1.0]), axis=-1).reshape(-1, 3)
    points = np.einsum("tij,nj->tni", camera, grid)
    frames: IntArray = np.repeat(np.arange(len(camera)), len(grid))
    corners: IntArray = np.tile(np.arange(len(grid)), len(camera))
    return Background(len(camera), np.array([0]), frames, corners, points.reshape(-1, 2))


def wandering() -> FloatArray:
    """(T, 2, 3) a camera over a photograph: it pans, turns, zooms and shears."""
    time = np.linspace(0, 1, FRAMES)[:, None, None]
    change = np.array([[0.2, -0.1, 90.0], [0.15, 0.1, -40.0]])
    return np.asarray(np.eye(3)[:2] + time * change)


def test_a_statue_never_moves() -> None:
    assert never_moves(tracked(statue()))


def test_noise_of_landmarks_is_no_movement() -> None:
    assert never_moves(tracked(statue(noise=0.003)))


@pytest.mark.parametrize("seconds", [0.04, 1.0, 2.0, 4.9])
def test_of_somebody_seen_for_a_short_time_nothing_is_said(seconds: float) -> None:
    assert not never_moves(tracked(statue(round(seconds * FPS))))


def test_swaying_as_people_do_is_movement() -> None:
    assert not never_moves(tracked(statue() + sway(0.004)[:, None, None]))


def test_one_hand_that_moves_is_enough() -> None:
    points = statue()
    points[:, WRIST, 0] += sway(0.03)[:, None]
    assert not never_moves(tracked(points))


def test_one_moment_of_movement_is_enough() -> None:
    points = statue(round(60 * FPS))
    points[700:725] += 0.05 * HEIGHT
    assert not never_moves(tracked(points))


def test_somebody_carried_through_the_picture_moves() -> None:
    points = statue() + np.linspace(0, 100, FRAMES)[:, None, None]
    standing = np.tile(np.eye(3)[:2], (FRAMES, 1, 1))
    for background in (None, background_of(standing)):
        assert not never_moves(tracked(points), background)


def test_a_picture_before_a_moving_camera_never_moves() -> None:
    camera = wandering()
    assert never_moves(tracked(seen_by(camera)), background_of(camera))
    assert not never_moves(tracked(seen_by(camera)), None)


def test_a_pose_that_changes_before_a_moving_camera_is_movement() -> None:
    camera = wandering()
    points = seen_by(camera)
    points[:, WRIST, 1] += sway(0.02)[:, None]
    assert not never_moves(tracked(points), background_of(camera))


def test_a_background_without_corners_says_that_the_camera_stands_still() -> None:
    nothing = Background(FRAMES, np.array([0]), np.empty(0, int), np.empty(0, int), np.empty((0, 2)))
    assert never_moves(tracked(statue()), nothing)
    assert not never_moves(tracked(seen_by(wandering())), nothing)


def test_what_is_guessed_behind_others_does_not_count() -> None:
    points = statue()
    points[30:45] += 0.2 * HEIGHT
    track = tracked(points)
    assert not never_moves(track)
    track.keypoints[30:45, :, 2] = 0.1
    assert never_moves(track)


def test_landmarks_never_seen_do_not_count() -> None:
    points = statue()
    points[:, WRIST] += np.random.default_rng(1).normal(0, 0.1 * HEIGHT, (FRAMES, len(WRIST), 2))
    track = tracked(points)
    assert not never_moves(track)
    track.keypoints[:, WRIST, 2] = 0.2
    assert never_moves(track)


def test_of_somebody_hardly_seen_nothing_is_said() -> None:
    assert not never_moves(tracked(statue(), confidence=0.3))
    mostly_hidden = tracked(statue(round(60 * FPS)))
    mostly_hidden.keypoints[::2, :, 2] = 0.1
    assert not never_moves(mostly_hidden)


def test_frames_without_observation_do_not_count() -> None:
    track = tracked(statue())
    observed = np.arange(FRAMES) % 10 > 0
    keypoints = np.where(observed[:, None, None], track.keypoints, [np.nan, np.nan, 0.0])
    assert never_moves(replace(track, observed=observed, keypoints=keypoints))


@given(st.floats(0.2, 5.0), st.floats(-500, 500))
def test_movement_is_relative_to_size_and_the_same_at_all_places(scale: float, shift: float) -> None:
    points = statue(noise=0.002) + sway(0.01)[:, None, None]
    for affine in (False, True):
        assert moved(scale * points + shift, affine=affine) == pytest.approx(moved(points, affine=affine), rel=1e-6)


@given(st.floats(-3.2, 3.2))
def test_an_affine_change_is_none_whichever_way_the_person_lies(angle: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert moved(seen_by(wandering()) @ turn, affine=True) < 1e-9


def test_movement_is_the_amplitude_over_root_two() -> None:
    frames = round(8 * FPS)
    points = statue(frames) + sway(0.01, hertz=0.25, frames=frames)[:, None, None] * np.array([1.0, 0.0])
    assert moved(points, options=replace(OPTIONS, smoothing_window=0.0)) == pytest.approx(0.01 / np.sqrt(2), rel=0.01)
    assert moved(points, affine=True) < 1e-9


def test_landmarks_that_settle_after_somebody_was_found_do_not_count() -> None:
    points = statue()
    points[:20] += 0.02 * HEIGHT
    assert never_moves(tracked(points))
    points[20:40] += 0.02 * HEIGHT
    assert not never_moves(tracked(points))


def test_a_head_that_moves_a_little_is_enough() -> None:
    points = statue()
    head = slice(0, 11)
    points[:, head, 0] += sway(0.0035)[:, None]
    assert moved(points) < OPTIONS.max_displacement
    assert not never_moves(tracked(points))


def test_of_somebody_whose_head_is_not_seen_nothing_is_said() -> None:
    track = tracked(statue())
    track.keypoints[:, :13, 2] = 0.1
    assert not never_moves(track)

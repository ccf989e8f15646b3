"""Laws of the up direction: rolled cameras, mirrored images, evidence that is absent."""

from dataclasses import replace
from functools import cache
from typing import cast

import numpy as np
import pytest

from bodydouble.data import FloatArray, LineSegments
from bodydouble.geometry import rotation
from bodydouble.motion.camera.vanishing_points import BackgroundLines
from bodydouble.motion.fit.terms import SOLE_LANDMARKS
from bodydouble.motion.floor.balance import BalanceAxes
from bodydouble.motion.floor.up_direction import (
    estimate_up,
    mean_direction,
    roll_and_pitch,
    up_from_angles,
    upright_axes,
)
from bodydouble.motion.lifting.fit_input import FitInput
from bodydouble.motion.lifting.lift import prepare_fit
from bodydouble.motion.lifting.upright import camera_roll, is_rolled, turn_upright
from bodydouble.motion.reconstruct import ReconstructionInput, default_intrinsics, reconstruct
from tests.motion.camera.test_vanishing_points import building_lines, clutter
from tests.motion.scenes import FPS, IMAGE_SIZE, flipped_track, simulated_track, static_camera, waving_motion

INTRINSICS = default_intrinsics(IMAGE_SIZE)
STATIC = np.tile(np.eye(4), (60, 1, 1))
PITCH = 0.15


def rolled_camera(roll: float) -> FloatArray:
    """Returns camera_from_world (4, 4) of a camera that is rolled by an angle in rad and looks down by PITCH."""
    turn = np.eye(4)
    turn[:3, :3] = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, 0.0, roll])))
    return turn @ static_camera(yaw=0.4, pitch=PITCH, height=1.6, distance=5.0)


@cache
def lifted_person(roll: float) -> FitInput:
    track = simulated_track(waving_motion(), rolled_camera(roll), INTRINSICS)
    return prepare_fit(track, INTRINSICS, float(FPS), STATIC)


def lines_of(segments: LineSegments) -> BackgroundLines:
    return BackgroundLines.from_segments(segments, INTRINSICS, STATIC)


def error_deg(up: FloatArray, roll: float) -> float:
    return float(np.degrees(np.arccos(np.clip(up @ rolled_camera(roll)[:3, 1], -1.0, 1.0))))


@pytest.mark.parametrize("roll_deg", [-25.0, -10.0, 0.0, 15.0])
def test_lines_and_people_recover_a_rolled_camera(roll_deg: float) -> None:
    roll = float(np.radians(roll_deg))
    estimate = estimate_up([lifted_person(roll)], STATIC, lines_of(building_lines(roll, PITCH)))
    assert error_deg(estimate.up, roll) < 2.0
    assert np.degrees([estimate.roll_sigma, estimate.pitch_sigma]).max() < 3.0


@pytest.mark.parametrize("roll_deg", [-25.0, 0.0, 20.0])
def test_balance_alone_shows_the_roll(roll_deg: float) -> None:
    estimate = estimate_up([lifted_person(float(np.radians(roll_deg)))], STATIC)
    assert np.degrees(roll_and_pitch(estimate.up)[0]) == pytest.approx(roll_deg, abs=5.0)


@pytest.mark.parametrize("roll_deg", [0.0, -25.0])
def test_clutter_changes_little(roll_deg: float) -> None:
    person = lifted_person(float(np.radians(roll_deg)))
    plain, cluttered = estimate_up([person], STATIC), estimate_up([person], STATIC, lines_of(clutter()))
    assert np.degrees(np.arccos(np.clip(plain.up @ cluttered.up, -1.0, 1.0))) < 4.0


def test_no_lines_are_the_same_as_none_detected() -> None:
    none = LineSegments(np.empty(0, int), np.empty((0, 2, 2)), 1.0)
    person = lifted_person(0.0)
    first, second = estimate_up([person], STATIC), estimate_up([person], STATIC, lines_of(none))
    np.testing.assert_array_equal(first.up, second.up)


def test_a_stretched_person_who_lies_is_not_balanced() -> None:
    person = lifted_person(0.0)
    turn = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, 0.0, np.radians(80.0)])))
    rotations = person.start.rotations.copy()
    rotations[:, 0] = turn @ rotations[:, 0]
    lying = replace(person, start=replace(person.start, rotations=rotations))
    assert BalanceAxes.of(lying).weights.max() < 1e-3
    assert BalanceAxes.of(person).weights.max() > 0.5
    assert error_deg(estimate_up([lying], STATIC).up, 0.0) < 8.0


class LinesThatLookUp:
    """Lines that a camera explains which looks up, such as tips of trees in one row."""

    def log_likelihood(self, ups: FloatArray, _: float = 0.0) -> FloatArray:
        return np.where(roll_and_pitch(ups)[:, 1] < -0.35, 12.0, 0.0)


def test_feet_that_are_seen_stay_below_the_horizon() -> None:
    person, lines = lifted_person(0.0), cast(BackgroundLines, LinesThatLookUp())
    confidence = person.confidence.copy()
    confidence[:, 27:] = 0.0
    hidden = estimate_up([replace(person, confidence=confidence)], STATIC, lines)
    assert roll_and_pitch(hidden.up)[1] < -0.35
    seen = estimate_up([person], STATIC, lines)
    feet = person.targets.points[:, list(SOLE_LANDMARKS)]
    rays = np.concatenate([feet, np.ones((*feet.shape[:2], 1))], axis=-1)
    assert (rays @ seen.up).max() < 0.0
    assert error_deg(seen.up, 0.0) < 8.0


@pytest.mark.parametrize("roll_deg", [-20.0, 4.0])
def test_a_mirrored_image_mirrors_the_up_direction(roll_deg: float) -> None:
    roll = float(np.radians(roll_deg))
    track = flipped_track(simulated_track(waving_motion(), rolled_camera(roll), INTRINSICS), IMAGE_SIZE[0])
    mirrored = estimate_up([prepare_fit(track, INTRINSICS, float(FPS), STATIC)], STATIC)
    np.testing.assert_allclose(mirrored.up * [-1.0, 1.0, 1.0], estimate_up([lifted_person(roll)], STATIC).up, atol=1e-6)


def test_the_world_of_a_rolled_camera_is_upright() -> None:
    roll = float(np.radians(-20.0))
    track = simulated_track(waving_motion(), rolled_camera(roll), INTRINSICS)
    lines = building_lines(roll, PITCH)
    view, (motion,) = reconstruct(ReconstructionInput((track,), IMAGE_SIZE, 60, FPS, lines=lines))
    assert error_deg(view.camera_from_world[0, :3, 1], roll) < 3.0
    up_of_hips = rotation.rotate(motion.rotations[:, 0], np.array([0.0, 1.0, 0.0]))
    assert np.degrees(np.arccos(up_of_hips[:, 1])).max() < 12.0


def test_angles_and_directions_are_inverse() -> None:
    angles = np.random.default_rng(0).uniform(-1.2, 1.2, (50, 2))
    np.testing.assert_allclose(roll_and_pitch(up_from_angles(angles)), angles, atol=1e-12)
    np.testing.assert_allclose(camera_roll(up_from_angles(angles)), angles[:, 0], atol=1e-12)


def test_upright_axes_are_a_level_camera() -> None:
    downwards = np.array([0.0, 0.0, -1.0])
    for up in (*up_from_angles(np.random.default_rng(0).uniform(-1.0, 1.0, (20, 2))), downwards):
        axes = upright_axes(up)
        np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(axes.T @ up, [0.0, -1.0, 0.0], atol=1e-12)
        assert np.linalg.det(axes) == pytest.approx(1.0)


def test_images_are_turned_upright_beyond_a_small_roll() -> None:
    rolled, level = (up_from_angles(np.array([roll, 0.2])) for roll in (0.4, 0.1))
    turn = turn_upright(STATIC, rolled)[0]
    np.testing.assert_allclose(camera_roll(turn.T @ rolled), 0.0, atol=1e-12)
    assert not is_rolled(STATIC, level)
    np.testing.assert_array_equal(turn_upright(STATIC, level), np.tile(np.eye(3), (60, 1, 1)))
    np.testing.assert_array_equal(turn_upright(STATIC, None), np.tile(np.eye(3), (60, 1, 1)))


def test_a_turned_image_of_a_rolled_camera_is_lifted_as_that_of_a_level_one() -> None:
    roll = 0.4
    track = simulated_track(waving_motion(), rolled_camera(roll), INTRINSICS)
    person = prepare_fit(track, INTRINSICS, float(FPS), STATIC, up=up_from_angles(np.array([roll, PITCH])))
    turn = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, 0.0, roll])))
    np.testing.assert_allclose(person.start.root, lifted_person(0.0).start.root @ turn.T, atol=1e-6)
    np.testing.assert_allclose(person.up, lifted_person(0.0).up @ turn.T, atol=1e-6)


def test_a_standing_person_is_balanced_upright_and_one_without_contact_is_not_used() -> None:
    person = lifted_person(0.0)
    balance = BalanceAxes.of(person)
    axis = mean_direction(balance.axes, balance.weights, 0.2)
    assert np.degrees(np.arccos(axis @ rolled_camera(0.0)[:3, 1])) < 8.0
    lying = replace(person, targets=replace(person.targets, contacts=np.zeros_like(person.targets.contacts)))
    assert BalanceAxes.of(lying).weights.max() < 1e-3

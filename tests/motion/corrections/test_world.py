"""Laws of corrections of the world: level of the floor, heights of people, focal length."""

from dataclasses import replace
from math import hypot

import numpy as np
import pytest

from bodydouble.data import FULL_FRAME_DIAGONAL_MM, FloatArray, Performance
from bodydouble.data.corrections import Correction, FloorLevel, FocalLength, PersonHeight
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera
from bodydouble.motion.body import proportions
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.corrections.apply import apply_corrections
from bodydouble.motion.floor.contacts import sole_positions
from tests import builders
from tests.motion.corrections.takes import FRAMES, INTRINSICS, assert_same_person, fitted_take, joints, true_take

A, B = "person1", "person2"


def pixels(take: Performance, person: int = 0) -> FloatArray:
    """Image points (T, 33, 2) of a person's landmarks."""
    motion, frames = take.people[person].motion, take.people[person].track.frames
    points = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    return camera.project(take.camera.intrinsics, camera.transform(take.camera.camera_from_world[frames], points))


def heights(take: Performance) -> list[float]:
    return [proportions.stature(person.motion.skeleton) for person in take.people]


def test_floor_level_moves_people_and_camera_down() -> None:
    take = true_take()
    corrected = apply_corrections(take, [FloorLevel(0.1)])
    for person in range(2):
        np.testing.assert_allclose(joints(corrected, person), joints(take, person) - [0, 0.1, 0], atol=1e-12)
        np.testing.assert_allclose(pixels(corrected, person), pixels(take, person), atol=1e-9)


def test_moving_the_floor_back_undoes_it() -> None:
    take = true_take()
    corrected = apply_corrections(take, [FloorLevel(0.1), FloorLevel(-0.1)])
    np.testing.assert_allclose(joints(corrected), joints(take), atol=1e-12)


def test_height_of_one_person_scales_the_world() -> None:
    take = true_take()
    take = replace(take, people=(replace(take.people[0], hands=builders.hands(FRAMES)), take.people[1]))
    factor = 1.1
    corrected = apply_corrections(take, [PersonHeight(A, factor * heights(take)[0])])
    for person in range(2):
        np.testing.assert_allclose(joints(corrected, person), factor * joints(take, person), atol=1e-12)
        np.testing.assert_allclose(pixels(corrected, person), pixels(take, person), atol=1e-9)
    hands, before = corrected.people[0].hands, take.people[0].hands
    assert hands is not None
    assert before is not None
    np.testing.assert_allclose(hands.rest_offsets, factor * before.rest_offsets)


def test_heights_of_two_people_hold_and_feet_stay_on_the_floor() -> None:
    take = true_take()
    wanted = [PersonHeight(A, 1.9), PersonHeight(B, 1.6)]
    corrected, other = apply_corrections(take, wanted), apply_corrections(take, wanted[::-1])
    assert heights(corrected) == pytest.approx([1.9, 1.6])
    for person in range(2):
        motions = (corrected.people[person].motion, take.people[person].motion)
        after, before = (sole_positions(m.skeleton, m.rotations, m.root_position)[:, 2:] for m in motions)
        np.testing.assert_allclose(after[..., 1], before[..., 1] * 1.1, atol=2e-3)
        assert np.abs(np.diff(after, axis=0)).max() < 1.2 * np.abs(np.diff(before, axis=0)).max() + 1e-9
        np.testing.assert_allclose(joints(corrected, person), joints(other, person), atol=1e-12)


def test_height_that_a_person_has_changes_nothing() -> None:
    take = true_take()
    corrected = apply_corrections(take, [PersonHeight(A, heights(take)[0])])
    np.testing.assert_allclose(joints(corrected), joints(take), atol=1e-12)


def full_frame_mm(focal_length_px: float) -> float:
    return focal_length_px * FULL_FRAME_DIAGONAL_MM / hypot(*true_take().camera.image_size)


def test_focal_length_places_people_farther_away_and_keeps_the_image() -> None:
    take = fitted_take()
    ratio = 1.3
    corrected = apply_corrections(take, [FocalLength(full_frame_mm(ratio * INTRINSICS[0, 0]))])
    assert corrected.camera.intrinsics[0, 0] == pytest.approx(ratio * INTRINSICS[0, 0])
    for person in range(2):
        poses = (take.camera.camera_from_world, corrected.camera.camera_from_world)
        before, after = (
            camera.transform(pose, joints(t, person))[:, 0, 2].mean()
            for pose, t in zip(poses, (take, corrected), strict=True)
        )
        assert after / before == pytest.approx(ratio, abs=0.05)
        observed = take.people[person].track.keypoints[..., :2]
        errors = [np.median(np.linalg.norm(pixels(t, person) - observed, axis=-1)) for t in (take, corrected)]
        assert errors[1] < errors[0] + 3.0
        motion = corrected.people[person].motion
        soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)[:, 2:]
        assert np.abs(soles[..., 1]).mean() < 0.03
    assert heights(corrected) == pytest.approx(heights(take))


def test_focal_length_that_the_camera_has_changes_nothing() -> None:
    take = true_take()
    corrected = apply_corrections(take, [FocalLength(full_frame_mm(INTRINSICS[0, 0]))])
    for actual, expected in zip(corrected.people, take.people, strict=True):
        assert_same_person(actual, expected)


def test_focal_length_of_a_moving_camera_is_refused() -> None:
    take = true_take()
    poses = take.camera.camera_from_world.copy()
    poses[:, 0, 3] += np.linspace(0, 1, FRAMES)
    moving = replace(take, camera=replace(take.camera, camera_from_world=poses))
    with pytest.raises(InvalidDataError, match=r"correction 1: .*capture the video again with --focal-length"):
        apply_corrections(moving, [FocalLength(30.0)])


@pytest.mark.parametrize(
    "correction", [FloorLevel(0.0), PersonHeight(A, 1.7), FocalLength(35.0)], ids=lambda c: type(c).__name__
)
def test_corrections_are_listed(correction: Correction) -> None:
    assert apply_corrections(true_take(), [correction]).corrections == (correction,)

"""Grounded motion stands on the floor."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import rotation
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.floor.contacts import SOLE_LANDMARKS
from bodydouble.skeletons import humanoid
from bodydouble.synthetic import deepmimic
from bodydouble.synthetic.grounding import ground_motion
from tests.synthetic import motions


def _landmarks(motion: Motion) -> FloatArray:
    return landmark_positions(motion.skeleton, motion.rotations, motion.root_position)


@pytest.fixture
def squat(tmp_path: Path) -> Motion:
    return deepmimic.read_motion(motions.write(tmp_path / "squat.txt", motions.squats(45)))


def _raise(motion: Motion, height: float | FloatArray) -> Motion:
    up = np.asarray(height)[..., None] * np.array([0.0, 1.0, 0.0])
    return replace(motion, root_position=motion.root_position + up)


def _tilt_feet(motion: Motion, angle: float) -> Motion:
    rotations = motion.rotations.copy()
    for side in ("left", "right"):
        joint = humanoid.INDEX[f"{side}Foot"]
        rotations[:, joint] = rotation.multiply(rotations[:, joint], rotation.from_rotvec(np.array([angle, 0.0, 0.0])))
    return replace(motion, rotations=rotations)


@pytest.mark.parametrize("height", [-0.3, 0.0, 0.7])
def test_standing_soles_are_flat_on_the_floor_whatever_the_original_height(squat: Motion, height: float) -> None:
    grounded = ground_motion(_tilt_feet(_raise(squat, height), 0.2), _landmarks)
    points = _landmarks(grounded)
    assert points[..., 1].min() > -1e-4
    np.testing.assert_allclose(points[:, SOLE_LANDMARKS, 1], 0.0, atol=0.01)
    assert grounded.contacts.mean() > 0.9


def test_grounding_twice_equals_grounding_once(squat: Motion) -> None:
    once = ground_motion(squat, _landmarks)
    twice = ground_motion(once, _landmarks)
    np.testing.assert_allclose(_landmarks(twice), _landmarks(once), atol=2e-3)


def test_grounding_commutes_with_rotation_and_translation_on_the_floor(squat: Motion) -> None:
    heading = rotation.from_rotvec(np.array([0.0, 1.1, 0.0]))
    rotations = squat.rotations.copy()
    rotations[:, 0] = rotation.multiply(heading, rotations[:, 0])
    shift = np.array([3.0, 0.0, -2.0])
    moved = replace(squat, rotations=rotations, root_position=rotation.rotate(heading, squat.root_position) + shift)
    expected = rotation.rotate(heading, _landmarks(ground_motion(squat, _landmarks))) + shift
    np.testing.assert_allclose(_landmarks(ground_motion(moved, _landmarks)), expected, atol=1e-6)


def test_jump_keeps_its_height(squat: Motion) -> None:
    frames = len(squat.rotations)
    standing = replace(squat, rotations=np.repeat(squat.rotations[:1], frames, axis=0), fps=Fraction(30))
    standing = replace(standing, root_position=np.repeat(squat.root_position[:1], frames, axis=0))
    seconds = np.clip((np.arange(frames) - 15) / 30, 0.0, 0.5)
    flight = 0.5 * 9.81 * seconds * (0.5 - seconds)
    soles = _landmarks(ground_motion(_raise(standing, flight), _landmarks))[:, SOLE_LANDMARKS, 1]
    assert soles.max() == pytest.approx(flight.max(), abs=0.03)
    grounded = ground_motion(_raise(standing, flight), _landmarks)
    assert grounded.contacts[:14].all()
    assert not grounded.contacts[20:26].any()


def test_lying_person_does_not_penetrate_the_floor(squat: Motion) -> None:
    lying = squat.rotations.copy()
    lying[:, 0] = rotation.from_rotvec(np.array([-np.pi / 2, 0.0, 0.0]))
    grounded = ground_motion(replace(squat, rotations=lying), _landmarks)
    lowest = _landmarks(grounded)[..., 1].min(axis=1)
    assert lowest.min() > -1e-4
    assert lowest.min() < 0.05

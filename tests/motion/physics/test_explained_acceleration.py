"""Acceleration of the hips that contacts explain: what stays and what is removed."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import rotation
from bodydouble.motion.body.body_landmarks import template_skeleton
from bodydouble.motion.physics.dynamics import GRAVITY
from bodydouble.motion.physics.explained_acceleration import explained_acceleration
from tests.builders import assert_same

FRAMES, FPS = 90, Fraction(30)
INNER = slice(15, -15)


def standing(shift: FloatArray) -> Motion:
    """Returns a rigid person on both feet whose whole body, feet included, is shifted by (T, 3) m."""
    skeleton = template_skeleton()
    rotations = np.tile(rotation.IDENTITY, (FRAMES, 22, 1))
    root = skeleton.rest_offsets[0] + shift
    return Motion(skeleton, FPS, rotations, root, np.ones((FRAMES, 4)), np.zeros((FRAMES, 22)))


def wave(amplitude: float, frequency_hz: float, axis: int) -> FloatArray:
    shift = np.zeros((FRAMES, 3))
    shift[:, axis] = amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(FRAMES) / float(FPS))
    return shift


def acceleration_of(motion: Motion) -> FloatArray:
    return np.gradient(np.gradient(motion.root_position, axis=0), axis=0) * float(FPS) ** 2


def test_acceleration_that_the_floor_can_give_stays() -> None:
    motion = standing(wave(0.05, 1.0, axis=1))
    explained, actual = explained_acceleration(motion)[INNER], acceleration_of(motion)[INNER]
    assert np.abs(actual[:, 1]).max() > 1.5
    assert_same(explained, actual, 0.1)


def test_acceleration_beyond_the_reach_of_the_feet_is_removed() -> None:
    """Sideways 1 g would need the feet a body height apart."""
    motion = standing(wave(0.25, 1.0, axis=0))
    explained, actual = explained_acceleration(motion)[INNER], acceleration_of(motion)[INNER]
    assert np.abs(actual[:, 0]).max() > 0.8 * GRAVITY
    assert np.abs(explained[:, 0]).max() < 0.4 * GRAVITY
    assert (explained[:, 0] * actual[:, 0] >= -1e-6).all(), "it is reduced, not turned around"


def test_nothing_is_explained_where_nothing_rests_and_in_short_motions() -> None:
    motion = standing(np.zeros((FRAMES, 3)))
    contacts = motion.contacts.copy()
    contacts[40:60] = 0.0
    explained = explained_acceleration(replace(motion, contacts=contacts))
    is_known = np.asarray(np.isfinite(explained).all(axis=1))
    np.testing.assert_array_equal(is_known[1:-1], np.abs(np.arange(1, FRAMES - 1) - 49.5) > 9)
    short = replace(
        motion, rotations=motion.rotations[:3], root_position=motion.root_position[:3], contacts=motion.contacts[:3],
        joint_sigma=motion.joint_sigma[:3],
    )  # fmt: skip
    assert np.isnan(explained_acceleration(short)).all()

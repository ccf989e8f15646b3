"""Loops of captured motion keep planted feet in place, also across the seam."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.data import BLENDSHAPE_COUNT, Face
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.metrics.floor import foot_slide_mm
from bodydouble.geometry import kinematics
from bodydouble.motion import loop
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.pipeline.exporting import export_motions
from bodydouble.pipeline.looping import loop_motion
from bodydouble.pipeline.motion_files import NamedMotion
from bodydouble.pipeline.motion_library import load
from bodydouble.pipeline.performing import perform
from tests import builders
from tests.formats.validator import serious_issues

MAX_SLIDE_MM = 3.0
"""Mean movement per 1/30 s of a resting sole; that of the captured walk is 0.3 mm."""


@pytest.fixture(scope="module")
def walk() -> NamedMotion:
    """A walk of somewhat more than two cycles that starts and ends anywhere."""
    repeated = loop.repeat_cycle(load("walk")[1], 3)
    return NamedMotion("walk", slice_motion(repeated, slice(9, 96)), first_frame=4)


def test_feet_stay_planted_across_the_seam(walk: NamedMotion) -> None:
    looped = loop_motion(walk)
    assert (looped.is_loop, looped.first_frame) == (True, 0)
    repeated = loop.repeat_cycle(looped.motion, 2)
    soles = sole_positions(repeated.skeleton, repeated.rotations, repeated.root_position)
    slide = foot_slide_mm(soles, repeated.contacts, float(repeated.fps))
    assert np.nanmean(slide) < MAX_SLIDE_MM
    seam = len(looped.motion.rotations) - 1
    assert np.nanmax(slide[seam - 2 : seam + 3], initial=0.0) < 2 * MAX_SLIDE_MM


def test_loop_of_a_loop_is_itself(walk: NamedMotion) -> None:
    looped = loop_motion(walk)
    assert loop_motion(looped).motion is looped.motion


def test_characters_loop_like_the_motion(walk: NamedMotion) -> None:
    looped = loop_motion(walk)
    (animated,) = perform([looped], builders.character(), is_one_character=True)
    positions, _ = kinematics.forward_kinematics(
        animated.character.skeleton, animated.rotations, animated.hips_translation
    )
    relative = positions - positions[:, :1] * [1.0, 0.0, 1.0]
    assert np.abs(relative[-1] - relative[0]).max() < 1e-6
    assert len(animated.rotations) == len(looped.motion.rotations)


def test_one_character_performs_all_takes(walk: NamedMotion) -> None:
    other = NamedMotion("sway", builders.smooth_motion(frames=8))
    animated = perform([walk, other], load_character("mannequin"), is_one_character=True)
    builders.assert_same(animated[0].character.skeleton.rest_offsets, animated[1].character.skeleton.rest_offsets, 1e-9)
    people = perform([walk, other], load_character("mannequin"), is_one_character=False)
    assert np.abs(people[0].character.skeleton.rest_offsets - people[1].character.skeleton.rest_offsets).max() > 1e-3


def test_motion_that_is_too_short_is_refused_by_name(walk: NamedMotion) -> None:
    short = NamedMotion("hop", slice_motion(walk.motion, slice(0, 8)))
    with pytest.raises(InvalidDataError, match="hop cannot become a loop: a motion of 8 frames is too short"):
        loop_motion(short)


def test_faces_loop_with_their_motion(walk: NamedMotion, tmp_path: Path) -> None:
    frames = len(walk.motion.rotations)
    rise = np.linspace(0.2, 0.8, frames)[:, None]
    face = Face(np.ones(frames, dtype=bool), np.tile(rise, (1, BLENDSHAPE_COUNT)), np.tile(rise, (1, 2)))
    looped = loop_motion(replace(walk, face=face))
    assert looped.face is not None
    assert len(looped.face.weights) == len(looped.motion.rotations)
    for values in (looped.face.weights, looped.face.gaze):
        np.testing.assert_allclose(values[-1], values[0], atol=1e-9)
        assert np.abs(np.diff(values, axis=0)).max() < 0.1
    (file,) = export_motions([looped], tmp_path / "a.vrma", fps=Fraction(24))
    assert serious_issues(file) == []

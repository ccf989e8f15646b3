"""Frames in which a palm cannot be as it was seen are left out."""

import numpy as np
import pytest

from bodydouble.geometry import rotation
from bodydouble.motion.hands.plausible_frames import select_plausible

FRAMES = 40
TIMES = np.arange(FRAMES) / 30
TURN = rotation.from_rotvec(np.linspace(0, 3, FRAMES)[:, None] * np.array([0.0, 1.0, 0.0]))
SURE = np.ones(FRAMES)
OVER = rotation.from_rotvec(np.array([np.pi, 0.0, 0.0]))


def test_a_hand_that_turns_smoothly_is_kept() -> None:
    assert select_plausible(TURN, TIMES, SURE).all()


@pytest.mark.parametrize("length", [1, 2])
def test_a_hand_that_is_turned_over_for_a_moment_is_left_out(length: int) -> None:
    wrong = slice(20, 20 + length)
    palms = TURN.copy()
    palms[wrong] = rotation.multiply(palms[wrong], OVER)
    selected = select_plausible(palms, TIMES, SURE)
    assert not selected[wrong].any()
    assert selected.sum() == FRAMES - length


def test_a_jump_that_lasts_is_kept() -> None:
    palms = TURN.copy()
    palms[20:] = rotation.multiply(palms[20:], OVER)
    assert select_plausible(palms, TIMES, SURE).all()


def test_unsure_frames_do_not_support_a_jump() -> None:
    palms, confidence = TURN.copy(), SURE.copy()
    palms[:12], confidence[:12] = rotation.multiply(palms[:12], OVER), 0.5
    selected = select_plausible(palms, TIMES, confidence)
    assert not selected[:12].any() and selected[12:].all()


def test_unsure_frames_are_kept_where_there_are_no_others() -> None:
    assert select_plausible(TURN, TIMES, 0.4 * SURE).all()

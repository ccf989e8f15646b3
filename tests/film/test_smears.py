"""Hands that move far between two drawings are drawn out along their way; all others stay as they are."""

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.data import FloatArray
from bodydouble.film.figures import Figure
from bodydouble.film.smears import smear_hands, stretch_along
from bodydouble.geometry.kinematics import bind_matrices

CHARACTER = load_character("anime:woman")
FPS = 24.0
FRAMES = 6


def moving_figure(metres_per_frame: float) -> Figure:
    """Returns a character in its rest pose that moves along +X."""
    matrices = np.repeat(bind_matrices(CHARACTER)[None], FRAMES, axis=0)
    matrices[:, :, 0, 3] += metres_per_frame * np.arange(FRAMES)[:, None]
    return Figure(CHARACTER, matrices, np.ones(FRAMES))


def hand_length(matrices: FloatArray) -> float:
    """Returns the extent in m along X of the joints of the left hand, whose fingers point along +X at rest."""
    wrist, tip = CHARACTER.humanoid["leftHand"], CHARACTER.humanoid["leftMiddleDistal"]
    return float(matrices[tip, 0, 3] - matrices[wrist, 0, 3])


def test_slow_hands_stay_as_they_are() -> None:
    figure = moving_figure(0.05)
    smeared = smear_hands(figure, FPS, ())
    for frame in range(FRAMES):
        assert np.array_equal(smeared.joint_matrices[frame], figure.joint_matrices[frame])


def test_fast_hands_are_drawn_out_and_nothing_else_moves() -> None:
    figure = moving_figure(0.2)
    smeared = smear_hands(figure, FPS, ())
    before, after = figure.joint_matrices[3], smeared.joint_matrices[3]
    assert hand_length(after) > 1.5 * hand_length(before)
    assert np.array_equal(smeared.joint_matrices[0], figure.joint_matrices[0])
    body = [CHARACTER.humanoid[bone] for bone in ("hips", "head", "leftLowerArm", "leftFoot")]
    assert np.array_equal(after[body], before[body])


def test_no_hand_is_smeared_across_a_cut() -> None:
    figure = moving_figure(0.2)
    smeared = smear_hands(figure, FPS, (3,))
    assert np.array_equal(smeared.joint_matrices[3], figure.joint_matrices[3])
    assert hand_length(smeared.joint_matrices[4]) > 1.5 * hand_length(figure.joint_matrices[4])


def test_frames_at_60_hz_have_the_same_smears() -> None:
    slow = smear_hands(moving_figure(0.2), 24.0, ()).joint_matrices[5]
    fine = smear_hands(moving_figure(0.2 * 24 / 60), 60.0, ()).joint_matrices[5]
    assert hand_length(fine) == pytest.approx(hand_length(slow))


def test_the_stretch_goes_backward_and_thins() -> None:
    matrices = np.repeat(np.eye(4)[None], 3, axis=0)
    matrices[:, :3, 3] = [(-0.05, 0.0, 0.0), (0.05, 0.0, 0.0), (0.0, 0.03, 0.0)]
    moved = stretch_along(matrices, np.array([-0.3, 0.0, 0.0]))
    assert moved[0, 0, 3] < matrices[0, 0, 3] - 0.05
    assert np.abs(moved[:, 1, 3]).max() < 0.03
    front = replace_front(matrices)
    assert stretch_along(front, np.array([-0.3, 0.0, 0.0]))[3, 0, 3] == pytest.approx(front[3, 0, 3], abs=0.03)


def replace_front(matrices: FloatArray) -> FloatArray:
    """Returns the joints with a further one in front of them."""
    front = np.eye(4)
    front[0, 3] = 0.09
    return np.concatenate([matrices, front[None]])

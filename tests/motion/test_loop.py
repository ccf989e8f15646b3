"""Loops close in pose and velocity, keep their net displacement, and leave periodic motions as they are."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import Motion
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion import loop
from bodydouble.motion.resampling.motion import slice_motion
from tests import builders

PERIOD = 30
"""Frames."""


def striding(frames: int, drift: float = 0.0, phase: int = 0) -> Motion:
    """A person of whom every joint sways with one period and who goes ahead; drift opens the cycle, rad per frame."""
    skeleton = builders.humanoid_skeleton()
    rng = np.random.default_rng(3)
    joints = len(skeleton.joint_names)
    time = np.arange(phase, phase + frames)[:, None, None]
    angles = rng.uniform(0.1, 0.5, (joints, 3)) * np.sin(2 * np.pi * (time / PERIOD + rng.uniform(size=(joints, 3))))
    angles[:, 1:] += drift * time
    ahead = 0.03 * np.arange(frames)
    path = skeleton.rest_offsets[0] + np.stack([0 * ahead, 0.02 * np.sin(4 * np.pi * time[:, 0, 0] / PERIOD), ahead], 1)
    return Motion(
        skeleton,
        Fraction(30),
        rotation.make_continuous(rotation.from_rotvec(angles)),
        path,
        np.zeros((frames, 4)),
        np.full((frames, joints), np.nan),
    )


def steps_over_seam(motion: Motion) -> tuple[builders.Floats, int]:
    """Returns the steps (2 T - 2, J, 3) m of two repetitions, and the index of the first one after the seam."""
    positions = kinematics.joint_positions(loop.repeat_cycle(motion, 2))
    return np.diff(positions, axis=0), len(motion.rotations) - 1


def assert_seamless(motion: Motion) -> None:
    steps, seam = steps_over_seam(motion)
    sizes = np.linalg.norm(steps, axis=-1)
    changes = np.linalg.norm(np.diff(steps, axis=0), axis=-1).max(axis=1)
    inside = np.delete(changes, seam - 1)
    assert sizes[seam - 1 : seam + 1].max() <= 1.05 * sizes.max()
    assert changes[seam - 1] <= 1.1 * inside.max()


def test_periodic_motion_comes_back_unchanged() -> None:
    motion = striding(3 * PERIOD + 1)
    assert loop.is_periodic(motion)
    assert loop.make_loop(motion) is motion


def test_cycle_of_a_periodic_motion_is_found() -> None:
    motion = striding(2 * PERIOD + 11)
    start, end = loop.find_cycle(motion)
    assert (end - start) % PERIOD == 0
    closed = loop.make_loop(motion)
    expected = slice_motion(motion, slice(start, end + 1))
    builders.assert_same(kinematics.joint_positions(closed), kinematics.joint_positions(expected), 1e-6)


@pytest.mark.parametrize("phase", [0, 7, 19])
def test_open_cycle_is_closed_without_a_jump(phase: int) -> None:
    motion = striding(2 * PERIOD + 5, drift=0.002, phase=phase)
    closed = loop.make_loop(motion)
    assert not loop.is_periodic(slice_motion(motion, slice(0, PERIOD + 1)))
    assert rotation.angle_between(closed.rotations[-1], closed.rotations[0]).max() < 1e-9
    assert_seamless(closed)
    # The middle of the cycle is that of the source.
    start, end = loop.find_cycle(motion)
    middle = (end - start) // 2
    np.testing.assert_allclose(closed.rotations[middle], motion.rotations[start + middle], atol=0.01)


def test_loop_of_a_loop_is_the_same() -> None:
    closed = loop.make_loop(striding(2 * PERIOD + 5, drift=0.002))
    assert loop.make_loop(closed) is closed


def test_net_displacement_is_kept() -> None:
    motion = striding(2 * PERIOD + 5, drift=0.001)
    closed = loop.make_loop(motion)
    step = closed.root_position[-1] - closed.root_position[0]
    np.testing.assert_allclose(step, [0.0, 0.0, 0.03 * (len(closed.rotations) - 1)], atol=0.01)
    repeated = loop.repeat_cycle(closed, 3)
    assert len(repeated.rotations) == 3 * (len(closed.rotations) - 1) + 1
    np.testing.assert_allclose(repeated.root_position[-1] - repeated.root_position[0], 3 * step, atol=1e-9)


@pytest.mark.parametrize("fps", [Fraction(60), Fraction(24), Fraction(30000, 1001)])
def test_resampled_loop_still_closes(fps: Fraction) -> None:
    closed = loop.make_loop(striding(2 * PERIOD + 5, drift=0.001))
    resampled = loop.resample_loop(closed, fps)
    assert resampled.fps == fps
    for frame in (0, -1):
        np.testing.assert_allclose(resampled.root_position[frame], closed.root_position[frame], atol=1e-9)
        assert rotation.angle_between(resampled.rotations[frame], closed.rotations[frame]).max() < 1e-7
    seconds = (len(resampled.rotations) - 1) / fps
    assert abs(seconds - (len(closed.rotations) - 1) / closed.fps) <= 1 / fps


def test_long_motion_is_compared_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    motion = striding(4 * PERIOD + 9, drift=0.0005)
    monkeypatch.setattr(loop, "MAX_CANDIDATES", 40)
    start, end = loop.find_cycle(motion)
    assert (end - start) % PERIOD == 0


def test_motion_that_never_repeats_is_refused() -> None:
    skeleton = builders.humanoid_skeleton()
    motion = striding(40)
    turn = np.zeros((40, len(skeleton.joint_names), 3))
    turn[:, 7:, 2] = np.linspace(0.0, 1.2, 40)[:, None]
    with pytest.raises(InvalidDataError, match="no part of the motion repeats"):
        loop.make_loop(replace(motion, rotations=rotation.from_rotvec(turn)))
    with pytest.raises(InvalidDataError, match="10 frames is too short"):
        loop.make_loop(striding(10))

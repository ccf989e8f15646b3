"""Laws of resampling motions and of removing jumps."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import Motion
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import rotation
from bodydouble.motion.resampling.motion import remove_jumps, resample_motion, slice_motion
from tests import builders
from tests.builders import assert_same


def assert_same_motion(actual: Motion, expected: Motion, tolerance: float = 1e-9) -> None:
    assert actual.fps == expected.fps
    assert len(actual.rotations) == len(expected.rotations)
    assert rotation.angle_between(actual.rotations, expected.rotations).max() < max(tolerance, 1e-7)
    for name in ("root_position", "contacts", "joint_sigma"):
        assert_same(getattr(actual, name), getattr(expected, name), tolerance)


def test_resampling_to_the_same_frame_rate_changes_nothing() -> None:
    motion = builders.smooth_motion(31)
    assert_same_motion(resample_motion(motion, motion.fps), motion)


@pytest.mark.parametrize("frames", [1, 2, 31, 32])
def test_half_the_frame_rate_is_every_second_frame(frames: int) -> None:
    motion = builders.smooth_motion(frames)
    assert_same_motion(
        resample_motion(motion, Fraction(15)), replace(slice_motion(motion, slice(None, None, 2)), fps=Fraction(15))
    )


@pytest.mark.parametrize("fps", [Fraction(60), Fraction(90), Fraction(240)])
def test_upsampling_and_back_gives_the_motion(fps: Fraction) -> None:
    motion = builders.smooth_motion(20)
    assert_same_motion(resample_motion(resample_motion(motion, fps), motion.fps), motion)


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(100), Fraction(120)])
def test_resampled_frames_are_within_the_clip_and_on_its_path(fps: Fraction) -> None:
    motion = builders.smooth_motion(101)
    resampled = resample_motion(motion, fps)
    count = len(resampled.rotations)
    assert (count - 1) / fps <= Fraction(100, 30) < count / fps
    assert_same(np.linalg.norm(resampled.rotations, axis=-1), np.ones((count, 22)), 1e-12)
    assert np.all(np.sum(resampled.rotations[1:] * resampled.rotations[:-1], axis=-1) > 0)
    times = np.arange(count) / float(fps)
    for axis in range(3):
        interpolated = np.interp(times, np.arange(101) / 30, motion.root_position[:, axis])
        assert_same(resampled.root_position[:, axis], interpolated, 0.003)


def test_rotations_are_interpolated_at_constant_speed() -> None:
    motion = builders.smooth_motion(2)
    ends = rotation.from_rotvec(np.array([[0.0, 0.0, 0.0], [0.0, 1.2, 0.0]]))
    motion = replace(motion, rotations=np.repeat(ends[:, None], 22, axis=1))
    angles = rotation.to_rotvec(resample_motion(motion, Fraction(90)).rotations)[:, 0, 1]
    assert_same(angles, [0.0, 0.4, 0.8, 1.2], 1e-12)


def test_motions_without_jumps_are_unchanged() -> None:
    motion = builders.smooth_motion(60)
    assert remove_jumps(motion) is motion


@pytest.mark.parametrize("fps", [30, 120])
def test_jumps_are_interpolated(fps: int) -> None:
    clean = resample_motion(builders.smooth_motion(60), Fraction(fps))
    root, rotations = clean.root_position.copy(), clean.rotations.copy()
    root[20] += [0.6, 0.0, 0.0]
    rotations[45, 9] = rotation.multiply(rotations[45, 9], rotation.from_rotvec(np.array([2.5, 0.0, 0.0])))
    repaired = remove_jumps(replace(clean, root_position=root, rotations=rotations))
    assert len(repaired.rotations) == len(clean.rotations)
    assert_same(repaired.root_position, clean.root_position, 0.01)
    assert rotation.angle_between(repaired.rotations, clean.rotations).max() < 0.15


def test_a_jump_at_the_beginning_is_cut_off() -> None:
    clean = slice_motion(resample_motion(builders.smooth_motion(20), Fraction(120)), slice(60))
    root = clean.root_position.copy()
    root[0] += 1.0
    repaired = remove_jumps(replace(clean, root_position=root))
    assert 50 < len(repaired.rotations) < 60
    assert_same_motion(repaired, slice_motion(clean, slice(60 - len(repaired.rotations), None)))


def test_rejects_motions_that_jump_in_every_frame() -> None:
    motion = builders.smooth_motion(20)
    path = motion.root_position + np.arange(20)[:, None] * 10.0
    with pytest.raises(InvalidDataError, match="jumps in nearly every frame"):
        remove_jumps(replace(motion, root_position=path))

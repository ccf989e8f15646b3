"""Archives keep motions, and are told from other files."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.errors import FormatError
from bodydouble.geometry import kinematics
from bodydouble.synthetic import mocap_files, motion_archive
from tests import builders
from tests.builders import assert_same


def test_motions_of_different_people_and_rates_are_kept(tmp_path: Path) -> None:
    motions = {
        "lunge, part 2": builders.smooth_motion(20, fps=Fraction(25)),
        "01_02": builders.smooth_motion(7, seed=3, fps=Fraction(30000, 1001)),
    }
    motion_archive.write(tmp_path / "set.npz", motions)
    named = mocap_files.read(tmp_path / "set.npz")
    assert [clip.name for clip in named] == list(motions)
    for clip, expected in zip(named, motions.values(), strict=True):
        assert clip.motion.fps == expected.fps
        assert clip.motion.skeleton.joint_names == expected.skeleton.joint_names
        assert_same(clip.motion.skeleton.rest_offsets, expected.skeleton.rest_offsets, 1e-7)
        assert_same(kinematics.joint_positions(clip.motion), kinematics.joint_positions(expected), 1e-3)


@pytest.mark.parametrize("part", ["fps", "rest_offsets", "root"])
def test_archive_without_a_part_is_rejected(tmp_path: Path, part: str) -> None:
    motion_archive.write(tmp_path / "set.npz", {"walk": builders.smooth_motion(5)})
    with np.load(tmp_path / "set.npz") as stored:
        arrays = {key: stored[key] for key in stored.files if key != f"walk/{part}"}
    np.savez(tmp_path / "part.npz", allow_pickle=False, **arrays)
    with pytest.raises(FormatError, match=rf"part.npz.*walk/{part}"):
        mocap_files.read(tmp_path / "part.npz")

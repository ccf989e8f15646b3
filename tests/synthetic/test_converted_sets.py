"""Files of a set become clips with performers, on the floor, at a low rate; the others are reported."""

from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bodydouble.data import Motion
from bodydouble.formats import bvh
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import assert_same

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def file_sets(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the tool."""
    monkeypatch.syspath_prepend(TOOLS)
    return import_module("mocap.file_sets")


def _standing_motion(frames: int, height: float) -> Motion:
    """A person whose arms wave, standing at a height above the floor."""
    motion = builders.smooth_motion(frames, fps=Fraction(120))
    rotations = motion.rotations.copy()
    rotations[:, [i for i, name in enumerate(humanoid.JOINTS) if "Arm" not in name]] = rotation.IDENTITY
    root = np.tile(motion.skeleton.rest_offsets[0] + [0.0, height, 0.0], (frames, 1))
    return replace(motion, rotations=rotations, root_position=root)


def test_files_become_clips_at_half_the_rate_on_the_floor(file_sets: ModuleType, tmp_path: Path) -> None:
    motion = _standing_motion(101, 0.4)
    bvh.write(tmp_path / "86_01.bvh", motion)
    bvh.write(tmp_path / "86_02.bvh", _standing_motion(30, 0.0))
    (tmp_path / "readme.md").write_text("no motion")
    clip, dropped = file_sets.read_files(tmp_path)
    assert (clip.name, clip.subject, clip.motion.fps) == ("86_01", "86", Fraction(60))
    positions, expected = kinematics.joint_positions(clip.motion), kinematics.joint_positions(motion)[::2]
    assert_same(positions - positions[:, :1], expected - expected[:, :1], 1e-4)
    assert 0.04 < positions[:, humanoid.INDEX["leftFoot"], 1].max() < 0.1
    assert (dropped.name, dropped.reason) == ("86_02", "only 0.25 s")


@pytest.mark.parametrize(
    ("file", "subject"),
    [("131_04-dance.amc", "131"), ("walk-03-sneak-yokoyama.bvh", "yokoyama"), ("human-base.glb", "human-base")],
)
def test_performer_of_a_file(file_sets: ModuleType, file: str, subject: str) -> None:
    assert file_sets.find_subject(Path(file)) == subject


@pytest.mark.parametrize(
    ("name", "performer"),
    [("incorrect_m01_s05_e10", "s05"), ("E10 - body hook right", "E"), ("Male2-Walk, part 2", "Male2"),
     ("Female-Crawl backwards", "Female"), ("per20Final", "per"), ("Aug210104", "Aug")],
)  # fmt: skip
def test_performer_of_a_clip_of_markers(monkeypatch: pytest.MonkeyPatch, name: str, performer: str) -> None:
    monkeypatch.syspath_prepend(TOOLS)
    assert import_module("mocap.marker_sets").find_performer(name) == performer

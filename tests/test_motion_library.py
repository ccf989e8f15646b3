"""Library of ready motions: its list, its quality, and its names in place of files."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bodydouble.cli import app
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.evaluation.metrics.floor import foot_slide_mm, penetration_mm
from bodydouble.formats import bvh
from bodydouble.geometry import kinematics
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.loop import is_periodic
from bodydouble.pipeline import motion_library
from bodydouble.pipeline.motion_files import load_all_motions
from tests import builders

NAMES = motion_library.names()
MAX_ACCELERATION = 120.0
"""m/s^2 of any joint; a foot of a runner that touches the floor has 90."""
MAX_SLIDE_MM, MAX_PENETRATION_MM = 1.0, 2.0
"""Mean movement of resting soles per 1/30 s, and depth of soles below the floor."""


def test_list_is_complete() -> None:
    entries = motion_library.list_motions()
    assert tuple(entry.name for entry in entries) == NAMES == tuple(sorted(NAMES))
    assert len(entries) >= 12
    assert {"walk", "run-in-place", "idle", "wave", "sit", "t-pose"} <= set(NAMES)
    assert all(entry.description and entry.source for entry in entries)
    assert {entry.licence for entry in entries} == {"Apache-2.0", "BSD-3-Clause"}


@pytest.mark.parametrize("name", NAMES)
def test_motion_is_clean(name: str) -> None:
    entry, motion = motion_library.load(name)
    assert entry.seconds == pytest.approx((len(motion.rotations) - 1) / float(motion.fps))
    assert entry.is_loop == is_periodic(motion)
    positions = kinematics.joint_positions(motion)
    acceleration = np.diff(positions, 2, axis=0) * float(motion.fps) ** 2
    assert np.linalg.norm(acceleration, axis=-1).max() < MAX_ACCELERATION
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    assert np.nanmean(foot_slide_mm(soles, motion.contacts, float(motion.fps))) < MAX_SLIDE_MM
    assert penetration_mm(soles).max() < MAX_PENETRATION_MM
    assert np.abs(positions[0, 0] * [1.0, 0.0, 1.0]).max() < 0.5


def test_file_round_trip(tmp_path: Path) -> None:
    motion = builders.smooth_motion(frames=6)
    entry = motion_library.LibraryMotion("sway", 5 / 30, False, "sways", "tests", "Apache-2.0")
    motion_library.save(tmp_path / "a.npz", {entry: motion})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        assert stored["names"].tolist() == ["sway"]
        rotations = stored["sway/rotations"] / motion_library.ROTATION_SCALE
        np.testing.assert_allclose(rotations, motion.rotations, atol=1 / motion_library.ROTATION_SCALE)
        np.testing.assert_allclose(stored["sway/root_position"], motion.root_position, atol=1e-5)


def test_names_stand_for_motions(tmp_path: Path) -> None:
    (walk,) = load_all_motions(["walk"])
    assert (walk.name, walk.is_take, walk.is_loop) == ("walk", True, True)
    bvh.write(tmp_path / "walk.bvh", builders.smooth_motion(frames=5))
    motions = load_all_motions(["walk", tmp_path / "walk.bvh", "nod"])
    assert [motion.name for motion in motions] == ["walk", "walk_2", "nod"]
    assert all(motion.is_take for motion in motions)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(FormatError, match="unknown motion 'moonwalk'; `bodydouble motions` lists"):
        load_all_motions(["moonwalk"])
    with pytest.raises(InvalidDataError, match="there is no motion 'moonwalk'; the library has bow"):
        motion_library.load("moonwalk")


def test_command_lists_the_library() -> None:
    text = CliRunner().invoke(app, ["motions"])
    assert text.exit_code == 0
    assert [line.split()[0] for line in text.output.splitlines()[1:]] == list(NAMES)
    listed = json.loads(CliRunner().invoke(app, ["motions", "--json"]).output)
    assert [entry["name"] for entry in listed] == list(NAMES)
    assert set(listed[0]) == {"name", "seconds", "is_loop", "description", "source", "licence"}

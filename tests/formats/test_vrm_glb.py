"""A VRM character in an animated .glb keeps its hair, expressions and toon materials: three-vrm plays the file."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import pose_matrices
from bodydouble.data import FloatArray
from bodydouble.pipeline.animated_characters import retarget_to_character
from bodydouble.pipeline.exporting import retarget_motions
from bodydouble.pipeline.motion_files import NamedMotion, load_motions
from tests import builders
from tests.characters.glb_edit import Glb
from tests.formats.test_vrm_content import avatar, edit_vrm0, edit_vrm1
from tests.formats.validator import NODE_FOLDER, serious_issues

FRAMES = 20
TWO_MM = 2e-3


@dataclass(frozen=True)
class Played:
    content: dict[str, Any]
    positions: FloatArray
    """(T, N, 3) m, of all nodes."""
    with_springs: FloatArray
    """(T, N, 3) m, with spring bones."""


def play(path: Path, *expressions: str, fps: int = 30, frames: int = FRAMES, steps: int = 0) -> Played:
    """Plays a file in three-vrm, whose springs first settle at the first frame."""
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules" / "@pixiv" / "three-vrm").is_dir():
        pytest.fail("three-vrm is not installed: install Node.js, then run `make test`", pytrace=False)
    command = [node, "vrm_glb.mjs", str(path.resolve()), *map(str, (fps, frames, ",".join(expressions), steps))]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, check=True, timeout=120)
    content = json.loads(done.stdout)
    return Played(content, np.array(content.pop("frames")), np.array(content.pop("framesWithSprings")))


@pytest.fixture(scope="module")
def named() -> NamedMotion:
    return NamedMotion("dance", builders.smooth_motion(frames=FRAMES, seed=3))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return avatar(tmp_path_factory.mktemp("vrm1"), edit_vrm1)


@pytest.fixture(scope="module")
def path(named: NamedMotion, source: Path) -> Path:
    (path,) = retarget_motions([named], str(source), source.with_name("out.glb")).files
    return path


@pytest.fixture(scope="module")
def played(path: Path) -> Played:
    return play(path, "aa", "wink")


def test_three_plays_a_glb_with_hair_expressions_and_toon(path: Path, played: Played) -> None:
    assert serious_issues(path) == []
    content = played.content
    assert (content["warnings"], content["animations"]) == ([], ["dance"])
    assert (content["meta"]["name"], content["springJoints"]) == ("Ada", 2)
    assert content["toonMaterials"] == [Glb(path).json["materials"][0]["name"]]
    assert content["weights"] == {"aa": [0.0, pytest.approx(0.6)], "wink": [1.0, 0.0]}
    names = [node["name"] for node in Glb(path).json["nodes"]]
    lag = np.linalg.norm(played.with_springs - played.positions, axis=-1)
    # Hair swings; all else moves as without spring bones.
    assert lag[0, names.index("hair_3")] > 0.005
    assert lag[:, [k for k, name in enumerate(names) if not name.startswith("hair")]].max() < 1e-6


def test_joints_are_where_the_animation_puts_them(named: NamedMotion, source: Path, played: Played) -> None:
    animated = retarget_to_character(named.motion, load_character(str(source)))
    matrices = pose_matrices(animated.character, animated.rotations, animated.hips_translation)
    joints = len(animated.character.skeleton.joint_names)
    np.testing.assert_allclose(played.positions[:, :joints], matrices[:, :, :3, 3], atol=TWO_MM)


def test_content_of_vrm_0_is_in_the_glb_too(named: NamedMotion, tmp_path: Path) -> None:
    (path,) = retarget_motions([named], str(avatar(tmp_path, edit_vrm0)), tmp_path / "out.glb").files
    assert serious_issues(path) == []
    played = play(path, "happy")
    assert (played.content["warnings"], played.content["springJoints"]) == ([], 3)
    assert played.content["weights"] == {"happy": [0.0, pytest.approx(0.6)]}


def test_the_glb_is_a_character_and_a_motion_again(source: Path, path: Path) -> None:
    assert load_character(str(path)).vrm == load_character(str(source)).vrm
    (again,) = load_motions(path)
    assert (again.name, len(again.motion.rotations)) == ("dance", FRAMES)


def test_several_animations_keep_the_content(named: NamedMotion, source: Path, tmp_path: Path) -> None:
    takes = [NamedMotion(name, named.motion, is_take=True) for name in ("one", "two")]
    (path,) = retarget_motions(takes, str(source), tmp_path / "out.glb").files
    assert serious_issues(path) == []
    assert (play(path, "aa").content["springJoints"], len(Glb(path).json["animations"])) == (2, 2)


def test_other_characters_get_no_content(named: NamedMotion, tmp_path: Path) -> None:
    (path,) = retarget_motions([named], "mannequin", tmp_path / "out.glb").files
    assert "VRMC_vrm" not in Glb(path).json.get("extensionsUsed", [])

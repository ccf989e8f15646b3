"""Player of morph targets and eyes: three and three-vrm in Node."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.data import FloatArray
from tests.formats.validator import NODE_FOLDER


@dataclass(frozen=True)
class MorphedMesh:
    """A mesh at one time, as three shows it."""

    weights: dict[str, float]
    """Name of a morph target -> weight."""
    vertices: FloatArray
    """(N, 3) m, world, of every step-th vertex."""


def play_morphs(
    file: Path, seconds: Sequence[float], step: int, animation: Path | None = None
) -> list[list[MorphedMesh]]:
    """Plays the animation of a .glb file, or a .vrma file on a .vrm file; returns the skinned meshes at each time."""
    return [
        [MorphedMesh(mesh["weights"], np.array(mesh["vertices"])) for mesh in frame["meshes"]]
        for frame in _play(file, seconds, step, animation)
    ]


def play_eyes(file: Path, seconds: Sequence[float], animation: Path) -> FloatArray:
    """Plays a .vrma file on a .vrm file; returns the rotations (T, 2, 4) xyzw of both eyes, local to their parent."""
    return np.array([frame["eyes"] for frame in _play(file, seconds, 997, animation)])


def _play(file: Path, seconds: Sequence[float], step: int, animation: Path | None) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules" / "@pixiv" / "three-vrm").is_dir():
        pytest.fail("three-vrm is not installed: install Node.js, then run `make test`", pytrace=False)
    played = "-" if animation is None else str(animation.resolve())
    command = [node, "morphs.mjs", str(file.resolve()), played, str(step), *map(str, seconds)]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, check=True, timeout=120)
    content = json.loads(done.stdout)
    assert content["warnings"] == []
    frames: list[dict[str, Any]] = content["frames"]
    return frames

"""Player of morph targets: three and three-vrm in Node."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules" / "@pixiv" / "three-vrm").is_dir():
        pytest.fail("three-vrm is not installed: install Node.js, then run `make test`", pytrace=False)
    played = "-" if animation is None else str(animation.resolve())
    command = [node, "morphs.mjs", str(file.resolve()), played, str(step), *map(str, seconds)]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, check=True, timeout=120)
    content = json.loads(done.stdout)
    assert content["warnings"] == []
    return [[MorphedMesh(mesh["weights"], np.array(mesh["vertices"])) for mesh in frame] for frame in content["frames"]]

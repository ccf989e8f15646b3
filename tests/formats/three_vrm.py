"""Player of VRM characters and animations: @pixiv/three-vrm in Node."""

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
class Played:
    """A character as three-vrm read it, and its poses."""

    content: dict[str, Any]
    world: FloatArray
    """(T, N, 4, 4) world from node of all nodes of the file."""


def play(character: Path, animation: Path, seconds: Sequence[float]) -> Played:
    """Plays a .vrma file on a .vrm file; returns its T poses."""
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules" / "@pixiv" / "three-vrm").is_dir():
        pytest.fail("three-vrm is not installed: install Node.js, then run `make test`", pytrace=False)
    command = [node, "vrm.mjs", str(character.resolve()), str(animation.resolve()), *map(str, seconds)]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, check=True, timeout=120)
    content = json.loads(done.stdout)
    world = np.array(content.pop("frames")).reshape(len(seconds), -1, 4, 4).swapaxes(-1, -2)
    return Played(content, world)

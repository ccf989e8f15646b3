"""Reader of BVH files: three's BVHLoader in Node."""

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
class BvhPoses:
    """Joints of a BVH file at some times."""

    names: tuple[str, ...]
    positions_cm: FloatArray
    """(T, J, 3)."""
    duration: float
    """Time of the last frame, s."""


def read_with_three(path: Path, seconds: Sequence[float]) -> BvhPoses:
    """Returns the joints at T times as three.js plays the file."""
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules" / "three").is_dir():
        pytest.fail("three.js is not installed: install Node.js, then run `make test`", pytrace=False)
    command = [node, "bvh.mjs", str(path.resolve()), *map(str, seconds)]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, check=True, timeout=120)
    content = json.loads(done.stdout)
    assert content["errors"] == []
    return BvhPoses(tuple(content["names"]), np.array(content["frames"]), content["duration"])

"""Independent readers of FBX files: Autodesk's SDK (in FBX2glTF) and three's FBXLoader, both installed by npm."""

import json
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tests.formats import glb_evaluator
from tests.formats.glb_evaluator import Glb

Floats = NDArray[np.float64]

NODE_FOLDER = Path(__file__).parents[1] / "node"
FBX2GLTF = NODE_FOLDER / "node_modules" / "fbx2gltf" / "bin" / "Linux" / "FBX2glTF"


@dataclass(frozen=True)
class Pose:
    """Positions in metres at one time."""

    bones: dict[str, Floats]
    """Name -> (3,)."""
    vertices: Floats
    """(N, 3) of the requested vertices."""


def read_with_autodesk(fbx: Path) -> Glb:
    """Converts a file by Autodesk's SDK, with 30 poses per second; skips the test where it is not installed."""
    if not FBX2GLTF.is_file():
        pytest.skip("FBX2glTF is not installed")
    FBX2GLTF.chmod(FBX2GLTF.stat().st_mode | stat.S_IXUSR)
    output = fbx.with_name(f"{fbx.stem}_autodesk")
    command = [str(FBX2GLTF), "--binary", "--anim-framerate", "bake30", "-i", str(fbx), "-o", str(output)]
    subprocess.run(command, capture_output=True, check=True, timeout=120)
    return glb_evaluator.read(output.with_suffix(".glb"))


def autodesk_poses(fbx: Path, seconds: Sequence[float], rest_vertices: Floats) -> list[Pose]:
    """Returns the poses at some times; vertices are found by their place (N, 3) in the rest pose."""
    glb = read_with_autodesk(fbx)
    primitives = range(len(glb.json["meshes"][0]["primitives"]))
    stored = [
        glb.accessor(glb.json["meshes"][0]["primitives"][p]["attributes"]["POSITION"]).astype(float) for p in primitives
    ]
    distances, nearest = cKDTree(np.concatenate(stored)).query(rest_vertices)
    assert np.max(distances) < 1e-4
    names = {node["name"]: n for n, node in enumerate(glb.json["nodes"]) if "name" in node}
    return [
        Pose(
            {name: glb.world_matrix(node, time)[:3, 3] for name, node in names.items()},
            np.concatenate([glb.skinned_positions(p, time) for p in primitives])[nearest],
        )
        for time in seconds
    ]


def three_poses(fbx: Path, seconds: Sequence[float], corners: Sequence[int]) -> list[Pose]:
    """Returns the poses at some times; vertices are those of some corners of the triangles of the only mesh."""
    report = read_with_three(fbx, seconds, corners)
    return [
        Pose({name: np.array(p) for name, p in f["bones"].items()}, np.array(next(iter(f["meshes"].values()))))
        for f in report["frames"]
    ]


def read_with_three(fbx: Path, seconds: Sequence[float], corners: Sequence[int]) -> dict[str, Any]:
    """Returns what three's loader makes of a file; skips the test where it is not installed."""
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules" / "three").is_dir():
        pytest.skip("three.js is not installed")
    arguments = [",".join(map(str, seconds)), ",".join(map(str, corners))]
    command = [node, "read_fbx.mjs", str(fbx.resolve()), *arguments]
    done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, check=True, timeout=120)
    report: dict[str, Any] = json.loads(done.stdout)
    return report

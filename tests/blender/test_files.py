"""Files that bodydouble writes, opened in Blender: its importers show the joints where bodydouble has them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import pose_matrices
from bodydouble.data import FloatArray, Motion
from bodydouble.formats import fbx, gltf
from bodydouble.geometry import kinematics
from bodydouble.pipeline.animated_characters import AnimatedCharacter, retarget_to_character
from bodydouble.pipeline.exporting import export_motions
from bodydouble.pipeline.motion_files import NamedMotion
from bodydouble.skeletons.rigs.export_names import BONE_NAMES
from tests import builders
from tests.blender.process import needs_blender, run_script

pytestmark = needs_blender

TOLERANCE_M = 5e-5
"""Files and Blender hold single precision; the VRM add-on binds the mesh anew, which costs 0.01 mm."""
FRAME_COUNT = 40
FRAMES = range(0, FRAME_COUNT, 2)
WORLD_FROM_BLENDER = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""Blender's +Z is up and its characters face -Y."""


@dataclass(frozen=True)
class Expected:
    """Content that Blender must show of a file."""

    importer: str
    path: Path
    people: Sequence[Mapping[str, FloatArray]]
    """Joint -> (20, 3) m at FRAMES, one dictionary per armature in the order of the file."""
    first_frame: int
    """Frame of Blender's timeline at which the importer places the first frame."""
    bounds: Sequence[FloatArray] = ()
    """(20, 2, 3) m, smallest and largest coordinates of the skinned vertices at FRAMES, one array per armature."""


def _joints(animated: AnimatedCharacter) -> dict[str, FloatArray]:
    matrices = pose_matrices(animated.character, animated.rotations, animated.hips_translation)
    names = animated.character.skeleton.joint_names
    return {name: matrices[FRAMES, j, :3, 3] for j, name in enumerate(names)}


def _bounds(animated: AnimatedCharacter) -> FloatArray:
    character = animated.character
    poses = pose_matrices(character, animated.rotations, animated.hips_translation)[list(FRAMES)]
    skinning = poses @ kinematics.inverse_bind_matrices(character)
    points = np.concatenate(
        [
            np.einsum(
                "tvkij,vk,vj->tvi",
                skinning[:, mesh.joints][..., :3, :],
                mesh.weights,
                np.append(mesh.positions, np.ones((len(mesh.positions), 1)), axis=1),
            )
            for mesh in character.meshes
        ],
        axis=1,
    )
    return np.stack([points.min(axis=1), points.max(axis=1)], axis=1)


def _character_files(folder: Path, motion: Motion) -> dict[str, Expected]:
    """Writes the mannequin, and a character whose bones have axes of their own, in each format with a mesh."""
    files: dict[str, Expected] = {}
    for name, character in {"mannequin": load_character("mannequin"), "boxes": builders.character(seed=3)}.items():
        animated = retarget_to_character(motion, character)
        joints, bounds = [_joints(animated)], [_bounds(animated)]
        glb, fbx_path = folder / f"{name}.glb", folder / f"{name}.fbx"
        gltf.write(glb, animated.character, animated.rotations, animated.hips_translation, motion.fps, "take")
        fbx.write(fbx_path, [animated.fbx_model("person1")], motion.fps, "take")
        files[f"{name}, GLB"] = Expected("gltf", glb, joints, 0, bounds)
        files[f"{name}, FBX"] = Expected("fbx", fbx_path, joints, 1, bounds)
        files[f"{name}, FBX add-on"] = Expected("fbx add-on", fbx_path, joints, 1, bounds)
    return files


def _people_files(folder: Path, motions: Sequence[NamedMotion]) -> dict[str, Expected]:
    """Writes one person as VRM, and both as FBX and as USD."""
    people = [_joints(retarget_to_character(named.motion, load_character("mannequin"))) for named in motions]
    export_motions(motions[:1], folder / "one.vrm")
    export_motions(motions, folder / "two.fbx")
    export_motions(motions, folder / "two.usda")
    in_fbx = [
        {f"{n.name}:{joint}": p for joint, p in person.items()} for n, person in zip(motions, people, strict=True)
    ]
    return {
        "VRM with VRMA": Expected("vrm", folder / "one.vrm", people[:1], 1),
        "two people, FBX": Expected("fbx", folder / "two.fbx", in_fbx, 1),
        "two people, USD": Expected("usd", folder / "two.usda", people, 0),
    }


def _bvh_files(folder: Path, motion: Motion) -> dict[str, Expected]:
    positions = kinematics.joint_positions(motion)[list(FRAMES)]
    files: dict[str, Expected] = {}
    for naming, names in BONE_NAMES.items():
        path = folder / f"{naming}.bvh"
        export_motions([NamedMotion("person1", motion)], path, bone_names=naming)
        joints = {names.get(name, name): positions[:, j] for j, name in enumerate(motion.skeleton.joint_names)}
        files[f"BVH, {naming}"] = Expected("bvh", path, [joints], 1)
    return files


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Expected], dict[str, Any]]:
    """Files with what is expected of them, and what one process of Blender shows of all of them."""
    folder = tmp_path_factory.mktemp("files")
    motions = [NamedMotion(f"person{n}", builders.smooth_motion(FRAME_COUNT, seed=n)) for n in (1, 2)]
    files = _character_files(folder, motions[0].motion)
    files |= _people_files(folder, motions) | _bvh_files(folder, motions[0].motion)
    requests = {
        label: {"importer": e.importer, "path": str(e.path), "frames": [e.first_frame + frame for frame in FRAMES]}
        for label, e in files.items()
    }
    request, answer = folder / "request.json", folder / "answer.json"
    request.write_text(json.dumps(requests))
    run_script("read_files", request, answer, folder=folder)
    return files, json.loads(answer.read_text())


def test_joints_are_in_their_places(opened: tuple[dict[str, Expected], dict[str, Any]]) -> None:
    files, answer = opened
    for label, expected in files.items():
        armatures = list(answer[label]["armatures"].values())
        assert len(armatures) == len(expected.people), label
        for armature, person in zip(armatures, expected.people, strict=True):
            for name, positions in person.items():
                shown = np.array([joints[name] for joints in armature["joints"]]) @ WORLD_FROM_BLENDER.T
                assert np.linalg.norm(shown - positions, axis=1).max() < TOLERANCE_M, f"{label}: {name}"


def test_skin_is_in_its_place(opened: tuple[dict[str, Expected], dict[str, Any]]) -> None:
    files, answer = opened
    for label, expected in files.items():
        for armature, bounds in zip(answer[label]["armatures"].values(), expected.bounds, strict=False):
            # The axes of Blender that are reversed exchange their bounds.
            corners = np.array(armature["bounds"]) @ WORLD_FROM_BLENDER.T
            shown = np.stack([corners.min(axis=1), corners.max(axis=1)], axis=1)
            assert np.abs(shown - bounds).max() < TOLERANCE_M, label

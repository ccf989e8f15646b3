"""Faces in files: the Khronos validator accepts them, and three and three-vrm move the same vertices."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import pose_matrices
from bodydouble.data import Face, FloatArray
from bodydouble.formats import gltf
from bodydouble.geometry import kinematics, rotation
from bodydouble.pipeline.animated_characters import AnimatedCharacter, add_face, retarget_to_character
from bodydouble.pipeline.exporting import export_motions, retarget_motions
from bodydouble.pipeline.motion_files import NamedMotion
from bodydouble.skeletons.arkit import BLENDSHAPES
from tests import builders
from tests.builders import assert_same
from tests.formats.fbx_judges import read_with_autodesk, three_poses
from tests.formats.three_morphs import play_eyes, play_morphs
from tests.formats.validator import serious_issues
from tests.shared_data import SHARED

FRAMES = 9
SHOWN = (0, 2, 4, 6, 8)
STEP = 7
FPS = Fraction(30)
SINGLE = 1e-5
TOLERANCE_M = 2e-3
ROBOT = SHARED / "data" / "characters" / "debug_robot.vrm"


@pytest.fixture(scope="module")
def named() -> NamedMotion:
    """A motion with a face whose weights change in every frame; its gaze stays within the limits of the eyes."""
    face = builders.face(FRAMES, seed=6)
    return NamedMotion("dancer", builders.smooth_motion(FRAMES, seed=3, fps=FPS), face=face)


@pytest.fixture(scope="module")
def animated(named: NamedMotion) -> AnimatedCharacter:
    return add_face(retarget_to_character(named.motion, load_character("mannequin")), named.face)


def vertices(animated: AnimatedCharacter, frame: int) -> FloatArray:
    """Positions (V, 3) of the only mesh: morphed and skinned by their definitions."""
    character, weights = animated.character, animated.face_weights
    (mesh,) = character.meshes
    assert weights is not None and weights[0] is not None
    positions = mesh.positions.copy()
    for target, weight in zip(mesh.morph_targets, weights[0][frame], strict=True):
        positions += weight * target.position_offsets
    world = pose_matrices(character, animated.rotations, animated.hips_translation)[frame]
    skinning = (world @ kinematics.inverse_bind_matrices(character))[mesh.joints]
    blended = np.einsum("vk,vkij->vij", mesh.weights, skinning)
    return np.asarray(np.einsum("vij,vj->vi", blended[:, :3, :3], positions) + blended[:, :3, 3])


def times() -> list[float]:
    return [float(frame / FPS) for frame in SHOWN]


def test_three_plays_the_face_of_a_glb(named: NamedMotion, animated: AnimatedCharacter, tmp_path: Path) -> None:
    (file,) = export_motions([named], tmp_path / "face.glb")
    assert serious_issues(file) == []
    assert animated.face_weights is not None
    (expected,) = animated.face_weights
    assert expected is not None
    for frame, (mesh,) in zip(SHOWN, play_morphs(file, times(), STEP), strict=True):
        assert_same([mesh.weights[name] for name in BLENDSHAPES], expected[frame], SINGLE)
        assert np.linalg.norm(mesh.vertices - vertices(animated, frame)[::STEP], axis=1).max() < TOLERANCE_M


def test_fewer_keys_keep_the_vertices(animated: AnimatedCharacter, tmp_path: Path) -> None:
    tolerance = 0.002
    file = tmp_path / "reduced.glb"
    motion = animated.rotations, animated.hips_translation
    keys = animated.weight_key_masks(tolerance)
    gltf.write(file, animated.character, *motion, FPS, "x", weights=animated.face_weights, weight_keys=keys)
    assert serious_issues(file) == []
    for frame, (mesh,) in zip(SHOWN, play_morphs(file, times(), STEP), strict=True):
        assert np.linalg.norm(mesh.vertices - vertices(animated, frame)[::STEP], axis=1).max() < 2 * tolerance


def test_three_vrm_plays_the_custom_expressions_and_the_gaze(
    named: NamedMotion, animated: AnimatedCharacter, tmp_path: Path
) -> None:
    character, animation = export_motions([named], tmp_path / "face.vrm")
    assert serious_issues(character) == []
    assert serious_issues(animation) == []
    moved = []
    for frame, (mesh,) in zip(SHOWN, play_morphs(character, times(), STEP, animation), strict=True):
        expected = vertices(animated, frame)[::STEP]
        assert np.linalg.norm(mesh.vertices - expected, axis=1).max() < TOLERANCE_M
        moved.append(max(mesh.weights.values()))
    assert min(moved) > 0.5


def test_any_vrm_character_speaks(named: NamedMotion, tmp_path: Path) -> None:
    """A .vrma for any character plays the preset expressions of a character without ARKit's shapes."""
    rows = np.zeros((FRAMES, len(BLENDSHAPES)))
    rows[:, BLENDSHAPES.index("jawOpen")] = np.linspace(0.0, 0.7, FRAMES)
    rows[:, BLENDSHAPES.index("eyeBlinkLeft")] = np.linspace(1.0, 0.0, FRAMES)
    face = Face(np.ones(FRAMES, dtype=bool), rows, np.zeros((FRAMES, 2)))
    speaking = replace(named, face=face)
    (character, _), (animation,) = (
        export_motions([speaking], tmp_path / "own.vrm"),
        export_motions([speaking], tmp_path / "any.vrma"),
    )
    first, *_, last = play_morphs(character, times(), 997, animation)
    assert first[0].weights["eyeBlinkLeft"] > 0.99
    assert first[0].weights["jawOpen"] < 0.01
    assert last[0].weights["eyeBlinkLeft"] < 0.01
    assert 0.6 < last[0].weights["jawOpen"] < 0.75


def test_a_still_face_has_no_channel(named: NamedMotion, tmp_path: Path) -> None:
    still = Face(np.ones(FRAMES, dtype=bool), np.zeros((FRAMES, len(BLENDSHAPES))), np.zeros((FRAMES, 2)))
    (file,) = export_motions([replace(named, face=still)], tmp_path / "still.glb")
    assert b'"path":"weights"' not in file.read_bytes()


def test_readers_of_fbx_move_the_vertices(named: NamedMotion, animated: AnimatedCharacter, tmp_path: Path) -> None:
    (file,) = export_motions([named], tmp_path / "face.fbx")
    (mesh,) = animated.character.meshes
    corners = list(range(0, mesh.triangles.size, 53))
    used = mesh.triangles.ravel()[corners]
    for frame, pose in zip(SHOWN, three_poses(file, times(), corners), strict=True):
        assert np.linalg.norm(pose.vertices - vertices(animated, frame)[used], axis=1).max() < TOLERANCE_M


def test_autodesks_sdk_reads_the_curves_of_the_weights(
    named: NamedMotion, animated: AnimatedCharacter, tmp_path: Path
) -> None:
    (file,) = export_motions([named], tmp_path / "face.fbx")
    glb = read_with_autodesk(file)
    targets = glb.json["meshes"][0]["primitives"][0]["targets"]
    assert len(targets) == len(BLENDSHAPES)
    (channel,) = [c for c in glb.json["animations"][0]["channels"] if c["target"]["path"] == "weights"]
    sampler = glb.json["animations"][0]["samplers"][channel["sampler"]]
    seconds, values = glb.accessor(sampler["input"]), glb.accessor(sampler["output"]).reshape(-1, len(targets))
    assert animated.face_weights is not None and animated.face_weights[0] is not None
    for time, frame in zip(times(), SHOWN, strict=True):
        row = values[int(np.argmin(np.abs(seconds - time)))]
        assert_same(row, animated.face_weights[0][frame], 1e-4)


@pytest.mark.skipif(not ROBOT.is_file(), reason="the characters in the shared folder are not there")
def test_three_vrm_turns_the_eyes_of_a_vrm_character_as_we_do(named: NamedMotion, tmp_path: Path) -> None:
    assert named.face is not None
    turning = replace(named, face=replace(named.face, gaze=np.linspace([-1.2, -0.8], [1.2, 0.8], FRAMES)))
    retargeted = retarget_motions([turning], str(ROBOT), tmp_path / "robot.vrm").files
    found = play_eyes(retargeted[0], times(), retargeted[1])
    robot = load_character(str(ROBOT))
    animated = add_face(retarget_to_character(turning.motion, robot), turning.face)
    eyes = [robot.vrm["humanBones"][bone] for bone in ("leftEye", "rightEye")]
    expected = animated.rotations[list(SHOWN)][:, eyes]
    assert np.degrees(rotation.angle_between(found, expected)).max() < 0.5
    assert np.degrees(rotation.angle_between(expected[0], expected[-1])).min() > 3.0


def test_a_drawn_character_gets_the_same_weights_from_glb_and_vrm(named: NamedMotion, tmp_path: Path) -> None:
    girl = load_character("anime:girl")
    animated = add_face(retarget_to_character(named.motion, girl), named.face)
    assert animated.face_weights is not None
    expected = {
        tuple(target.name for target in mesh.morph_targets): weights
        for mesh, weights in zip(girl.meshes, animated.face_weights, strict=True)
        if weights is not None
    }
    (glb,) = retarget_motions([named], "anime:girl", tmp_path / "girl.glb").files
    vrm, vrma = retarget_motions([named], "anime:girl", tmp_path / "girl.vrm").files
    for frames in (play_morphs(glb, times(), 997), play_morphs(vrm, times(), 997, vrma)):
        for frame, meshes in zip(SHOWN, frames, strict=True):
            played = {tuple(mesh.weights): list(mesh.weights.values()) for mesh in meshes if mesh.weights}
            assert played.keys() >= expected.keys()
            for names, weights in expected.items():
                assert_same(played[names], weights[frame], SINGLE)

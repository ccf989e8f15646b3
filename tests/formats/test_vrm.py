"""Tests of VRM 1.0 files: the Khronos validator, and three-vrm plays them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import pose_matrices
from bodydouble.characters.t_pose import t_pose
from bodydouble.data import Character, MorphTarget, Motion
from bodydouble.errors import InvalidDataError
from bodydouble.formats import gltf, vrm, vrm_expressions, vrma
from bodydouble.pipeline.animated_characters import AnimatedCharacter, retarget_to_character
from bodydouble.pipeline.exporting import retarget_motions
from bodydouble.pipeline.motion_files import NamedMotion
from bodydouble.skeletons import arkit, face_names
from tests import builders
from tests.characters.test_t_pose import lowered_arms
from tests.formats import glb_evaluator
from tests.formats.three_vrm import Played, play
from tests.formats.validator import serious_issues
from tests.shared_data import SHARED

MILLIMETRE = 1e-3
FRAMES = (0, 5, 11)
CHARACTERS = SHARED / "data" / "characters"


@pytest.fixture(scope="module")
def motion() -> Motion:
    return builders.smooth_motion(frames=12, seed=4)


def check_poses(played: Played, animated: AnimatedCharacter) -> None:
    """Checks that all joints are within 2 mm and 0.1 degrees of those of the animated character."""
    a = animated
    expected = pose_matrices(a.character, a.rotations, a.hips_translation)[list(FRAMES)]
    found = played.world[:, : expected.shape[1]]
    distances = np.linalg.norm(found[..., :3, 3] - expected[..., :3, 3], axis=-1)
    assert distances.max() < 2 * MILLIMETRE
    np.testing.assert_allclose(found[..., :3, :3], expected[..., :3, :3], atol=np.radians(0.1))
    assert not played.content["warnings"]


def play_motion(motion: Motion, character: Character, folder: Path) -> tuple[Played, AnimatedCharacter]:
    """Writes a character and its motion, checks the files and plays them."""
    animated, pose = retarget_to_character(motion, character), t_pose(character)
    tracks = animated.rotations, animated.hips_translation
    vrm.write(folder / "a.vrm", character, pose)
    vrma.write_of_character(folder / "a.vrma", character, tracks, motion.fps, "a", pose)
    assert not serious_issues(folder / "a.vrm") + serious_issues(folder / "a.vrma")
    seconds = [frame / float(motion.fps) for frame in FRAMES]
    return play(folder / "a.vrm", folder / "a.vrma", seconds), animated


@pytest.mark.parametrize("seed", [None, 2])
def test_a_character_of_any_rest_pose_moves_as_its_glb(motion: Motion, seed: int | None, tmp_path: Path) -> None:
    played, animated = play_motion(motion, lowered_arms(seed), tmp_path)
    check_poses(played, animated)
    a = animated
    gltf.write(tmp_path / "a.glb", a.character, a.rotations, a.hips_translation, motion.fps, "a")
    files = [glb_evaluator.read(tmp_path / name) for name in ("a.glb", "a.vrm")]
    skins = [file.accessor(file.json["skins"][0]["inverseBindMatrices"]) for file in files]
    vertices = [file.accessor(file.json["meshes"][0]["primitives"][0]["attributes"]["POSITION"]) for file in files]
    # Equal joints, binds and vertices: so are the skinned vertices.
    np.testing.assert_array_equal(skins[0], skins[1])
    np.testing.assert_array_equal(vertices[0], vertices[1])


@pytest.mark.parametrize("name", ["mannequin", "debug_robot.vrm", "cryptovoxels.vrm", "quaternius_male.glb"])
def test_files_are_played_as_the_glb(motion: Motion, name: str, tmp_path: Path) -> None:
    path = name if name == "mannequin" else str(CHARACTERS / name)
    if name != "mannequin" and not Path(path).is_file():
        pytest.skip(f"{name} is not here")
    result = retarget_motions([NamedMotion("person1", motion)], path, tmp_path / "a.vrm")
    assert result.files == (tmp_path / "a.vrm", tmp_path / "a.vrma")
    assert not [issue for file in result.files for issue in serious_issues(file)]
    character, animation = result.files
    played = play(character, animation, [frame / float(motion.fps) for frame in FRAMES])
    check_poses(played, retarget_to_character(motion, load_character(path)))
    assert set(vrm.REQUIRED_BONES) <= set(played.content["bones"])


def test_metadata_permits_nothing(motion: Motion, tmp_path: Path) -> None:
    played, _ = play_motion(motion, builders.character(), tmp_path)
    meta = played.content["meta"]
    assert (meta["metaVersion"], meta["name"], meta["authors"]) == ("1", "boxes", ["unknown"])
    assert meta["avatarPermission"] == "onlyAuthor" and meta["modification"] == "prohibited"
    assert not any(value for key, value in meta.items() if key.startswith("allow"))


def test_missing_required_bones_are_named(tmp_path: Path) -> None:
    character = builders.character()
    bones = {bone: j for bone, j in character.humanoid.items() if bone not in ("spine", "leftHand")}
    with pytest.raises(InvalidDataError, match="it has no spine, leftHand"):
        vrm.write(tmp_path / "a.vrm", replace(character, humanoid=bones), t_pose(character))
    assert not list(tmp_path.iterdir())


def test_bones_without_the_one_above_are_left_out() -> None:
    character = builders.character()
    bones = {bone: j for bone, j in character.humanoid.items() if bone != "chest"}
    assert "upperChest" not in vrm.select_bones(replace(character, humanoid=bones))


def with_morph_targets(*names: str) -> Character:
    """A character whose mesh has a morph target of each name."""
    character = builders.character()
    (mesh,) = character.meshes
    targets = tuple(MorphTarget(name, 0.01 * mesh.normals) for name in names)
    return replace(character, meshes=(replace(mesh, morph_targets=targets),))


def test_arkit_shapes_become_presets_and_perfect_sync(motion: Motion, tmp_path: Path) -> None:
    assert len(arkit.BLENDSHAPES) == len(set(arkit.BLENDSHAPES)) == 52
    played, _ = play_motion(motion, with_morph_targets(*arkit.BLENDSHAPES), tmp_path)
    binds = dict(played.content["expressions"])
    assert set(arkit.BLENDSHAPES) <= set(binds)
    recipes = face_names.PRESET_RECIPES
    assert {name: binds[name] for name in recipes} == {name: len(recipe) for name, recipe in recipes.items()}


@pytest.mark.parametrize(
    ("target", "expression"),
    [("A", "aa"), ("Fcl_MTH_O", "oh"), ("blink_l", "blinkLeft"), ("Joy", "happy"), ("face.eyeBlink_R", "blinkRight")],
)
def test_names_of_other_programs_are_known(target: str, expression: str) -> None:
    found = vrm_expressions.find_expressions({7: ["other", target]})
    assert found["preset"] == {expression: {"morphTargetBinds": [{"node": 7, "index": 1, "weight": 1.0}]}}

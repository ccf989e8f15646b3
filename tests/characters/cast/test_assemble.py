from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.cast.assemble import build_character
from bodydouble.characters.cast.body import build_body
from bodydouble.characters.cast.clothes import build_clothes
from bodydouble.characters.cast.hair import build_hair
from bodydouble.characters.cast.hats import build_hat, cover_hair
from bodydouble.characters.cast.head import build_head
from bodydouble.characters.cast.look import BOTTOMS, FRINGES, HAIR, TOPS, create_look
from bodydouble.characters.cast.presets import PRESETS
from bodydouble.characters.cast.random_looks import draw_look
from bodydouble.characters.load import load_character
from bodydouble.characters.skirt_bones import COLUMNS
from bodydouble.data import Character
from bodydouble.formats import gltf, vrm
from bodydouble.geometry import kinematics
from bodydouble.skeletons import humanoid
from tests.characters.cast.characters_of_presets import drawn
from tests.formats import validator

MAX_VERTICES = 27_000


def rest_pose(character: Character) -> tuple[np.ndarray, np.ndarray]:
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (len(character.skeleton.joint_names), 1))
    return rotations, character.skeleton.rest_offsets[0]


@pytest.mark.parametrize("name", PRESETS)
def test_meshes_are_finite_skinned_and_small(name: str) -> None:
    character = drawn(name)
    for mesh in character.meshes:
        assert np.isfinite(mesh.positions).all()
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-6)
        assert np.allclose(mesh.weights.sum(axis=1), 1)
        assert (mesh.weights >= 0).all()
        assert mesh.triangles.max() < len(mesh.positions)
        assert mesh.uvs is not None
        assert np.isfinite(mesh.uvs).all()
        for target in mesh.morph_targets:
            assert np.isfinite(target.position_offsets).all()
            assert target.weight == 0
    assert sum(len(mesh.positions) for mesh in character.meshes) < MAX_VERTICES


@pytest.mark.parametrize("name", PRESETS)
def test_a_character_stands_on_the_floor_with_the_stature_of_its_look(name: str) -> None:
    look, character = PRESETS[name], drawn(name)
    points = np.concatenate([mesh.positions for mesh in character.meshes])
    assert points[:, 1].min() == pytest.approx(0.0, abs=0.012)
    face = np.concatenate([mesh.positions for mesh in character.meshes if mesh.material.name == "face"])
    assert face[:, 1].max() == pytest.approx(look.height, abs=0.01)
    assert set(humanoid.JOINTS + humanoid.FINGERS) == set(character.humanoid)


def test_a_skeleton_is_mirror_symmetric() -> None:
    character = drawn("man")
    rest = kinematics.rest_positions(character.skeleton)
    for bone, joint in character.humanoid.items():
        other = rest[character.humanoid[humanoid.mirrored_name(bone)]]
        assert np.allclose(rest[joint], other * [-1, 1, 1], atol=1e-3)


def test_the_same_look_gives_the_same_character() -> None:
    first, second = drawn("girl"), build_character(PRESETS["girl"])
    for one, other in zip(first.meshes, second.meshes, strict=True):
        assert np.array_equal(one.positions, other.positions)
        assert np.array_equal(one.triangles, other.triangles)
        assert one.material == other.material


@pytest.mark.parametrize("name", ["man", "boy"])
def test_skin_that_garments_cover_is_gone(name: str) -> None:
    look = PRESETS[name]
    body = build_body(look)
    outfit = build_clothes(look, body)
    skin = np.concatenate([m.positions for m in drawn(name).meshes if m.name == "body"])
    neck = body.joints["neck"]
    limbs = skin[np.hypot(skin[:, 0], skin[:, 2] - neck[2]) > 0.10 * body.head_height / 0.246]
    # A field that is not linear over a triangle is cut where its linear course is zero.
    assert outfit.visible(limbs).min() > -0.002
    assert outfit.visible(body.skin.positions).min() < -0.05


@pytest.mark.parametrize("hair", HAIR)
def test_every_hair_and_fringe_can_be_grown(hair: str) -> None:
    fringe = FRINGES[HAIR.index(hair) % len(FRINGES)]
    look = create_look({"hair": hair, "fringe": fringe, "curl": 0.5})
    part = build_hair(build_head(look), look).part
    assert np.isfinite(part.positions).all()
    assert np.allclose(np.linalg.norm(part.normals, axis=1), 1)
    assert part.uvs.min() >= 0
    assert part.uvs.max() <= 1


def test_hair_differs_with_the_seed() -> None:
    looks = [create_look({"seed": seed}) for seed in (1, 1, 2)]
    first, again, other = (build_hair(build_head(look), look).part.positions for look in looks)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("hair", ["twin-tails", "ponytail", "shoulder", "long"])
def test_bones_of_hanging_hair_share_its_lower_part(hair: str) -> None:
    look = create_look({"hair": hair})
    built = build_hair(build_head(look), look)
    total = np.sum(list(built.part.bones.values()), axis=0)
    assert {bone.name for bone in built.bones} == set(built.part.bones)
    assert total.min() >= 0
    assert total.max() <= 1 + 1e-9
    low = built.part.positions[:, 1] < -0.2
    assert np.allclose(total[low], 1)
    assert total[built.part.positions[:, 1] > 0.95].max() == 0


@pytest.mark.parametrize("hat", ["beanie", "cap"])
def test_hair_inside_a_hat_is_gone_and_weights_stay_with_the_rest(hat: str) -> None:
    look = create_look({"hat": hat, "hair": "long"})
    head = build_head(look)
    hair = build_hair(head, look).part
    covered = cover_hair(hair, head, look)
    crown = build_hat(head, look)[0].positions[:, 1].max()
    assert covered.positions[:, 1].max() < crown - 0.1
    assert hair.positions[:, 1].max() > crown - 0.1
    assert np.sum(list(covered.bones.values()), axis=0).max() <= 1 + 1e-9
    assert cover_hair(hair, head, create_look({})) is hair


@pytest.mark.parametrize("top", TOPS)
def test_every_garment_can_be_cut(top: str) -> None:
    bottom = BOTTOMS[TOPS.index(top) % len(BOTTOMS)]
    look = create_look({"top": top, "bottom": bottom, "pattern": "print", "shoes": "boots", "weight": 0.9})
    outfit = build_clothes(look, build_body(look))
    assert all(np.isfinite(part.positions).all() and np.isfinite(part.normals).all() for part in outfit.parts)
    assert {"top", "bottom", "shoes"} <= {part.mesh for part in outfit.parts}
    assert {"top", "bottom"} == set(outfit.textures)


@pytest.mark.parametrize("name", PRESETS)
def test_files_satisfy_the_khronos_validator(name: str, tmp_path: Path) -> None:
    character = drawn(name)
    rotations, hips = rest_pose(character)
    gltf.write(tmp_path / "a.glb", character, rotations[None], hips[None], Fraction(30), "rest")
    vrm.write(tmp_path / "a.vrm", character, (rotations, hips))
    assert validator.serious_issues(tmp_path / "a.glb") == []
    assert validator.serious_issues(tmp_path / "a.vrm") == []


@pytest.mark.parametrize("seed", [200, 203, 207])
def test_files_of_random_looks_satisfy_the_khronos_validator(seed: int, tmp_path: Path) -> None:
    character = build_character(draw_look(seed))
    vrm.write(tmp_path / "a.vrm", character, rest_pose(character))
    assert validator.serious_issues(tmp_path / "a.vrm") == []
    assert sum(len(mesh.positions) for mesh in character.meshes) < MAX_VERTICES


def test_a_vrm_file_keeps_toon_values_and_expressions(tmp_path: Path) -> None:
    character = drawn("woman")
    vrm.write(tmp_path / "a.vrm", character, rest_pose(character))
    read = load_character(str(tmp_path / "a.vrm"))
    toon = read.vrm["VRMC_materials_mtoon"]["hair"][0]
    assert toon == character.vrm["VRMC_materials_mtoon"]["hair"][0]
    assert {"blink", "blinkLeft", "happy", "aa", "ou", "lookLeft", "lookUp"} <= set(read.vrm["expressions"]["preset"])
    happy = read.vrm["expressions"]["preset"]["happy"]
    assert {bind["mesh"] for bind in happy["morphTargetBinds"]} == {"eyes", "face", "mouth"}
    assert happy["overrideBlink"] == "block"
    assert read.vrm["lookAt"]["type"] == "expression"
    springs = read.vrm["VRMC_springBone"]["springs"]
    assert len(springs) == COLUMNS
    assert all(len(spring["joints"]) == 3 for spring in springs)
    assert read.vrm["meta"]["modification"] == "allowModificationRedistribution"

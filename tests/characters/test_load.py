"""Loading of characters from intact, unusual and damaged files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.load import builtin_names, load_character
from bodydouble.data import Character
from bodydouble.errors import FormatError, UnknownCharacterError
from bodydouble.geometry import rotation
from bodydouble.geometry.kinematics import bind_matrices
from tests.builders import assert_same
from tests.characters.comparison import assert_same_character, below_armature
from tests.characters.glb_edit import MANNEQUIN, Glb

ROTATIONS = {
    "upright": np.eye(3),
    "z up": rotation.to_matrix(rotation.from_rotvec(np.array([np.pi / 2, 0.0, 0.0]))),
    "faces backwards": np.diag([-1.0, 1.0, -1.0]),
}


@pytest.fixture(scope="module")
def mannequin() -> Character:
    return load_character("mannequin")


def test_the_mannequin_is_built_in() -> None:
    assert builtin_names() == ("mannequin",)


def test_a_file_loads_like_the_built_in_character(mannequin: Character) -> None:
    assert_same_character(load_character(str(MANNEQUIN)), mannequin)


def test_scale_and_rotation_above_the_hips_are_removed(tmp_path: Path, mannequin: Character) -> None:
    armature = np.eye(4)
    armature[:3, :3] = 0.01 * ROTATIONS["z up"]
    loaded = load_character(str(below_armature(armature, np.linalg.inv(armature)).save(tmp_path / "scaled.glb")))
    assert_same_character(loaded, mannequin)
    lengths = np.linalg.norm(loaded.skeleton.rest_offsets, axis=1)
    assert lengths.max() < 1.0
    assert_same(np.linalg.norm(loaded.rest_rotations, axis=1), np.ones(len(lengths)), 1e-9)


@pytest.mark.parametrize("heading", ROTATIONS)
def test_loaded_characters_are_upright_and_face_forward(tmp_path: Path, mannequin: Character, heading: str) -> None:
    armature = np.eye(4)
    armature[:3, :3] = ROTATIONS[heading]
    loaded = load_character(str(below_armature(armature, np.eye(4)).save(tmp_path / "rotated.glb")))
    assert_same_character(loaded, mannequin)


def test_scale_of_a_whole_rig_reaches_the_mesh(tmp_path: Path, mannequin: Character) -> None:
    loaded = load_character(str(below_armature(np.diag([2.0, 2.0, 2.0, 1.0]), np.eye(4)).save(tmp_path / "giant.glb")))
    assert_same(loaded.meshes[0].positions, 2 * mannequin.meshes[0].positions, 1e-5)
    assert_same(loaded.skeleton.rest_offsets, 2 * mannequin.skeleton.rest_offsets, 1e-5)


def test_weights_and_joints_of_any_component_type(tmp_path: Path, mannequin: Character) -> None:
    glb = Glb()
    attributes = glb.json["meshes"][0]["primitives"][0]["attributes"]
    weights = glb.array(attributes["WEIGHTS_0"], "<f4", 4)
    joints = glb.array(attributes["JOINTS_0"], "u1", 4)
    attributes["WEIGHTS_0"] = glb.add(np.round(weights * 255).astype("u1"), "VEC4", normalized=True)
    attributes["JOINTS_0"] = glb.add(joints.astype("<u2"), "VEC4")
    assert_same_character(load_character(str(glb.save(tmp_path / "bytes.glb"))), mannequin)


def test_missing_normals_are_computed(tmp_path: Path, mannequin: Character) -> None:
    glb = Glb()
    del glb.json["meshes"][0]["primitives"][0]["attributes"]["NORMAL"]
    normals = load_character(str(glb.save(tmp_path / "flat.glb"))).meshes[0].normals
    agreement = np.sum(normals * mannequin.meshes[0].normals, axis=1)
    assert np.median(agreement) > 0.99


def test_a_rigid_part_below_a_joint_belongs_to_the_joint(tmp_path: Path) -> None:
    glb = Glb()
    primitive = dict(glb.json["meshes"][0]["primitives"][0])
    primitive["attributes"] = {"POSITION": primitive["attributes"]["POSITION"]}
    glb.json["meshes"].append({"primitives": [primitive]})
    head = glb.json["nodes"][glb.node("head")]
    head["children"] = [len(glb.json["nodes"])]
    glb.json["nodes"].append({"name": "hat", "mesh": 1, "translation": [0.0, 0.2, 0.0], "scale": [0.1, 0.1, 0.1]})
    loaded = load_character(str(glb.save(tmp_path / "hat.glb")))
    body, hat = loaded.meshes
    at_head = bind_matrices(loaded)[loaded.humanoid["head"]][:3, 3]
    assert set(hat.joints[hat.weights > 0]) == {loaded.humanoid["head"]}
    assert_same(hat.positions, body.positions * 0.1 + at_head + [0.0, 0.2, 0.0], 1e-6)


def test_feet_outside_the_leg_hierarchy_follow_the_legs(tmp_path: Path, mannequin: Character) -> None:
    glb = Glb()
    nodes = glb.json["nodes"]
    foot, shin, hips = (glb.node(name) for name in ("leftFoot", "leftLowerLeg", "hips"))
    world = bind_matrices(mannequin)
    nodes[shin]["children"].remove(foot)
    nodes[hips]["children"].append(foot)
    step = world[mannequin.humanoid["leftFoot"]] - world[mannequin.humanoid["hips"]]
    nodes[foot]["translation"] = step[:3, 3].tolist()
    loaded = load_character(str(glb.save(tmp_path / "control_rig.glb")))
    assert_same_character(loaded, mannequin)
    assert loaded.skeleton.parents[loaded.humanoid["leftFoot"]] == loaded.humanoid["leftLowerLeg"]


def test_an_unknown_name_lists_the_built_in_characters() -> None:
    with pytest.raises(
        UnknownCharacterError,
        match=r"^unknown character 'robo'; built in: mannequin, anime, like-me; or give a .glb, .vrm or .fbx file$",
    ):
        load_character("robo")


def _without_hierarchy(glb: Glb) -> None:
    for i, node in enumerate(glb.json["nodes"]):
        node["name"] = f"bone{i}"
        node.pop("children", None)


def _unskinned(glb: Glb) -> None:
    del glb.json["skins"]
    del glb.json["nodes"][0]["skin"]


def _without_mesh(glb: Glb) -> None:
    del glb.json["nodes"][0]["mesh"]
    del glb.json["nodes"][0]["skin"]


def _short_buffer(glb: Glb) -> None:
    del glb.blob[1000:]


def _loop(glb: Glb) -> None:
    glb.json["nodes"][glb.node("head")]["children"] = [glb.node("hips")]


def _bad_joint(glb: Glb) -> None:
    glb.json["skins"][0]["joints"][5] = 999


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without_hierarchy, "no humanoid skeleton found"),
        (_unskinned, "no skeleton in this file"),
        (_without_mesh, "no mesh moves with its skeleton"),
        (_short_buffer, "damaged"),
        (_loop, "loop"),
        (_bad_joint, "damaged"),
    ],
)
def test_errors_are_one_line_with_path_and_reason(tmp_path: Path, damage: Callable[[Glb], None], message: str) -> None:
    glb = Glb()
    damage(glb)
    path = glb.save(tmp_path / "bad.glb")
    with pytest.raises(FormatError, match=message) as caught:
        load_character(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"glTF", b"glTF\x02\0\0\0\x10\0\0\0", b"{}", b"\x00\xff" * 50, b"[1, 2]"])
def test_rejects_files_that_are_not_gltf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.glb"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"not a readable glTF 2\.0 file"):
        load_character(str(path))


def test_rejects_truncated_files(tmp_path: Path) -> None:
    data = MANNEQUIN.read_bytes()
    path = tmp_path / "cut.glb"
    for length in np.linspace(10, len(data) - 10, 12).astype(int):
        path.write_bytes(data[:length])
        with pytest.raises(FormatError):
            load_character(str(path))


def test_rejects_other_file_types(tmp_path: Path) -> None:
    path = tmp_path / "walk.obj"
    path.write_bytes(b"v 0 0 0")
    with pytest.raises(FormatError, match=r"must be a .glb, .vrm, .gltf, .fbx file"):
        load_character(str(path))


@pytest.mark.parametrize(
    ("name", "expected"), [("anime", "woman"), ("anime:old-man", "old-man"), ("anime:7", "look 7")]
)
def test_drawn_characters_are_loaded_by_name(name: str, expected: str) -> None:
    character = load_character(name)
    assert character.name == expected
    assert not character.is_builtin


def test_a_look_of_a_file_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "me.toml").write_text('name = "me"\nhair = "short"\nheight = 1.8\n')
    assert load_character(f"anime:{tmp_path / 'me.toml'}").name == "me"


def test_an_unknown_drawn_character_is_named_with_the_choices() -> None:
    with pytest.raises(UnknownCharacterError, match="choose woman, man, girl"):
        load_character("anime:dragon")
    with pytest.raises(FormatError, match="a map of bones"):
        load_character("anime", {"hips": "Hips"})

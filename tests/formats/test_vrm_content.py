"""Tests of what a .vrm file keeps of the VRM file that its character comes from; three-vrm reads the result."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bodydouble.characters.load import load_character
from bodydouble.characters.spring_chains import EXTENDED_COLLIDER as EXTENDED
from bodydouble.characters.spring_chains import read_chains
from bodydouble.characters.t_pose import t_pose
from bodydouble.data import Motion
from bodydouble.formats import vrm
from bodydouble.pipeline.exporting import RetargetResult, retarget_motions
from bodydouble.pipeline.motion_files import NamedMotion
from bodydouble.pipeline.root_motion import RootMotion
from tests import builders
from tests.characters.glb_edit import Glb
from tests.formats.test_vrm import with_morph_targets
from tests.formats.three_vrm import play
from tests.formats.validator import serious_issues

TAIL = 0.07


def avatar(folder: Path, edit: Callable[[Glb], None]) -> Path:
    """Writes a VRM file with the morph targets "one" and "two" and a strand of hair of three nodes, edited."""
    character = with_morph_targets("one", "two")
    vrm.write(folder / "plain.vrm", character, t_pose(character))
    glb = Glb(folder / "plain.vrm")
    nodes = glb.json["nodes"]
    first = len(nodes)
    nodes += [
        {"name": "hair_1", "translation": [0.0, 0.1, -0.1], "children": [first + 1]},
        {"name": "hair_2", "translation": [0.0, -TAIL, 0.0], "children": [first + 2]},
        {"name": "hair_3", "translation": [0.0, -TAIL, 0.0]},
    ]
    nodes[glb.node("head")].setdefault("children", []).append(first)
    edit(glb)
    return glb.save(folder / "avatar.vrm")


def grey_png() -> bytes:
    stream = BytesIO()
    Image.new("RGB", (4, 4), (128, 128, 128)).save(stream, "PNG")
    return stream.getvalue()


def declare(glb: Glb, **extensions: Any) -> None:
    glb.json["extensions"].update(extensions)
    glb.json["extensionsUsed"] = [*{*glb.json["extensionsUsed"], *extensions}]


def spring_bones(glb: Glb) -> dict[str, Any]:
    """The extension VRMC_springBone of the strand of hair, with a collider on the head."""
    names = ("hair_1", "hair_2", "hair_3")
    joints = [{"node": glb.node(name), "stiffness": 2.0, "hitRadius": 0.02} for name in names]
    return {
        "specVersion": "1.0",
        "colliders": [{"node": glb.node("head"), "shape": {"sphere": {"offset": [0.0, 0.1, 0.0], "radius": 0.09}}}],
        "colliderGroups": [{"colliders": [0]}],
        "springs": [{"name": "hair", "joints": joints, "colliderGroups": [0], "center": glb.node("hips")}],
    }


def edit_vrm1(glb: Glb) -> None:
    """Adds expressions, spring bones, a constraint, MToon, a thumbnail and metadata of VRM 1.0."""
    node = next(n for n, entry in enumerate(glb.json["nodes"]) if "mesh" in entry)
    content = glb.json["extensions"]["VRMC_vrm"]
    content["meta"] |= {"name": "Ada", "authors": ["Grace"], "commercialUsage": "corporation"}
    content["expressions"] = {
        "preset": {
            "aa": {"morphTargetBinds": [{"node": node, "index": 1, "weight": 0.6}], "overrideBlink": "block"},
            "happy": {"materialColorBinds": [{"material": 0, "type": "color", "targetValue": [1, 0, 0, 1]}]},
        },
        "custom": {"wink": {"morphTargetBinds": [{"node": node, "index": 0, "weight": 1.0}], "isBinary": True}},
    }
    content["firstPerson"] = {"meshAnnotations": [{"node": node, "type": "thirdPersonOnly"}]}
    texture = glb.add_texture(grey_png())
    content["meta"]["thumbnailImage"] = len(glb.json["images"]) - 1
    toon = {"specVersion": "1.0", "shadingToonyFactor": 0.7, "shadeMultiplyTexture": {"index": texture}}
    glb.json["materials"][0]["extensions"] = {"VRMC_materials_mtoon": toon}
    glb.add_uvs()
    constraint = {"roll": {"source": glb.node("rightHand"), "rollAxis": "X", "weight": 0.5}}
    arm = glb.json["nodes"][glb.node("leftLowerArm")]
    arm["extensions"] = {"VRMC_node_constraint": {"specVersion": "1.0", "constraint": constraint}}
    declare(glb, VRMC_springBone=spring_bones(glb))
    glb.json["extensionsUsed"] += ["VRMC_node_constraint", "VRMC_materials_mtoon"]


def edit_vrm0(glb: Glb) -> None:
    """Replaces VRM 1.0 by VRM 0.x with a blend shape group, spring bones and a material, facing -Z."""
    bones = glb.json["extensions"].pop("VRMC_vrm")["humanoid"]["humanBones"]
    glb.json["extensionsUsed"] = []
    glb.inverse_bind = glb.inverse_bind @ np.diag([-1.0, 1.0, -1.0, 1.0])
    for name in ("POSITION", "NORMAL"):
        values = glb.array(glb.primitive["attributes"][name], "<f4", 3) * np.array([-1.0, 1.0, -1.0], dtype=np.float32)
        glb.primitive["attributes"][name] = glb.add(values, "VEC3")
    up = {"x": 0.0, "y": 0.1, "z": 0.05}
    declare(
        glb,
        VRM={
            "specVersion": "0.0",
            "meta": {"title": "Ada", "author": "Grace", "allowedUserName": "Everyone", "sexualUssageName": "Disallow"},
            "humanoid": {"humanBones": [{"bone": bone, "node": entry["node"]} for bone, entry in bones.items()]},
            "blendShapeMaster": {
                "blendShapeGroups": [
                    {"presetName": "joy", "name": "Joy", "binds": [{"mesh": 0, "index": 1, "weight": 60}]},
                    {"presetName": "unknown", "name": "wink", "binds": [{"mesh": 0, "index": 0, "weight": 100}]},
                ]
            },
            "secondaryAnimation": {
                "colliderGroups": [{"node": glb.node("head"), "colliders": [{"offset": up, "radius": 0.09}]}],
                "boneGroups": [
                    {
                        "stiffiness": 2.0,
                        "gravityPower": 0.5,
                        "gravityDir": {"x": 0.0, "y": -1.0, "z": 0.5},
                        "hitRadius": 0.02,
                        "center": -1,
                        "bones": [glb.node("hair_1")],
                        "colliderGroups": [0],
                    }
                ],
            },
            "materialProperties": [{"shader": "VRM/Other"}],
        },
    )


@pytest.fixture
def named() -> NamedMotion:
    motion: Motion = builders.smooth_motion(frames=4)
    return NamedMotion("person1", motion)


def export(named: NamedMotion, source: Path) -> tuple[RetargetResult, dict[str, Any], dict[str, Any]]:
    """Exports a motion on a VRM file; returns the result, three-vrm's view of it and its JSON."""
    result = retarget_motions([named], str(source), source.with_name("out.vrm"))
    assert not [issue for file in result.files for issue in serious_issues(file)]
    character, animation = result.files
    content = play(character, animation, [0.0]).content
    assert not content["warnings"]
    return result, content, Glb(result.files[0]).json


def test_content_of_vrm_1_is_kept(named: NamedMotion, tmp_path: Path) -> None:
    result, content, document = export(named, avatar(tmp_path, edit_vrm1))
    assert result.notes == (
        "kept in .vrm and .glb files only: VRMC_materials_mtoon, VRMC_node_constraint, VRMC_springBone",
    )
    meta = document["extensions"]["VRMC_vrm"]["meta"]
    assert (meta["name"], meta["authors"], meta["commercialUsage"]) == ("Ada", ["Grace"], "corporation")
    assert document["images"][meta["thumbnailImage"]]["mimeType"] == "image/png"
    assert {name: count for name, count in content["expressions"] if count} == {"aa": 1, "happy": 1, "wink": 1}
    aa = document["extensions"]["VRMC_vrm"]["expressions"]["preset"]["aa"]
    (bind,) = aa["morphTargetBinds"]
    assert (bind["index"], bind["weight"], aa["overrideBlink"]) == (1, 0.6, "block")
    assert "mesh" in document["nodes"][bind["node"]]
    (annotation,) = document["extensions"]["VRMC_vrm"]["firstPerson"]["meshAnnotations"]
    assert annotation == {"node": bind["node"], "type": "thirdPersonOnly"}
    assert (content["springJoints"], content["colliders"], content["constraints"]) == (2, 1, 1)
    assert content["toonMaterials"] == [document["materials"][0]["name"]]
    toon = document["materials"][0]["extensions"]["VRMC_materials_mtoon"]
    assert toon["shadingToonyFactor"] == 0.7 and toon["shadeMultiplyTexture"]["index"] < len(document["textures"])


def test_spring_bones_name_the_same_joints(named: NamedMotion, tmp_path: Path) -> None:
    _, _, document = export(named, avatar(tmp_path, edit_vrm1))
    names = [node["name"] for node in document["nodes"]]
    springs = document["extensions"]["VRMC_springBone"]
    (spring,) = springs["springs"]
    assert [names[joint["node"]] for joint in spring["joints"]] == ["hair_1", "hair_2", "hair_3"]
    assert (names[spring["center"]], names[springs["colliders"][0]["node"]]) == ("hips", "head")


def test_root_bone_leaves_the_content_in_place(named: NamedMotion, tmp_path: Path) -> None:
    source = str(avatar(tmp_path, edit_vrm1))
    extensions = []
    for root in (RootMotion.HIPS, RootMotion.ROOT):
        (file,) = retarget_motions([named], source, tmp_path / f"{root}.glb", root=root).files
        assert serious_issues(file) == []
        extensions.append(_name_nodes(Glb(file).json))
    assert extensions[0] == extensions[1]


def _name_nodes(document: dict[str, Any]) -> Any:
    """Returns the extensions of a file with the names of nodes in place of their indices."""

    def replace_indices(content: Any) -> Any:
        if isinstance(content, list):
            return [replace_indices(value) for value in content]
        if not isinstance(content, dict):
            return content
        return {
            key: document["nodes"][value]["name"] if key in ("node", "source", "center") else replace_indices(value)
            for key, value in content.items()
        }

    return replace_indices(document["extensions"])


def test_content_is_the_same_after_a_second_round(tmp_path: Path) -> None:
    character = load_character(str(avatar(tmp_path, edit_vrm1)))
    vrm.write(tmp_path / "again.vrm", character, t_pose(character))
    again = load_character(str(tmp_path / "again.vrm"))
    assert again.skeleton.joint_names == character.skeleton.joint_names
    assert again.vrm == character.vrm


def test_content_of_vrm_0_becomes_that_of_vrm_1(named: NamedMotion, tmp_path: Path) -> None:
    result, content, document = export(named, avatar(tmp_path, edit_vrm0))
    assert [note for note in result.notes if "VRM content" in note] == [
        "of its VRM content, these were left out: materials of the shader VRM/Other"
    ]
    meta = content["meta"]
    assert (meta["name"], meta["authors"], meta["avatarPermission"]) == ("Ada", ["Grace"], "everyone")
    assert not meta["allowExcessivelySexualUsage"] and meta["modification"] == "prohibited"
    assert {name: count for name, count in content["expressions"] if count} == {"happy": 1, "wink": 1}
    assert (content["springJoints"], content["colliders"]) == (3, 1)
    springs = document["extensions"]["VRMC_springBone"]
    np.testing.assert_allclose(springs["colliders"][0]["shape"]["sphere"]["offset"], [0.0, 0.1, -0.05], atol=1e-9)
    joint, *_, end = springs["springs"][0]["joints"]
    assert document["nodes"][end["node"]] == {"name": "hair_3_end", "translation": pytest.approx([0.0, -TAIL, 0.0])}
    # The file faces -Z: gravity of VRM 0.x towards its +Z is towards -Z of glTF, and +Z after turning the character.
    np.testing.assert_allclose(joint["gravityDir"], [0.0, -1.0, 0.5], atol=1e-9)


def test_lengths_follow_the_size_of_the_character(tmp_path: Path) -> None:
    def edit(glb: Glb) -> None:
        edit_vrm1(glb)
        for node in glb.json["nodes"]:
            node["translation"] = [100 * value for value in node.get("translation", [0.0, 0.0, 0.0])]
        inverse = glb.inverse_bind
        inverse[:, :3, 3] *= 100
        glb.inverse_bind = inverse
        positions = 100 * glb.array(glb.primitive["attributes"]["POSITION"], "<f4", 3)
        glb.primitive["attributes"]["POSITION"] = glb.add(positions, "VEC3")
        (collider,) = glb.json["extensions"]["VRMC_springBone"]["colliders"]
        collider["shape"]["sphere"] = {"offset": [0.0, 10.0, 0.0], "radius": 9.0}

    character = load_character(str(avatar(tmp_path, edit)))
    sphere = character.vrm["VRMC_springBone"]["colliders"][0]["shape"]["sphere"]
    np.testing.assert_allclose([*sphere["offset"], sphere["radius"]], [0.0, 0.1, 0.0, 0.09], rtol=1e-6)


def test_colliders_of_the_extension_are_read_and_written_again(tmp_path: Path) -> None:
    shapes = [
        {"plane": {"offset": [0.0, 0.2, 0.0], "normal": [0.0, 0.0, 2.0]}},
        {"sphere": {"offset": [0.0, 0.1, 0.0], "radius": 0.3, "inside": True}},
        {"capsule": {"offset": [0.0, 0.1, 0.0], "tail": [0.0, 0.2, 0.0], "radius": 0.2, "inside": True}},
    ]

    def edit(glb: Glb) -> None:
        edit_vrm1(glb)
        springs = glb.json["extensions"]["VRMC_springBone"]
        plain = springs["colliders"][0]
        extended = [{EXTENDED: {"specVersion": "1.0", "shape": shape}} for shape in shapes]
        springs["colliders"] = [{**plain, "extensions": extension} for extension in extended]
        springs["colliderGroups"] = [{"colliders": [0, 1, 2]}]
        declare(glb)
        glb.json["extensionsUsed"].append(EXTENDED)

    character = load_character(str(avatar(tmp_path, edit)))
    colliders = character.vrm["VRMC_springBone"]["colliders"]
    read = [collider["extensions"][EXTENDED]["shape"] for collider in colliders]
    assert [next(iter(shape)) for shape in read] == ["plane", "sphere", "capsule"]
    assert read[0]["plane"]["normal"] == pytest.approx([0.0, 0.0, 1.0])
    assert read[2]["capsule"]["tail"] == pytest.approx([0.0, 0.2, 0.0])
    chains = read_chains(character)
    assert chains is not None
    assert (chains.is_plane.tolist(), chains.is_inside.tolist()) == ([True, False, False], [False, True, True])
    path = tmp_path / "again.vrm"
    vrm.write(path, character, t_pose(character))
    assert serious_issues(path) == []
    written = load_character(str(path)).vrm["VRMC_springBone"]["colliders"]
    assert [collider["extensions"] for collider in written] == [collider["extensions"] for collider in colliders]


@pytest.mark.parametrize(
    "broken",
    [
        {"VRMC_springBone": {"springs": [{"joints": [{"node": []}]}], "colliders": 3}},
        {"VRMC_springBone": {"springs": [{"joints": [{"node": 1, "gravityDir": "down"}]}]}},
        {"VRMC_springBone": {"springs": [{"joints": [{"node": 1, "hitRadius": float("nan")}]}]}},
        {"VRM": {"secondaryAnimation": {"boneGroups": [{"bones": [99999]}]}}},
    ],
)
def test_damaged_content_is_left_out_with_a_note(broken: dict[str, Any], tmp_path: Path) -> None:
    def edit(glb: Glb) -> None:
        if "VRM" in broken:
            del glb.json["extensions"]["VRMC_vrm"]
        declare(glb, **broken)

    character = load_character(str(avatar(tmp_path, edit)))
    assert not character.vrm
    assert any("VRM content beside the skeleton is damaged" in note for note in character.notes)

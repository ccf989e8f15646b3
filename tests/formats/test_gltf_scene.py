"""Several people or several animations in one GLB."""

import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from bodydouble.characters.gltf_animation import read_animations
from bodydouble.cli import app
from bodydouble.errors import InvalidDataError
from bodydouble.formats import gltf
from bodydouble.formats.performance import save
from bodydouble.geometry import kinematics
from bodydouble.pipeline.exporting import SCENE_SUFFIXES, SUFFIXES, export_motions, retarget_motions
from bodydouble.pipeline.motion_files import NamedMotion
from tests import builders
from tests.formats.validator import serious_issues


@pytest.fixture(scope="module")
def people() -> list[NamedMotion]:
    return [
        NamedMotion("ann", builders.smooth_motion(frames=8, seed=1)),
        NamedMotion("bob", builders.smooth_motion(frames=6, seed=2), first_frame=2),
    ]


def document_of(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document: dict[str, Any] = json.loads(data[20 : 20 + length])
    return document


def below(document: dict[str, Any], node: int) -> set[int]:
    return {node}.union(*(below(document, child) for child in document["nodes"][node].get("children", [])))


def test_scene_has_everybody_below_a_node_of_their_name(people: list[NamedMotion], tmp_path: Path) -> None:
    (file,) = export_motions(people, tmp_path / "both.glb", scene=True)
    assert serious_issues(file) == []
    document = document_of(file)
    names = [node["name"] for node in document["nodes"]]
    assert [animation["name"] for animation in document["animations"]] == ["both"]
    assert len(document["skins"]) == 2
    moved = {channel["target"]["node"] for channel in document["animations"][0]["channels"]}
    for person, skin in zip(("ann", "bob"), document["skins"], strict=True):
        group = names.index(person)
        assert group in document["scenes"][0]["nodes"]
        assert set(skin["joints"]) | {group} == below(document, group)
        assert moved & set(skin["joints"])
    assert moved <= set(document["skins"][0]["joints"]) | set(document["skins"][1]["joints"])


def test_people_of_a_scene_start_when_they_appear(people: list[NamedMotion], tmp_path: Path) -> None:
    (file,) = export_motions(people, tmp_path / "both.glb", scene=True)
    document = document_of(file)
    animation = document["animations"][0]
    spans = {
        channel["target"]["node"]: [
            document["accessors"][animation["samplers"][channel["sampler"]]["input"]][end][0] for end in ("min", "max")
        ]
        for channel in animation["channels"]
        if channel["target"]["path"] == "translation"
    }
    np.testing.assert_allclose(list(spans.values()), [[0, 7 / 30], [2 / 30, 7 / 30]], atol=1e-6)


def test_people_of_a_scene_move_as_in_files_of_their_own(people: list[NamedMotion], tmp_path: Path) -> None:
    (scene,) = export_motions(people[:1], tmp_path / "scene.glb", scene=True)
    (single,) = export_motions(people[:1], tmp_path / "single.glb")
    (in_scene,), (alone,) = read_animations(scene).values(), read_animations(single).values()
    builders.assert_same(in_scene.rotations, alone.rotations, 1e-6)
    builders.assert_same(in_scene.root_position, alone.root_position, 1e-6)


def test_people_who_look_alike_share_their_meshes(people: list[NamedMotion], tmp_path: Path) -> None:
    rig = tmp_path / "rig.glb"
    character = builders.character(seed=3)
    bind = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    gltf.write(rig, character, bind[None], character.skeleton.rest_offsets[:1], people[0].motion.fps, "rest")
    (file,) = retarget_motions(people, str(rig), tmp_path / "both.glb", scene=True).files
    assert serious_issues(file) == []
    document = document_of(file)
    assert (len(document["meshes"]), len(document["skins"])) == (1, 2)
    assert [node["skin"] for node in document["nodes"] if "mesh" in node] == [0, 1]


def test_people_without_scene_get_a_file_each(people: list[NamedMotion], tmp_path: Path) -> None:
    files = export_motions(people, tmp_path / "both.glb")
    assert [file.name for file in files] == ["both_ann.glb", "both_bob.glb"]


def test_scene_of_motions_with_several_rates_has_one(people: list[NamedMotion], tmp_path: Path) -> None:
    slow = NamedMotion("carl", builders.smooth_motion(frames=6, seed=3, fps=Fraction(15)))
    (file,) = retarget_motions([people[0], slow], "mannequin", tmp_path / "a.fbx", scene=True).files
    assert file.name == "a.fbx"
    (file,) = retarget_motions([people[0], slow], "mannequin", tmp_path / "a.glb", scene=True).files
    document = document_of(file)
    ends = {
        accessor["max"][0] for accessor in document["accessors"] if accessor["type"] == "SCALAR" and "max" in accessor
    }
    assert max(ends) == pytest.approx(5 / 15)


def test_takes_of_formats_with_one_animation_get_a_file_each(people: list[NamedMotion], tmp_path: Path) -> None:
    takes = [NamedMotion(person.name, person.motion, is_take=True) for person in people]
    files = retarget_motions(takes, "mannequin", tmp_path / "a.fbx").files
    assert [file.name for file in files] == ["a_ann.fbx", "a_bob.fbx"]


@pytest.mark.parametrize("suffix", [suffix for suffix in SUFFIXES if suffix not in SCENE_SUFFIXES])
def test_formats_of_one_person_refuse_scenes(people: list[NamedMotion], suffix: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match=rf"a\{suffix} cannot hold a scene; \.glb, \.fbx"):
        export_motions(people, tmp_path / f"a{suffix}", scene=True)
    assert not list(tmp_path.iterdir())


def test_arrays_that_do_not_fit_are_refused(people: list[NamedMotion], tmp_path: Path) -> None:
    character = builders.character()
    motion = people[0].motion
    animation = gltf.NamedAnimation(
        "a", motion.rotations, motion.root_position, motion.fps, root_translation=motion.root_position[:3]
    )
    with pytest.raises(InvalidDataError, match="animation of boxes"):
        gltf.write_scene(tmp_path / "a.glb", [gltf.AnimatedModel(character, animation)], "a")
    assert not list(tmp_path.iterdir())


def run(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def test_commands_take_several_motions(tmp_path: Path) -> None:
    save(tmp_path / "performance.npz", builders.performance())
    file = tmp_path / "all.glb"
    run("retarget", "nod", tmp_path / "performance.npz", "nod", "mannequin", "-o", file)
    assert serious_issues(file) == []
    names = [animation["name"] for animation in document_of(file)["animations"]]
    assert names == ["nod", "person1", "person2", "nod_2"]
    run("export", tmp_path / "performance.npz", "--scene", "-o", tmp_path / "scene.glb")
    assert serious_issues(tmp_path / "scene.glb") == []
    output = run("export", "walk", "--loop", "--root", "in-place", "-o", tmp_path / "walk.bvh")
    assert output.split() == [str(tmp_path / "walk.bvh")]


def test_keypoints_are_those_of_one_performance(tmp_path: Path) -> None:
    words = ["export", "walk", "nod", "--format", "coco", "-o", str(tmp_path / "a.json")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "2D keypoints are those of one performance, not of 2 files" in result.output

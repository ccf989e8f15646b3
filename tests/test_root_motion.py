"""Root motion: the path moves from the hips to a root bone or vanishes; the joints move as before."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pxr import Usd, UsdSkel

from bodydouble.characters.load import load_character
from bodydouble.data import Motion
from bodydouble.errors import InvalidDataError
from bodydouble.formats import bvh, gltf
from bodydouble.geometry import kinematics, rotation
from bodydouble.pipeline.exporting import ROOT_SUFFIXES, SUFFIXES, export_motions, retarget_motions
from bodydouble.pipeline.motion_files import NamedMotion, load_motions
from bodydouble.pipeline.motion_library import load
from bodydouble.pipeline.performing import perform
from bodydouble.pipeline.root_motion import RootMotion, add_root_bone, compute_travel, keep_in_place, separate_travel
from tests import builders
from tests.formats.validator import serious_issues

HALF_MM = 5e-4


@pytest.fixture(scope="module")
def walk() -> NamedMotion:
    return NamedMotion("walk", load("walk")[1], is_take=True)


def read_glb(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document: dict[str, Any] = json.loads(data[20 : 20 + length])
    return document


def relative(motion: Motion) -> builders.Floats:
    """Returns the positions (T, J, 3) m of the joints relative to the point of the floor below the hips."""
    return np.asarray(kinematics.joint_positions(motion) - motion.root_position[:, None] * [1.0, 0.0, 1.0])


@pytest.mark.parametrize("suffix", [".glb", ".bvh", ".fbx"])
def test_root_and_hips_together_move_as_the_hips(walk: NamedMotion, suffix: str, tmp_path: Path) -> None:
    (file,) = export_motions([walk], tmp_path / f"a{suffix}", root=RootMotion.ROOT)
    (back,) = load_motions(file)
    builders.assert_same(kinematics.joint_positions(back.motion), kinematics.joint_positions(walk.motion), HALF_MM)


@pytest.mark.parametrize("suffix", [".glb", ".bvh", ".fbx", ".vrma"])
def test_motion_in_place_stays_above_its_start(walk: NamedMotion, suffix: str, tmp_path: Path) -> None:
    (file,) = export_motions([walk], tmp_path / f"a{suffix}", root=RootMotion.IN_PLACE)
    (back,) = load_motions(file)
    builders.assert_same(relative(back.motion), relative(walk.motion), HALF_MM)
    path = back.motion.root_position
    builders.assert_same(path[:, [0, 2]], np.tile(walk.motion.root_position[0, [0, 2]], (len(path), 1)), HALF_MM)


def test_root_node_of_a_glb_lies_on_the_floor(walk: NamedMotion, tmp_path: Path) -> None:
    (file,) = retarget_motions([walk], "mannequin", tmp_path / "a.glb", root=RootMotion.ROOT).files
    assert serious_issues(file) == []
    document = read_glb(file)
    root, hips = document["nodes"][:2]
    assert (root["name"], root["children"], hips["name"]) == ("root", [1], "hips")
    channels = document["animations"][0]["channels"]
    moved = {c["target"]["node"] for c in channels if c["target"]["path"] == "translation"}
    assert moved == {0, 1}
    assert document["skins"][0]["joints"][:2] == [0, 1]
    for accessor, horizontal in ((_output(document, 0), True), (_output(document, 1), False)):
        values = _floats(file, document, accessor)
        still = values[:, 1] if horizontal else values[:, [0, 2]]
        assert np.abs(still).max() < 1e-6
        assert np.ptp(values[:, 2 if horizontal else 1]) > 0.01


def _output(document: dict[str, Any], node: int) -> int:
    animation = document["animations"][0]
    channel = next(c for c in animation["channels"] if c["target"] == {"node": node, "path": "translation"})
    return int(animation["samplers"][channel["sampler"]]["output"])


def _floats(path: Path, document: dict[str, Any], accessor: int) -> builders.Floats:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    entry = document["accessors"][accessor]
    start = 28 + length + document["bufferViews"][entry["bufferView"]]["byteOffset"]
    return np.frombuffer(data, "<f4", 3 * entry["count"], start).reshape(-1, 3).astype(float)


def test_usd_has_a_root_joint(walk: NamedMotion, tmp_path: Path) -> None:
    (file,) = export_motions([walk], tmp_path / "a.usda", root=RootMotion.ROOT)
    stage = Usd.Stage.Open(str(file))
    root = stage.GetPrimAtPath("/scene/walk")
    cache = UsdSkel.Cache()
    cache.Populate(UsdSkel.Root(root), Usd.PrimDefaultPredicate)
    query = cache.GetSkelQuery(UsdSkel.Skeleton(root.GetChild("skeleton")))
    for frame in (0, 20):
        matrices = query.ComputeJointSkelTransforms(Usd.TimeCode(frame))
        path = walk.motion.root_position[frame]
        builders.assert_same(np.array(matrices[0].ExtractTranslation()), path * [1.0, 0.0, 1.0], HALF_MM)
        builders.assert_same(np.array(matrices[1].ExtractTranslation()), path, HALF_MM)


@pytest.mark.parametrize("seed", [None, 5])
def test_any_rig_gets_a_root_bone(walk: NamedMotion, seed: int | None) -> None:
    (animated,) = perform([walk], builders.character(seed), is_one_character=True)
    rest, travel = separate_travel(animated)
    rooted = add_root_bone(rest)
    assert rooted.character.skeleton.joint_names[0] == "root"
    assert add_root_bone(rooted).character is rooted.character
    hips = animated.character.humanoid["hips"]
    before, _ = kinematics.forward_kinematics(
        animated.character.skeleton, animated.rotations, animated.hips_translation, hips
    )
    after, _ = kinematics.forward_kinematics(
        rooted.character.skeleton, rooted.rotations, rooted.hips_translation, hips + 1
    )
    builders.assert_same(after[:, 1:] + travel[:, None], before, 1e-9)
    bind = kinematics.bind_matrices(animated.character)
    builders.assert_same(kinematics.bind_matrices(rooted.character)[1:], bind, 1e-9)


def test_root_joint_of_the_rig_carries_the_path(walk: NamedMotion, tmp_path: Path) -> None:
    source = tmp_path / "rig.glb"
    (animated,) = perform([walk], builders.character(), is_one_character=True)
    rooted = add_root_bone(animated)
    turned = np.tile(rotation.IDENTITY, (len(rooted.character.skeleton.joint_names), 1))
    hips = rooted.character.skeleton.rest_offsets[1]
    gltf.write(source, rooted.character, turned[None], hips[None], walk.motion.fps, "rest")
    (file,) = retarget_motions([walk], str(source), tmp_path / "out.glb", root=RootMotion.ROOT).files
    names = [node["name"] for node in read_glb(file)["nodes"]]
    assert names.count("root") == 1
    assert serious_issues(file) == []


def test_root_of_a_loop_has_a_constant_velocity() -> None:
    motion = load("walk")[1]
    travel = compute_travel(motion.root_position, is_loop=True)
    np.testing.assert_allclose(np.diff(travel, 2, axis=0), 0.0, atol=1e-12)
    builders.assert_same(travel[[0, -1]], motion.root_position[[0, -1]] * [1.0, 0.0, 1.0], 1e-9)
    path = keep_in_place(motion, is_loop=True).root_position
    builders.assert_same(path[-1], path[0], 1e-9)
    assert np.ptp(path[:, 0]) > 0.005, "the hips of a loop keep their sway"


def test_bvh_of_other_programs_with_moving_hips_is_read(walk: NamedMotion, tmp_path: Path) -> None:
    path = tmp_path / "a.bvh"
    bvh.write(path, walk.motion, root_path=compute_travel(walk.motion.root_position))
    lines = path.read_text().splitlines()
    assert lines[1:3] == ["ROOT root", "{"]
    assert lines[5].strip() == "JOINT hips"
    builders.assert_same(
        sorted(bvh.read(path).skeleton.joint_names) == sorted(walk.motion.skeleton.joint_names), True, 0
    )
    # A joint that moves beside others is still refused.
    text = path.read_text().replace("JOINT hips", "JOINT hips", 1)
    assert text.count("CHANNELS 6") == 2


@pytest.mark.parametrize("suffix", [suffix for suffix in SUFFIXES if suffix not in ROOT_SUFFIXES])
def test_formats_without_root_bone_refuse_by_name(walk: NamedMotion, suffix: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match=rf"a\{suffix} cannot have a root bone that moves; \.glb, "):
        export_motions([walk], tmp_path / f"a{suffix}", root=RootMotion.ROOT)
    assert not list(tmp_path.iterdir())


def test_mannequin_has_no_root_bone() -> None:
    assert load_character("mannequin").humanoid["hips"] == 0

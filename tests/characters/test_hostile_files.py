"""Files that are damaged or made to harm: one clear line each, in bounded memory and without hanging."""

import base64
import json
import re
import resource
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.errors import FormatError
from tests.characters.glb_edit import Glb

pytestmark = pytest.mark.timeout(60)
"""A file that hangs the reader fails its test."""

Damage = Callable[[Glb], None]


def _set(path: str, value: Any) -> Damage:
    """Returns a damage that sets the value at a path such as "nodes/3/children"."""

    def damage(glb: Glb) -> None:
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("/"))
        target: Any = glb.json
        for step in steps:
            target = target[step]
        target[last] = value

    return damage


def _poison(attribute: str, value: float) -> Damage:
    """Returns a damage that sets the first number of an attribute of the vertices."""

    def damage(glb: Glb) -> None:
        width = {"WEIGHTS_0": 4, "POSITION": 3}[attribute]
        rows = glb.array(glb.primitive["attributes"][attribute], "<f4", width).copy()
        rows[0, 0] = value
        glb.primitive["attributes"][attribute] = glb.add(rows, f"VEC{width}")

    return damage


def _joint_out_of_range(glb: Glb) -> None:
    joints = glb.array(glb.primitive["attributes"]["JOINTS_0"], "u1", 4).copy()
    joints[:, 0] = 200
    glb.primitive["attributes"]["JOINTS_0"] = glb.add(joints, "VEC4")


def _nan_inverse_bind(glb: Glb) -> None:
    matrices = glb.inverse_bind
    matrices[3, 0, 0] = np.nan
    glb.inverse_bind = matrices


def _two_parents(glb: Glb) -> None:
    glb.json["nodes"][glb.node("hips")]["children"].append(glb.node("head"))


def _own_child(glb: Glb) -> None:
    glb.json["nodes"].append({"children": [len(glb.json["nodes"])]})


def _long_chain(glb: Glb) -> None:
    """Puts the hips below 60,000 nodes, and skins to the topmost."""
    first = len(glb.json["nodes"])
    glb.json["nodes"] += [{"children": [first + i + 1]} for i in range(60_000)]
    glb.json["nodes"][-1]["children"] = [glb.node("hips")]
    glb.json["skins"][0]["joints"][-1] = first


def _huge_accessor(glb: Glb) -> None:
    glb.json["accessors"][glb.primitive["attributes"]["POSITION"]]["count"] = 1_000_000_000


def _huge_inverse_bind(glb: Glb) -> None:
    glb.json["accessors"].append({"componentType": 5126, "count": 1_000_000_000, "type": "MAT4"})
    glb.json["skins"][0]["inverseBindMatrices"] = len(glb.json["accessors"]) - 1


def _huge_accessor_without_data(glb: Glb) -> None:
    glb.json["accessors"].append({"componentType": 5126, "count": 1_000_000_000, "type": "VEC3"})
    glb.primitive["attributes"]["NORMAL"] = len(glb.json["accessors"]) - 1


def _positions_without_data(glb: Glb) -> None:
    del glb.json["accessors"][glb.primitive["attributes"]["POSITION"]]["bufferView"]


def _zero_stride(glb: Glb) -> None:
    accessor = glb.json["accessors"][glb.primitive["attributes"]["POSITION"]]
    accessor["count"] = 4_000_000
    del glb.primitive["targets"]  # their elements would be counted
    glb.json["bufferViews"][accessor["bufferView"]]["byteStride"] = 0


def _many_primitives(glb: Glb) -> None:
    del glb.primitive["targets"]  # the document itself would be huge
    glb.json["meshes"][0]["primitives"] *= 100_000


def _many_morph_targets(glb: Glb) -> None:
    glb.primitive["targets"] = [{"POSITION": glb.primitive["attributes"]["POSITION"]}] * 100_000


def _view_behind_the_end(glb: Glb) -> None:
    glb.json["bufferViews"][0]["byteLength"] = len(glb.blob) + 8


DAMAGES: list[tuple[str, Damage, str]] = [
    ("node with two parents", _two_parents, "node 5 has two parents|node .* has two parents"),
    ("node that is its own child", _own_child, "loop|two parents"),
    ("long chain of nodes", _long_chain, "joints; at most 4096"),
    ("child that does not exist", _set("nodes/3/children", [99999]), "do not exist"),
    ("negative child", _set("nodes/3/children", [-1]), "do not exist"),
    ("child that is a text", _set("nodes/3/children", ["a"]), "do not exist"),
    ("children that are a number", _set("nodes/3/children", 5), "where a list belongs"),
    ("nodes that are numbers", _set("nodes", [1, 2]), "not a list of objects"),
    ("translation of text", _set("nodes/3/translation", ["x", "y", "z"]), "3 finite numbers"),
    ("scale that is not a number", _set("nodes/3/scale", [float("nan"), 1, 1]), "3 finite numbers"),
    ("matrix of three numbers", _set("nodes/3/matrix", [1, 2, 3]), "16 finite numbers"),
    ("skin without joints", _set("skins/0/joints", []), "no joints"),
    ("skin with too few matrices", _set("skins/0/joints", [*range(1, 50)] * 3), "inverse bind matrices|do not"),
    ("matrices that are not a number", _nan_inverse_bind, "not finite"),
    ("weights that are not a number", _poison("WEIGHTS_0", np.nan), "not finite"),
    ("positions that are not a number", _poison("POSITION", np.inf), "not finite"),
    ("joint out of range", _joint_out_of_range, "names joint 200 of a skin of 52"),
    ("accessor of a billion elements", _huge_accessor, "claims 1,000,000,000|more than"),
    ("a billion elements without data", _huge_accessor_without_data, "more than 20,000,000"),
    ("count that is a fraction", _set("accessors/0/count", 1.5), "count 1.5"),
    ("count that is negative", _set("accessors/0/count", -3), "count -3"),
    ("unknown component type", _set("accessors/0/componentType", 1), "has type 1"),
    ("stride of zero", _zero_stride, "longer than its data"),
    ("positions without data", _positions_without_data, "has no positions"),
    ("many primitives", _many_primitives, "more than 20,000,000"),
    ("many morph targets", _many_morph_targets, "more than 20,000,000"),
    ("view behind the end", _view_behind_the_end, "cut off"),
    ("buffer without data", _set("bufferViews/0/buffer", 7), "do not exist"),
    ("attributes that are a list", _set("meshes/0/primitives/0/attributes", [0, 1]), "damaged"),
    ("targets that are a number", _set("meshes/0/primitives/0/targets", 7), "damaged"),
    ("huge inverse bind matrices", _huge_inverse_bind, "claims 1,000,000,000"),
    ("colour of text", _set("materials/0/pbrMetallicRoughness/baseColorFactor", "red"), "damaged"),
    ("extension that is required", _set("extensionsRequired", ["ACME_mesh"]), "it requires ACME_mesh"),
]


def _refuse(path: Path) -> str:
    """Returns the message with which a file is refused, within the memory allowed."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FormatError) as caught:
        load_character(str(path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000, "memory, kB"
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(("damage", "expected"), [d[1:] for d in DAMAGES], ids=[d[0] for d in DAMAGES])
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, damage: Damage, expected: str) -> None:
    glb = Glb()
    damage(glb)
    assert re.search(expected, _refuse(glb.save(tmp_path / "bad.glb")))


@pytest.mark.parametrize("depth", [5_000, 2_000_000])
def test_deeply_nested_json_is_refused(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "deep.gltf"
    path.write_text('{"asset": {"version": "2.0"}, "extras": ' + "[" * depth + "]" * depth + "}", encoding="utf-8")
    assert "nested too deeply" in _refuse(path)


@pytest.mark.parametrize("chunk_length", [0, 7, 2**31, 2**32 - 1])
def test_chunks_of_a_wrong_length_are_refused(tmp_path: Path, chunk_length: int) -> None:
    data = bytearray(Glb().save(tmp_path / "good.glb").read_bytes())
    data[12:16] = struct.pack("<I", chunk_length)
    path = tmp_path / "bad.glb"
    path.write_bytes(data)
    assert "not a readable glTF 2.0 file" in _refuse(path)


@pytest.mark.parametrize(
    "uri",
    [
        "/etc/passwd",
        "../secret.bin",
        "textures/../../secret.bin",
        "%2e%2e/secret.bin",
        "..%2Fsecret.bin",
        "file:///etc/passwd",
        "http://localhost/a.bin",
        "https://localhost/a.bin",
        "//localhost/share/a.bin",
        "C:\\secret.bin",
        "..\\secret.bin",
        "link.bin",
        "folder/secret.bin",
        "",
        ".",
        "a\0b",
    ],
)
def test_references_out_of_the_folder_are_not_followed(tmp_path: Path, uri: str) -> None:
    glb, folder = Glb(), tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(glb.blob)
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    (folder / "folder").symlink_to(tmp_path)
    assert "outside its folder" in _refuse(glb.save_text(folder / "model.gltf", uri))


def test_buffers_in_the_folder_are_read(tmp_path: Path) -> None:
    glb = Glb()
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "sub dir" / "a.bin").write_bytes(glb.blob)
    inline = "data:application/octet-stream;base64," + base64.b64encode(glb.blob).decode()
    for uri in ("sub%20dir/a.bin", "./sub dir/a.bin", inline):
        assert len(load_character(str(glb.save_text(tmp_path / "model.gltf", uri))).meshes) == 1


def test_missing_and_short_buffers_are_named(tmp_path: Path) -> None:
    glb = Glb()
    assert "'gone.bin' cannot be read" in _refuse(glb.save_text(tmp_path / "model.gltf", "gone.bin"))
    (tmp_path / "short.bin").write_bytes(glb.blob[:1000])
    assert "cut off" in _refuse(glb.save_text(tmp_path / "model.gltf", "short.bin"))
    (tmp_path / "pipe.bin").mkdir()
    assert "cannot be read" in _refuse(glb.save_text(tmp_path / "model.gltf", "pipe.bin"))
    assert "damaged" in _refuse(glb.save_text(tmp_path / "model.gltf", "data:;base64,!!!!"))
    del glb.json["buffers"]
    path = tmp_path / "model.gltf"
    path.write_text(json.dumps(glb.json), encoding="utf-8")
    assert "do not exist" in _refuse(path)


@pytest.mark.parametrize("seed", range(60))
def test_random_damage_never_escapes(tmp_path: Path, seed: int) -> None:
    """Replaces one random value of the document: the file loads or is refused in one line."""
    glb, rng = Glb(), np.random.default_rng(seed)
    places = list(_places(glb.json))
    container, key = places[rng.integers(len(places))]
    container[key] = [None, -1, 10**30, 1e308, "x", [], {}, [[]], True][rng.integers(9)]
    path = glb.save(tmp_path / "random.glb")
    try:
        load_character(str(path))
    except FormatError as error:
        assert "\n" not in str(error)
        assert str(path) in str(error)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Returns the container and key of every value in a document, but for the long lists of accessors."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *_places(value[key])]]

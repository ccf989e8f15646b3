"""What a glTF file declares is kept when a character is loaded, and when it is written and loaded again."""

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.spatial import cKDTree

from bodydouble.characters.body_fitting import fit_character
from bodydouble.characters.load import load_character
from bodydouble.data import Character, TexturePlacement
from bodydouble.errors import FormatError, MissingExtraError
from bodydouble.formats import gltf
from bodydouble.geometry import kinematics
from tests.builders import assert_same, humanoid_skeleton
from tests.characters.comparison import assert_same_character
from tests.characters.glb_edit import Glb
from tests.formats import validator


@pytest.fixture(scope="module")
def mannequin() -> Character:
    return load_character("mannequin")


def _image(color: tuple[int, int, int], kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(file, kind)
    return file.getvalue()


def _load(glb: Glb, folder: Path) -> Character:
    return load_character(str(glb.save(folder / "character.glb")))


def _write_and_load(character: Character, folder: Path) -> Character:
    """Writes a character at rest and loads the file, which the validator must accept."""
    path = folder / "written.glb"
    rest = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    hips = character.skeleton.rest_offsets[character.humanoid["hips"]]
    gltf.write(path, character, rest[None], hips[None], Fraction(30), "rest")
    assert validator.serious_issues(path) == []
    return load_character(str(path))


def _assert_same_content(actual: Character, expected: Character) -> None:
    assert_same_character(actual, expected)
    for a, b in zip(actual.meshes, expected.meshes, strict=True):
        assert (a.name, a.material) == (b.name, b.material)
        for uvs, expected_uvs in zip((a.uvs, *a.further_uvs), (b.uvs, *b.further_uvs), strict=True):
            assert (uvs is None) == (expected_uvs is None)
            if uvs is not None and expected_uvs is not None:
                assert_same(uvs, expected_uvs, 1e-6)
        for target, expected_target in zip(a.morph_targets, b.morph_targets, strict=True):
            assert (target.name, target.weight) == (expected_target.name, expected_target.weight)
            assert_same(target.position_offsets, expected_target.position_offsets, 1e-6)


MATERIALS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "mask": (
        {"alphaMode": "MASK", "alphaCutoff": 0.25, "doubleSided": True},
        {"alpha_mode": "mask", "alpha_cutoff": 0.25, "is_double_sided": True},
    ),
    "mask by default": ({"alphaMode": "MASK"}, {"alpha_mode": "mask", "alpha_cutoff": 0.5, "is_double_sided": False}),
    "blend": (
        {"alphaMode": "BLEND", "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.4]}},
        {"alpha_mode": "blend", "base_color": (1.0, 1.0, 1.0, 0.4)},
    ),
    "opaque though transparent": (
        {"pbrMetallicRoughness": {"baseColorFactor": [1, 0, 1, 0.4]}},
        {"alpha_mode": "opaque", "base_color": (1.0, 0.0, 1.0, 0.4)},
    ),
    "unlit": ({"extensions": {"KHR_materials_unlit": {}}}, {"is_unlit": True}),
    "emissive": ({"emissiveFactor": [0.1, 0.5, 1.0]}, {"emissive_color": (0.1, 0.5, 1.0)}),
    "bright": (
        {"emissiveFactor": [0.5, 0, 1], "extensions": {"KHR_materials_emissive_strength": {"emissiveStrength": 4}}},
        {"emissive_color": (2.0, 0.0, 4.0)},
    ),
    "metal": (
        {"pbrMetallicRoughness": {"metallicFactor": 0.75, "roughnessFactor": 0.25}},
        {"metallic": 0.75, "roughness": 0.25},
    ),
    "out of range": (
        {"pbrMetallicRoughness": {"metallicFactor": 7, "baseColorFactor": [2, -1, 0, 1]}},
        {"metallic": 1.0, "base_color": (1.0, 0.0, 0.0, 1.0)},
    ),
}


@pytest.mark.parametrize("name", MATERIALS)
def test_properties_of_materials_are_kept(tmp_path: Path, name: str) -> None:
    source, expected = MATERIALS[name]
    glb = Glb()
    glb.set_material({"name": name} | source)
    loaded = _load(glb, tmp_path)
    material = loaded.meshes[0].material
    assert {key: getattr(material, key) for key in expected} == expected
    assert material.name == name
    _assert_same_content(_write_and_load(loaded, tmp_path), loaded)


SAMPLERS = {
    (33071, 33648): ("clamp", "mirror"),
    (10497, 33071): ("repeat", "clamp"),
    (None, None): ("repeat", "repeat"),
}


@pytest.mark.parametrize("modes", SAMPLERS)
def test_textures_keep_their_placement(tmp_path: Path, modes: tuple[int | None, int | None]) -> None:
    glb = Glb()
    glb.add_uvs()
    sampler = {key: mode for key, mode in zip(("wrapS", "wrapT"), modes, strict=True) if mode is not None}
    glb.json["samplers"] = [sampler | {"magFilter": 9728}]
    transform = {"offset": [0.5, 0.25], "rotation": 0.5, "scale": [0.5, 2.0]}
    texture = {"index": glb.add_texture(_image((9, 90, 200)), sampler=0)}
    texture["extensions"] = {"KHR_texture_transform": transform}  # type: ignore[assignment]
    glb.set_material({"pbrMetallicRoughness": {"baseColorTexture": texture}})
    loaded = _load(glb, tmp_path)
    expected = TexturePlacement(0, SAMPLERS[modes], True, (0.5, 0.25), 0.5, (0.5, 2.0))
    assert loaded.meshes[0].material.texture_png == _image((9, 90, 200))
    assert loaded.meshes[0].material.texture_placement == expected
    _assert_same_content(_write_and_load(loaded, tmp_path), loaded)


def test_all_textures_of_a_material_are_kept(tmp_path: Path) -> None:
    glb = Glb()
    glb.add_uvs()
    index = {color: glb.add_texture(_image((color, 0, 0))) for color in (1, 2, 3, 4, 5)}
    glb.set_material(
        {
            "pbrMetallicRoughness": {
                "baseColorTexture": {"index": index[1]},
                "metallicRoughnessTexture": {"index": index[2]},
            },
            "normalTexture": {"index": index[3], "scale": 0.5},
            "occlusionTexture": {"index": index[4], "strength": 0.25},
            "emissiveTexture": {"index": index[5]},
            "emissiveFactor": [1, 1, 1],
        }
    )
    loaded = _load(glb, tmp_path)
    material = loaded.meshes[0].material
    maps = (material.metallic_roughness_map, material.normal_map, material.occlusion_map, material.emissive_map)
    assert [texture and (texture.image, texture.strength) for texture in maps] == [
        (_image((2, 0, 0)), 1.0), (_image((3, 0, 0)), 0.5), (_image((4, 0, 0)), 0.25), (_image((5, 0, 0)), 1.0),
    ]  # fmt: skip
    _assert_same_content(_write_and_load(loaded, tmp_path), loaded)


def test_every_set_of_texture_coordinates_is_kept(tmp_path: Path) -> None:
    """The set of the base colour comes first, and the other textures follow their sets."""
    glb = Glb()
    sets = [glb.add_uvs(k) for k in range(3)]
    red, green = glb.add_texture(_image((255, 0, 0))), glb.add_texture(_image((0, 255, 0)))
    glb.set_material(
        {
            "pbrMetallicRoughness": {"baseColorTexture": {"index": red, "texCoord": 1}},
            "occlusionTexture": {"index": green, "texCoord": 0},
            "emissiveTexture": {"index": green, "texCoord": 2},
        }
    )
    loaded = _load(glb, tmp_path)
    mesh = loaded.meshes[0]
    assert mesh.uvs is not None
    for actual, k in zip((mesh.uvs, *mesh.further_uvs), (1, 0, 2), strict=True):
        assert_same(actual, sets[k], 1e-7)
    assert mesh.material.texture_placement.uv_set == 0
    assert mesh.material.occlusion_map and mesh.material.occlusion_map.placement.uv_set == 1
    assert mesh.material.emissive_map and mesh.material.emissive_map.placement.uv_set == 2
    _assert_same_content(_write_and_load(loaded, tmp_path), loaded)


def test_textures_without_coordinates_are_left_out(tmp_path: Path) -> None:
    """The output would not be valid with them."""
    glb = Glb()
    glb.add_uvs()
    red = glb.add_texture(_image((255, 0, 0)))
    texture = {"index": red, "texCoord": 1}
    glb.set_material({"pbrMetallicRoughness": {"baseColorTexture": texture}, "normalTexture": texture})
    loaded = _load(glb, tmp_path)
    assert loaded.meshes[0].material.texture_png is None
    assert loaded.meshes[0].material.normal_map is None
    _assert_same_content(_write_and_load(loaded, tmp_path), loaded)


def test_old_specular_glossiness_becomes_the_base_colour(tmp_path: Path) -> None:
    glb = Glb()
    glb.add_uvs()
    texture = {"index": glb.add_texture(_image((255, 0, 0)))}
    old = {"diffuseTexture": texture, "diffuseFactor": [1, 0.5, 0.25, 1], "glossinessFactor": 0.25}
    glb.set_material({"extensions": {"KHR_materials_pbrSpecularGlossiness": old}})
    material = _load(glb, tmp_path).meshes[0].material
    assert (material.texture_png, material.base_color) == (_image((255, 0, 0)), (1.0, 0.5, 0.25, 1.0))
    assert (material.metallic, material.roughness) == (0.0, 0.75)


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"garbage" * 9, "image 0 was left out: it is damaged"),
        (_image((1, 2, 3))[:-20], "image 0 was left out: it is damaged"),
        (_image((1, 2, 3), "GIF"), "image 0 was left out: it is damaged, too large, or neither PNG"),
        (b"", "image 0 was left out"),
    ],
    ids=["garbage", "cut off", "GIF", "empty"],
)
def test_images_that_cannot_be_used_are_named(tmp_path: Path, data: bytes, note: str) -> None:
    glb = Glb()
    glb.add_uvs()
    glb.set_material({"pbrMetallicRoughness": {"baseColorTexture": {"index": glb.add_texture(data)}}})
    loaded = _load(glb, tmp_path)
    assert loaded.meshes[0].material.texture_png is None
    assert [each for each in loaded.notes if note in each]
    assert _write_and_load(loaded, tmp_path).notes == ()


def test_webp_becomes_png(tmp_path: Path) -> None:
    glb = Glb()
    glb.add_uvs()
    index = glb.add_texture(_image((255, 0, 0), "WEBP"), "image/webp")
    texture = glb.json["textures"][index]
    texture["extensions"] = {"EXT_texture_webp": {"source": texture.pop("source")}}
    glb.set_material({"pbrMetallicRoughness": {"baseColorTexture": {"index": index}}})
    encoded = _load(glb, tmp_path).meshes[0].material.texture_png
    assert encoded is not None
    pixels = np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"), dtype=float)
    assert_same(pixels, np.broadcast_to([255.0, 0.0, 0.0], pixels.shape), 10)


def test_external_images_are_read_from_the_folder_only(tmp_path: Path) -> None:
    glb = Glb()
    glb.add_uvs()
    index = glb.add_texture(_image((255, 0, 0)))
    glb.set_material({"pbrMetallicRoughness": {"baseColorTexture": {"index": index}}})
    for uri, expected in (("skin.png", _image((5, 5, 5))), ("gone.png", None)):
        (tmp_path / "skin.png").write_bytes(_image((5, 5, 5)))
        glb.json["images"][0] = {"uri": uri}
        loaded = _load(glb, tmp_path)
        assert loaded.meshes[0].material.texture_png == expected
        assert bool(loaded.notes) == (expected is None)
    glb.json["images"][0] = {"uri": "../skin.png"}
    with pytest.raises(FormatError, match="outside its folder"):
        _load(glb, tmp_path)


def test_several_meshes_primitives_and_materials_are_kept(tmp_path: Path, mannequin: Character) -> None:
    glb = Glb()
    glb.json["materials"] += [{"name": "cloth"}, {"name": "hair", "alphaMode": "BLEND"}]
    first = glb.primitive
    glb.json["meshes"][0]["primitives"].append(first | {"material": 1})
    glb.json["meshes"].append({"primitives": [first | {"material": 2}]})
    glb.json["nodes"].append({"name": "Hair", "mesh": 1, "skin": 0})
    glb.json["scenes"][0]["nodes"].append(len(glb.json["nodes"]) - 1)
    loaded = _load(glb, tmp_path)
    assert [(mesh.name, mesh.material.name) for mesh in loaded.meshes[1:]] == [("mannequin", "cloth"), ("Hair", "hair")]
    written = _write_and_load(loaded, tmp_path)
    _assert_same_content(written, loaded)
    for mesh in written.meshes:
        assert_same(mesh.positions, mannequin.meshes[0].positions, 2e-6)


def _add_morph_targets(glb: Glb) -> list[np.ndarray[Any, Any]]:
    """Adds two morph targets, one of which moves some vertices only."""
    count = glb.json["accessors"][glb.primitive["attributes"]["POSITION"]]["count"]
    rng = np.random.default_rng(1)
    smile = rng.normal(scale=0.01, size=(count, 3)).astype("<f4")
    blink = np.where(np.arange(count)[:, None] % 50 == 0, smile, 0.0).astype("<f4")
    glb.primitive["targets"] = [{"POSITION": glb.add(smile, "VEC3")}, {"POSITION": glb.add(blink, "VEC3")}]
    glb.json["meshes"][0] |= {"weights": [0.0, 0.5], "extras": {"targetNames": ["smile", "blink"]}}
    return [smile, blink]


def test_morph_targets_are_kept(tmp_path: Path) -> None:
    glb = Glb()
    offsets = _add_morph_targets(glb)
    loaded = _load(glb, tmp_path)
    targets = loaded.meshes[0].morph_targets
    assert [(target.name, target.weight) for target in targets] == [("smile", 0.0), ("blink", 0.5)]
    for target, expected in zip(targets, offsets, strict=True):
        assert_same(target.position_offsets, expected, 1e-7)
    _assert_same_content(_write_and_load(loaded, tmp_path), loaded)


def test_morph_targets_follow_the_proportions_of_a_person(tmp_path: Path) -> None:
    """A morphed vertex is fitted to where the fitted morph target brings it, near the original."""
    glb = Glb()
    _add_morph_targets(glb)
    loaded = _load(glb, tmp_path)
    mesh = loaded.meshes[0]
    moved = replace(mesh, positions=mesh.positions + mesh.morph_targets[0].position_offsets)
    person = humanoid_skeleton()
    taller = replace(person, rest_offsets=1.1 * person.rest_offsets)
    fitted, fitted_moved = (fit_character(replace(loaded, meshes=(m,)), taller).meshes[0] for m in (mesh, moved))
    expected = fitted.positions + fitted.morph_targets[0].position_offsets
    assert_same(fitted_moved.positions, expected, 1e-9)


def test_strips_and_fans_are_the_same_triangles(tmp_path: Path, mannequin: Character) -> None:
    triangles = mannequin.meshes[0].triangles
    glb = Glb()
    a, b, c = triangles[:5000].T
    # A strip through each triangle, connected by triangles without area.
    strip = np.stack([a, a, c, b, b, b], axis=-1).ravel()
    fans = [{"mode": 6, "indices": glb.add(t.astype("<u4"), "SCALAR")} for t in triangles[5000:5010]]
    rest = {"mode": 4, "indices": glb.add(triangles[5010:].ravel().astype("<u4"), "SCALAR")}
    strips = {"mode": 5, "indices": glb.add(strip.astype("<u4"), "SCALAR")}
    glb.json["meshes"][0]["primitives"] = [glb.primitive | part for part in (strips, *fans, rest)]
    loaded = _load(glb, tmp_path)
    joined = np.concatenate([mesh.triangles for mesh in loaded.meshes])
    first = np.argmin(joined, axis=1)
    rolled = np.stack([np.roll(t, -k) for t, k in zip(joined, first, strict=True)])
    expected = np.stack([np.roll(t, -int(np.argmin(t))) for t in triangles])
    assert np.array_equal(np.unique(rolled, axis=0), np.unique(expected, axis=0))


def test_a_strip_alternates_and_a_fan_turns(tmp_path: Path) -> None:
    """Source: glTF 2.0 specification, 3.7.2.1."""
    glb = Glb()
    indices = glb.add(np.array([0, 1, 2, 3, 4], "<u2"), "SCALAR")
    glb.json["meshes"][0]["primitives"] = [glb.primitive | {"indices": indices, "mode": mode} for mode in (5, 6)]
    strip, fan = _load(glb, tmp_path).meshes
    assert strip.triangles.tolist() == [[0, 1, 2], [1, 3, 2], [2, 3, 4]]
    assert fan.triangles.tolist() == [[1, 2, 0], [2, 3, 0], [3, 4, 0]]


def test_points_and_lines_are_not_surfaces(tmp_path: Path) -> None:
    glb = Glb()
    glb.json["meshes"][0]["primitives"].append(glb.primitive | {"mode": 1})
    assert len(_load(glb, tmp_path).meshes) == 1


def test_sparse_accessors_change_some_elements(tmp_path: Path, mannequin: Character) -> None:
    glb = Glb()
    position = glb.json["accessors"][glb.primitive["attributes"]["POSITION"]]
    changed = np.array([3, 70, 1000], "<u2")
    values = np.full((3, 3), 0.5, "<f4")
    position["sparse"] = {
        "count": 3,
        "indices": {"bufferView": glb.add_bytes(changed.tobytes()), "componentType": 5123},
        "values": {"bufferView": glb.add_bytes(values.tobytes())},
    }
    positions = _load(glb, tmp_path).meshes[0].positions
    assert_same(positions[changed], values, 1e-6)
    others = np.setdiff1d(np.arange(len(positions)), changed)
    assert_same(positions[others], mannequin.meshes[0].positions[others], 2e-6)


def test_quantized_attributes(tmp_path: Path, mannequin: Character) -> None:
    """KHR_mesh_quantization: normalised 16-bit positions, whose scale is in the inverse bind matrices."""
    glb = Glb()
    attributes = glb.primitive["attributes"]
    positions = glb.array(attributes["POSITION"], "<f4", 3)
    scale = float(np.abs(positions).max())
    steps = np.round(positions / scale * 32767).astype("<i2")
    rows = np.concatenate([steps, np.zeros((len(steps), 1), "<i2")], axis=1)
    attributes["POSITION"] = glb.add(rows, "VEC3", normalized=True)
    accessor = glb.json["accessors"][-1]
    accessor["count"] = len(rows)
    glb.json["bufferViews"][accessor["bufferView"]]["byteStride"] = 8
    normals = glb.array(attributes["NORMAL"], "<f4", 3)
    packed = np.concatenate([np.round(normals * 127), np.zeros((len(normals), 1))], axis=1).astype("i1")
    attributes["NORMAL"] = glb.add(packed, "VEC3", normalized=True)
    glb.json["bufferViews"][-1]["byteStride"] = 4
    inverse_bind = glb.inverse_bind
    inverse_bind[:, :3, :3] *= scale
    glb.inverse_bind = inverse_bind
    glb.json["extensionsRequired"] = ["KHR_mesh_quantization"]
    mesh = _load(glb, tmp_path).meshes[0]
    assert_same(mesh.positions, mannequin.meshes[0].positions, scale / 32767)
    assert_same(mesh.normals, mannequin.meshes[0].normals, 0.02)


def test_the_four_strongest_of_eight_joints_are_kept(tmp_path: Path) -> None:
    glb = Glb()
    attributes = glb.primitive["attributes"]
    count = glb.json["accessors"][attributes["POSITION"]]["count"]
    rng = np.random.default_rng(2)
    joints = np.argsort(rng.uniform(size=(count, 52)), axis=1)[:, :8].astype("u1")
    weights = rng.dirichlet(np.ones(8), size=count).astype("<f4")
    for k in (0, 1):
        attributes[f"JOINTS_{k}"] = glb.add(np.ascontiguousarray(joints[:, 4 * k : 4 * k + 4]), "VEC4")
        attributes[f"WEIGHTS_{k}"] = glb.add(np.ascontiguousarray(weights[:, 4 * k : 4 * k + 4]), "VEC4")
    loaded = _load(glb, tmp_path)
    of_skin = [glb.json["nodes"][node]["name"] for node in glb.json["skins"][0]["joints"]]
    mesh = loaded.meshes[0]
    for vertex in range(0, count, 501):
        strongest = np.argsort(-weights[vertex])[:4]
        expected = {
            of_skin[joints[vertex, k]]: weights[vertex, k] / weights[vertex, strongest].sum() for k in strongest
        }
        names = [loaded.skeleton.joint_names[j] for j in mesh.joints[vertex]]
        assert dict(zip(names, mesh.weights[vertex], strict=True)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("value", [0.0, -0.5])
def test_vertices_without_weight_are_noted(tmp_path: Path, value: float) -> None:
    glb = Glb()
    weights = glb.array(glb.primitive["attributes"]["WEIGHTS_0"], "<f4", 4).copy()
    weights[:7] = value
    glb.primitive["attributes"]["WEIGHTS_0"] = glb.add(weights, "VEC4")
    loaded = _load(glb, tmp_path)
    assert loaded.notes == ("7 vertices of 'mannequin' have no skin weight: they follow 'hips'",)
    assert_same(loaded.meshes[0].weights.sum(axis=1), np.ones(len(weights)), 1e-9)
    assert set(loaded.meshes[0].joints[:7, 0]) == {loaded.humanoid["hips"]}


def test_colours_of_vertices_with_and_without_alpha(tmp_path: Path) -> None:
    glb = Glb()
    count = glb.json["accessors"][glb.primitive["attributes"]["POSITION"]]["count"]
    rgb = np.random.default_rng(0).integers(0, 65536, (count, 3)).astype("<u2")
    glb.primitive["attributes"]["COLOR_0"] = glb.add(rgb, "VEC3", normalized=True)
    loaded = _load(glb, tmp_path)
    assert loaded.meshes[0].colors is not None
    assert_same(loaded.meshes[0].colors, np.c_[rgb / 65535, np.ones(count)], 1e-7)


def test_meshes_that_do_not_move_with_the_skeleton_are_named(tmp_path: Path) -> None:
    glb = Glb()
    glb.json["meshes"].append({"primitives": [{"attributes": {"POSITION": glb.primitive["attributes"]["POSITION"]}}]})
    glb.json["nodes"].append({"name": "Floor", "mesh": 1})
    glb.json["scenes"][0]["nodes"].append(len(glb.json["nodes"]) - 1)
    loaded = _load(glb, tmp_path)
    assert len(loaded.meshes) == 1
    assert loaded.notes == ("mesh 'Floor' was left out: it does not move with the skeleton",)


def test_a_second_skeleton_is_left_out(tmp_path: Path, mannequin: Character) -> None:
    glb = Glb()
    first = len(glb.json["nodes"])
    glb.json["nodes"] += [
        {"name": "Prop", "children": [first + 1]},
        {"name": "PropTip"},
        {"name": "Cape", "mesh": 0, "skin": 1},
    ]
    glb.json["skins"].append({"joints": [first, first + 1]})
    glb.json["scenes"][0]["nodes"] += [first, first + 2]
    loaded = _load(glb, tmp_path)
    assert_same_character(loaded, mannequin)
    assert loaded.notes == ("mesh 'Cape' was left out: it does not move with the skeleton",)


def test_extensions_that_are_not_kept_are_named(tmp_path: Path) -> None:
    glb = Glb()
    glb.json["extensionsUsed"] = ["KHR_materials_unlit", "KHR_materials_sheen", "VRMC_springBone"]
    glb.json["extensionsRequired"] = ["KHR_materials_sheen"]
    assert _load(glb, tmp_path).notes == ("not kept: KHR_materials_sheen, VRMC_springBone",)


@pytest.mark.parametrize("name", ["EXT_meshopt_compression", "KHR_texture_basisu"])
def test_required_extensions_are_refused_by_name(tmp_path: Path, name: str) -> None:
    glb = Glb()
    glb.json["extensionsRequired"] = [name]
    with pytest.raises(FormatError, match=f"it requires {name}, which is not supported"):
        _load(glb, tmp_path)


def test_meshopt_is_refused_even_if_not_declared_as_required(tmp_path: Path) -> None:
    glb = Glb()
    view = glb.json["bufferViews"][glb.json["accessors"][glb.primitive["attributes"]["POSITION"]]["bufferView"]]
    view |= {"buffer": 1, "byteOffset": 0, "extensions": {"EXT_meshopt_compression": {"buffer": 0}}}
    glb.json["buffers"].append({"byteLength": 100_000, "extensions": {"EXT_meshopt_compression": {"fallback": True}}})
    with pytest.raises(FormatError, match="compressed with EXT_meshopt_compression"):
        _load(glb, tmp_path)


def _compress_with_draco(glb: Glb) -> None:
    """Replaces the arrays of the first primitive by Draco's."""
    draco = pytest.importorskip("DracoPy")
    attributes = glb.primitive["attributes"]
    widths = {"POSITION": ("<f4", 3), "JOINTS_0": ("u1", 4), "WEIGHTS_0": ("<f4", 4)}
    arrays = {name: glb.array(attributes[name], *widths[name]) for name in widths}
    indices = glb.array(glb.primitive["indices"], "<u2", 1)
    data = draco.encode(
        arrays["POSITION"],
        indices.reshape(-1, 3).astype(np.uint32),
        quantization_bits=20,
        preserve_order=True,
        generic_attributes={1: arrays["JOINTS_0"], 2: arrays["WEIGHTS_0"]},
    )
    glb.primitive["attributes"] = {name: attributes[name] for name in widths}
    glb.primitive["extensions"] = {
        "KHR_draco_mesh_compression": {
            "bufferView": glb.add_bytes(data),
            # DracoPy numbers the positions after the generic attributes.
            "attributes": {"POSITION": 3, "JOINTS_0": 1, "WEIGHTS_0": 2},
        }
    }
    for accessor in (*glb.primitive["attributes"].values(), glb.primitive["indices"]):
        glb.json["accessors"][accessor].pop("bufferView")
    glb.json["extensionsRequired"] = ["KHR_draco_mesh_compression"]


def test_draco_is_decoded(tmp_path: Path, mannequin: Character) -> None:
    glb = Glb()
    _compress_with_draco(glb)
    loaded = _load(glb, tmp_path)
    mesh, expected = loaded.meshes[0], mannequin.meshes[0]
    centres, expected_centres = (m.positions[m.triangles].mean(axis=1) for m in (mesh, expected))
    for some, others in ((centres, expected_centres), (expected_centres, centres)):
        assert np.max(cKDTree(others).query(some)[0]) < 1e-4
    assert_same(mesh.weights.sum(axis=1), np.ones(len(mesh.weights)), 1e-6)


def test_damaged_draco_data_are_refused(tmp_path: Path) -> None:
    glb = Glb()
    _compress_with_draco(glb)
    glb.primitive["extensions"]["KHR_draco_mesh_compression"]["bufferView"] = glb.add_bytes(b"DRACO" + bytes(90))
    with pytest.raises(FormatError, match="KHR_draco_mesh_compression data cannot be decoded"):
        _load(glb, tmp_path)


def test_draco_without_its_package_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "DracoPy", None)
    glb = Glb()
    glb.primitive["extensions"] = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}}
    glb.json["accessors"][glb.primitive["attributes"]["POSITION"]].pop("bufferView")
    with pytest.raises(MissingExtraError, match=r"KHR_draco_mesh_compression; pip install 'bodydouble\[draco\]'"):
        _load(glb, tmp_path)

"""Materials of FBX files that bodydouble writes, judged by Autodesk's SDK and three's loader, and read back."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bodydouble.characters.fbx_rig import read_fbx_character
from bodydouble.characters.retarget import retarget
from bodydouble.data import Character, Material, Texture, TexturePlacement
from bodydouble.errors import InvalidDataError
from bodydouble.formats import fbx
from bodydouble.formats.fbx import document
from bodydouble.formats.fbx.document import Node
from bodydouble.render.surface import place_coordinates
from tests import builders
from tests.builders import Floats, assert_same
from tests.formats import fbx_judges
from tests.formats.glb_evaluator import Glb


def _image(mode: str, seed: int) -> tuple[bytes, Floats]:
    """Returns an encoded image of 8 x 8 blocks of one colour each, and its pixels."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, channels), np.uint8)
    file = io.BytesIO()
    Image.fromarray(blocks).save(file, "PNG")
    return file.getvalue(), blocks.astype(np.float64)


COLOR, COLOR_PIXELS = _image("RGBA", 1)
NORMAL, _ = _image("RGB", 2)
EMISSION, _ = _image("RGB", 3)


def _flat_image(*color: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(file, "PNG")
    return file.getvalue()


PACKED, LIGHT = _flat_image(0, 180, 200), _flat_image(60, 60, 60)
JPEG_TOLERANCE = 3

CLOTH = Material(
    "cloth",
    (1.0, 1.0, 1.0, 1.0),
    roughness=0.5,
    metallic=1.0,
    texture_png=COLOR,
    texture_placement=TexturePlacement(wrap=("clamp", "repeat"), offset=(0.1, 0.2), rotation=0.3, scale=(2.0, 0.5)),
    alpha_mode="mask",
    alpha_cutoff=0.25,
    is_double_sided=True,
    emissive_color=(2.0, 1.0, 0.5),
    emissive_map=Texture(EMISSION),
    normal_map=Texture(NORMAL, strength=0.7),
    metallic_roughness_map=Texture(PACKED),
    occlusion_map=Texture(LIGHT, TexturePlacement(uv_set=1), strength=0.5),
)


def _character(*materials: Material) -> Character:
    """Character with a mesh per material, which has two sets of texture coordinates."""
    character = builders.character()
    mesh, rng = character.meshes[0], np.random.default_rng(0)
    uvs, further = rng.uniform(size=(2, len(mesh.positions), 2))
    meshes = tuple(replace(mesh, material=m, uvs=uvs, further_uvs=(further,), name=m.name) for m in materials)
    return replace(character, meshes=meshes)


def _write(path: Path, *materials: Material) -> Path:
    character = _character(*materials)
    model = fbx.AnimatedModel("boxes", character, *retarget(builders.smooth_motion(frames=2), character))
    fbx.write(path, [model], builders.smooth_motion(frames=2).fps, "take")
    return path


def _pixels(glb: Glb, info: dict[str, Any]) -> Floats:
    """Returns the pixels of a texture of a GLB file."""
    view = glb.json["bufferViews"][glb.json["images"][glb.json["textures"][info["index"]]["source"]]["bufferView"]]
    start = view.get("byteOffset", 0)
    with Image.open(io.BytesIO(glb.binary[start : start + view["byteLength"]])) as image:
        return np.asarray(image, np.float64)


def test_autodesk_sees_all_maps(tmp_path: Path) -> None:
    glb = fbx_judges.read_with_autodesk(_write(tmp_path / "a.fbx", CLOTH))
    (material,) = glb.json["materials"]
    pbr = material["pbrMetallicRoughness"]
    assert_same(_pixels(glb, pbr["baseColorTexture"]), COLOR_PIXELS, 0)
    assert {"normalTexture", "emissiveTexture", "occlusionTexture"} <= material.keys()
    # The judge packs occlusion of half the strength, half the roughness and the metal into one JPEG image.
    packed = _pixels(glb, pbr["metallicRoughnessTexture"])
    assert_same(packed, np.broadcast_to([(255 + 60) / 2, 180 / 2, 200], (8, 8, 3)), JPEG_TOLERANCE)
    assert (pbr["roughnessFactor"], pbr["metallicFactor"]) == (1, 1)
    assert material["alphaMode"] == "BLEND"
    attributes = glb.json["meshes"][0]["primitives"][0]["attributes"]
    assert {"TEXCOORD_0", "TEXCOORD_1"} <= attributes.keys()


def test_three_sees_all_maps(tmp_path: Path) -> None:
    report = fbx_judges.read_with_three(_write(tmp_path / "a.fbx", CLOTH, Material("skin")), [0], [0])
    cloth, skin = report["materials"]["cloth"], report["materials"]["skin"]
    assert set(cloth["maps"]) == {"map", "normalMap", "emissiveMap", "aoMap", "alphaMap"}
    assert len(set(cloth["maps"].values())) == 5
    assert (cloth["transparent"], cloth["opacity"]) == (True, 1.0)
    assert cloth["wraps"]["map"] == [1001, 1000]
    assert (skin["maps"], skin["transparent"]) == ({}, False)
    assert {"uv", "uv1"} <= set(report["attributes"])


@pytest.mark.parametrize(("mode", "expected"), [("opaque", "OPAQUE"), ("mask", "BLEND"), ("blend", "BLEND")])
def test_only_materials_that_use_alpha_are_transparent(mode: str, expected: str, tmp_path: Path) -> None:
    material = Material("skin", (1.0, 1.0, 1.0, 1.0), texture_png=COLOR, alpha_mode=mode)
    path = _write(tmp_path / "a.fbx", material)
    (read,) = fbx_judges.read_with_autodesk(path).json["materials"]
    assert read.get("alphaMode", "OPAQUE") == expected
    transparent = fbx_judges.read_with_three(path, [0], [0])["materials"]["skin"]["transparent"]
    assert transparent == (mode != "opaque")


def test_images_of_several_characters_have_names_of_their_own(tmp_path: Path) -> None:
    motion = builders.smooth_motion(frames=2)
    models = []
    for name, image in (("ann", NORMAL), ("bob", EMISSION)):
        character = _character(Material("skin", texture_png=image))
        models.append(fbx.AnimatedModel(name, character, *retarget(motion, character)))
    fbx.write(tmp_path / "a.fbx", models, motion.fps, "take")
    videos = [node for node in _walk(document.read(tmp_path / "a.fbx")) if node.value("Content") is not None]
    names = {node.value("RelativeFilename"): node.value("Content") for node in videos}
    assert names == {"texture_0.png": NORMAL, "texture_1.png": EMISSION}


def test_materials_come_back(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.fbx", CLOTH, Material("skin", roughness=0.3))
    meshes = read_fbx_character(path).meshes
    cloth, skin = (mesh.material for mesh in meshes)
    assert skin == replace(Material("skin", roughness=0.3), roughness=skin.roughness)
    assert skin.roughness == pytest.approx(0.3)
    assert (cloth.texture_png, cloth.base_color, cloth.is_double_sided) == (COLOR, (1, 1, 1, 1), True)
    assert (cloth.effective_alpha_mode, cloth.alpha_cutoff) == ("mask", 0.25)
    assert cloth.emissive_color == pytest.approx(CLOTH.emissive_color)
    assert cloth.normal_map is not None and cloth.normal_map.strength == pytest.approx(0.7)
    assert cloth.texture_placement == TexturePlacement(wrap=("clamp", "repeat"))
    uv_sets = {"emissive_map": 1, "normal_map": 1, "metallic_roughness_map": 1, "occlusion_map": 2}
    assert {name: getattr(cloth, name).placement.uv_set for name in uv_sets} == uv_sets
    # Factors and strengths are part of the images.
    assert (cloth.roughness, cloth.metallic) == (1, 1)
    for texture, color in ((cloth.metallic_roughness_map, (255, 90, 200)), (cloth.occlusion_map, (158, 158, 158))):
        assert texture is not None
        with Image.open(io.BytesIO(texture.image)) as image:
            assert image.convert("RGB").getpixel((3, 3)) == color


def test_coordinates_come_back_where_the_texture_shows_them(tmp_path: Path) -> None:
    source = _character(CLOTH).meshes[0]
    assert source.uvs is not None
    (read,) = read_fbx_character(_write(tmp_path / "a.fbx", CLOTH)).meshes
    corners, expected = read.triangles.ravel(), source.triangles.ravel()
    assert read.uvs is not None
    placed = place_coordinates(source.uvs, replace(CLOTH.texture_placement, wrap=("repeat", "repeat")))
    for actual, original in zip((read.uvs, *read.further_uvs), (placed, source.uvs, *source.further_uvs), strict=True):
        assert_same(actual[corners], original[expected], 1e-5)


@pytest.mark.parametrize(("values", "mode"), [((0, 255), "mask"), ((40, 200), "blend")])
def test_alpha_of_other_programs_is_judged_by_the_pixels(values: tuple[int, int], mode: str, tmp_path: Path) -> None:
    pixels = np.full((8, 8, 4), 255, np.uint8)
    pixels[:4, :, 3], pixels[4:, :, 3] = values
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    path = _write(tmp_path / "a.fbx", replace(CLOTH, texture_png=file.getvalue()))
    root = document.read(path)
    _remove_property(root, "alphaMode")
    document.write(path, root.children)
    assert read_fbx_character(path).meshes[0].material.alpha_mode == mode


def test_base_colour_may_have_another_set_of_coordinates(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.fbx", Material("skin", texture_png=NORMAL))
    root = document.read(path)
    for node in _walk(root):
        if node.name == "P" and node.properties[0] == "UVSet":
            node.properties[-1] = "UVMap.001"
    document.write(path, root.children)
    (read,), source = read_fbx_character(path).meshes, _character(Material()).meshes[0]
    assert read.material.texture_placement.uv_set == 0 and read.uvs is not None
    assert_same(read.uvs[read.triangles.ravel()], source.further_uvs[0][source.triangles.ravel()], 1e-5)


@pytest.mark.parametrize("content", [NORMAL[:40], b"\x89PNG" + bytes(60)])
def test_damaged_images_are_left_out(content: bytes, tmp_path: Path) -> None:
    path = _write(tmp_path / "a.fbx", Material("skin", texture_png=NORMAL))
    root = document.read(path)
    for node in _walk(root):
        if node.name == "Content":
            node.properties[0] = content
    document.write(path, root.children)
    assert read_fbx_character(path).meshes[0].material.texture_png is None


@pytest.mark.parametrize("image", [b"GIF89a" + bytes(20), COLOR[:60]], ids=["gif", "cut off"])
@pytest.mark.parametrize("name", ["texture_png", "metallic_roughness_map"])
def test_images_that_cannot_be_written_are_refused(name: str, image: bytes, tmp_path: Path) -> None:
    value = image if name == "texture_png" else Texture(image)
    damaged: dict[str, Any] = {name: value, "alpha_mode": "blend"}
    with pytest.raises(InvalidDataError, match="texture"):
        _write(tmp_path / "a.fbx", replace(Material("skin"), **damaged))
    assert not list(tmp_path.iterdir())


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _remove_property(root: Node, name: str) -> None:
    for node in _walk(root):
        node.children = [c for c in node.children if not (c.name == "P" and c.properties[0] == name)]

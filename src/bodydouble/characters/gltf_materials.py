"""Materials of a glTF file: metallic-roughness, its textures with their placement, and the extensions that are kept."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import fields, replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.data import Material, Texture, TexturePlacement
from bodydouble.errors import FormatError

WRAP_MODES = {10497: "repeat", 33071: "clamp", 33648: "mirror"}
NEAREST_FILTER = 9728
DEFAULT_ROUGHNESS = 0.8
"""Roughness of an old specular-glossiness material that does not state it as a number."""
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP")


def read_material(file: GltfFile, index: int | None) -> Material:
    """Reads a material; the default one for None. Its textures name the sets of coordinates as the file does."""
    if index is None:
        return Material()
    source = file.entries("materials")[index]
    extensions = source.get("extensions", {})
    pbr = source.get("pbrMetallicRoughness", {})
    old = extensions.get("KHR_materials_pbrSpecularGlossiness")
    base = _specular_glossiness(old) if old and not {"baseColorTexture", "baseColorFactor"} & pbr.keys() else pbr
    texture = read_texture(file, base.get("baseColorTexture"))
    strength = max(_number(extensions.get("KHR_materials_emissive_strength", {}).get("emissiveStrength", 1.0)), 0.0)
    return Material(
        name=str(source.get("name") or f"material_{index}"),
        base_color=_color(base.get("baseColorFactor"), (1.0, 1.0, 1.0, 1.0)),
        roughness=_factor(base, "roughnessFactor"),
        metallic=_factor(base, "metallicFactor"),
        texture_png=texture.image if texture else None,
        texture_placement=texture.placement if texture else TexturePlacement(),
        alpha_mode=_alpha_mode(source),
        alpha_cutoff=max(_number(source.get("alphaCutoff", 0.5)), 0.0),
        is_double_sided=bool(source.get("doubleSided", False)),
        is_unlit="KHR_materials_unlit" in extensions,
        emissive_color=tuple(strength * c for c in _color(source.get("emissiveFactor"), (0.0, 0.0, 0.0))),
        emissive_map=read_texture(file, source.get("emissiveTexture")),
        normal_map=read_texture(file, source.get("normalTexture"), "scale"),
        metallic_roughness_map=read_texture(file, base.get("metallicRoughnessTexture")),
        occlusion_map=read_texture(file, source.get("occlusionTexture"), "strength"),
    )


def select_uv_sets(material: Material, set_count: int) -> tuple[Material, list[int]]:
    """Drops the textures whose coordinates a mesh lacks, and puts the set of the base colour first.

    Args:
        material: a material as ``read_material`` returns it.
        set_count: number of sets of texture coordinates of the mesh.

    Returns:
        The material, and the sets of the mesh in the order in which the material now counts them.
    """
    if not 0 <= material.texture_placement.uv_set < set_count:
        material = replace(material, texture_png=None, texture_placement=TexturePlacement())
    first = material.texture_placement.uv_set
    order = [first, *(k for k in range(set_count) if k != first)][:set_count]
    kept: dict[str, Any] = {"texture_placement": replace(material.texture_placement, uv_set=0)}
    for name in (f.name for f in fields(material) if f.name.endswith("_map")):
        texture = getattr(material, name)
        if texture is not None:
            uv_set = texture.placement.uv_set
            placement = replace(texture.placement, uv_set=order.index(uv_set) if uv_set in order else 0)
            kept[name] = replace(texture, placement=placement) if uv_set in order else None
    return replace(material, **kept), order


def _specular_glossiness(old: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an old specular-glossiness material as metallic-roughness: its diffuse colour, not metallic."""
    is_number = "glossinessFactor" in old and "specularGlossinessTexture" not in old
    return {
        "baseColorFactor": old.get("diffuseFactor"),
        "baseColorTexture": old.get("diffuseTexture"),
        "metallicFactor": 0.0,
        "roughnessFactor": 1.0 - _number(old["glossinessFactor"]) if is_number else DEFAULT_ROUGHNESS,
    }


def _alpha_mode(source: Mapping[str, Any]) -> str:
    mode = str(source.get("alphaMode", "OPAQUE")).lower()
    return mode if mode in ("mask", "blend") else "opaque"


def _factor(base: Mapping[str, Any], name: str) -> float:
    return float(np.clip(_number(base.get(name, 1.0)), 0.0, 1.0))


def _number(value: Any) -> float:
    """Returns a finite number; raises FormatError if it is none."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise FormatError(f"damaged, its materials have {value!r:.40} where a number belongs")
    return float(value)


def _color(values: Any, default: tuple[float, ...]) -> Any:
    """Returns a colour of the length of the default, each channel within 0 to 1."""
    channels = np.asarray(default if values is None else values, dtype=np.float64)
    if channels.shape != (len(default),) or not np.isfinite(channels).all():
        raise FormatError("damaged, a colour of its materials is not made of finite numbers")
    return tuple(np.clip(channels, 0.0, 1.0).tolist())


def read_texture(file: GltfFile, info: Mapping[str, Any] | None, strength: str = "") -> Texture | None:
    """Reads a texture; None, with a note, if its image cannot be used."""
    if info is None:
        return None
    texture = file.entries("textures")[info["index"]]
    source = texture.get("source", texture.get("extensions", {}).get("EXT_texture_webp", {}).get("source"))
    if source is None:
        file.note(f"texture {info['index']} was left out: it is neither PNG, JPEG nor WebP")
        return None
    image = _read_image(file, source)
    if image is None:
        return None
    sampler = file.entries("samplers")[texture["sampler"]] if "sampler" in texture else {}
    transform = info.get("extensions", {}).get("KHR_texture_transform", {})
    placement = TexturePlacement(
        uv_set=int(transform.get("texCoord", info.get("texCoord", 0))),
        wrap=(WRAP_MODES.get(sampler.get("wrapS", 0), "repeat"), WRAP_MODES.get(sampler.get("wrapT", 0), "repeat")),
        is_pixelated=sampler.get("magFilter") == NEAREST_FILTER,
        offset=_pair(transform.get("offset", (0.0, 0.0))),
        rotation=_number(transform.get("rotation", 0.0)),
        scale=_pair(transform.get("scale", (1.0, 1.0))),
    )
    return Texture(image, placement, _number(info.get(strength, 1.0)))


def _pair(values: Any) -> tuple[float, float]:
    u, v = values
    return _number(u), _number(v)


def _read_image(file: GltfFile, index: int) -> bytes | None:
    """Reads the encoded file of an image; WebP becomes PNG. None, with a note, if it cannot be used."""
    try:
        encoded = file.image_file(index)
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(encoded), formats=IMAGE_FORMATS) as image:
                if image.format != "WEBP":
                    image.verify()
                    return encoded
                png = BytesIO()
                image.save(png, "PNG")
                return png.getvalue()
    except FileNotFoundError:
        file.note(f"image {index} was left out: its file is missing")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        file.note(f"image {index} was left out: it is damaged, too large, or neither PNG, JPEG nor WebP")
    return None

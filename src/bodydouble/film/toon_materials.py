"""Toon materials: a character's materials with their MToon values -> what the toon shaders need.

Colours of surfaces are encoded as sRGB, so that a lit surface has exactly the colour of its texture. Light that is
added (rim, matcap, emission) is linear. A material without MToon values gets those of a plain drawn surface.

Source: VRMC_materials_mtoon 1.0,
https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_materials_mtoon-1.0/README.md
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy as np

from bodydouble.data import Character, Material, Texture

Rgb = tuple[float, float, float]
MTOON = "VRMC_materials_mtoon"
REFERENCE_HEIGHT = 720.0
"""Height of a picture, px, for which the widths of outlines are chosen."""
PLAIN_OUTLINE_WIDTH = 1.75 / REFERENCE_HEIGHT
PLAIN_SHADE: Rgb = (0.76, 0.71, 0.80)
"""Factor, sRGB, from the lit colour to the shade of a material without MToon values."""
PLAIN_OUTLINE: Rgb = (0.42, 0.34, 0.40)
"""Factor, sRGB, from the lit colour to the outline of a material without MToon values."""
TEXTURES = {
    "shadeMultiplyTexture": "shade",
    "shadingShiftTexture": "shift",
    "matcapTexture": "matcap",
    "rimMultiplyTexture": "rim",
    "outlineWidthMultiplyTexture": "outline_width",
}
"""Name of a texture in MToon -> name of its sampler."""


class Role(Enum):
    """Part of a character that is drawn in a way of its own."""

    FACE = "face"
    """Skin of the face: no shadow of the head itself falls on it."""
    FEATURE = "feature"
    """Eyes and brows, which are seen through the hair before them."""
    HAIR = "hair"
    """Hair, on which no shadow falls."""
    GLASSES = "glasses"
    """Glasses, which cast no shadow: on the face it looks like scars."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Outline:
    """Outline of a surface."""

    width: float
    """m, or heights of the picture; 0: none."""
    is_in_metres: bool
    color: Rgb
    """sRGB."""
    lighting_mix: float
    """Share of the colour that is multiplied by that of the lit surface."""


@dataclass(frozen=True, slots=True)
class Rim:
    """Light at the rim of a surface, linear."""

    color: Rgb = (0.0, 0.0, 0.0)
    fresnel_power: float = 5.0
    lift: float = 0.0
    matcap: Rgb = (0.0, 0.0, 0.0)
    """Factor of the texture that is looked up by the normal."""
    lighting_mix: float = 1.0
    """Share of the rim that is seen on the lit side only."""


@dataclass(frozen=True, slots=True)
class ToonMaterial:
    """Values with which the toon shaders draw a mesh."""

    role: Role
    color: tuple[float, float, float, float]
    """sRGB, and alpha."""
    shade: Rgb
    """sRGB, multiplied by the texture ``shade``."""
    shift: float
    toony: float
    rim: Rim
    emission: Rgb
    """Linear."""
    outline: Outline
    alpha_mode: str
    alpha_cutoff: float
    is_double_sided: bool
    is_unlit: bool
    writes_depth: bool
    """Whether a translucent surface hides what is behind it and is drawn later."""
    queue_offset: int
    has_vertex_colors: bool = False
    textures: Mapping[str, Texture] = field(default_factory=dict)
    """By the name of the sampler: base, emission and those of ``TEXTURES``."""

    @property
    def is_blended(self) -> bool:
        """Whether the surface is translucent."""
        return self.alpha_mode == "blend"


def resolve_materials(character: Character) -> list[ToonMaterial]:
    """Returns the toon material of each mesh of a character."""
    described: Mapping[str, Any] = character.vrm.get(MTOON, {})
    return [
        replace(
            _resolve(mesh.material, find_role(mesh.name, mesh.material.name), described.get(mesh.material.name)),
            has_vertex_colors=mesh.colors is not None,
        )
        for mesh in character.meshes
    ]


def find_role(mesh: str, material: str) -> Role:
    """Finds the role of a mesh by the names that it and its material have in the cast and in most VRM files."""
    names = f"{mesh} {material}".lower()
    if "hair" in material.lower() and "tie" not in material.lower():
        return Role.HAIR
    if any(word in names for word in ("eye", "brow", "lash")):
        return Role.FEATURE
    if "glasses" in names:
        return Role.GLASSES
    return Role.FACE if "face" in material.lower() else Role.OTHER


def _resolve(
    material: Material, role: Role, described: tuple[Mapping[str, Any], Mapping[str, Texture]] | None
) -> ToonMaterial:
    values, textures = described or (_describe_plain(material), _plain_textures(material))
    red, green, blue = encode(material.base_color[:3])
    return ToonMaterial(
        role=role,
        color=(red, green, blue, material.base_color[3]),
        shade=encode(_vector(values, "shadeColorFactor", (0.0, 0.0, 0.0))),
        shift=_number(values, "shadingShiftFactor", 0.0),
        toony=_number(values, "shadingToonyFactor", 0.9),
        rim=_resolve_rim(values),
        emission=material.emissive_color,
        outline=_resolve_outline(values),
        alpha_mode=material.effective_alpha_mode,
        alpha_cutoff=material.alpha_cutoff,
        is_double_sided=material.is_double_sided,
        is_unlit=material.is_unlit and described is None,
        writes_depth=bool(values.get("transparentWithZWrite", False)),
        queue_offset=int(_number(values, "renderQueueOffsetNumber", 0.0)),
        textures=_base_textures(material) | {TEXTURES[n]: t for n, t in textures.items() if n in TEXTURES},
    )


def _resolve_rim(values: Mapping[str, Any]) -> Rim:
    return Rim(
        color=_vector(values, "parametricRimColorFactor", (0.0, 0.0, 0.0)),
        fresnel_power=max(_number(values, "parametricRimFresnelPowerFactor", 5.0), 1e-5),
        lift=_number(values, "parametricRimLiftFactor", 0.0),
        matcap=_vector(values, "matcapFactor", (1.0, 1.0, 1.0)),
        lighting_mix=_number(values, "rimLightingMixFactor", 1.0),
    )


def _resolve_outline(values: Mapping[str, Any]) -> Outline:
    mode = values.get("outlineWidthMode", "none")
    return Outline(
        width=0.0 if mode == "none" else max(_number(values, "outlineWidthFactor", 0.0), 0.0),
        is_in_metres=mode == "worldCoordinates",
        color=encode(_vector(values, "outlineColorFactor", (0.0, 0.0, 0.0))),
        lighting_mix=_number(values, "outlineLightingMixFactor", 1.0),
    )


def _describe_plain(material: Material) -> dict[str, Any]:
    """Returns MToon values for a material that has none."""
    base = (1.0, 1.0, 1.0) if material.texture_png else material.base_color[:3]
    is_outlined = not material.is_unlit and material.effective_alpha_mode != "blend"
    return {
        "shadeColorFactor": [c * decode(f) for c, f in zip(material.base_color[:3], PLAIN_SHADE, strict=True)],
        "shadingShiftFactor": -0.1,
        "shadingToonyFactor": 0.94,
        "outlineWidthMode": "screenCoordinates" if is_outlined else "none",
        "outlineWidthFactor": PLAIN_OUTLINE_WIDTH,
        "outlineColorFactor": [c * decode(f) for c, f in zip(base, PLAIN_OUTLINE, strict=True)],
        "outlineLightingMixFactor": 1.0 if material.texture_png else 0.0,
    }


def _plain_textures(material: Material) -> dict[str, Texture]:
    base = _base_textures(material).get("base")
    return {} if base is None else {"shadeMultiplyTexture": base}


def _base_textures(material: Material) -> dict[str, Texture]:
    found: dict[str, Texture] = {}
    if material.texture_png is not None:
        found["base"] = Texture(material.texture_png, material.texture_placement)
    if material.emissive_map is not None:
        found["emission"] = material.emissive_map
    return found


def encode(color: Sequence[float]) -> Rgb:
    """Returns the sRGB colour of a linear one. Source: IEC 61966-2-1."""
    c = np.clip(np.asarray(color, dtype=np.float64), 0.0, 1.0)
    red, green, blue = np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055).tolist()
    return red, green, blue


def decode(channel: float) -> float:
    """Returns the linear value of an sRGB channel. Source: IEC 61966-2-1."""
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)


def _number(values: Mapping[str, Any], name: str, default: float) -> float:
    value = values.get(name, default)
    return float(value) if isinstance(value, int | float) else default


def _vector(values: Mapping[str, Any], name: str, default: Rgb) -> Rgb:
    value = values.get(name, default)
    if not isinstance(value, list | tuple) or len(value) != 3:
        return default
    red, green, blue = (float(channel) for channel in value)
    return red, green, blue

"""Paints of a drawn character: the colour, texture and toon values of each material."""

from dataclasses import dataclass
from typing import Any

from bodydouble.characters.cast.face_textures import draw_face_texture
from bodydouble.characters.cast.hair_texture import draw_hair_texture
from bodydouble.characters.cast.look import Color, Look
from bodydouble.characters.cast.toon import (
    CLOTH,
    DARK_CLOTH,
    FACE,
    HAIR,
    SHOES,
    SKIN,
    THIN_CLOTH,
    Toon,
    describe_mtoon,
    to_linear,
)
from bodydouble.data import Material, Texture, TexturePlacement

CLAMPED = TexturePlacement(wrap=("clamp", "clamp"))
UNLIT = ("drawing", "soft drawing")
ONE_SIDED = ("face", "skin", "hair", "shoes", "sole", "drawing", "soft drawing", "glasses", "hair tie", "bow")


@dataclass(frozen=True, slots=True)
class Paint:
    """Colour of a material, its texture and its toon values."""

    color: Color
    """sRGB."""
    toon: Toon | None
    """None: the colour is shown without light."""
    texture: bytes | None = None
    placement: TexturePlacement = CLAMPED


def choose_paints(look: Look, textures: dict[str, bytes]) -> dict[str, Paint]:
    """Chooses the paint of every material."""
    face, skirt = draw_face_texture(look), TexturePlacement(wrap=("repeat", "clamp"))
    collar = look.top_color if look.top in ("shirt", "hoodie") else look.second_color
    dark: Color = (0.17, 0.15, 0.20)
    sole = _choose_sole(look.shoe_color)
    bottom = skirt if look.bottom == "skirt" else CLAMPED
    return {
        "face": Paint(look.skin_color, FACE),
        "skin": Paint(look.skin_color, SKIN),
        "drawing": Paint((1.0, 1.0, 1.0), None, face),
        "soft drawing": Paint((1.0, 1.0, 1.0), None, face),
        "hair": Paint(look.hair_color, HAIR, draw_hair_texture(look.hair_color)),
        "top": Paint(look.top_color, CLOTH, textures["top"]),
        "collar": Paint(collar, CLOTH),
        "bottom": Paint(look.bottom_color, DARK_CLOTH, textures["bottom"], bottom),
        "inner shorts": Paint(dark, THIN_CLOTH),
        "socks": Paint(look.sock_color, THIN_CLOTH),
        "shoes": Paint(look.shoe_color, SHOES),
        "sole": Paint(sole, SHOES),
        "white": Paint((0.96, 0.96, 0.96), THIN_CLOTH),
        "bow": Paint((0.86, 0.22, 0.26), CLOTH),
        "hair tie": Paint((0.86, 0.25, 0.32), CLOTH),
        "hat": Paint(look.hat_color, CLOTH),
        "glasses": Paint((0.24, 0.18, 0.20), THIN_CLOTH),
    }


def _choose_sole(shoe: Color) -> Color:
    """Returns a darker colour than that of the shoe, or red below a light one."""
    red, green, blue = shoe
    return (0.85, 0.30, 0.30) if red + green + blue > 2.2 else (0.55 * red, 0.55 * green, 0.55 * blue)


def create_material(name: str, paint: Paint) -> Material:
    """Creates the material of a paint."""
    color = (1.0, 1.0, 1.0) if paint.texture else paint.color
    red, green, blue = (to_linear(channel) for channel in color)
    return Material(
        name,
        base_color=(red, green, blue, 1.0),
        roughness=0.9,
        texture_png=paint.texture,
        texture_placement=paint.placement,
        alpha_mode="blend" if name == "soft drawing" else "opaque",
        is_double_sided=name not in ONE_SIDED,
        is_unlit=name in UNLIT,
    )


def describe_toon(paint: Paint) -> tuple[dict[str, Any], dict[str, Texture]]:
    """Returns parameters and textures of MToon for a paint with toon values."""
    toon = paint.toon or CLOTH
    parameters = describe_mtoon(toon, paint.color, is_textured=paint.texture is not None)
    textures = {"shadeMultiplyTexture": Texture(paint.texture, paint.placement)} if paint.texture else {}
    return parameters, textures

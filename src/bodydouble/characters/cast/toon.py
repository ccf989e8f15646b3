"""Toon values of the materials: shade, shift, outline and rim, and their form as MToon 1.0.

Source: VRMC_materials_mtoon 1.0,
https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_materials_mtoon-1.0/README.md
"""

from dataclasses import dataclass
from typing import Any

from bodydouble.characters.cast.look import Color

REFERENCE_HEIGHT = 720.0
"""Height of a picture, px, for which the widths of outlines are given."""


@dataclass(frozen=True, slots=True)
class Toon:
    """Toon values of a material."""

    shade: Color
    """Factor from the lit colour to the colour in shade, sRGB."""
    threshold: float
    """Share of the way from the dark to the lit side, cosine / 2 + 1/2, where shade begins."""
    outline: Color
    """Factor from the lit colour to that of the outline, sRGB."""
    outline_width: float = 1.75
    """px in a picture of 720 px; 0: none."""
    toony: float = 0.94
    """Sharpness of the edge of the shade, 0 to 1."""
    rim: float = 0.0
    """Strength of the light at the rim."""


SKIN_OUTLINE: Color = (0.52, 0.33, 0.32)
CLOTH_OUTLINE: Color = (0.40, 0.34, 0.44)
FACE = Toon((0.93, 0.74, 0.72), 0.42, SKIN_OUTLINE)
SKIN = Toon((0.93, 0.74, 0.72), 0.50, SKIN_OUTLINE, rim=0.04)
HAIR = Toon((0.66, 0.58, 0.74), 0.50, (0.36, 0.30, 0.40), rim=0.10)
CLOTH = Toon((0.74, 0.70, 0.82), 0.55, CLOTH_OUTLINE, rim=0.05)
DARK_CLOTH = Toon((0.70, 0.66, 0.80), 0.55, CLOTH_OUTLINE, rim=0.05)
SHOES = Toon((0.62, 0.58, 0.72), 0.55, CLOTH_OUTLINE, rim=0.05)
THIN_CLOTH = Toon((0.74, 0.70, 0.82), 0.55, CLOTH_OUTLINE, 1.35, rim=0.05)


def to_linear(channel: float) -> float:
    """Returns the linear value of an sRGB channel."""
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)


def describe_mtoon(toon: Toon, color: Color, *, is_textured: bool) -> dict[str, Any]:
    """Describes a material as an object of VRMC_materials_mtoon.

    Args:
        toon: its toon values.
        color: mean sRGB colour of the material.
        is_textured: whether a texture holds the colour, which then multiplies the shade.
    """
    base = (1.0, 1.0, 1.0) if is_textured else color
    outline = tuple(c * f for c, f in zip(color, toon.outline, strict=True))
    return {
        "specVersion": "1.0",
        "shadeColorFactor": [to_linear(c * f) for c, f in zip(base, toon.shade, strict=True)],
        "shadingShiftFactor": 1 - 2 * toon.threshold,
        "shadingToonyFactor": toon.toony,
        "giEqualizationFactor": 0.9,
        "parametricRimColorFactor": [toon.rim] * 3,
        "parametricRimFresnelPowerFactor": 5.0,
        "rimLightingMixFactor": 0.65,
        "outlineWidthMode": "screenCoordinates" if toon.outline_width else "none",
        "outlineWidthFactor": toon.outline_width / REFERENCE_HEIGHT,
        "outlineColorFactor": [to_linear(channel) for channel in outline],
        "outlineLightingMixFactor": 0.0,
    }

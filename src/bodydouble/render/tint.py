"""Tint: character without colours and colour of a person -> character in that colour."""

from dataclasses import replace

import numpy as np

from bodydouble.data import Character, FloatArray, Mesh

_MAX_GREY_RANGE = 0.15
"""Maximum difference between the channels of a linear colour that counts as grey."""
_MIN_SKIN_BRIGHTNESS = 0.6
"""Minimum brightness of skin relative to the brightest part, if there are darker parts."""
_MIN_CLOTH_BRIGHTNESS = 1e-3
"""Brightness below which cloth stays black."""
_CLOTH_REFLECTANCE = 0.85
"""Linear reflectance of cloth in a colour of full brightness."""
_CLOTH_DESATURATION = 0.1
"""Fraction by which the colour of cloth is mixed with grey."""


def tint_character(character: Character, color: FloatArray) -> Character:
    """Tints a character in the colour of a person: its dark parts, or all parts if they have one brightness.

    Args:
        character: any character; one with textures or colours is returned unchanged.
        color: (3,) linear RGB, 0 to 1.
    """
    colors = [_linear_colors(mesh) for mesh in character.meshes]
    textured = any(mesh.material.texture_png is not None for mesh in character.meshes)
    all_colors = np.concatenate(colors)[:, :3]
    if textured or np.ptp(all_colors, axis=1).max() > _MAX_GREY_RANGE:
        return character
    brightness = all_colors.mean(axis=1)
    cloth_limit = _MIN_SKIN_BRIGHTNESS * brightness.max()
    if not np.any(brightness < cloth_limit):
        cloth_limit = np.inf
    max_cloth_brightness = max(float(brightness[brightness < cloth_limit].max()), _MIN_CLOTH_BRIGHTNESS)
    cloth_color = (color + _CLOTH_DESATURATION * (color.mean() - color)) * _CLOTH_REFLECTANCE / max_cloth_brightness
    meshes = [
        _tint_mesh(mesh, mesh_colors, cloth_color, cloth_limit)
        for mesh, mesh_colors in zip(character.meshes, colors, strict=True)
    ]
    return replace(character, meshes=tuple(meshes))


def _linear_colors(mesh: Mesh) -> FloatArray:
    colors = np.ones((len(mesh.positions), 4)) if mesh.colors is None else mesh.colors
    return np.asarray(colors * np.array(mesh.material.base_color))


def _tint_mesh(mesh: Mesh, colors: FloatArray, cloth_color: FloatArray, cloth_limit: float) -> Mesh:
    brightness = colors[:, :3].mean(axis=1, keepdims=True)
    tinted = np.where(brightness < cloth_limit, brightness * cloth_color, colors[:, :3])
    material = replace(mesh.material, base_color=(1.0, 1.0, 1.0, 1.0), alpha_mode=mesh.material.effective_alpha_mode)
    return replace(mesh, material=material, colors=np.concatenate([tinted, colors[:, 3:]], axis=1))

"""Characters that bring no colours of their own wear the colour of their person."""

from dataclasses import replace

import numpy as np

from bodydouble.data import Character, FloatArray, Mesh

_PLAIN = 0.15
"""Largest difference between the channels of a linear colour that counts as plain."""
_PALE = 0.6
"""Parts at least this bright, relative to the brightest, are skin, if there are darker parts."""
_REFLECTANCE = 0.85
"""Linear reflectance of cloth in a colour of full brightness."""
_FADING = 0.1
"""How far cloth is from the pure colour towards grey."""


def dressed(character: Character, color: FloatArray) -> Character:
    """The character in the colour of a person: its dark parts, or all of it if it has one brightness.

    Args:
        character: any character; one with textures or colours stays as it is.
        color: (3,) linear RGB, 0 to 1.
    """
    colors = [_linear_colors(mesh) for mesh in character.meshes]
    textured = any(mesh.material.texture_png is not None for mesh in character.meshes)
    every = np.concatenate(colors)[:, :3]
    if textured or np.ptp(every, axis=1).max() > _PLAIN:
        return character
    brightness = every.mean(axis=1)
    cloth_limit = _PALE * brightness.max()
    if not np.any(brightness < cloth_limit):
        cloth_limit = np.inf
    full = brightness[brightness < cloth_limit].max()
    cloth = (color + _FADING * (color.mean() - color)) * _REFLECTANCE / full
    meshes = [_colored(mesh, own, cloth, cloth_limit) for mesh, own in zip(character.meshes, colors, strict=True)]
    return replace(character, meshes=tuple(meshes))


def _linear_colors(mesh: Mesh) -> FloatArray:
    own = np.ones((len(mesh.positions), 4)) if mesh.colors is None else mesh.colors
    return np.asarray(own * np.array(mesh.material.base_color))


def _colored(mesh: Mesh, own: FloatArray, color: FloatArray, cloth_limit: float) -> Mesh:
    brightness = own[:, :3].mean(axis=1, keepdims=True)
    worn = np.where(brightness < cloth_limit, brightness * color, own[:, :3])
    material = replace(mesh.material, base_color=(1.0, 1.0, 1.0, 1.0))
    return replace(mesh, material=material, colors=np.concatenate([worn, own[:, 3:]], axis=1))

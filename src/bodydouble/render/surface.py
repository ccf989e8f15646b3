"""Textures on surfaces: encoded images and their placement -> textures and coordinates of the graphics card."""

from io import BytesIO

import moderngl
import numpy as np
from PIL import Image

from bodydouble.data import FloatArray, TexturePlacement


def place_coordinates(uvs: FloatArray, placement: TexturePlacement) -> FloatArray:
    """Transforms texture coordinates (V, 2) by a placement, to those of ``upload_texture``.

    Source: https://github.com/KhronosGroup/glTF/tree/main/extensions/2.0/Khronos/KHR_texture_transform
    """
    cos, sin = np.cos(placement.rotation), np.sin(placement.rotation)
    rotation = np.array([[cos, sin], [-sin, cos]])
    placed = placement.offset + (uvs * placement.scale) @ rotation.T
    return np.asarray(placed / [2.0 if mode == "mirror" else 1.0 for mode in placement.wrap])


def upload_texture(context: moderngl.Context, encoded: bytes, placement: TexturePlacement) -> moderngl.Texture | None:
    """Uploads an image; one that is mirrored beyond its edge is doubled. None if it is damaged."""
    try:
        pixels = np.asarray(Image.open(BytesIO(encoded)).convert("RGBA"))
    except (OSError, SyntaxError, ValueError):
        return None
    for axis, mode in ((1, placement.wrap[0]), (0, placement.wrap[1])):
        if mode == "mirror":
            pixels = np.concatenate([pixels, np.flip(pixels, axis)], axis)
    texture = context.texture(pixels.shape[1::-1], 4, np.ascontiguousarray(pixels).tobytes())
    texture.repeat_x, texture.repeat_y = (mode != "clamp" for mode in placement.wrap)
    if placement.is_pixelated:
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
    else:
        texture.build_mipmaps()
        # One level of the pyramid suffices where there are several samples per pixel, and is read in half the time.
        texture.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
    return texture

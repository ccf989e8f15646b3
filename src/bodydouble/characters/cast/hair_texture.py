"""Texture of hair: columns of tints, each with dark edges, a broken ring of light, strands and a gradient."""

import numpy as np

from bodydouble.characters.cast.clumps import TEXTURE_RANGE, TINTS
from bodydouble.characters.cast.face_textures import encode_png
from bodydouble.characters.cast.look import Color
from bodydouble.data import FloatArray

COLUMN_WIDTH, HEIGHT = 128, 1024
TINT_FACTORS = (1.03, 0.97, 0.91, 1.00, 0.94, 0.82)
RING_HEIGHT = 0.80
"""Height of the ring of light, H."""
RINGS = ((0.00, 1.0, 0.12), (0.02, 0.7, 0.18), (-0.02, 1.25, 0.10), (0.03, 0.35, 0.30), (-0.01, 0.5, 0.22))
"""Shift of the ring, H, its relative height, and the edges of the column that it leaves out, by column."""


def draw_hair_texture(color: Color) -> bytes:
    """Draws the texture of hair of a colour as a PNG file."""
    base = np.array(color)
    columns = [_draw_column(_tint(base, factor), shift) for shift, factor in enumerate(TINT_FACTORS)]
    return encode_png(np.concatenate(columns, axis=1))


def _tint(base: FloatArray, factor: float) -> FloatArray:
    dark = max(0.0, 1 - factor)
    return np.asarray(np.clip(base * factor * np.array([1, 1 - 0.4 * dark, 1 - 0.1 * dark]), 0, 1))


def _draw_column(base: FloatArray, index: int) -> FloatArray:
    low, high = TEXTURE_RANGE
    y = np.linspace(high, low, HEIGHT)[:, None]
    u = np.linspace(0, 1, COLUMN_WIDTH)[None]
    dark = base * np.array([0.80, 0.76, 0.84])
    pixels = np.broadcast_to(base, (HEIGHT, COLUMN_WIDTH, 3))
    pixels = _mix(pixels, dark, 0.75 * np.clip((0.55 - y) / 1.2, 0, 1) + 0 * u)
    for place, strength in ((0.26 + 0.04 * index, 0.22), (0.52 - 0.03 * index, 0.14), (0.74, 0.24)):
        strand = np.exp(-(((u - place - 0.02 * np.sin(5 * y + index)) / 0.012) ** 2))
        pixels = _mix(pixels, dark * 0.9, strength * strand)
    if index < TINTS - 1:
        pixels = _mix(pixels, np.clip(base * 1.22 + 0.18, 0, 1), 0.8 * _ring_of_light(u, y, index))
    edge = 0.85 * np.clip(3 - np.minimum(u, 1 - u) / 0.015, 0, 1) + 0 * y
    return _mix(pixels, base * np.array([0.46, 0.40, 0.50]), edge)


def _ring_of_light(u: FloatArray, y: FloatArray, index: int) -> FloatArray:
    """Returns the coverage of the highlight: teeth of unequal width and length above and below a band."""
    rng = np.random.default_rng(40 + index)
    shift, size, edge = RINGS[index]
    knots = np.concatenate([[0.0], np.sort(rng.uniform(0.08, 0.92, 9)), [1.0]])
    teeth = np.tile([1.0, -1.0], 6)[:11]
    top = RING_HEIGHT + shift + size * np.interp(u, knots, 0.026 + 0.034 * rng.uniform(0.2, 1, 11) * teeth)
    bottom = RING_HEIGHT + shift - size * np.interp(u, knots, 0.030 + 0.055 * rng.uniform(0.1, 1, 11) * teeth)
    inside = np.clip((y - bottom) / 0.004 + 0.5, 0, 1) * np.clip((top - y) / 0.004 + 0.5, 0, 1)
    return np.asarray(inside * (np.minimum(u, 1 - u) > edge))


def _mix(pixels: FloatArray, color: FloatArray, coverage: FloatArray) -> FloatArray:
    return np.asarray(pixels + (color - pixels) * coverage[..., None])

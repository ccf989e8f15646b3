"""Texture of hair: columns of tints, each with dark edges, a broken ring of light, strands and a gradient."""

import numpy as np

from bodydouble.characters.cast.clumps import PLAIN_TINT, TEXTURE_RANGE
from bodydouble.characters.cast.face_textures import encode_png
from bodydouble.characters.cast.look import Color
from bodydouble.data import FloatArray

COLUMN_WIDTH, HEIGHT = 128, 1024
TINT_FACTORS = (1.03, 0.97, 0.91, 1.00, 0.94, 0.98, 0.82)
RING_HEIGHT = 0.80
"""Height of the ring of light, H."""
RINGS = ((0.00, 1.0, 0.09), (0.016, 0.6, 0.13), (-0.014, 1.2, 0.08), (0.010, 0.35, 0.20), (-0.006, 0.8, 0.11))
"""Shift of the ring, H, its relative height, and the edges of the column that it leaves out, by column."""
TEETH = (0.20, 0.46, 0.71)
"""Places of the teeth of the ring, as shares of its width."""
CROWN_HEIGHT = 0.95
"""Height, H, above which hair is darker towards the crown."""


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
    pixels = _mix(pixels, dark, 0.5 * np.clip((y - CROWN_HEIGHT) / 0.25, 0, 1) + 0 * u)
    for place, strength in ((0.26 + 0.04 * index, 0.22), (0.52 - 0.03 * index, 0.14), (0.74, 0.24)):
        strand = np.exp(-(((u - place - 0.02 * np.sin(5 * y + index)) / 0.012) ** 2))
        pixels = _mix(pixels, dark * 0.9, strength * strand)
    if index < PLAIN_TINT:
        pixels = _mix(pixels, np.clip(base * 1.22 + 0.18, 0, 1), 0.8 * _ring_of_light(u, y, index))
    strength = 0.85 - 0.3 * float(base.mean())
    edge = strength * np.clip(3 - np.minimum(u, 1 - u) / 0.015, 0, 1) + 0 * y
    return _mix(pixels, base * np.array([0.46, 0.40, 0.50]), edge)


def _ring_of_light(u: FloatArray, y: FloatArray, index: int) -> FloatArray:
    """Returns the coverage of the highlight: a lens with pointed teeth below, and a thin line under it."""
    shift, size, edge = RINGS[index]
    rng = np.random.default_rng(40 + index)
    t = np.clip((u - edge) / (1 - 2 * edge), 0, 1)
    lens = np.sin(np.pi * t) ** 0.6
    teeth = np.zeros_like(t)
    for place in TEETH:
        width, length = rng.uniform(0.10, 0.17), rng.uniform(0.3, 1.0)
        teeth = np.maximum(teeth, length * np.clip(1 - np.abs(t - place - rng.uniform(-0.05, 0.05)) / width, 0, 1))
    middle = RING_HEIGHT + shift
    top, bottom = middle + 0.020 * size * lens, middle - size * lens * (0.014 + 0.060 * teeth)
    line = middle - size * lens * (0.034 + 0.060 * teeth)
    inside = np.clip((y - bottom) / 0.004 + 0.5, 0, 1) * np.clip((top - y) / 0.004 + 0.5, 0, 1)
    thin = np.clip(1.5 - np.abs(y - line) / (0.003 * size * lens + 1e-6), 0, 1)
    return np.asarray(np.maximum(inside, 0.5 * thin) * (size * lens > 0.05))


def _mix(pixels: FloatArray, color: FloatArray, coverage: FloatArray) -> FloatArray:
    return np.asarray(pixels + (color - pixels) * coverage[..., None])

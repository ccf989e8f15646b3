"""Procedural textures of cloth and hair: random generator -> sRGB images and PNG files."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bodydouble.data import FloatArray

TEXTURE_SIZE = 128
"""Side of a texture in px, which covers half a metre of cloth."""


def sample_color(rng: np.random.Generator) -> FloatArray:
    """Draws an sRGB colour (3,) of clothes, 0 to 1: often dark, white or grey, sometimes bright."""
    kind = rng.random()
    if kind < 0.4:
        return np.clip(rng.uniform(0.06, 0.9) + rng.normal(0, 0.03, 3), 0.02, 0.95)
    hue, saturation, value = rng.uniform(0, 6), rng.uniform(0.25, 0.9), rng.uniform(0.2, 0.9)
    channel = np.clip(np.abs((hue + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1, 0, 1)
    return np.asarray(value * (1 - saturation + saturation * channel))


def sample_cloth(rng: np.random.Generator) -> FloatArray:
    """Draws a tileable sRGB texture (TEXTURE_SIZE, TEXTURE_SIZE, 3): plain, striped, checked, dotted or printed."""
    base, accent = sample_color(rng), sample_color(rng)
    y, x = np.meshgrid(np.arange(TEXTURE_SIZE) / TEXTURE_SIZE, np.arange(TEXTURE_SIZE) / TEXTURE_SIZE, indexing="ij")
    kind = rng.choice(["plain", "stripes", "checks", "dots", "print"], p=[0.55, 0.15, 0.1, 0.08, 0.12])
    count = int(rng.integers(2, 12))
    if kind == "stripes":
        pattern = (y * count % 1 < rng.uniform(0.2, 0.6)).astype(float)
    elif kind == "checks":
        pattern = ((x * count % 1 < 0.5).astype(float) + (y * count % 1 < 0.5)) / 2
    elif kind == "dots":
        pattern = (np.hypot(x * count % 1 - 0.5, y * count % 1 - 0.5) < 0.25).astype(float)
    elif kind == "print":
        pattern = (_periodic_noise(x, y, rng) > 0.3).astype(float)
    else:
        pattern = np.zeros_like(x)
    weave = 1 + rng.uniform(0.01, 0.06) * rng.normal(size=(TEXTURE_SIZE, TEXTURE_SIZE, 1))
    return np.clip((base + pattern[..., None] * (accent - base)) * weave, 0, 1)


def _periodic_noise(x: FloatArray, y: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Returns smooth periodic noise, about -1 to 1."""
    waves = rng.integers(-4, 5, size=(10, 2))
    phase = rng.uniform(0, 2 * np.pi, 10)
    angle = 2 * np.pi * (waves[:, 0, None, None] * x + waves[:, 1, None, None] * y) + phase[:, None, None]
    return np.asarray(np.sin(angle).sum(axis=0) / 3.0)


def sample_hair(base: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draws an sRGB texture (TEXTURE_SIZE, TEXTURE_SIZE, 3) of hair that hangs down."""
    strand = rng.normal(1.0, 0.18, size=(1, TEXTURE_SIZE, 1)) * rng.normal(
        1.0, 0.05, size=(TEXTURE_SIZE, TEXTURE_SIZE, 1)
    )
    return np.clip(base * strand, 0, 1)


def encode_png(image: FloatArray) -> bytes:
    """Encodes an sRGB image (H, W, 3), 0 to 1, as a PNG file."""
    pixels: NDArray[np.uint8] = np.round(255 * image).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()

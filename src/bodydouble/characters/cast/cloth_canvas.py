"""Canvas of a garment's texture: its front above its back, seen along z, with shapes given in metres."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy.interpolate import LinearNDInterpolator

from bodydouble.data import BoolArray, FloatArray

WIDTH, HEIGHT = 1024, 512
"""Pixels of one side."""
FOLD = np.array([0.74, 0.70, 0.82])
"""Factor of the colour in a painted fold."""
COARSE = 4
"""Pixels per sample of a field that is interpolated from the vertices."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Part of the plane that a texture shows, m."""

    half_width: float
    low: float
    high: float

    def uvs(self, points: FloatArray, is_front: BoolArray) -> FloatArray:
        """Returns texture coordinates (V, 2) of points (V, 3)."""
        u = 0.5 + points[:, 0] / (2 * self.half_width)
        down = np.clip((self.high - points[:, 1]) / (self.high - self.low), 0.004, 0.996)
        return np.stack([u, 0.5 * (down + np.where(is_front, 0.0, 1.0))], axis=1)

    def grid(self) -> tuple[FloatArray, FloatArray]:
        """Returns x (1, WIDTH) and y (HEIGHT, 1) of the pixels of one side."""
        x = ((np.arange(WIDTH) + 0.5) / WIDTH - 0.5) * 2 * self.half_width
        y = self.high - (np.arange(HEIGHT) + 0.5) / HEIGHT * (self.high - self.low)
        return x[None], y[:, None]

    def to_pixels(self, points: FloatArray) -> FloatArray:
        """Returns the pixels (K, 2) of points (K, 2) m."""
        x = (0.5 + points[:, 0] / (2 * self.half_width)) * WIDTH
        return np.stack([x, (self.high - points[:, 1]) / (self.high - self.low) * HEIGHT], axis=1)

    def interpolate(self, points: FloatArray, values: FloatArray) -> FloatArray:
        """Interpolates values (V,) of vertices to the pixels (HEIGHT, WIDTH); -1 where there is no surface."""
        x, y = self.grid()
        x, y = x[:, COARSE // 2 :: COARSE], y[COARSE // 2 :: COARSE]
        scale = np.array([1.0, 1.0])
        found = LinearNDInterpolator(points[:, :2] * scale, values, fill_value=-1.0)(*np.broadcast_arrays(x, y))
        image = Image.fromarray(found.astype(np.float32))
        return np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR), dtype=np.float64)

    def fill_polygons(self, polygons: Sequence[FloatArray]) -> FloatArray:
        """Returns the coverage (HEIGHT, WIDTH) of polygons (K, 2) m."""
        image = Image.new("L", (2 * WIDTH, 2 * HEIGHT), 0)
        draw = ImageDraw.Draw(image)
        for polygon in polygons:
            draw.polygon([tuple(p) for p in 2 * self.to_pixels(polygon)], fill=255)
        return np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BOX), dtype=np.float64) / 255


def mix(pixels: FloatArray, color: FloatArray, coverage: FloatArray) -> FloatArray:
    """Mixes a colour (3,) or (H, W, 3) into pixels by a coverage (H, W)."""
    mixed = np.array(pixels, dtype=np.float32)
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    if len(rows):
        window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        part = color[window] if color.ndim == 3 else color
        mixed[window] += (part - mixed[window]) * coverage[window][..., None]
    return mixed


def step(distance: FloatArray, width: float = 0.0015) -> FloatArray:
    """Returns the coverage of what lies at a positive distance, m, with a soft edge."""
    return np.asarray(np.clip(distance / width + 0.5, 0, 1))


def stroke(points: Sequence[tuple[float, float]], width: float) -> FloatArray:
    """Returns the polygon of a bent line through three points, m, that tapers at both ends."""
    a, b, c = np.array(points)
    t = np.linspace(0, 1, 12)[:, None]
    line = a * (1 - t) ** 2 + 2 * b * t * (1 - t) + c * t**2
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    half = width / 2 * np.sin(np.pi * np.clip(t, 0.02, 1)) ** 0.8
    return np.concatenate([line + normal * half, (line - normal * half)[::-1]])


def both_sides(polygons: Sequence[FloatArray]) -> list[FloatArray]:
    """Returns polygons together with their mirror images."""
    return [*polygons, *(polygon * [-1.0, 1.0] for polygon in polygons)]

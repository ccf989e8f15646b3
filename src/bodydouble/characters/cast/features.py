"""Features of a drawn face that do not move: the nose, the blush, freckles, the lines of age."""

import numpy as np

from bodydouble.characters.cast.eyes import Layer
from bodydouble.characters.cast.face_textures import BLUSH, swatch_uvs
from bodydouble.characters.cast.head import Head
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import grid_triangles
from bodydouble.characters.cast.mouth import draw_line
from bodydouble.data import FloatArray

MIN_STRENGTH = 0.05
"""Strength of wrinkles and freckles below which none is drawn."""
FRECKLES = ((0.17, 0.285), (0.205, 0.262), (0.235, 0.290), (0.265, 0.268), (0.190, 0.245))
"""Places of freckles on the left cheek, H."""


def draw_features(head: Head, look: Look) -> list[Layer]:
    """Draws the features of a look on its head."""
    layers = [*_draw_nose(head, look)]
    for side in (1, -1):
        if look.blush > 0:
            layers.append(_draw_blush(head, side))
        if look.wrinkles > MIN_STRENGTH:
            layers += [_draw_curve(head, "wrinkle", curve, side) for curve in _find_age_lines(look)]
        if look.freckles > MIN_STRENGTH:
            layers += [_draw_freckle(head, side * x, y) for x, y in FRECKLES]
    return layers


def _draw_nose(head: Head, look: Look) -> list[Layer]:
    """Draws the line below the tip, the wings of a broad nose, and the shade beside a high bridge."""
    s = np.linspace(-1, 1, 7)
    tip = 0.262 - look.nose_length
    half = 0.005 * np.sqrt(1 - 0.9 * s**2)
    layers = [draw_line(head, "features", "nose", 0.013 * look.nose_width * s, tip + 0.002 * s**2, half)]
    wings = np.clip((look.nose_width - 1.05) / 0.5, 0, 1) * look.nose**0.5
    if wings > 0.1:
        place = 0.030 * look.nose_width
        curve = ((place, tip + 0.024), (place + 0.009, tip + 0.012), (place + 0.003, tip - 0.001))
        layers += [_draw_curve(head, "nose", curve, side, 0.0035 * wings) for side in (1, -1)]
    if look.nose_bridge > 1.2:
        layers.append(_draw_bridge(head, look, tip))
    return layers


def _draw_bridge(head: Head, look: Look, tip: float) -> Layer:
    """Draws the shade on the left of the bridge: a wedge from between the eyes to the tip."""
    t = np.linspace(0, 1, 9)
    y = tip + 0.004 + (1 - t) * min(0.12, 0.035 + 0.035 * look.nose_bridge)
    inner = 0.008 + 0.004 * t
    outer = inner + 0.024 * look.nose_width**0.5 * t**1.6 * np.clip((1.04 - t) / 0.14, 0, 1)
    low, high = (np.stack([x, y, head.front(x, y) + 0.004], axis=1) for x in (inner, outer))
    positions = np.concatenate([low, high])
    return Layer(
        "features", "soft drawing", positions, grid_triangles(2, 9)[:, ::-1], swatch_uvs("nose_shade", len(positions))
    )


def _draw_blush(head: Head, side: int) -> Layer:
    u, v = (w.ravel() for w in np.meshgrid(np.linspace(0, 1, 8), np.linspace(0, 1, 6)))
    x, y = side * (0.235 + (u - 0.5) * 0.17), 0.272 + (0.5 - v) * 0.085
    positions = np.stack([x, y, head.front(x, y) + 0.0035], axis=1)
    triangles = grid_triangles(6, 8)
    return Layer("features", "soft drawing", positions, triangles if side < 0 else triangles[:, ::-1], BLUSH.uvs(u, v))


def _draw_freckle(head: Head, x: float, y: float) -> Layer:
    s = np.linspace(-1, 1, 5)
    return draw_line(head, "features", "freckle", x + 0.006 * s, np.full(5, y), 0.005 * np.sqrt(1 - 0.9 * s**2), 0.004)


def _find_age_lines(look: Look) -> list[tuple[tuple[float, float], ...]]:
    """Finds the lines of age on the left side: beside the nose and the mouth, around the eye, on the forehead."""
    nose, mouth = 0.275 - look.nose_length, look.mouth_height
    corner = 0.5 * look.mouth_width + 0.012
    level, inner = look.eye_level, look.eye_spacing - 0.075
    bag = level - (0.41 + 0.03 * look.eye_opening) * look.eye_height - 0.012
    outer = look.eye_spacing + 0.44 * look.eye_width
    lines: list[tuple[tuple[float, float], ...]] = [
        ((0.050 * look.nose_width**0.5, nose), (corner + 0.024, nose - 0.045), (corner + 0.030, mouth + 0.004)),
        ((inner, bag + 0.014), (inner + 0.065, bag), (inner + 0.135, bag + 0.01)),
        ((outer, level + 0.004), (outer + 0.022, level + 0.002), (outer + 0.042, level + 0.012)),
        ((outer, level - 0.014), (outer + 0.020, level - 0.024), (outer + 0.036, level - 0.030)),
    ]
    if look.wrinkles > 0.5:
        lines += [((corner, mouth - 0.016), (corner + 0.010, mouth - 0.036), (corner + 0.010, mouth - 0.058))]
        lines += [((0.006, y), (0.07, y + 0.006), (0.15, y - 0.006)) for y in (0.655, 0.695)]
    return lines


def _draw_curve(
    head: Head, swatch: str, points: tuple[tuple[float, float], ...], side: int, half: float = 0.0040
) -> Layer:
    """Draws a tapered curve through three points on the left side (1) of the face or mirrored (-1)."""
    t = np.linspace(0, 1, 10)[:, None]
    a, b, c = (np.array(p) for p in points)
    control = 2 * b - (a + c) / 2
    curve = (1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * c
    taper: FloatArray = half * np.sqrt(np.clip(1 - (2 * t[:, 0] - 1) ** 4, 0.03, 1))
    order = slice(None) if side * (c[0] - a[0]) > 0 else slice(None, None, -1)
    return draw_line(head, "features", swatch, side * curve[order, 0], curve[order, 1], taper)

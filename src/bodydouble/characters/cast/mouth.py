"""Drawn mouth as a function of a ``MouthState``, and the lines of a drawn face."""

from dataclasses import dataclass

import numpy as np

from bodydouble.characters.cast.eyes import Layer, draw_strip
from bodydouble.characters.cast.face_textures import MOUTH
from bodydouble.characters.cast.head import Head
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import grid_triangles
from bodydouble.data import FloatArray

COLUMNS = 19
LIFT = 0.006
"""Height of the lines above the skin, H."""


@dataclass(frozen=True, slots=True)
class MouthState:
    """Shape of the mouth; zero at rest. Lengths are in H; pairs are (left, right)."""

    shift: float = 0.0
    """To the left."""
    lift: float = 0.0
    widen: tuple[float, float] = (0.0, 0.0)
    corners: tuple[float, float] = (0.0, 0.0)
    """Up."""
    upper: tuple[float, float] = (0.0, 0.0)
    """Opening of the upper lip."""
    lower: tuple[float, float] = (0.0, 0.0)
    """Opening of the lower lip."""


def draw_mouth(head: Head, look: Look, state: MouthState) -> list[Layer]:
    """Draws the inside of the mouth, its upper and lower line, and the shade of the lips."""
    x, upper, lower = _mouth_lines(look, state)
    rows = np.linspace(0, 1, 5)[:, None]
    y = upper + rows * (lower - upper)
    inside = np.stack([np.broadcast_to(x, y.shape), y, head.front(np.broadcast_to(x, y.shape), y) + LIFT - 0.002], -1)
    across = np.broadcast_to(np.linspace(0, 1, COLUMNS), y.shape)
    uvs = MOUTH.uvs(across, np.broadcast_to(rows, y.shape)).reshape(-1, 2)
    triangles = grid_triangles(5, COLUMNS)[:, ::-1]
    layers = [Layer("mouth", "drawing", inside.reshape(-1, 3), triangles, uvs)]
    taper = np.interp(np.abs(np.linspace(-1, 1, COLUMNS)), [0, 0.75, 1], [1, 0.9, 0.25])
    layers += [draw_line(head, "mouth", "mouth_line", x, upper, 0.0042 * taper)]
    layers += [draw_line(head, "mouth", "mouth_line", x, lower, 0.0030 * taper)]
    return [*layers, *_lips(head, look, x, upper, lower)]


def _mouth_lines(look: Look, state: MouthState) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns x and the heights of the upper and the lower line."""
    t = np.linspace(-1, 1, COLUMNS)
    left = t > 0
    half = look.mouth_width / 2 + np.where(left, *state.widen)
    side = np.clip(0.5 + t, 0, 1)

    def blend(pair: tuple[float, float]) -> FloatArray:
        return np.asarray(pair[1] + (pair[0] - pair[1]) * side)

    middle = look.mouth_height + state.lift + 0.012 * look.smile * (t**2 - 0.4)
    middle = middle + np.where(left, *state.corners) * (np.abs(t) ** 1.7 - 0.25)
    upper = middle + blend(state.upper) * (1 - np.abs(t) ** 2.4)
    lower = middle - blend(state.lower) * (1 - np.abs(t) ** 2.6) ** 0.8
    return state.shift + half * t, upper, lower


def draw_line(
    head: Head, mesh: str, swatch: str, x: FloatArray, y: FloatArray, half: FloatArray, lift: float = LIFT,
    material: str = "drawing",
) -> Layer:  # fmt: skip
    """Draws a line on the face, of a half width (K,), H."""
    along = np.gradient(np.stack([x, y], axis=1), axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    low, high = (np.stack([x, y], axis=1) + k * half[:, None] * normal for k in (-1, 1))
    below, above = (np.column_stack([p, head.front(p[:, 0], p[:, 1]) + lift]) for p in (low, high))
    return draw_strip(mesh, swatch, below, above, material)


def _lips(head: Head, look: Look, x: FloatArray, upper: FloatArray, lower: FloatArray) -> list[Layer]:
    if look.lips < 0.05:
        return []
    t = np.linspace(-1, 1, COLUMNS)
    half = 0.010 * look.lips * (1 - t**2) + 0.0008
    under = draw_line(head, "mouth", "lip", x * 0.72, lower - half - 0.004, half, material="soft drawing")
    bow = 0.006 * look.lips * (1 - t**2) * (1 - 0.5 * np.exp(-((t / 0.18) ** 2))) + 0.0005
    above = draw_line(head, "mouth", "lip", x * 0.85, upper + bow + 0.003, bow, material="soft drawing")
    return [under, above]

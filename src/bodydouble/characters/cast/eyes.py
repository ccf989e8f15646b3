"""Drawn eyes and brows: lids around an opening in the head, a white behind it, an iris that moves, lashes.

The opening is described in the coordinates of a patch on the face: u from the inner to the outer corner, v up, 0 to 1.
All shapes are functions of an ``EyeState``, so that every expression is a difference of two states.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from bodydouble.characters.cast.face_textures import IRIS, LID_SHADOW, Rectangle, swatch_uvs
from bodydouble.characters.cast.head import Head
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import grid_triangles
from bodydouble.data import FloatArray, IntArray

UPPER_U = np.array([0.10, 0.16, 0.30, 0.48, 0.66, 0.80, 0.90])
UPPER_V = np.array([0.40, 0.55, 0.76, 0.84, 0.80, 0.67, 0.46])
LOWER_U = np.array([0.10, 0.18, 0.32, 0.50, 0.68, 0.82, 0.90])
LOWER_V = np.array([0.40, 0.27, 0.13, 0.09, 0.11, 0.22, 0.46])
UPPER_SHAPE = np.array([0.0, -0.06, -0.07, -0.04, 0.01, 0.06, 0.06])
LOWER_SHAPE = np.array([0.0, 0.03, 0.06, 0.07, 0.06, 0.05, 0.06])
"""Change of the lids of an eye that rises to its outer corner."""
MIDDLE_V = 0.42
"""Height that the lids close in on when an eye is narrower."""
HOLE_V, HOLE_RADIUS, LID_RADIUS = 0.465, 0.50, 0.57
"""Centre of the hole in the head; its radius and that of the lids over it, in sizes of the patch."""
COLUMNS = 24
PLATE_DEPTH, IRIS_DEPTH, SHADOW_DEPTH, LIGHT_DEPTH = -0.016, -0.012, -0.006, -0.009


@dataclass(frozen=True, slots=True)
class EyeState:
    """Position of the lids, the iris and the brow of one eye; zero at rest."""

    close: float = 0.0
    """1: the lids meet in a line that sags."""
    arch: float = 0.0
    """1: the lids meet in an arch, as in a laugh."""
    raise_upper: float = 0.0
    raise_lower: float = 0.0
    gaze_out: float = 0.0
    gaze_up: float = 0.0
    brow_inner: float = 0.0
    brow_outer: float = 0.0


@dataclass(frozen=True, slots=True)
class Layer:
    """Layer of a drawn face with a fixed number of vertices."""

    mesh: str
    material: str
    positions: FloatArray
    """(V, 3) H."""
    triangles: IntArray
    uvs: FloatArray


@dataclass(frozen=True, slots=True)
class Eye:
    """Shape and place of the eyes of a look on its head."""

    head: Head
    look: Look

    def upper(self, u: FloatArray, state: EyeState) -> FloatArray:
        """Returns v of the upper lid at u."""
        rest = CubicSpline(UPPER_U, self._narrow(UPPER_V, UPPER_SHAPE, self.look.eye_opening))(u)
        return np.asarray(self._closed(u, rest, state) + state.raise_upper * _bulge(u))

    def lower(self, u: FloatArray, state: EyeState) -> FloatArray:
        """Returns v of the lower lid at u."""
        opening = 0.5 + 0.5 * self.look.eye_opening
        rest = PchipInterpolator(LOWER_U, self._narrow(LOWER_V, LOWER_SHAPE, opening))(u)
        return np.asarray(self._closed(u, rest, state) + state.raise_lower * _bulge(u))

    def _narrow(self, v: FloatArray, shape: FloatArray, opening: float) -> FloatArray:
        tilted = v + np.array([0.0] * 5 + [0.5, 1.0]) * self.look.eye_tilt + shape * self.look.eye_shape
        return np.asarray(MIDDLE_V + (tilted - MIDDLE_V) * opening)

    def _closed(self, u: FloatArray, rest: FloatArray, state: EyeState) -> FloatArray:
        sag, arch = 0.30 - 0.17 * _bulge(u), 0.22 + 0.32 * _bulge(u)
        return rest + state.close * (sag - rest) + state.arch * (arch - rest)

    def place(self, u: FloatArray, v: FloatArray, depth: FloatArray | float) -> FloatArray:
        """Places points of the patch on the left side of the face, at a height above its surface, H."""
        look = self.look
        x = look.eye_spacing + (u - 0.5) * look.eye_width
        y = look.eye_level + (v - 0.5) * look.eye_height
        return np.stack([x, y, self.head.front(x, y) + depth], axis=-1)

    def hole_field(self, positions: FloatArray) -> FloatArray:
        """Returns a field (V,) that is negative where the head has a hole for the left eye."""
        u = (positions[:, 0] - self.look.eye_spacing) / self.look.eye_width
        v = (positions[:, 1] - self.look.eye_level) / self.look.eye_height + 0.5 - HOLE_V
        return np.where(positions[:, 2] > 0.05, np.hypot(u, v) / HOLE_RADIUS - 1.0, 1.0)


def _bulge(u: FloatArray) -> FloatArray:
    """Returns 1 in the middle of the eye and 0 at its corners."""
    return np.asarray(1.0 - ((np.clip(u, 0.1, 0.9) - 0.5) / 0.4) ** 2)


def draw_eye(eye: Eye, state: EyeState, side: int) -> list[Layer]:
    """Draws the layers of the left eye (side 1) or the right one (side -1)."""
    layers = [_white(eye), _lid_shadow(eye, state), _iris(eye, state), *_highlights(eye, state, side)]
    layers += [_lids(eye, state), *_lashes(eye, state), _crease(eye, state), _brow(eye, state)]
    return layers if side > 0 else [_mirror(layer) for layer in layers]


def _mirror(layer: Layer) -> Layer:
    mirrored = layer.positions * [-1.0, 1.0, 1.0]
    return Layer(layer.mesh, layer.material, mirrored, layer.triangles[:, ::-1], layer.uvs)


def draw_strip(mesh: str, swatch: str, low: FloatArray, high: FloatArray, material: str = "drawing") -> Layer:
    """Draws a strip between two lines (K, 3) in one colour."""
    positions = np.concatenate([low, high])
    return Layer(mesh, material, positions, grid_triangles(2, len(low)), swatch_uvs(swatch, len(positions)))


def draw_disc(
    eye: Eye, center: tuple[float, float], radii: tuple[float, float], depth: float, texture: Rectangle | str,
    rings: int = 1, sides: int = 28,
) -> Layer:  # fmt: skip
    """Draws an ellipse on the patch, in a part of the texture or in one colour."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    radius = np.linspace(0, 1, rings + 1)[1:, None]
    x, y = (np.concatenate([[0.0], (radius * f(angle)).ravel()]) for f in (np.cos, np.sin))
    first, k = 1, np.arange(sides)
    fan = np.stack([np.zeros(sides, int), first + k, first + (k + 1) % sides], axis=1)
    triangles = np.concatenate([fan, grid_triangles(rings, sides, closed=True)[:, ::-1] + 1])
    positions = eye.place(center[0] + radii[0] * x, center[1] + radii[1] * y, depth)
    if isinstance(texture, str):
        return Layer("eyes", "drawing", positions, triangles, swatch_uvs(texture, len(x)))
    return Layer("eyes", "drawing", positions, triangles, texture.uvs(x / 2 + 0.5, 0.5 - y / 2))


def _white(eye: Eye) -> Layer:
    return draw_disc(eye, (0.5, HOLE_V), (0.52, 0.54), PLATE_DEPTH, "white", rings=3)


def _iris_shape(eye: Eye) -> tuple[float, float, float]:
    """Returns the height of the centre, and both radii."""
    top, bottom = eye.upper(np.array([0.48]), EyeState())[0], eye.lower(np.array([0.5]), EyeState())[0]
    size = (1 - 0.14 * eye.look.sex) * eye.look.iris
    return (top + bottom) / 2 + 0.015, 0.245 * size, max(0.27 * eye.look.iris, min(0.38, 0.57 * (top - bottom)))


def _iris(eye: Eye, state: EyeState) -> Layer:
    v, across, up = _iris_shape(eye)
    return draw_disc(eye, (0.5 + state.gaze_out, v + state.gaze_up), (across, up), IRIS_DEPTH, IRIS, rings=3)


def _highlights(eye: Eye, state: EyeState, side: int) -> list[Layer]:
    v, _, up = _iris_shape(eye)
    u, v = 0.5 + 0.5 * state.gaze_out, v + 0.5 * state.gaze_up
    size = up / 0.36
    large = draw_disc(eye, (u - side * 0.10, v + 0.42 * up), (0.078 * size, 0.092 * size), LIGHT_DEPTH, "white")
    small = draw_disc(eye, (u + side * 0.115, v - 0.40 * up), (0.040 * size, 0.045 * size), LIGHT_DEPTH, "white")
    return [large, small]


def _lids(eye: Eye, state: EyeState) -> Layer:
    """Draws the skin between the opening and a ring on the head; it closes over the eye."""
    u = np.linspace(0.10, 0.90, COLUMNS)
    loop_u = np.concatenate([u, u[-2:0:-1]])
    loop_v = np.concatenate([eye.upper(u, state), eye.lower(u[-2:0:-1], state)])
    rest_v = np.concatenate([eye.upper(u, EyeState()), eye.lower(u[-2:0:-1], EyeState())])
    angle = np.arctan2((rest_v - HOLE_V) / 0.375, (loop_u - 0.5) / 0.40)
    ring_u, ring_v = 0.5 + LID_RADIUS * np.cos(angle), HOLE_V + LID_RADIUS * np.sin(angle)
    share = np.linspace(0, 1, 5)[:, None] ** 0.9
    rest = eye.place(loop_u + share * (ring_u - loop_u), rest_v + share * (ring_v - rest_v), 0.0)
    moved = (1 - share) ** 1.5 * (loop_v - rest_v)
    positions = eye.place(loop_u + share * (ring_u - loop_u), rest_v + share * (ring_v - rest_v) + moved, 0.0)
    positions[-1] = rest[-1]
    triangles = grid_triangles(5, len(loop_u), closed=True)
    return Layer("face", "face", positions.reshape(-1, 3), triangles, np.zeros((positions[..., 0].size, 2)))


def _lid_shadow(eye: Eye, state: EyeState) -> Layer:
    u = np.linspace(0.10, 0.90, COLUMNS)
    top = eye.upper(u, state)
    depth = 0.13 * _bulge(u) ** 0.5 + 0.01
    positions = np.concatenate([eye.place(u, top - depth, SHADOW_DEPTH), eye.place(u, top + 0.03, SHADOW_DEPTH)])
    across = np.linspace(0, 1, COLUMNS)
    uvs = np.concatenate([LID_SHADOW.uvs(across, np.ones(COLUMNS)), LID_SHADOW.uvs(across, np.zeros(COLUMNS))])
    return Layer("eyes", "soft drawing", positions, grid_triangles(2, COLUMNS), uvs)


def _lashes(eye: Eye, state: EyeState) -> list[Layer]:
    look = eye.look
    u = np.linspace(0.10, 0.90, COLUMNS)
    lid = eye.upper(u, state)
    thickness = np.interp(u, [0.10, 0.20, 0.45, 0.75, 0.90], [0.022, 0.055, 0.095, 0.115, 0.08]) * (
        0.45 + 0.55 * look.lashes
    )
    wing = max(0.0, (look.lashes - 0.55) / 0.45)
    low_u, low_v = np.append(u, 0.91 + 0.085 * wing), np.append(lid - 0.02, lid[-1] + 0.04 + 0.085 * wing)
    high_u, high_v = np.append(u, 0.91 + 0.085 * wing), np.append(lid + thickness, lid[-1] + 0.045 + 0.085 * wing)
    upper = draw_strip("eyes", "lash", eye.place(low_u, low_v, 0.004), eye.place(high_u, high_v, 0.004))
    u = np.linspace(0.50 - 0.12 * (1 - min(1.0, wing)), 0.90, 12)
    width = np.linspace(0.008, 0.016 + 0.020 * look.lashes, 12)
    lid = eye.lower(u, state)
    lower = draw_strip("eyes", "lash", eye.place(u, lid - width, 0.003), eye.place(u, lid + 0.004, 0.003))
    return [upper, lower, *([_upward_wing(eye, state, wing)] if wing > 0 else [])]


def _upward_wing(eye: Eye, state: EyeState, wing: float) -> Layer:
    u = np.array([0.80, 0.88])
    lid = eye.upper(u, state)
    base = eye.place(u, lid + 0.055, 0.0045)
    tip = eye.place(np.array([0.90 + 0.04 * wing]), lid[:1] + 0.08 + 0.11 * wing, 0.0045)
    positions = np.concatenate([base, tip])
    return Layer("eyes", "drawing", positions, np.array([[0, 1, 2]]), swatch_uvs("lash", 3))


def _crease(eye: Eye, state: EyeState) -> Layer:
    u = np.linspace(0.24, 0.82, 14)
    middle = eye.upper(u, state) * 0.96 + 0.175 - 0.10 * ((u - 0.5) / 0.4) ** 2
    half = 0.011 * np.sin(np.linspace(0.1, 3.04, 14))
    return draw_strip("eyes", "crease", eye.place(u, middle - half, 0.004), eye.place(u, middle + half, 0.004))


def _brow(eye: Eye, state: EyeState) -> Layer:
    look = eye.look
    s = np.linspace(0, 1, 16)
    arch = 0.036 * look.brow_arch * (1 - ((s - 0.45 - 0.08 * look.sex) / 0.5) ** 2) - 0.018
    level = look.eye_level + look.eye_height * 0.5 * look.eye_opening + 0.075 - 0.012 * look.sex + look.brow_level
    moved = state.brow_inner * (1 - s) ** 1.5 + state.brow_outer * s
    x = look.eye_spacing + 0.005 + (s - 0.5) * 0.20
    y = level + arch + (s - 0.5) * 0.20 * look.brow_tilt + moved
    half = 0.0095 * look.brow_thickness * np.interp(s, [0, 0.08, 0.35, 1], [0.55, 0.85, 1, 0.08])
    low, high = (np.stack([x, y + k * half, eye.head.front(x, y + k * half) + 0.008], axis=1) for k in (-1, 1))
    return draw_strip("brows", "brow", low, high)

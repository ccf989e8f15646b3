"""Floor shadow: boxes around the limbs of characters -> soft shadows on the floor, of a light and of contact.

Each box throws the shadow of an ellipsoid: along the light, softer the higher it is, and straight down where it nearly
touches the floor. Where shadows overlap, light is blocked as by one dense body.
"""

from collections.abc import Sequence

import moderngl
import numpy as np

from bodydouble.data import FloatArray
from bodydouble.render.context import compile_program
from bodydouble.render.view_volumes import floor_corners

MAP_SIZE = 192
"""Side of the map of the floor, texels."""
MAX_BLOBS = 512
CAST_DENSITY, CONTACT_DENSITY = 1.3, 1.3
"""Optical depth of the shadow of one box, of the light and of contact."""
MIN_ELEVATION = 4.0
"""Minimum tangent of the elevation of the light that casts shadows on the floor; they stay short."""
MAX_CONTACT_HEIGHT = 0.12
"""Height in m of the lowest point of a box above the floor up to which it shades what is below."""
SOFTNESS = 0.22
"""Growth of a shadow, m per m of height."""
MAX_CAST_HEIGHT = 2.2
"""Height in m from which on no shadow is cast."""
MAX_RISE = 1.0
"""Height in m of a whole character above the floor from which on it stands on something else, and casts no shadow."""
_MIN_SIZE = 0.04
"""Diameter in m of a box without shadow."""


class FloorShadow:
    """Shade of the floor around characters.

    Args:
        context: context that owns the map; releasing it releases it.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._program = compile_program(context, "toon_blob.vert", "toon_blob.frag")
        self._blobs = context.buffer(reserve=MAX_BLOBS * 32)
        content = [(self._blobs, "2f4 4f4 2f4/i", "center", "axes", "strength")]
        self._pass = context.vertex_array(self._program, content)
        self._texture = context.texture((MAP_SIZE, MAP_SIZE), 2, dtype="f2")
        self._texture.repeat_x = self._texture.repeat_y = False
        self._target = context.framebuffer([self._texture])

    def update(self, boxes: Sequence[FloatArray], light: FloatArray) -> list[FloatArray]:
        """Draws the map.

        Args:
            boxes: per character, the corners (K, 8, 3) m, world, of boxes around its limbs.
            light: (3,) unit vector towards the light, world.

        Returns:
            Per character, the corners (4, 3) m, world, of the part of the floor that it shades.
        """
        blobs = [_find_blobs(person, light) for person in boxes]
        areas = [_area(person) for person in blobs]
        low = np.min([area[:2] for area in areas], axis=0)
        high = np.max([area[:2] + area[2:] for area in areas], axis=0)
        self._area = np.concatenate([low, high - low])
        drawn = np.concatenate(blobs)[:MAX_BLOBS]
        self._target.use()
        self._target.clear()
        if len(drawn):
            self._blobs.write(drawn.astype(np.float32).tobytes())
            self._program["floor_area"] = tuple(self._area)
            self._context.enable_only(moderngl.BLEND)
            self._context.blend_func = moderngl.ONE, moderngl.ONE
            self._pass.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=len(drawn))
            self._context.disable(moderngl.BLEND)
        return [floor_corners(area) for area in areas]

    def bind_floor_shade(self, program: moderngl.Program, unit: int) -> None:
        """Sets the map, on a texture unit, in the program that composes the image."""
        self._texture.use(unit)
        program["floor_shade"] = unit
        program["floor_area"] = tuple(self._area)


def _find_blobs(boxes: FloatArray, light: FloatArray) -> FloatArray:
    """Returns the shadows (N, 8) of boxes (K, 8, 3): centre, two half axes, strength of cast and contact shadow."""
    elevation = max(light[1], MIN_ELEVATION * float(np.hypot(light[0], light[2])))
    slope = np.array([light[0], light[2]]) / max(elevation, 1e-6)
    low, middle = boxes[..., 1].min(axis=1), boxes.mean(axis=1)
    size = np.linalg.norm(np.ptp(boxes, axis=1), axis=1)
    kept = (size > _MIN_SIZE) & (middle[:, 1] > 0.0) & (low < MAX_CAST_HEIGHT)
    boxes, middle, low = boxes[kept], middle[kept], low[kept]
    height = np.maximum(middle[:, 1], 0.0)
    flat = boxes[..., [0, 2]] - boxes[..., 1:2] * slope
    rise = max(float(low.min(initial=MAX_CAST_HEIGHT)), 0.0)
    cast = CAST_DENSITY * np.clip(1.0 - low / MAX_CAST_HEIGHT, 0.0, 1.0) * max(1.0 - rise / MAX_RISE, 0.0)
    shadows = _create_blobs(flat, 0.02 + SOFTNESS * height, cast, 0 * cast)
    near = low < MAX_CONTACT_HEIGHT
    contact = CONTACT_DENSITY * (1.0 - np.clip(low[near], 0.0, None) / MAX_CONTACT_HEIGHT) ** 2
    touched = _create_blobs(_below(boxes[near]), np.full(len(contact), 0.05), 0 * contact, contact)
    return np.concatenate([shadows, touched])


def _below(boxes: FloatArray) -> FloatArray:
    """Returns the corners (K, 8, 2) of boxes (K, 8, 3) seen from above; the higher they are, the nearer the centre."""
    flat = boxes[..., [0, 2]]
    weight = np.clip(1.0 - boxes[..., 1:2] / (2.0 * MAX_CONTACT_HEIGHT), 0.05, 1.0)
    center = (flat * weight).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    return np.asarray(center + (flat - center) * weight)


def _create_blobs(points: FloatArray, margin: FloatArray, cast: FloatArray, contact: FloatArray) -> FloatArray:
    """Returns ellipses (K, 8) that hold points (K, 8, 2) and a margin (K,) m."""
    center = points.mean(axis=1)
    off = points - center[:, None]
    covariance = np.swapaxes(off, 1, 2) @ off / points.shape[1]
    values, vectors = np.linalg.eigh(covariance)
    radii = 1.25 * np.sqrt(np.maximum(values, 0.0)) + margin[:, None]
    axes = vectors * radii[:, None, :]
    return np.column_stack([center, axes[:, :, 0], axes[:, :, 1], cast, contact])


def _area(blobs: FloatArray) -> FloatArray:
    """Returns the floor area (4,), x, z, extents, m, of shadows (N, 8)."""
    if len(blobs) == 0:
        return np.array([0.0, 0.0, 1e-3, 1e-3])
    reach = np.abs(blobs[:, 2:4]) + np.abs(blobs[:, 4:6])
    low, high = (blobs[:, :2] - reach).min(axis=0), (blobs[:, :2] + reach).max(axis=0)
    return np.concatenate([low, high - low])

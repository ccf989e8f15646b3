"""Shadow maps: posed models and a light -> shadows on floor and characters, and contact shadows on the floor."""

from collections.abc import Sequence
from typing import Protocol

import moderngl
import numpy as np

from bodydouble.data import FloatArray
from bodydouble.render import view_volumes
from bodydouble.render.context import compile_program, write_matrix

_SUN_MAP_SIZE = 384
"""Side in texels of the depth map seen from the light."""
_FLOOR_MAP_SIZE = 144
"""Side in texels of the maps of the floor."""
_MAX_CONTACT_HEIGHT = 0.25
"""Maximum height in m above the floor that casts a contact shadow."""

_MAX_SHADE_REACH = 0.6
"""Maximum distance in m from a character's shadow, as a rectangle, at which soft edges still darken the floor."""


class ShadowCaster(Protocol):
    """Posed model that casts shadows."""

    def draw_depth(self) -> None:
        """Draws the depth pass."""


class ShadowMaps:
    """Depth maps seen from the light and from the floor, and the floor shade computed from both.

    Args:
        context: context that owns the maps.
        depth_program: program of the depth passes.
        sun: (3,) unit vector towards the light.
    """

    def __init__(self, context: moderngl.Context, depth_program: moderngl.Program, sun: FloatArray) -> None:
        self._context, self._depth_program, self.sun = context, depth_program, sun
        mask_program = compile_program(context, "full.vert", "floor_mask.frag", sun_depth=0, contact_depth=1)
        self._shade_program = compile_program(context, "full.vert", "floor_shade.frag", mask=0)
        self._mask_pass = context.vertex_array(mask_program, [])
        self._shade_pass = context.vertex_array(self._shade_program, [])
        self._sun_map = _depth_map(context, _SUN_MAP_SIZE)
        self._contact_map = _depth_map(context, _FLOOR_MAP_SIZE)
        self._mask_map = context.texture((_FLOOR_MAP_SIZE, _FLOOR_MAP_SIZE), 4)
        self._shade_map = context.texture((_FLOOR_MAP_SIZE, _FLOOR_MAP_SIZE), 1)
        self._mask_map.build_mipmaps()
        self._mask_map.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
        for texture in (self._mask_map, self._shade_map):
            texture.repeat_x = texture.repeat_y = False
        self._sun_target = context.framebuffer(depth_attachment=self._sun_map)
        self._contact_target = context.framebuffer(depth_attachment=self._contact_map)
        self._mask_target = context.framebuffer([self._mask_map])
        self._shade_target = context.framebuffer([self._shade_map])

    def update(self, models: Sequence[ShadowCaster], floor_area: FloatArray, height: float) -> None:
        """Draws the maps for posed models over a floor area (4,) m, up to a height in m."""
        self._floor_area, self._height = floor_area, height
        self._sun_from_world = view_volumes.sun_clip_from_world(floor_area, height, self.sun)
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._draw_depth(models, self._sun_target, self._sun_from_world)
        self._context.cull_face = "front"  # seen from below, the image is not mirrored
        self._draw_depth(
            models, self._contact_target, view_volumes.contact_clip_from_world(floor_area, _MAX_CONTACT_HEIGHT)
        )
        self._context.cull_face = "back"
        self._context.enable_only(moderngl.NOTHING)
        self._mask_target.use()
        self._sun_map.use(0)
        self._contact_map.use(1)
        self._mask_pass.render(vertices=3)
        self._mask_map.build_mipmaps()
        self._shade_program["extent"], self._shade_program["range"] = tuple(floor_area[2:]), height
        self._shade_target.use()
        self._mask_map.use(0)
        self._shade_pass.render(vertices=3)

    def _draw_depth(
        self, models: Sequence[ShadowCaster], target: moderngl.Framebuffer, clip_from_world: FloatArray
    ) -> None:
        target.use()
        target.clear(depth=1.0)
        write_matrix(self._depth_program, "clip_from_world", clip_from_world)
        for model in models:
            model.draw_depth()

    def floor_points(self, points: FloatArray) -> FloatArray:
        """Returns corners (4, 3) m, world, of the floor that one character, enclosed by points (N, 3), may shade."""
        x, z, width, length = self._floor_area
        own = view_volumes.floor_area(points, self.sun, _MAX_SHADE_REACH)
        low = np.maximum(own[:2], (x, z))
        high = np.minimum(own[:2] + own[2:], (x + width, z + length))
        return view_volumes.floor_corners(np.concatenate([low, high - low]))

    def bind_sun(self, program: moderngl.Program, texture_unit: int) -> None:
        """Sets light and depth map, on a texture unit, in the program that draws characters."""
        self._sun_map.use(texture_unit)
        program["sun_depth"] = texture_unit
        program["sun"] = tuple(self.sun)
        program["sun_extent"], program["sun_range"] = tuple(self._floor_area[2:]), self._height
        write_matrix(program, "sun_from_world", self._sun_from_world)

    def bind_floor_shade(self, program: moderngl.Program, texture_unit: int) -> None:
        """Sets the floor shade, on a texture unit, in the program that composes the image."""
        self._shade_map.use(texture_unit)
        program["floor_shade"] = texture_unit
        program["floor_area"] = tuple(self._floor_area)


def _depth_map(context: moderngl.Context, size: int) -> moderngl.Texture:
    texture = context.depth_texture((size, size))
    texture.compare_func = ""
    texture.repeat_x = texture.repeat_y = False
    return texture

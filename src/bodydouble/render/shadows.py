"""Shadows: of the key light on floor and characters, and where feet touch the floor."""

from collections.abc import Sequence

import moderngl

from bodydouble.data import FloatArray
from bodydouble.render import view_volumes
from bodydouble.render.context import program, write_matrix
from bodydouble.render.model import SkinnedModel

_SUN_MAP = 384
_FLOOR_MAP = 144
_CONTACT_HEIGHT = 0.25


class Shadows:
    """Depth seen from the light and from the floor, and the darkness of the floor made of both.

    Args:
        context: where it lives.
        depth: the program of depth passes.
        sun: (3,) unit, towards the light.
    """

    def __init__(self, context: moderngl.Context, depth: moderngl.Program, sun: FloatArray) -> None:
        self._context, self._depth, self.sun = context, depth, sun
        mask = program(context, "full.vert", "floor_mask.frag", sun_depth=0, contact_depth=1)
        self._shade = program(context, "full.vert", "floor_shade.frag", mask=0)
        self._draw_mask = context.vertex_array(mask, [])
        self._draw_shade = context.vertex_array(self._shade, [])
        self._sun_map = _depth_map(context, _SUN_MAP)
        self._contact_map = _depth_map(context, _FLOOR_MAP)
        self._mask_map = context.texture((_FLOOR_MAP, _FLOOR_MAP), 4)
        self._shade_map = context.texture((_FLOOR_MAP, _FLOOR_MAP), 1)
        self._mask_map.build_mipmaps()
        self._mask_map.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
        for texture in (self._mask_map, self._shade_map):
            texture.repeat_x = texture.repeat_y = False
        self._sun_target = context.framebuffer(depth_attachment=self._sun_map)
        self._contact_target = context.framebuffer(depth_attachment=self._contact_map)
        self._mask_target = context.framebuffer([self._mask_map])
        self._shade_target = context.framebuffer([self._shade_map])

    def update(self, models: Sequence[SkinnedModel], area: FloatArray, height: float) -> None:
        """Draws the maps for posed models over a floor area (4,), up to a height in m."""
        self._area, self._height = area, height
        self._sun_from_world = view_volumes.floor_view(area, height, self.sun)
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._draw_depth(models, self._sun_target, self._sun_from_world)
        self._context.cull_face = "front"  # seen from below, the picture is not mirrored
        self._draw_depth(models, self._contact_target, view_volumes.contact_view(area, _CONTACT_HEIGHT))
        self._context.cull_face = "back"
        self._context.enable_only(moderngl.NOTHING)
        self._mask_target.use()
        self._sun_map.use(0)
        self._contact_map.use(1)
        self._draw_mask.render(vertices=3)
        self._mask_map.build_mipmaps()
        self._shade["extent"], self._shade["range"] = tuple(area[2:]), height
        self._shade_target.use()
        self._mask_map.use(0)
        self._draw_shade.render(vertices=3)

    def _draw_depth(
        self, models: Sequence[SkinnedModel], target: moderngl.Framebuffer, clip_from_world: FloatArray
    ) -> None:
        target.use()
        target.clear(depth=1.0)
        write_matrix(self._depth, "clip_from_world", clip_from_world)
        for model in models:
            model.draw_depth()

    def light(self, character: moderngl.Program, unit: int) -> None:
        """Hands the light and its map, on a texture unit, to the program that draws characters."""
        self._sun_map.use(unit)
        character["sun_depth"] = unit
        character["sun"] = tuple(self.sun)
        character["sun_extent"], character["sun_range"] = tuple(self._area[2:]), self._height
        write_matrix(character, "sun_from_world", self._sun_from_world)

    def shade(self, compose: moderngl.Program, unit: int) -> None:
        """Hands the darkness of the floor, on a texture unit, to the program that lays out the picture."""
        self._shade_map.use(unit)
        compose["floor_shade"] = unit
        compose["floor_area"] = tuple(self._area)


def _depth_map(context: moderngl.Context, size: int) -> moderngl.Texture:
    texture = context.depth_texture((size, size))
    texture.compare_func = ""
    texture.repeat_x = texture.repeat_y = False
    return texture

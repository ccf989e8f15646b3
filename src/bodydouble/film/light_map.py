"""Light map: depth of one character seen from the light, so that its parts cast shadows on each other."""

import moderngl
import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry.rotation import normalize

MAX_SIZE = 1024
"""Maximum side of a light map, texels."""
MIN_SIZE = 64
MIN_BIAS = 3.0
"""Minimum distance from a caster at which a shadow is seen, texels."""
MARGIN = 0.02
"""Margin around the parts that are seen, m."""


class LightMap:
    """Depth map of one character seen from the light, as large as the picture needs it.

    Args:
        context: context that owns the map; releasing it releases it.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self._texture = context.depth_texture((MAX_SIZE, MAX_SIZE))
        self._texture.repeat_x = self._texture.repeat_y = False
        self._target = context.framebuffer(depth_attachment=self._texture)

    def start(self, casters: FloatArray, seen: FloatArray, light: FloatArray, pixel: float) -> FloatArray:
        """Clears the map and makes it the target.

        Args:
            casters: points (N, 3) m, world, that enclose what casts shadows.
            seen: points (M, 3) m, world, that enclose what the picture shows of it.
            light: (3,) unit vector towards the light, world.
            pixel: size in m of a pixel of the picture at the character.

        Returns:
            clip_from_world (4, 4) of the map.
        """
        across = normalize(np.cross([0.0, 1.0, 0.0], light), eps=1e-9)
        axes = np.stack([across, np.cross(light, across), -light])
        depths, window = casters @ axes[2], seen @ axes[:2].T
        low = np.array([*(window.min(axis=0) - MARGIN), depths.min() - MARGIN])
        high = np.array([*(window.max(axis=0) + MARGIN), depths.max() + MARGIN])
        extent = (high - low)[:2].max()
        low[:2], high[:2] = (high + low)[:2] / 2 - extent / 2, (high + low)[:2] / 2 + extent / 2
        size = int(np.clip(np.ceil(extent / pixel), MIN_SIZE, MAX_SIZE))
        clip = np.eye(4)
        clip[:3, :3] = 2.0 * axes / (high - low)[:, None]
        clip[:3, 3] = -(high + low) / (high - low)
        self._target.viewport = self._target.scissor = (0, 0, size, size)
        self._target.use()
        self._target.clear(depth=1.0)
        share = size / MAX_SIZE
        self._place_from_clip = np.diag([share / 2, share / 2, 0.5, 1.0])
        self._place_from_clip[:3, 3] = share / 2, share / 2, 0.5
        self.place_from_world: FloatArray = self._place_from_clip @ clip
        """(4, 4) from the world to texture coordinates and depth."""
        self.depth_range = float(high[2] - low[2])
        """m, from depth 0 to depth 1."""
        self._texel = float(extent) / size
        return clip

    def blur_radius(self, radius: float) -> float:
        """Returns a radius in m, one texel at least, in texture coordinates."""
        return max(radius / self._texel, 1.0) / MAX_SIZE

    def bias(self, distance: float) -> float:
        """Returns a distance in m from a caster, some texels at least, as depth in the map.

        Within it a surface would shade itself, since one texel holds one depth of a surface that is not level there.
        """
        return max(distance, MIN_BIAS * self._texel) / self.depth_range

    def bind(self, unit: int) -> None:
        """Binds the map to a texture unit."""
        self._texture.use(unit)

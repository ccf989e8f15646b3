"""The empty studio behind the characters."""

import moderngl
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.render.context import program, read, write_matrix


class Backdrop:
    """Wall and floor with a grid. Drawn again only when the camera has moved."""

    def __init__(self, context: moderngl.Context, size: tuple[int, int]) -> None:
        self._studio = program(context, "full.vert", "backdrop.frag")
        self._studio["size"] = size
        self._texture = context.texture(size, 4)
        self._target = context.framebuffer([self._texture])
        self._triangle = context.vertex_array(self._studio, [])
        self._camera = b""

    def update(self, world_from_pixel: FloatArray, eye: FloatArray) -> None:
        """Looks at the studio along the rays of world_from_pixel (3, 3) from eye (3,) m, world."""
        camera = world_from_pixel.tobytes() + eye.tobytes()
        if camera == self._camera:
            return
        write_matrix(self._studio, "world_from_pixel", world_from_pixel)
        self._studio["eye"] = tuple(eye)
        self._target.use()
        self._triangle.render(vertices=3)
        self._picture = read(self._target, (0, 0, *self._target.size)).copy()
        self._camera = camera

    def use(self, unit: int) -> None:
        """Binds the picture to a texture unit."""
        self._texture.use(unit)

    def picture(self) -> NDArray[np.uint8]:
        """A copy of the empty studio, (height, width, 3) RGB."""
        return self._picture.copy()

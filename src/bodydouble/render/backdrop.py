"""What stands behind the characters: the empty studio, or another place."""

import moderngl
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.render.context import program, read, write_matrix
from bodydouble.render.surroundings import Stage

_REDUCTION = 2
"""Places are drawn this much smaller, and enlarged: they lie a little out of focus, and take a quarter of the time."""


class Backdrop:
    """The empty place. Drawn again only when the camera has moved."""

    def __init__(self, context: moderngl.Context, size: tuple[int, int], stage: Stage) -> None:
        self._texture = context.texture(size, 4)
        self._target = context.framebuffer([self._texture])
        self._draw = _Studio(context, size) if stage.surroundings is None else _Place(context, size, stage)
        self._camera = b""

    def update(self, world_from_pixel: FloatArray, eye: FloatArray) -> None:
        """Looks at the place along the rays of world_from_pixel (3, 3) from eye (3,) m, world."""
        camera = world_from_pixel.tobytes() + eye.tobytes()
        if camera == self._camera:
            return
        self._draw(self._target, world_from_pixel, eye)
        self._picture = read(self._target, (0, 0, *self._target.size)).copy()
        self._camera = camera

    def use(self, unit: int) -> None:
        """Binds the picture to a texture unit."""
        self._texture.use(unit)

    def picture(self) -> NDArray[np.uint8]:
        """A copy of the empty place, (height, width, 3) RGB."""
        return self._picture.copy()


class _Studio:
    """A wall without edges that turns into a floor with a grid."""

    def __init__(self, context: moderngl.Context, size: tuple[int, int]) -> None:
        self._program = program(context, "full.vert", "backdrop.frag")
        self._program["size"] = size
        self._triangle = context.vertex_array(self._program, [])

    def __call__(self, target: moderngl.Framebuffer, world_from_pixel: FloatArray, eye: FloatArray) -> None:
        write_matrix(self._program, "world_from_pixel", world_from_pixel)
        self._program["eye"] = tuple(eye)
        target.use()
        self._triangle.render(vertices=3)


class _Place:
    """A room or an open place."""

    def __init__(self, context: moderngl.Context, size: tuple[int, int], stage: Stage) -> None:
        self._program = program(context, "full.vert", "place.frag")
        _describe(self._program, stage)
        self._small = context.texture((size[0] // _REDUCTION, size[1] // _REDUCTION), 4)
        self._small.repeat_x = self._small.repeat_y = False
        self._small_target = context.framebuffer([self._small])
        self._triangle = context.vertex_array(self._program, [])
        enlarge = program(context, "full.vert", "enlarge.frag", small_picture=0)
        self._enlarge = context.vertex_array(enlarge, [])

    def __call__(self, target: moderngl.Framebuffer, world_from_pixel: FloatArray, eye: FloatArray) -> None:
        write_matrix(self._program, "world_from_pixel", world_from_pixel @ np.diag([_REDUCTION, _REDUCTION, 1.0]))
        self._program["eye"] = tuple(eye)
        self._small_target.use()
        self._triangle.render(vertices=3)
        target.use()
        self._small.use(0)
        self._enlarge.render(vertices=3)


def _describe(place: moderngl.Program, stage: Stage) -> None:
    there, light = stage.surroundings, stage.light
    assert there is not None
    for name, finish in (("floor", there.floor), ("wall", there.wall)):
        place[f"{name}_pattern"], place[f"{name}_size"] = int(finish.pattern), finish.size
        place[f"{name}_color"], place[f"{name}_second"] = finish.color, finish.second_color
    place["indoors"] = there.room is not None
    place["room"], place["ceiling"] = (there.room[:4], there.room[4]) if there.room else ((0.0, 0.0, 0.0, 0.0), 0.0)
    place["sky_color"], place["horizon_color"] = there.sky, there.horizon
    place["skyline"], place["seed"] = there.skyline, there.seed
    direction = np.array(light.direction)
    place["sun"], place["key"] = tuple(direction / np.linalg.norm(direction)), light.key
    place["sky_light"], place["ground_light"] = light.sky, light.ground

"""Backdrop: environment and camera -> image of the empty studio, room or outdoor scene behind the characters."""

import moderngl
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.render.context import compile_program, read_pixels, write_matrix
from bodydouble.render.environment import Environment

_DOWNSCALE = 2
"""Factor by which surroundings are drawn smaller and then enlarged: slightly blurred, in a quarter of the time."""


class Backdrop:
    """Image of the empty environment, drawn again only when the camera has moved."""

    def __init__(self, context: moderngl.Context, image_size: tuple[int, int], environment: Environment) -> None:
        self._texture = context.texture(image_size, 4)
        self._target = context.framebuffer([self._texture])
        self._draw = (
            _Studio(context, image_size)
            if environment.surroundings is None
            else _Surroundings(context, image_size, environment)
        )
        self._camera_key = b""

    def update(self, world_from_pixel: FloatArray, eye: FloatArray) -> None:
        """Draws the environment along the rays of world_from_pixel (3, 3) from eye (3,) m, world."""
        camera_key = world_from_pixel.tobytes() + eye.tobytes()
        if camera_key == self._camera_key:
            return
        self._draw(self._target, world_from_pixel, eye)
        self._image = read_pixels(self._target, (0, 0, *self._target.size))
        self._camera_key = camera_key

    def bind(self, texture_unit: int) -> None:
        """Binds the image to a texture unit."""
        self._texture.use(texture_unit)

    def copy_into(self, image: NDArray[np.uint8]) -> None:
        """Copies the image into an array (height, width, 3) RGB."""
        np.copyto(image, self._image)


class _Studio:
    """Studio: a wall without edges that blends into a floor with a grid."""

    def __init__(self, context: moderngl.Context, image_size: tuple[int, int]) -> None:
        self._program = compile_program(context, "full.vert", "backdrop.frag")
        self._program["size"] = image_size
        self._triangle = context.vertex_array(self._program, [])

    def __call__(self, target: moderngl.Framebuffer, world_from_pixel: FloatArray, eye: FloatArray) -> None:
        write_matrix(self._program, "world_from_pixel", world_from_pixel)
        self._program["eye"] = tuple(eye)
        target.use()
        self._triangle.render(vertices=3)


class _Surroundings:
    """Room or outdoor scene."""

    def __init__(self, context: moderngl.Context, image_size: tuple[int, int], environment: Environment) -> None:
        self._program = compile_program(context, "full.vert", "surroundings.frag")
        _set_uniforms(self._program, environment)
        self._reduced_texture = context.texture((image_size[0] // _DOWNSCALE, image_size[1] // _DOWNSCALE), 4)
        self._reduced_texture.repeat_x = self._reduced_texture.repeat_y = False
        self._reduced_target = context.framebuffer([self._reduced_texture])
        self._triangle = context.vertex_array(self._program, [])
        enlarge = compile_program(context, "full.vert", "enlarge.frag", reduced_image=0)
        self._enlarge = context.vertex_array(enlarge, [])

    def __call__(self, target: moderngl.Framebuffer, world_from_pixel: FloatArray, eye: FloatArray) -> None:
        write_matrix(self._program, "world_from_pixel", world_from_pixel @ np.diag([_DOWNSCALE, _DOWNSCALE, 1.0]))
        self._program["eye"] = tuple(eye)
        self._reduced_target.use()
        self._triangle.render(vertices=3)
        target.use()
        self._reduced_texture.use(0)
        self._enlarge.render(vertices=3)


def _set_uniforms(target: moderngl.Program, environment: Environment) -> None:
    surroundings, light = environment.surroundings, environment.light
    assert surroundings is not None
    for name, finish in (("floor", surroundings.floor), ("wall", surroundings.wall)):
        target[f"{name}_pattern"], target[f"{name}_size"] = int(finish.pattern), finish.size
        target[f"{name}_color"], target[f"{name}_second"] = finish.color, finish.second_color
    target["indoors"] = surroundings.room is not None
    target["room"], target["ceiling"] = (
        (surroundings.room[:4], surroundings.room[4]) if surroundings.room else ((0.0, 0.0, 0.0, 0.0), 0.0)
    )
    target["sky_color"], target["horizon_color"] = surroundings.sky, surroundings.horizon
    target["skyline"], target["seed"] = surroundings.skyline, surroundings.seed
    direction = np.array(light.direction)
    target["sun"], target["key"] = tuple(direction / np.linalg.norm(direction)), light.key
    target["sky_light"], target["ground_light"] = light.sky, light.ground

"""Composition: characters on a canvas with several samples per pixel -> image of them before what stands behind them.

Renderers share here the OpenGL context, their targets, the composing passes and the way back into memory.
"""

from collections.abc import Sequence
from typing import Protocol, Self

import moderngl
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.render.context import compile_program, open_context, read_pixels, wait_for_driver, write_matrix
from bodydouble.render.view_volumes import PixelRect

_CHARACTERS_UNIT, _FLOOR_SHADE_UNIT = 0, 1
FURTHER_UNIT = 2
"""First texture unit that a composing pass has left."""


class FloorShade(Protocol):
    """Shade of the floor that is composed."""

    def bind_floor_shade(self, program: moderngl.Program, unit: int, /) -> None:
        """Sets the shade, on a texture unit, in a composing program."""


class OffscreenRenderer:
    """Base of renderers. A context manager; owns an OpenGL context and everything in it.

    The context is current in a thread only while it is used, so renderers may coexist and change threads.

    Args:
        image_size: width and height of the images, px.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
    """

    def __init__(self, image_size: tuple[int, int]) -> None:
        self.image_size = image_size
        self._context = open_context()
        with self._context:
            self._context.front_face = "cw"  # because the first row of the buffer is the top one

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Releases the OpenGL context and everything in it."""
        self._context.release()


class Composition:
    """Targets of a renderer: the canvas of the characters, and the image in which they are composed.

    Args:
        context: context that owns the targets; releasing it releases them.
        image_size: width and height of the image, px.
        shader: fragment shader that composes floors; with the macro CHARACTERS, characters before them as well.
        supersampling: pixels of the canvas per pixel of the image, in x and in y; the shader takes their mean.
        samples: samples within each pixel of the canvas, whose mean the shader gets; 0: one.
        **units: texture units of further samplers of the shader.
    """

    def __init__(
        self,
        context: moderngl.Context,
        image_size: tuple[int, int],
        shader: str,
        *,
        supersampling: int = 1,
        samples: int = 0,
        **units: int,
    ) -> None:
        self._context, self._scale = context, supersampling
        size = image_size[0] * supersampling, image_size[1] * supersampling
        samples = min(samples, context.max_samples)
        self._texture = context.texture(size, 4)
        self._resolved = context.framebuffer([self._texture])
        color = context.renderbuffer(size, 4, samples=samples) if samples else self._texture
        self.canvas = context.framebuffer([color], context.depth_renderbuffer(size, samples=samples))
        """Target of the characters: colours multiplied by coverage, and coverage."""
        self._samples = samples
        self._target = context.framebuffer([context.renderbuffer(image_size, 4)])
        programs = (
            compile_program(context, "full.vert", shader, **units),
            compile_program(context, "full.vert", shader, "CHARACTERS", characters=_CHARACTERS_UNIT, **units),
        )
        self._passes = [(program, context.vertex_array(program, [])) for program in programs]

    def start(self, figures: Sequence[PixelRect]) -> None:
        """Makes the canvas the target, and clears the regions in which characters will be drawn."""
        self.canvas.use()
        for region in figures:
            x, y, width, height = (self._scale * value for value in region)
            self.canvas.clear(depth=1.0, viewport=(x, y, width, height))

    def compose(
        self,
        world_from_pixel: FloatArray,
        eye: FloatArray,
        shade: FloorShade,
        floors: Sequence[PixelRect],
        figures: Sequence[PixelRect],
    ) -> None:
        """Composes the image from the canvas.

        Args:
            world_from_pixel: (3, 3) rays of the camera, world.
            eye: (3,) m, world.
            shade: shade of the floor.
            floors: regions in which the floor may be shaded.
            figures: regions in which characters are drawn.
        """
        self._context.enable_only(moderngl.NOTHING)
        wait_for_driver()
        if self._samples:
            for region in figures:
                self._resolved.scissor = region
                self._resolved.use()
                self._context.copy_framebuffer(self._resolved, self.canvas)
        self._texture.use(_CHARACTERS_UNIT)
        for (program, draw_pass), regions in zip(self._passes, (floors, figures), strict=True):
            write_matrix(program, "world_from_pixel", world_from_pixel)
            program["eye"] = tuple(eye)
            shade.bind_floor_shade(program, _FLOOR_SHADE_UNIT)
            for region in regions:
                self._target.scissor = region
                self._target.use()
                draw_pass.render(vertices=3)
        wait_for_driver()

    def read_into(self, image: NDArray[np.uint8], regions: Sequence[PixelRect]) -> None:
        """Reads regions of the image into an array (height, width, 3) RGB or (height, width, 4) RGBA."""
        for region in regions:
            x, y, width, height = region
            pixels = read_pixels(self._target, region, with_alpha=image.shape[2] == 4)
            image[y : y + height, x : x + width] = pixels

"""Characters on the floor of a studio or another place, lit, with shadows, seen by a given camera."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import moderngl
import numpy as np

from bodydouble.data import Character, FloatArray, RgbImage
from bodydouble.geometry.camera import inverse
from bodydouble.geometry.rotation import normalize
from bodydouble.render import view_volumes
from bodydouble.render.backdrop import Backdrop
from bodydouble.render.context import check, open_context, program, read, write_matrix
from bodydouble.render.model import SkinnedModel, compile_programs
from bodydouble.render.shadows import Shadows
from bodydouble.render.surroundings import Stage

__all__ = ["Scene", "check"]

Region = tuple[int, int, int, int]
"""x, y, width, height, px."""

_NEAR, _FAR = 0.1, 150.0
_SAMPLES = 4
_STUDIO, _SHADE, _CHARACTERS, _SUN, _TEXTURE = 0, 1, 2, 3, 4


class Scene:
    """Draws characters. A context manager; owns an OpenGL context and everything in it.

    Each frame: skin once, draw depth from the light and from the floor, the darkness of the floor, the characters, and
    lay them over the place behind. Only the part of the picture with people and their shadows in it is drawn and read.

    Args:
        size: width and height of the pictures, px.
        characters: one per person; the same character may stand there more than once.
        colors: RGB, 0 to 255, one per person. A character without colours of its own wears it; others get a rim of it.
        stage: light and place; by default the studio.

    Raises:
        RenderingUnavailableError: there is no OpenGL on this machine.
    """

    def __init__(
        self,
        size: tuple[int, int],
        characters: Sequence[Character],
        colors: Sequence[tuple[int, int, int]],
        stage: Stage | None = None,
    ) -> None:
        self.size = size
        stage = stage or Stage()
        self._light = stage.light
        self._context = open_context()
        # The context is current in a thread only while it is in use: scenes may coexist and change threads.
        with self._context:
            self._context.front_face = "cw"  # because the first row of the buffer is the top one
            programs = compile_programs(self._context)
            self._character = programs.character
            self._shadows = Shadows(self._context, programs.depth, normalize(np.array(self._light.direction)))
            self._backdrop = Backdrop(self._context, size, stage)
            rgb = np.asarray(colors, dtype=np.float64).reshape(-1, 3) / 255.0
            self._models = [
                SkinnedModel(self._context, programs, character, color)
                for character, color in zip(characters, rgb, strict=True)
            ]
            self._make_targets()

    def _make_targets(self) -> None:
        context, size = self._context, self.size
        samples = min(_SAMPLES, context.max_samples)
        self._canvas = context.framebuffer(
            [context.renderbuffer(size, 4, samples=samples)], context.depth_renderbuffer(size, samples=samples)
        )
        self._resolved_picture = context.texture(size, 4)
        self._resolved = context.framebuffer([self._resolved_picture])
        self._target = context.framebuffer([context.renderbuffer(size, 4)])
        self._compose = program(context, "full.vert", "compose.frag", studio=_STUDIO, characters=_CHARACTERS)
        self._triangle = context.vertex_array(self._compose, [])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the OpenGL context and all that is in it back."""
        self._context.release()

    def draw(
        self,
        joint_matrices: Sequence[FloatArray | None],
        camera_intrinsics: FloatArray,
        camera_from_world: FloatArray,
    ) -> RgbImage:
        """One picture.

        Args:
            joint_matrices: per person, world_from_joint (J, 4, 4) of the character's joints, or None if absent.
            camera_intrinsics: (3, 3) px, for the size of this scene.
            camera_from_world: (4, 4).

        Returns:
            (height, width, 3) RGB.
        """
        with self._context:
            return self._draw(joint_matrices, camera_intrinsics, camera_from_world)

    def _draw(
        self, joint_matrices: Sequence[FloatArray | None], camera_intrinsics: FloatArray, camera_from_world: FloatArray
    ) -> RgbImage:
        self._context.enable_only(moderngl.NOTHING)
        world_from_camera = inverse(camera_from_world)
        world_from_pixel = world_from_camera[:3, :3] @ np.linalg.inv(camera_intrinsics)
        eye = world_from_camera[:3, 3]
        self._backdrop.update(world_from_pixel, eye)
        picture = self._backdrop.picture()
        poses = {i: matrices for i, matrices in enumerate(joint_matrices) if matrices is not None}
        if not poses:
            return picture
        present = [self._models[i] for i in poses]
        points = np.concatenate([model.pose(matrices) for model, matrices in zip(present, poses.values(), strict=True)])
        area = view_volumes.floor_area(points, self._shadows.sun)
        self._shadows.update(present, area, max(float(points[:, 1].max()), 0.1))
        clip_from_world = view_volumes.clip_from_camera(camera_intrinsics, self.size, _NEAR, _FAR) @ camera_from_world
        everything = np.concatenate([points, view_volumes.floor_corners(area)])
        region = view_volumes.picture_region(clip_from_world, everything, self.size)
        if region[2] > 0 and region[3] > 0:
            self._draw_characters(present, clip_from_world, eye, region)
            self._lay_out(world_from_pixel, eye, region)
            x, y, width, height = region
            picture[y : y + height, x : x + width] = read(self._target, region)
        return picture

    def _draw_characters(
        self, models: Sequence[SkinnedModel], clip_from_world: FloatArray, eye: FloatArray, region: Region
    ) -> None:
        self._canvas.use()
        self._canvas.clear(depth=1.0, viewport=region)
        self._context.enable_only(moderngl.DEPTH_TEST)
        write_matrix(self._character, "clip_from_world", clip_from_world)
        self._character["eye"] = tuple(eye)
        self._character["key"], self._character["sky"] = self._light.key, self._light.sky
        self._character["ground"] = self._light.ground
        self._shadows.light(self._character, _SUN)
        for model in models:
            model.draw(_TEXTURE)

    def _lay_out(self, world_from_pixel: FloatArray, eye: FloatArray, region: Region) -> None:
        self._context.enable_only(moderngl.NOTHING)
        self._resolved.scissor = region
        self._resolved.use()
        self._context.copy_framebuffer(self._resolved, self._canvas)
        write_matrix(self._compose, "world_from_pixel", world_from_pixel)
        self._compose["eye"] = tuple(eye)
        self._backdrop.use(_STUDIO)
        self._shadows.shade(self._compose, _SHADE)
        self._resolved_picture.use(_CHARACTERS)
        self._target.scissor = region
        self._target.use()
        self._triangle.render(vertices=3)

"""Surface layers: per pixel, the mesh of a posed character that is seen, and the surface of other meshes behind it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import moderngl
import numpy as np

from bodydouble.data import BoolArray, Character, FloatArray, IntArray
from bodydouble.render.context import open_context, write_matrix
from bodydouble.render.skinned_vertices import SkinnedVertices, compile_skinning
from bodydouble.render.view_volumes import clip_from_camera

NEAR, FAR = 0.5, 20.0
"""Depths of the clip planes in m."""
VERTEX_SHADER = """#version 330
uniform mat4 clip_from_world;
in vec3 position;
out float depth;
void main() {
    gl_Position = clip_from_world * vec4(position, 1.0);
    depth = gl_Position.w;
}
"""
FRAGMENT_SHADER = """#version 330
uniform float number;
uniform bool is_behind;
uniform sampler2D first;
in float depth;
out vec4 layer;
void main() {
    if (is_behind && depth <= texelFetch(first, ivec2(gl_FragCoord.xy), 0).y) discard;
    layer = vec4(number, depth, gl_FrontFacing ? 1.0 : 0.0, 1.0);
}
"""


@dataclass(frozen=True, slots=True)
class Layer:
    """Nearest surface in each pixel."""

    meshes: IntArray
    """(H, W) index of the mesh; -1: none."""
    depths: FloatArray
    """(H, W) m."""
    is_outside: BoolArray
    """(H, W) whether the outside of the surface is seen."""


class SurfaceLayers:
    """Renderer of layers of one character. A context manager; owns an OpenGL context and everything in it."""

    def __init__(self, image_size: tuple[int, int], character: Character) -> None:
        self._image_size = image_size
        self._context = open_context()
        with self._context:
            context = self._context
            context.front_face = "cw"  # because the first row of the buffer is the top one
            self._vertices = SkinnedVertices(context, compile_skinning(context), character)
            self._program = context.program(vertex_shader=VERTEX_SHADER, fragment_shader=FRAGMENT_SHADER)
            self._pass = context.vertex_array(
                self._program, [self._vertices.layout("position")], index_buffer=self._vertices.indices
            )
            self._textures = [context.texture(image_size, 4, dtype="f4") for _ in range(2)]
            self._targets = [
                context.framebuffer([texture], context.depth_renderbuffer(image_size)) for texture in self._textures
            ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.release()

    def draw(
        self, matrices: FloatArray, intrinsics: FloatArray, camera_from_world: FloatArray, behind: Collection[int]
    ) -> tuple[Layer, Layer]:
        """Draws the first layer of all meshes, and the nearest surface behind it of the meshes given.

        Args:
            matrices: world_from_joint (J, 4, 4).
            intrinsics: (3, 3) px.
            camera_from_world: (4, 4).
            behind: indices of meshes.
        """
        with self._context:
            self._context.enable_only(moderngl.DEPTH_TEST)
            self._targets[0].use()  # without any target, OpenGL does not run shaders
            self._vertices.pose(matrices)
            projection = clip_from_camera(intrinsics, self._image_size, NEAR, FAR)
            write_matrix(self._program, "clip_from_world", projection @ camera_from_world)
            first = self._draw_layer(0, range(len(self._vertices.ranges)))
            return first, self._draw_layer(1, behind)

    def _draw_layer(self, layer: int, meshes: Collection[int]) -> Layer:
        self._targets[layer].use()
        self._targets[layer].clear(depth=1.0)
        self._textures[0].use(0)
        self._program["is_behind"] = layer == 1
        for index in meshes:
            part = self._vertices.ranges[index]
            self._program["number"] = index + 1.0
            self._pass.render(vertices=part.index_count, first=part.first_index)
        width, height = self._image_size
        values = np.frombuffer(self._textures[layer].read(), np.float32).reshape(height, width, 4)
        return Layer(values[..., 0].round().astype(int) - 1, values[..., 1].astype(float), values[..., 2] > 0.5)

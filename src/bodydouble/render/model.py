"""Skinned model: a character in graphics memory, posed by joint matrices and drawn in several passes."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import moderngl
import numpy as np
from PIL import Image

from bodydouble.data import Character, FloatArray, Material, Mesh
from bodydouble.geometry.kinematics import inverse_bind_matrices
from bodydouble.render.context import compile_program, read_shader
from bodydouble.render.tint import tint_character
from bodydouble.render.triangle_order import sort_triangles
from bodydouble.render.view_volumes import joint_boxes, skin_bounds

_VERTEX_BYTES = 24
"""Bytes of a vertex in a buffer of two vectors."""


@dataclass(frozen=True, slots=True)
class ShaderPrograms:
    """Shader programs that draw characters."""

    skin: moderngl.Program
    """Skinning: moves vertices to a pose."""
    depth: moderngl.Program
    """Depth pass."""
    light: moderngl.Program
    """Light at the vertices of a pose."""
    plain: moderngl.Program
    """Colour pass of lit vertices."""
    textured: moderngl.Program
    """Colour pass of lit vertices with a texture."""

    @property
    def colors(self) -> tuple[moderngl.Program, moderngl.Program]:
        """Programs of the colour pass."""
        return self.plain, self.textured


@dataclass(frozen=True, slots=True)
class _DrawRange:
    """Range of vertices and indices with one material."""

    material: Material
    texture: moderngl.Texture | None
    first_vertex: int
    vertex_count: int
    first_index: int
    index_count: int


def compile_programs(context: moderngl.Context) -> ShaderPrograms:
    """Compiles the programs that draw characters."""
    return ShaderPrograms(
        context.program(vertex_shader=read_shader("skin.vert"), varyings=("position", "normal")),
        compile_program(context, "depth.vert", "depth.frag"),
        context.program(vertex_shader=read_shader("light.vert"), varyings=("diffuse", "specular")),
        compile_program(context, "character.vert", "character.frag"),
        compile_program(context, "character.vert", "character.frag", "TEXTURED"),
    )


class SkinnedModel:
    """Buffers of one character that is posed once per frame and drawn in any number of passes.

    Args:
        context: context that owns the buffers; releasing it releases them.
        programs: shader programs.
        character: the character.
        color: (3,) sRGB colour of the person, 0 to 1.
    """

    def __init__(
        self, context: moderngl.Context, programs: ShaderPrograms, character: Character, color: FloatArray
    ) -> None:
        self._context = context
        self._inverse_bind = inverse_bind_matrices(character)
        self._boxes = joint_boxes(character, self._inverse_bind)
        self._programs = programs
        self._color = np.asarray(color) ** 2.2
        self._joint_texture = context.texture((3, len(self._inverse_bind)), 4, dtype="f4")
        self._joint_texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._upload(context, tint_character(character, self._color))

    def _upload(self, context: moderngl.Context, character: Character) -> None:
        programs, meshes = self._programs, character.meshes
        self._draw_ranges = _draw_ranges(context, meshes)
        starts = [part.first_vertex for part in self._draw_ranges]
        vertex_count = sum(len(mesh.positions) for mesh in meshes)
        skin_buffer = context.buffer(np.concatenate([_skin_vertices(mesh) for mesh in meshes]).tobytes())
        uv_buffer = context.buffer(np.concatenate([_texture_coordinates(mesh) for mesh in meshes]).tobytes())
        color_buffer = context.buffer(np.concatenate([_vertex_colors(mesh) for mesh in meshes]).tobytes())
        triangles = [
            sort_triangles(mesh.positions, mesh.triangles) + start for mesh, start in zip(meshes, starts, strict=True)
        ]
        indices = context.buffer(np.concatenate(triangles).astype(np.uint32).tobytes())
        self._posed_buffer = context.buffer(reserve=vertex_count * _VERTEX_BYTES)
        self._lit_buffer = context.buffer(reserve=vertex_count * _VERTEX_BYTES)
        attributes = ("rest_position", "rest_normal", "joint_indices", "joint_weights")
        self._skinning_pass = context.vertex_array(programs.skin, [(skin_buffer, "3f4 3f4 4u2 4f4", *attributes)])
        self._depth_pass = context.vertex_array(programs.depth, [(self._posed_buffer, "3f4 12x", "position")], indices)
        posed = (self._posed_buffer, "3f4 3f4", "position", "normal")
        self._light_pass = context.vertex_array(programs.light, [posed, (color_buffer, "4f4", "vertex_color")])
        lit = [
            (self._posed_buffer, "3f4 12x", "position"),
            (self._lit_buffer, "3f4 3f4", "vertex_diffuse", "vertex_specular"),
        ]
        self._plain_pass = context.vertex_array(programs.plain, lit, indices)
        self._textured_pass = context.vertex_array(
            programs.textured, [*lit, (uv_buffer, "2f4", "texture_coordinates")], indices
        )

    def pose(self, joint_matrices: FloatArray) -> FloatArray:
        """Moves the vertices by linear blend skinning.

        Args:
            joint_matrices: world_from_joint (J, 4, 4).

        Returns:
            Points (N, 3) m, world, that enclose all vertices.
        """
        rows = (joint_matrices @ self._inverse_bind)[:, :3].astype(np.float32)
        self._joint_texture.write(np.ascontiguousarray(rows).tobytes())
        self._joint_texture.use(0)
        self._skinning_pass.transform(self._posed_buffer, moderngl.POINTS)
        return skin_bounds(joint_matrices, self._boxes)

    def read_posed_vertices(self) -> FloatArray:
        """Reads positions and normals (V, 6), m, world, of the last pose."""
        return np.frombuffer(self._posed_buffer.read(), np.float32).reshape(-1, 6)

    def draw_depth(self) -> None:
        """Draws the depth pass."""
        self._set_culling()
        self._depth_pass.render()

    def light(self) -> None:
        """Lights the vertices of the last pose; light and shadow map are set in the program."""
        program = self._programs.light
        program["rim_color"] = tuple(self._color)
        for part in self._draw_ranges:
            program["base_color"], program["roughness"] = part.material.base_color, part.material.roughness
            self._light_pass.transform(
                self._lit_buffer,
                moderngl.POINTS,
                vertices=part.vertex_count,
                first=part.first_vertex,
                buffer_offset=part.first_vertex * _VERTEX_BYTES,
            )

    def draw(self, texture_unit: int) -> None:
        """Draws every part, lit already, with its material; its texture is bound to a texture unit."""
        self._set_culling()
        for part in self._draw_ranges:
            if part.texture is None:
                self._plain_pass.render(vertices=part.index_count, first=part.first_index)
            else:
                part.texture.use(texture_unit)
                self._programs.textured["base_texture"] = texture_unit
                self._textured_pass.render(vertices=part.index_count, first=part.first_index)

    def _set_culling(self) -> None:
        # Textured hair and skirts are often single sheets that are visible from both sides.
        if any(part.texture is not None for part in self._draw_ranges):
            self._context.disable(moderngl.CULL_FACE)
        else:
            self._context.enable(moderngl.CULL_FACE)


def _skin_vertices(mesh: Mesh) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    layout = [("position", "f4", 3), ("normal", "f4", 3), ("joints", "u2", 4), ("weights", "f4", 4)]
    vertices = np.empty(len(mesh.positions), dtype=layout)
    vertices["position"], vertices["normal"] = mesh.positions, mesh.normals
    vertices["joints"], vertices["weights"] = mesh.joints, mesh.weights
    return vertices


def _texture_coordinates(mesh: Mesh) -> FloatArray:
    uvs = np.zeros((len(mesh.positions), 2)) if mesh.uvs is None else mesh.uvs
    return uvs.astype(np.float32)


def _vertex_colors(mesh: Mesh) -> FloatArray:
    colors = np.ones((len(mesh.positions), 4)) if mesh.colors is None else mesh.colors
    return colors.astype(np.float32)


def _draw_ranges(context: moderngl.Context, meshes: Sequence[Mesh]) -> list[_DrawRange]:
    first_vertex = first_index = 0
    ranges = []
    for mesh in meshes:
        vertex_count, index_count = len(mesh.positions), 3 * len(mesh.triangles)
        texture = _upload_texture(context, mesh.material)
        ranges.append(_DrawRange(mesh.material, texture, first_vertex, vertex_count, first_index, index_count))
        first_vertex, first_index = first_vertex + vertex_count, first_index + index_count
    return ranges


def _upload_texture(context: moderngl.Context, material: Material) -> moderngl.Texture | None:
    if material.texture_png is None:
        return None
    image = Image.open(BytesIO(material.texture_png)).convert("RGBA")
    texture = context.texture(image.size, 4, image.tobytes())
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    return texture

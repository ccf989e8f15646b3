"""Skinned model: a character in graphics memory, posed by joint matrices and drawn in several passes."""

from collections.abc import Sequence
from dataclasses import dataclass

import moderngl
import numpy as np

from bodydouble.data import Character, FloatArray, Material, Mesh, MorphWeights
from bodydouble.render.context import compile_program, read_shader
from bodydouble.render.skinned_vertices import SkinnedVertices, VertexRange, compile_depth, compile_skinning
from bodydouble.render.surface import place_coordinates, upload_texture
from bodydouble.render.tint import tint_character

OPAQUE_ALPHA = 0.95
"""Alpha in the mode "blend" from which on a surface hides what is behind it."""
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
    """Colour pass of lit vertices of opaque surfaces without textures."""
    surface: moderngl.Program
    """Colour pass of lit vertices with textures, emitted light and alpha."""

    @property
    def colors(self) -> tuple[moderngl.Program, moderngl.Program]:
        """Programs of the colour pass."""
        return self.plain, self.surface


@dataclass(frozen=True, slots=True)
class _DrawRange:
    """Range of vertices and indices with one material."""

    material: Material
    texture: moderngl.Texture | None
    emissive_texture: moderngl.Texture | None
    vertices: VertexRange

    @property
    def is_plain(self) -> bool:
        """Whether the surface is opaque, emits nothing and has no texture."""
        return (
            self.texture is None
            and self.emissive_texture is None
            and not any(self.material.emissive_color)
            and self.material.effective_alpha_mode == "opaque"
        )


def compile_programs(context: moderngl.Context) -> ShaderPrograms:
    """Compiles the programs that draw characters."""
    return ShaderPrograms(
        compile_skinning(context),
        compile_depth(context),
        context.program(vertex_shader=read_shader("light.vert"), varyings=("diffuse", "specular")),
        compile_program(context, "character.vert", "character.frag"),
        compile_program(context, "character.vert", "character.frag", "SURFACE"),
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
        self._programs = programs
        self._color = np.asarray(color) ** 2.2
        tinted = tint_character(character, self._color)
        self._vertices = SkinnedVertices(context, programs.skin, tinted)
        self._upload(context, tinted.meshes)

    def _upload(self, context: moderngl.Context, meshes: Sequence[Mesh]) -> None:
        programs, vertices = self._programs, self._vertices
        self._draw_ranges = [
            _DrawRange(mesh.material, *_upload_textures(context, mesh.material), part)
            for mesh, part in zip(meshes, vertices.ranges, strict=True)
        ]
        surface_buffer = context.buffer(np.concatenate([_surface_vertices(mesh) for mesh in meshes]).tobytes())
        color_buffer = context.buffer(np.concatenate([_vertex_colors(mesh) for mesh in meshes]).tobytes())
        self._lit_buffer = context.buffer(reserve=vertices.buffer.size)
        position, posed = vertices.layout("position"), vertices.layout("position", "normal")
        self._depth_pass = context.vertex_array(programs.depth, [position], vertices.indices)
        self._light_pass = context.vertex_array(programs.light, [posed, (color_buffer, "4f4", "vertex_color")])
        lit = [position, (self._lit_buffer, "3f4 3f4", "vertex_diffuse", "vertex_specular")]
        self._plain_pass = context.vertex_array(programs.plain, lit, vertices.indices)
        surface = (surface_buffer, "2f4 1f4", "texture_coordinates", "vertex_opacity")
        self._surface_pass = context.vertex_array(programs.surface, [*lit, surface], vertices.indices)

    def pose(self, joint_matrices: FloatArray, morph_weights: MorphWeights | None = None) -> FloatArray:
        """Moves the vertices to a pose, as ``SkinnedVertices.pose``; returns points (N, 3) m around all vertices."""
        return self._vertices.pose(joint_matrices, morph_weights).reshape(-1, 3)

    def read_posed_vertices(self) -> FloatArray:
        """Reads positions and normals (V, 6), m, world, of the last pose."""
        return self._vertices.read()

    def draw_depth(self) -> None:
        """Draws the depth pass."""
        self._set_culling(any(part.material.is_double_sided for part in self._draw_ranges))
        self._depth_pass.render()

    def light(self) -> None:
        """Lights the vertices of the last pose; light and shadow map are set in the program."""
        program = self._programs.light
        program["rim_color"] = tuple(self._color)
        for part in self._draw_ranges:
            program["base_color"], program["roughness"] = part.material.base_color, part.material.roughness
            program["is_unlit"] = part.material.is_unlit
            self._light_pass.transform(
                self._lit_buffer,
                moderngl.POINTS,
                vertices=part.vertices.vertex_count,
                first=part.vertices.first_vertex,
                buffer_offset=part.vertices.first_vertex * _VERTEX_BYTES,
            )

    def draw(self, texture_unit: int, *, is_blended: bool) -> None:
        """Draws the parts, lit already; textures are bound to a texture unit and the next one.

        Args:
            texture_unit: unit of the base colour texture.
            is_blended: whether only the translucent surfaces are drawn, or all others.
        """
        for part in self._draw_ranges:
            if is_blended and part.material.effective_alpha_mode != "blend":
                continue
            self._set_culling(part.material.is_double_sided)
            colors = self._plain_pass
            if not part.is_plain:
                self._bind_surface(part, texture_unit, is_blended)
                colors = self._surface_pass
            colors.render(vertices=part.vertices.index_count, first=part.vertices.first_index)

    def _bind_surface(self, part: _DrawRange, texture_unit: int, is_blended: bool) -> None:
        program, material = self._programs.surface, part.material
        cutoffs = {"opaque": 0.0, "mask": material.alpha_cutoff, "blend": OPAQUE_ALPHA}
        program["min_alpha"] = 0.0 if is_blended else cutoffs[material.effective_alpha_mode]
        program["max_alpha"] = OPAQUE_ALPHA if is_blended else 2.0
        program["base_alpha"], program["emissive_color"] = material.base_color[3], material.emissive_color
        program["has_texture"] = part.texture is not None
        program["has_emissive_texture"] = part.emissive_texture is not None
        program["base_texture"], program["emissive_texture"] = texture_unit, texture_unit + 1
        for unit, texture in enumerate((part.texture, part.emissive_texture), start=texture_unit):
            if texture is not None:
                texture.use(unit)

    def _set_culling(self, is_double_sided: bool) -> None:
        if is_double_sided:
            self._context.disable(moderngl.CULL_FACE)
        else:
            self._context.enable(moderngl.CULL_FACE)


def _surface_vertices(mesh: Mesh) -> FloatArray:
    """Returns texture coordinates and opacity (V, 3) of the vertices."""
    count = len(mesh.positions)
    uvs = np.zeros((count, 2)) if mesh.uvs is None else place_coordinates(mesh.uvs, mesh.material.texture_placement)
    opacity = np.ones(count) if mesh.colors is None else mesh.colors[:, 3]
    return np.column_stack([uvs, opacity]).astype(np.float32)


def _vertex_colors(mesh: Mesh) -> FloatArray:
    colors = np.ones((len(mesh.positions), 4)) if mesh.colors is None else mesh.colors
    return colors.astype(np.float32)


def _upload_textures(
    context: moderngl.Context, material: Material
) -> tuple[moderngl.Texture | None, moderngl.Texture | None]:
    """Returns the base colour and the emissive texture; both share their coordinates, as in nearly all files."""
    texture, emissive = None, None
    if material.texture_png is not None:
        texture = upload_texture(context, material.texture_png, material.texture_placement)
    if material.emissive_map is not None:
        emissive = upload_texture(context, material.emissive_map.image, material.texture_placement)
    return texture, emissive

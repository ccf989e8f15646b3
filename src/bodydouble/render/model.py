"""Skinned model: a character in graphics memory, posed by joint matrices and drawn in several passes."""

from dataclasses import dataclass

import moderngl
import numpy as np

from bodydouble.data import Character, FloatArray, Material, Mesh
from bodydouble.geometry.kinematics import inverse_bind_matrices
from bodydouble.render.context import compile_program, read_shader
from bodydouble.render.surface import place_coordinates, upload_texture
from bodydouble.render.tint import tint_character
from bodydouble.render.view_volumes import joint_boxes, skin_bounds

OPAQUE_ALPHA = 0.95
"""Alpha in the mode "blend" from which on a surface hides what is behind it."""


@dataclass(frozen=True, slots=True)
class ShaderPrograms:
    """Shader programs that draw characters."""

    skin: moderngl.Program
    """Skinning: moves vertices to a pose."""
    depth: moderngl.Program
    """Depth pass."""
    character: moderngl.Program
    """Colour pass with light and material."""


@dataclass(frozen=True, slots=True)
class _DrawRange:
    """Range of indices with one material."""

    material: Material
    texture: moderngl.Texture | None
    emissive_texture: moderngl.Texture | None
    first: int
    count: int


def compile_programs(context: moderngl.Context) -> ShaderPrograms:
    """Compiles the programs that draw characters."""
    return ShaderPrograms(
        context.program(vertex_shader=read_shader("skin.vert"), varyings=("position", "normal")),
        compile_program(context, "depth.vert", "depth.frag"),
        compile_program(context, "character.vert", "character.frag"),
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
        self._character_program = programs.character
        self._color = np.asarray(color) ** 2.2
        self._joint_texture = context.texture((3, len(self._inverse_bind)), 4, dtype="f4")
        self._joint_texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._upload(context, programs, tint_character(character, self._color))

    def _upload(self, context: moderngl.Context, programs: ShaderPrograms, character: Character) -> None:
        skin_buffer = context.buffer(np.concatenate([_skin_vertices(mesh) for mesh in character.meshes]).tobytes())
        surface_buffer = context.buffer(
            np.concatenate([_surface_vertices(mesh) for mesh in character.meshes]).tobytes()
        )
        starts = np.cumsum([0] + [len(mesh.positions) for mesh in character.meshes])
        triangles = np.concatenate(
            [mesh.triangles + start for mesh, start in zip(character.meshes, starts, strict=False)]
        )
        indices = context.buffer(triangles.astype(np.uint32).tobytes())
        self._posed_buffer = context.buffer(reserve=int(starts[-1]) * 24)
        attributes = ("rest_position", "rest_normal", "joint_indices", "joint_weights")
        self._skinning_pass = context.vertex_array(programs.skin, [(skin_buffer, "3f4 3f4 4u2 4f4", *attributes)])
        self._depth_pass = context.vertex_array(programs.depth, [(self._posed_buffer, "3f4 12x", "position")], indices)
        self._color_pass = context.vertex_array(
            programs.character,
            [
                (self._posed_buffer, "3f4 3f4", "position", "normal"),
                (surface_buffer, "2f4 4f4", "texture_coordinates", "vertex_color"),
            ],
            indices,
        )
        counts = [3 * len(mesh.triangles) for mesh in character.meshes]
        self._draw_ranges = [
            _describe_range(context, mesh.material, first, count)
            for mesh, first, count in zip(character.meshes, np.cumsum([0, *counts]).tolist(), counts, strict=False)
        ]

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
        self._set_culling(any(part.material.is_double_sided for part in self._draw_ranges))
        self._depth_pass.render()

    def draw(self, texture_unit: int, *, is_blended: bool) -> None:
        """Draws the parts with their materials; textures are bound to a texture unit and the next one.

        Args:
            texture_unit: unit of the base colour texture.
            is_blended: whether only the translucent surfaces are drawn, or all others.
        """
        program = self._character_program
        program["rim_color"] = tuple(self._color)
        program["base_texture"], program["emissive_texture"] = texture_unit, texture_unit + 1
        for part in self._draw_ranges:
            mode = part.material.effective_alpha_mode
            if is_blended and mode != "blend":
                continue
            self._set_culling(part.material.is_double_sided)
            cutoffs = {"opaque": 0.0, "mask": part.material.alpha_cutoff, "blend": OPAQUE_ALPHA}
            program["min_alpha"] = 0.0 if is_blended else cutoffs[mode]
            program["max_alpha"] = OPAQUE_ALPHA if is_blended else 2.0
            self._bind_material(part, texture_unit)
            self._color_pass.render(vertices=part.count, first=part.first)

    def _bind_material(self, part: _DrawRange, texture_unit: int) -> None:
        program, material = self._character_program, part.material
        program["base_color"], program["roughness"] = material.base_color, material.roughness
        program["is_unlit"], program["emissive_color"] = material.is_unlit, material.emissive_color
        program["has_texture"] = part.texture is not None
        program["has_emissive_texture"] = part.emissive_texture is not None
        for unit, texture in enumerate((part.texture, part.emissive_texture), start=texture_unit):
            if texture is not None:
                texture.use(unit)

    def _set_culling(self, is_double_sided: bool) -> None:
        if is_double_sided:
            self._context.disable(moderngl.CULL_FACE)
        else:
            self._context.enable(moderngl.CULL_FACE)


def _skin_vertices(mesh: Mesh) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    layout = [("position", "f4", 3), ("normal", "f4", 3), ("joints", "u2", 4), ("weights", "f4", 4)]
    vertices = np.empty(len(mesh.positions), dtype=layout)
    at_rest = [(target.weight, target.position_offsets) for target in mesh.morph_targets if target.weight]
    vertices["position"] = sum((weight * offsets for weight, offsets in at_rest), start=mesh.positions)
    vertices["normal"] = mesh.normals
    vertices["joints"], vertices["weights"] = mesh.joints, mesh.weights
    return vertices


def _surface_vertices(mesh: Mesh) -> FloatArray:
    count = len(mesh.positions)
    uvs = np.zeros((count, 2)) if mesh.uvs is None else place_coordinates(mesh.uvs, mesh.material.texture_placement)
    colors = np.ones((count, 4)) if mesh.colors is None else mesh.colors
    return np.concatenate([uvs, colors], axis=1).astype(np.float32)


def _describe_range(context: moderngl.Context, material: Material, first: int, count: int) -> _DrawRange:
    texture, emissive = None, None
    if material.texture_png is not None:
        texture = upload_texture(context, material.texture_png, material.texture_placement)
    if material.emissive_map is not None:
        # Both textures share their coordinates, as they do in nearly all files.
        emissive = upload_texture(context, material.emissive_map.image, material.texture_placement)
    return _DrawRange(material, texture, emissive, first, count)

"""A character in the memory of the graphics card."""

from dataclasses import dataclass
from io import BytesIO

import moderngl
import numpy as np
from PIL import Image

from bodydouble.characters.retarget import inverse_bind_matrices
from bodydouble.data import Character, FloatArray, Material, Mesh
from bodydouble.render.context import program, source
from bodydouble.render.tint import dressed
from bodydouble.render.view_volumes import hull, joint_boxes


@dataclass(frozen=True, slots=True)
class Programs:
    """The shader programs that draw characters."""

    skin: moderngl.Program
    """Moves vertices to a pose."""
    depth: moderngl.Program
    """Draws depth only."""
    character: moderngl.Program
    """Draws with light and material."""


@dataclass(frozen=True, slots=True)
class _Part:
    material: Material
    texture: moderngl.Texture | None
    first: int
    count: int


def compile_programs(context: moderngl.Context) -> Programs:
    """The programs that draw characters."""
    return Programs(
        context.program(vertex_shader=source("skin.vert"), varyings=("position", "normal")),
        program(context, "depth.vert", "depth.frag"),
        program(context, "character.vert", "character.frag"),
    )


class SkinnedModel:
    """Buffers of one character; poses it once per frame and draws it in any number of passes.

    Args:
        context: where the buffers live; releasing it releases them.
        programs: shaders.
        character: the character.
        color: (3,) sRGB, 0 to 1, of the person.
    """

    def __init__(self, context: moderngl.Context, programs: Programs, character: Character, color: FloatArray) -> None:
        self._context = context
        self._inverse_bind = inverse_bind_matrices(character)
        self._boxes = joint_boxes(character, self._inverse_bind)
        self._program = programs.character
        self._color = np.asarray(color) ** 2.2
        self._joints = context.texture((3, len(self._inverse_bind)), 4, dtype="f4")
        self._joints.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._upload(context, programs, dressed(character, self._color))

    def _upload(self, context: moderngl.Context, programs: Programs, character: Character) -> None:
        rest = context.buffer(np.concatenate([_skin_vertices(mesh) for mesh in character.meshes]).tobytes())
        looks = context.buffer(np.concatenate([_look_vertices(mesh) for mesh in character.meshes]).tobytes())
        starts = np.cumsum([0] + [len(mesh.positions) for mesh in character.meshes])
        triangles = np.concatenate(
            [mesh.triangles + start for mesh, start in zip(character.meshes, starts, strict=False)]
        )
        indices = context.buffer(triangles.astype(np.uint32).tobytes())
        self._posed = context.buffer(reserve=int(starts[-1]) * 24)
        attributes = ("rest_position", "rest_normal", "joint_indices", "joint_weights")
        self._skinning = context.vertex_array(programs.skin, [(rest, "3f4 3f4 4u2 4f4", *attributes)])
        self._depth = context.vertex_array(programs.depth, [(self._posed, "3f4 12x", "position")], indices)
        self._look = context.vertex_array(
            programs.character,
            [(self._posed, "3f4 3f4", "position", "normal"), (looks, "2f4 4f4", "texture_place", "vertex_color")],
            indices,
        )
        counts = [3 * len(mesh.triangles) for mesh in character.meshes]
        self._parts = [
            _Part(mesh.material, _texture(context, mesh.material), first, count)
            for mesh, first, count in zip(character.meshes, np.cumsum([0, *counts]).tolist(), counts, strict=False)
        ]

    def pose(self, joint_matrices: FloatArray) -> FloatArray:
        """Moves the vertices.

        Args:
            joint_matrices: world_from_joint (J, 4, 4).

        Returns:
            Points (N, 3) m, world, around all vertices.
        """
        rows = (joint_matrices @ self._inverse_bind)[:, :3].astype(np.float32)
        self._joints.write(np.ascontiguousarray(rows).tobytes())
        self._joints.use(0)
        self._skinning.transform(self._posed, moderngl.POINTS)
        return hull(joint_matrices, self._boxes)

    def posed_vertices(self) -> FloatArray:
        """Positions and normals (V, 6), m, world, of the last pose."""
        return np.frombuffer(self._posed.read(), np.float32).reshape(-1, 6)

    def draw_depth(self) -> None:
        """Draws with the program of depth passes."""
        self._set_culling()
        self._depth.render()

    def draw(self, unit: int) -> None:
        """Draws every part with its material; its texture goes to a texture unit, other uniforms are set."""
        self._set_culling()
        self._program["rim_color"] = tuple(self._color)
        for part in self._parts:
            self._program["base_color"] = part.material.base_color
            self._program["roughness"] = part.material.roughness
            self._program["has_texture"] = part.texture is not None
            if part.texture is not None:
                part.texture.use(unit)
                self._program["base_texture"] = unit
            self._look.render(vertices=part.count, first=part.first)

    def _set_culling(self) -> None:
        # Hair and skirts are often single sheets with a texture, to be seen from both sides.
        if any(part.texture is not None for part in self._parts):
            self._context.disable(moderngl.CULL_FACE)
        else:
            self._context.enable(moderngl.CULL_FACE)


def _skin_vertices(mesh: Mesh) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    layout = [("position", "f4", 3), ("normal", "f4", 3), ("joints", "u2", 4), ("weights", "f4", 4)]
    vertices = np.empty(len(mesh.positions), dtype=layout)
    vertices["position"], vertices["normal"] = mesh.positions, mesh.normals
    vertices["joints"], vertices["weights"] = mesh.joints, mesh.weights
    return vertices


def _look_vertices(mesh: Mesh) -> FloatArray:
    count = len(mesh.positions)
    uvs = np.zeros((count, 2)) if mesh.uvs is None else mesh.uvs
    colors = np.ones((count, 4)) if mesh.colors is None else mesh.colors
    return np.concatenate([uvs, colors], axis=1).astype(np.float32)


def _texture(context: moderngl.Context, material: Material) -> moderngl.Texture | None:
    if material.texture_png is None:
        return None
    picture = Image.open(BytesIO(material.texture_png)).convert("RGBA")
    texture = context.texture(picture.size, 4, picture.tobytes())
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    return texture

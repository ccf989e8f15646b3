"""Skinned vertices: a character's vertices and triangles in graphics memory, moved to a pose once per frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import moderngl
import numpy as np

from bodydouble.data import Character, FloatArray, Mesh, MorphWeights
from bodydouble.geometry.kinematics import inverse_bind_matrices
from bodydouble.render.context import compile_program, read_shader
from bodydouble.render.morph_mixer import MorphMixer
from bodydouble.render.triangle_order import sort_triangles
from bodydouble.render.view_volumes import joint_boxes, place_boxes

_VECTOR_BYTES = 12
_REST_BYTES = 24
"""Bytes of position and normal of a vertex before skinning."""


@dataclass(frozen=True, slots=True)
class VertexRange:
    """Range of the vertices and indices of one mesh."""

    first_vertex: int
    vertex_count: int
    first_index: int
    index_count: int


def compile_skinning(context: moderngl.Context, *, has_hull_normals: bool = False) -> moderngl.Program:
    """Compiles the program that moves vertices to a pose, on request with further normals for a hull."""
    if not has_hull_normals:
        return context.program(vertex_shader=read_shader("skin.vert"), varyings=("position", "normal"))
    source = read_shader("skin.vert", "HULL")
    return context.program(vertex_shader=source, varyings=("position", "normal", "hull_normal"))


def compile_depth(context: moderngl.Context) -> moderngl.Program:
    """Compiles the program of the depth pass."""
    return compile_program(context, "depth.vert", "depth.frag")


class SkinnedVertices:
    """Vertices of one character that are posed once per frame and drawn in any number of passes.

    Args:
        context: context that owns the buffers; releasing it releases them.
        skinning: program of ``compile_skinning``.
        character: the character.
        hull_normals: (V, 3) further unit normals of all meshes' vertices, for a program that moves them; else None.
    """

    def __init__(
        self,
        context: moderngl.Context,
        skinning: moderngl.Program,
        character: Character,
        hull_normals: FloatArray | None = None,
    ) -> None:
        meshes = character.meshes
        self._inverse_bind = inverse_bind_matrices(character)
        self._boxes = joint_boxes(character, self._inverse_bind)
        self.ranges = _vertex_ranges(meshes)
        self._morphs = [MorphMixer(mesh) for mesh in meshes]
        self._joint_texture = context.texture((3, len(self._inverse_bind)), 4, dtype="f4")
        self._joint_texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._rest_buffer = context.buffer(np.concatenate([morph.vertices for morph in self._morphs]).tobytes())
        skin_buffer = context.buffer(np.concatenate([_skin_vertices(mesh) for mesh in meshes]).tobytes())
        content: list[tuple[moderngl.Buffer, *tuple[str, ...]]] = [
            (self._rest_buffer, "3f4 3f4", "rest_position", "rest_normal"),
            (skin_buffer, "4u2 4f4", "joint_indices", "joint_weights"),
        ]
        if hull_normals is not None:
            content.append((context.buffer(hull_normals.astype(np.float32).tobytes()), "3f4", "rest_hull_normal"))
        self._skinning_pass = context.vertex_array(skinning, content)
        self.indices = context.buffer(_sorted_indices(meshes, self.ranges).tobytes())
        vertex_count = sum(len(mesh.positions) for mesh in meshes)
        self._vectors = 2 if hull_normals is None else 3
        self.buffer = context.buffer(reserve=vertex_count * self._vectors * _VECTOR_BYTES)
        """Posed vertices: position and normal, and the normal of the hull where there is one, m, world."""

    def layout(self, *names: str) -> tuple[moderngl.Buffer, str, *tuple[str, ...]]:
        """Returns the first vectors of a posed vertex as the attributes of a shader, by their names there."""
        rest = (self._vectors - len(names)) * _VECTOR_BYTES
        return self.buffer, " ".join(["3f4"] * len(names) + ([f"{rest}x"] if rest else [])), *names

    def pose(self, joint_matrices: FloatArray, morph_weights: MorphWeights | None = None) -> FloatArray:
        """Moves the vertices by their morph targets and then by linear blend skinning.

        Args:
            joint_matrices: world_from_joint (J, 4, 4).
            morph_weights: one entry per mesh; if not given, the morph targets have their weights at rest.

        Returns:
            Corners (K, 8, 3) m, world, of boxes that enclose what each joint moves.
        """
        for part, morph, weights in zip(
            self.ranges, self._morphs, morph_weights or (None,) * len(self._morphs), strict=True
        ):
            if morph.mix(weights):
                self._rest_buffer.write(morph.vertices.tobytes(), offset=part.first_vertex * _REST_BYTES)
        rows = (joint_matrices @ self._inverse_bind)[:, :3].astype(np.float32)
        self._joint_texture.write(np.ascontiguousarray(rows).tobytes())
        self._joint_texture.use(0)
        self._skinning_pass.transform(self.buffer, moderngl.POINTS)
        return place_boxes(joint_matrices, self._boxes)

    def read(self) -> FloatArray:
        """Reads positions and normals (V, 6), m, world, of the last pose."""
        return np.frombuffer(self.buffer.read(), np.float32).reshape(-1, 3 * self._vectors)[:, :6]


def _vertex_ranges(meshes: Sequence[Mesh]) -> list[VertexRange]:
    first_vertex = first_index = 0
    ranges = []
    for mesh in meshes:
        vertex_count, index_count = len(mesh.positions), 3 * len(mesh.triangles)
        ranges.append(VertexRange(first_vertex, vertex_count, first_index, index_count))
        first_vertex, first_index = first_vertex + vertex_count, first_index + index_count
    return ranges


def _sorted_indices(
    meshes: Sequence[Mesh], ranges: Sequence[VertexRange]
) -> "np.ndarray[tuple[int], np.dtype[np.uint32]]":
    triangles = [
        sort_triangles(mesh.positions, mesh.triangles) + part.first_vertex
        for mesh, part in zip(meshes, ranges, strict=True)
    ]
    return np.concatenate(triangles).astype(np.uint32)


def _skin_vertices(mesh: Mesh) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    vertices = np.empty(len(mesh.positions), dtype=[("joints", "u2", 4), ("weights", "f4", 4)])
    vertices["joints"], vertices["weights"] = mesh.joints, mesh.weights
    return vertices

"""Toon model: a character in graphics memory, posed once per frame and drawn with outlines in several passes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import moderngl
import numpy as np

from bodydouble.data import Character, FloatArray, Mesh, MorphWeights, Texture, TexturePlacement
from bodydouble.film.hull_normals import compute_hull_normals
from bodydouble.film.light_map import LightMap
from bodydouble.film.toon_materials import Role, ToonMaterial, resolve_materials
from bodydouble.film.toon_programs import (
    SHADOW_BIAS,
    SHADOW_UNIT,
    UNITS,
    MaterialPass,
    ToonPrograms,
    UniformValue,
    describe_outline,
    describe_surface,
)
from bodydouble.render.context import write_matrix
from bodydouble.render.skinned_vertices import SkinnedVertices, VertexRange
from bodydouble.render.surface import place_coordinates, upload_texture

FEATURE_OPACITY = 0.5
"""Opacity of eyes and brows that are seen through hair."""


FACE_INSET = 0.013
"""Distance in m by which the face is smaller where it casts a shadow; nose and cheeks would shade themselves."""

FACE_SHADOW_BLUR = 0.005
"""Radius in m by which shadows on a face are rounded."""
FACE_SHADOW_REACH = 0.045
"""Maximum distance in m of what casts a shadow on a face; the shadow of a fringe is a band below it."""


@dataclass(frozen=True, slots=True)
class ToonPart:
    """Mesh of a model: its material, its textures by name, and its passes."""

    material: ToonMaterial
    textures: dict[str, moderngl.Texture]
    vertices: VertexRange
    surface: MaterialPass
    forward: MaterialPass
    """The same, nearer to the camera."""
    forward_depth: MaterialPass
    """The same, of which only the depth is drawn."""
    outline: MaterialPass


class ToonModel:
    """Buffers and passes of one character.

    Args:
        context: context that owns the buffers; releasing it releases them.
        skinning: program of ``render.skinned_vertices.compile_skinning`` with hull normals.
        depth: program of the depth pass of the light map.
        programs: toon programs.
        character: the character.
    """

    def __init__(
        self,
        context: moderngl.Context,
        skinning: moderngl.Program,
        depth: moderngl.Program,
        programs: ToonPrograms,
        character: Character,
    ) -> None:
        self._context = context
        meshes = character.meshes
        self._vertices = SkinnedVertices(context, skinning, character, compute_hull_normals(meshes))
        self._depth = depth
        posed = self._vertices.layout("position", "normal")
        self._depth_pass = context.vertex_array(depth, [posed], self._vertices.indices)
        self.light_map = LightMap(context)
        materials = resolve_materials(character)
        surface = np.concatenate([_surface_vertices(mesh) for mesh in meshes])
        self._surface_buffer = context.buffer(surface.tobytes())
        self._uploaded: dict[tuple[bytes, TexturePlacement], moderngl.Texture | None] = {}
        self.parts = [
            self._create_part(programs, material, part)
            for material, part in zip(materials, self._vertices.ranges, strict=True)
        ]

    def _create_part(self, programs: ToonPrograms, material: ToonMaterial, vertices: VertexRange) -> ToonPart:
        context, indices = self._context, self._vertices.indices
        uploaded = {name: self._upload(texture) for name, texture in material.textures.items()}
        textures = {name: texture for name, texture in uploaded.items() if texture is not None}
        material = replace(material, textures={name: material.textures[name] for name in textures})
        posed = self._vertices.layout("position", "normal")
        coordinates = (self._surface_buffer, "2f4 4f4", "texture_coordinates", "vertex_color")
        place = (self._surface_buffer, "2f4 16x", "texture_coordinates")
        hull = (self._vertices.buffer, "3f4 12x 3f4", "position", "hull_normal")

        def create_pass(
            program: moderngl.Program,
            values: Mapping[str, UniformValue],
            *content: tuple[moderngl.Buffer, *tuple[str, ...]],
        ) -> MaterialPass:
            vertex_array = context.vertex_array(program, list(content), indices, skip_errors=True)
            return MaterialPass(program, vertex_array, vertices, values)

        surface, outline = describe_surface(material), describe_outline(material)
        return ToonPart(
            material,
            textures,
            vertices,
            create_pass(programs.surface(material), surface, posed, coordinates),
            create_pass(programs.surface(material, is_forward=True), surface, posed, coordinates),
            create_pass(programs.surface(material, is_forward=True, is_seen=False), surface, posed, coordinates),
            create_pass(programs.outline(material), outline, hull, place),
        )

    def _upload(self, texture: Texture) -> moderngl.Texture | None:
        key = texture.image, TexturePlacement(wrap=texture.placement.wrap, is_pixelated=texture.placement.is_pixelated)
        if key not in self._uploaded:
            self._uploaded[key] = upload_texture(self._context, *key)
        return self._uploaded[key]

    def pose(self, joint_matrices: FloatArray, morph_weights: MorphWeights | None = None) -> FloatArray:
        """Moves the vertices to a pose; returns boxes around its limbs, as ``SkinnedVertices.pose``."""
        return self._vertices.pose(joint_matrices, morph_weights)

    def draw_light_map(self, casters: FloatArray, seen: FloatArray, light: FloatArray, pixel: float) -> None:
        """Draws the depth seen from the light; the arguments are those of ``LightMap.start``."""
        write_matrix(self._depth, "clip_from_world", self.light_map.start(casters, seen, light, pixel))
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.cull_face = "front"  # seen from the light, the image is not mirrored
        for (inset, is_double_sided), group in groupby(self.parts, key=_caster_key):
            parts = list(group)
            if inset is not None:
                self._set_culling(is_double_sided)
                self._depth["inset"] = inset
                count = sum(part.vertices.index_count for part in parts)
                self._depth_pass.render(vertices=count, first=parts[0].vertices.first_index)
        self._context.cull_face = "back"

    def draw_surfaces(self, parts: Iterable[ToonPart]) -> None:
        """Draws surfaces of the model in the order given."""
        self.light_map.bind(SHADOW_UNIT)
        for part in parts:
            self._draw(part, part.surface, 1.0)

    def draw_forward(self, roles: Sequence[Role], opacity: float) -> None:
        """Draws opaque surfaces of some roles nearer to the camera than they are."""
        for part in self._find_opaque(roles):
            self._draw(part, part.forward, opacity)

    def draw_forward_depth(self, roles: Sequence[Role]) -> None:
        """Draws the depth of opaque surfaces of some roles, nearer to the camera than they are."""
        for part in self._find_opaque(roles):
            self._draw(part, part.forward_depth, 0.0)

    def _find_opaque(self, roles: Sequence[Role]) -> list[ToonPart]:
        return [part for part in self.parts if part.material.role in roles and not part.material.is_blended]

    def _draw(self, part: ToonPart, drawn: MaterialPass, opacity: float) -> None:
        self._set_culling(part.material.is_double_sided)
        _bind(part)
        light_map, role = self.light_map, part.material.role
        drawn.render(
            opacity=opacity,
            light_from_world=light_map.place_from_world,
            light_blur=light_map.blur_radius(FACE_SHADOW_BLUR if role is Role.FACE else 0.0),
            bias=light_map.bias(SHADOW_BIAS.get(role, 0.0)),
            shadow_reach=FACE_SHADOW_REACH / light_map.depth_range,
        )

    def _set_culling(self, is_double_sided: bool) -> None:
        if is_double_sided:
            self._context.disable(moderngl.CULL_FACE)
        else:
            self._context.enable(moderngl.CULL_FACE)

    def draw_outlines(self, height: int) -> None:
        """Draws the outlines in a picture of a height in px; front faces are to be culled."""
        for part in self.parts:
            outline = part.material.outline
            if outline.width > 0 and not part.material.is_blended:
                _bind(part)
                part.outline.render(width=outline.width if outline.is_in_metres else outline.width * height)


def _caster_key(part: ToonPart) -> tuple[float | None, bool]:
    """Returns by how many m a part is smaller as a caster, None if it casts no shadow; and whether its back does."""
    material = part.material
    if material.is_blended or material.role in (Role.FEATURE, Role.GLASSES):
        return None, False
    return FACE_INSET if material.role is Role.FACE else 0.0, material.is_double_sided


def _bind(part: ToonPart) -> None:
    for name, texture in part.textures.items():
        texture.use(UNITS[name])


def _surface_vertices(mesh: Mesh) -> FloatArray:
    """Returns texture coordinates and sRGB colours with alpha (V, 6) of the vertices."""
    count = len(mesh.positions)
    uvs = np.zeros((count, 2)) if mesh.uvs is None else place_coordinates(mesh.uvs, mesh.material.texture_placement)
    colors = np.ones((count, 4)) if mesh.colors is None else np.array(mesh.colors, dtype=np.float64)
    linear = np.clip(colors[:, :3], 0.0, 1.0)
    colors[:, :3] = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.column_stack([uvs, colors]).astype(np.float32)

"""Toon programs: a toon material -> the variant of the shaders that draws it, and its values there."""

from collections.abc import Mapping, Sequence

import moderngl
import numpy as np

from bodydouble.data import FloatArray, TexturePlacement
from bodydouble.film.toon_materials import Role, ToonMaterial
from bodydouble.render.context import compile_program
from bodydouble.render.skinned_vertices import VertexRange

UniformValue = float | Sequence[float] | FloatArray
UNITS = {"base": 0, "shade": 1, "shift": 2, "matcap": 3, "rim": 4, "emission": 5, "outline_width": 6}
"""Texture unit of each texture."""
SHADOW_UNIT = 7
SHADOW_BIAS = {Role.FACE: 0.0025, Role.OTHER: 0.009}
"""Distance in m from the caster, by role, within which no shadow is seen; other roles receive no shadows."""
_SAMPLERS = {
    "base": ("BASE", "base_texture"),
    "shade": ("SHADE", "shade_texture"),
    "shift": ("SHIFT", "shift_texture"),
    "matcap": ("MATCAP", "matcap_texture"),
    "rim": ("RIM_MASK", "rim_texture"),
    "emission": ("EMISSION", "emission_texture"),
}
"""Macro and sampler of each texture of a surface."""


class ToonPrograms:
    """Variants of the toon shaders, compiled when a material first needs them."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._compiled: dict[tuple[str, ...], moderngl.Program] = {}

    def set(self, values: Mapping[str, UniformValue]) -> None:
        """Sets uniforms in all programs that have them."""
        contents = {name: _to_bytes(value) for name, value in values.items()}
        for program in self._compiled.values():
            uniforms = find_uniforms(program)
            for name in contents.keys() & uniforms.keys():
                uniforms[name].write(contents[name])

    def surface(self, material: ToonMaterial, *, is_forward: bool = False, is_seen: bool = True) -> moderngl.Program:
        """Returns the program that draws a surface, nearer to the camera than it is, or only its depth."""
        defines = (*(_surface_defines(material) if is_seen else [*_cutout_defines(material), "UNSEEN"]),)
        defines += ("FORWARD",) if is_forward else ()
        if defines not in self._compiled:
            units = {sampler: UNITS[name] for name, (macro, sampler) in _SAMPLERS.items() if macro in defines}
            units |= {"light_map": SHADOW_UNIT} if "SHADOWED" in defines else {}
            self._compiled[defines] = compile_program(self._context, "toon.vert", "toon.frag", *defines, **units)
        return self._compiled[defines]

    def outline(self, material: ToonMaterial) -> moderngl.Program:
        """Returns the program that draws the outline of a surface."""
        defines = ["OUTLINE"]
        defines += ["METRES"] if material.outline.is_in_metres else []
        defines += ["BASE"] if needs_base(material) else []
        defines += ["WIDTH_MASK"] if "outline_width" in material.textures else []
        key = tuple(defines)
        if key not in self._compiled:
            units = {"base_texture": UNITS["base"]} if "BASE" in key else {}
            units |= {"width_texture": UNITS["outline_width"]} if "WIDTH_MASK" in key else {}
            self._compiled[key] = compile_program(
                self._context, "toon_outline.vert", "toon_outline.frag", *key, **units
            )
        return self._compiled[key]


def needs_base(material: ToonMaterial) -> bool:
    """Returns whether an outline depends on the base texture."""
    is_cut = material.alpha_mode == "mask"
    return "base" in material.textures and (is_cut or material.outline.lighting_mix > 0)


def _cutout_defines(material: ToonMaterial) -> list[str]:
    """Returns the macros of what decides which parts of a surface are there."""
    if material.alpha_mode == "opaque":
        return ["OPAQUE"]
    defines = [material.alpha_mode.upper(), *(["COLORS"] if material.has_vertex_colors else [])]
    return defines + (["BASE"] if "base" in material.textures else [])


def _surface_defines(material: ToonMaterial) -> list[str]:
    textures = material.textures
    defines = [material.alpha_mode.upper(), *(["COLORS"] if material.has_vertex_colors else [])]
    defines += ["BASE"] if "base" in textures else []
    if not material.is_unlit:
        defines += ["LIT", *(["SHIFT"] if "shift" in textures else [])]
        defines += ["SHADOWED"] if material.role in SHADOW_BIAS else []
        defines += ["NEAR_CASTERS"] if material.role is Role.FACE else []
        if "shade" in textures:
            defines.append("SHADE_IS_BASE" if textures["shade"] == textures.get("base") else "SHADE")
        has_matcap = "matcap" in textures and any(material.rim.matcap)
        if any(material.rim.color) or has_matcap:
            defines += ["RIM", *(["MATCAP"] if has_matcap else []), *(["RIM_MASK"] if "rim" in textures else [])]
    if any(material.emission):
        defines += ["EMIT", *(["EMISSION"] if "emission" in textures else [])]
    return defines


class MaterialPass:
    """Pass of one part of a model: a program with the values of the material, which are converted once.

    Args:
        program: the program.
        vertex_array: vertices as the program takes them.
        vertices: range of the part.
        values: uniforms by name; those that the variant lacks, since it does not need them, are left out.
    """

    def __init__(
        self,
        program: moderngl.Program,
        vertex_array: moderngl.VertexArray,
        vertices: VertexRange,
        values: Mapping[str, UniformValue],
    ) -> None:
        self._uniforms = find_uniforms(program)
        self._vertex_array, self._vertices = vertex_array, vertices
        self._values = [
            (self._uniforms[name], _to_bytes(value)) for name, value in values.items() if name in self._uniforms
        ]

    def render(self, **values: UniformValue) -> None:
        """Draws the part with further values."""
        for uniform, content in self._values:
            uniform.write(content)
        for name, value in values.items():
            if name in self._uniforms:
                self._uniforms[name].write(_to_bytes(value))
        self._vertex_array.render(vertices=self._vertices.index_count, first=self._vertices.first_index)


def find_uniforms(program: moderngl.Program) -> dict[str, moderngl.Uniform]:
    """Returns the uniforms of a program by name."""
    return {name: member for name in program if isinstance(member := program[name], moderngl.Uniform)}


def _to_bytes(value: UniformValue) -> bytes:
    """Returns the content of a uniform; OpenGL stores matrices by columns."""
    return np.ascontiguousarray(np.asarray(value, dtype=np.float32).T).tobytes()


def describe_surface(material: ToonMaterial) -> dict[str, UniformValue]:
    """Returns the values of a material in the program that draws its surface."""
    shift = material.textures.get("shift")
    values: dict[str, UniformValue] = {
        "base_color": material.color,
        "min_alpha": _cutoff(material),
        "shade_color": material.shade,
        "shift": material.shift,
        "half_range": max(1.0 - material.toony, 1e-3),
        "shift_scale": shift.strength if shift else 0.0,
        "rim_color": material.rim.color,
        "rim_power": material.rim.fresnel_power,
        "rim_lift": material.rim.lift,
        "rim_lighting_mix": material.rim.lighting_mix,
        "matcap_color": material.rim.matcap,
        "emission": material.emission,
    }
    for name in ("shade", "shift", "rim", "emission"):
        if name in material.textures:
            values[f"{name}_from_base"] = _relative_placement(material, name)
    return values


def describe_outline(material: ToonMaterial) -> dict[str, UniformValue]:
    """Returns the values of a material in the program that draws its outline."""
    values: dict[str, UniformValue] = {
        "outline_color": (*material.outline.color, 1.0),
        "lighting_mix": material.outline.lighting_mix,
        "base_color": material.color,
        "min_alpha": _cutoff(material),
    }
    if "outline_width" in material.textures:
        values["width_from_base"] = _relative_placement(material, "outline_width")
    return values


def _cutoff(material: ToonMaterial) -> float:
    return material.alpha_cutoff if material.alpha_mode == "mask" else 0.0


def _relative_placement(material: ToonMaterial, name: str) -> FloatArray:
    """Returns the transform (3, 3) from placed coordinates of the base texture to those of another one."""
    base = material.textures.get("base")
    matrix = _placement_matrix(base.placement if base else TexturePlacement())
    if abs(np.linalg.det(matrix)) < 1e-9:
        return np.eye(3)
    return np.asarray(_placement_matrix(material.textures[name].placement) @ np.linalg.inv(matrix))


def _placement_matrix(placement: TexturePlacement) -> FloatArray:
    """Returns the transform (3, 3) of ``render.surface.place_coordinates``."""
    cos, sin = np.cos(placement.rotation), np.sin(placement.rotation)
    mirror = np.diag([0.5 if mode == "mirror" else 1.0 for mode in placement.wrap] + [1.0])
    turn = np.array([[cos, sin, placement.offset[0]], [-sin, cos, placement.offset[1]], [0.0, 0.0, 1.0]])
    return np.asarray(mirror @ turn @ np.diag([*placement.scale, 1.0]))

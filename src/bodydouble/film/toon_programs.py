"""Toon programs: a toon material -> the variant of the shaders that draws it, and its values there."""

from collections.abc import Mapping

import moderngl
import numpy as np

from bodydouble.data import FloatArray, Texture, TexturePlacement
from bodydouble.film.light_map import MAX_SIZE, LightMap
from bodydouble.film.toon_materials import Role, ToonMaterial
from bodydouble.render.context import compile_program, write_matrix

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

    def all(self) -> list[moderngl.Program]:
        """Returns the programs that were compiled."""
        return list(self._compiled.values())

    def surface(self, material: ToonMaterial, *extra: str) -> moderngl.Program:
        """Returns the program that draws a surface."""
        defines = (*_surface_defines(material), *extra)
        if defines not in self._compiled:
            units = {sampler: UNITS[name] for name, (macro, sampler) in _SAMPLERS.items() if macro in defines}
            units |= {"light_map": SHADOW_UNIT} if "SHADOWED" in defines else {}
            program = compile_program(self._context, "toon.vert", "toon.frag", *defines, **units)
            set_values(program, {"light_texel": 1.0 / MAX_SIZE})
            self._compiled[defines] = program
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


def _surface_defines(material: ToonMaterial) -> list[str]:
    textures = material.textures
    defines = [material.alpha_mode.upper(), *(["COLORS"] if material.has_vertex_colors else [])]
    defines += ["BASE"] if "base" in textures else []
    if not material.is_unlit:
        defines += ["LIT", *(["SHIFT"] if "shift" in textures else [])]
        defines += ["SHADOWED"] if material.role in SHADOW_BIAS else []
        if "shade" in textures:
            defines.append("SHADE_IS_BASE" if textures["shade"] == textures.get("base") else "SHADE")
        has_matcap = "matcap" in textures and any(material.rim.matcap)
        if any(material.rim.color) or has_matcap:
            defines += ["RIM", *(["MATCAP"] if has_matcap else []), *(["RIM_MASK"] if "rim" in textures else [])]
    if any(material.emission):
        defines += ["EMIT", *(["EMISSION"] if "emission" in textures else [])]
    return defines


def set_values(program: moderngl.Program, values: Mapping[str, object]) -> None:
    """Sets uniforms that the variant has; a compiler leaves out those that it does not need."""
    for name, value in values.items():
        if name in program:
            program[name] = value


def set_surface(program: moderngl.Program, material: ToonMaterial, light_map: LightMap) -> None:
    """Sets the values of a material and the light map in the program that draws its surface."""
    cutoff = material.alpha_cutoff if material.alpha_mode == "mask" else 0.0
    shift = material.textures.get("shift")
    values = {
        "base_color": material.color,
        "min_alpha": cutoff,
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
    set_values(program, values)
    if "light_map" in program:
        write_matrix(program, "light_from_world", light_map.place_from_world)
        program["bias"] = SHADOW_BIAS[material.role] / light_map.depth_range
    for name in ("shade", "shift", "rim", "emission"):
        _set_placement(program, f"{name}_from_base", material, name)


def set_outline(program: moderngl.Program, material: ToonMaterial) -> None:
    """Sets the values of a material in the program that draws its outline."""
    cutoff = material.alpha_cutoff if material.alpha_mode == "mask" else 0.0
    values = {
        "outline_color": (*material.outline.color, 1.0),
        "lighting_mix": material.outline.lighting_mix,
        "base_color": material.color,
        "min_alpha": cutoff,
    }
    set_values(program, values)
    _set_placement(program, "width_from_base", material, "outline_width")


def _set_placement(program: moderngl.Program, uniform: str, material: ToonMaterial, name: str) -> None:
    if uniform in program:
        base = material.textures.get("base")
        placement = base.placement if base else TexturePlacement()
        write_matrix(program, uniform, _relative_placement(placement, material.textures[name]))


def _relative_placement(base: TexturePlacement, texture: Texture) -> FloatArray:
    """Returns the transform (3, 3) from placed coordinates of the base texture to those of another one."""
    matrix = _placement_matrix(base)
    if abs(np.linalg.det(matrix)) < 1e-9:
        return np.eye(3)
    return np.asarray(_placement_matrix(texture.placement) @ np.linalg.inv(matrix))


def _placement_matrix(placement: TexturePlacement) -> FloatArray:
    """Returns the transform (3, 3) of ``render.surface.place_coordinates``."""
    cos, sin = np.cos(placement.rotation), np.sin(placement.rotation)
    mirror = np.diag([0.5 if mode == "mirror" else 1.0 for mode in placement.wrap] + [1.0])
    turn = np.array([[cos, sin, placement.offset[0]], [-sin, cos, placement.offset[1]], [0.0, 0.0, 1.0]])
    return np.asarray(mirror @ turn @ np.diag([*placement.scale, 1.0]))

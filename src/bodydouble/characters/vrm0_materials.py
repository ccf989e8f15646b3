"""Migration of the materials of VRM 0.x files: properties of Unity's shader MToon -> VRMC_materials_mtoon 1.0.

Colours of VRM 0.x are encoded as sRGB, apart from emission. The conversions are those of the VRM consortium's UniVRM.

Sources: https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_materials_mtoon-1.0 and
https://github.com/vrm-c/UniVRM/tree/master/Packages/VRM10/Runtime/Migration/Materials
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bodydouble.characters.vrm_nodes import as_object, as_objects

MTOON = "VRMC_materials_mtoon"
UNLIT = "KHR_materials_unlit"
MTOON_SHADER = "VRM/MToon"
UNLIT_SHADERS = {
    "VRM/UnlitTexture": "OPAQUE",
    "VRM/UnlitCutout": "MASK",
    "VRM/UnlitTransparent": "BLEND",
    "VRM/UnlitTransparentZWrite": "BLEND",
}
"""Shader without light -> alpha mode."""
GLTF_SHADERS = ("VRM_USE_GLTFSHADER", "Standard", "UniGLTF/UniUnlit")
"""Shaders whose materials are those of glTF."""
TRANSPARENT, TRANSPARENT_WITH_DEPTH = 2, 3
BLEND_MODES = ("OPAQUE", "MASK", "BLEND", "BLEND")
"""Alpha mode by the value of _BlendMode."""
OUTLINE_MODES = ("none", "worldCoordinates", "screenCoordinates")
OUTLINE_UNITS = (0.0, 0.01, 0.005)
"""Metres per centimetre, and heights of the screen per hundredth of half a height, by the mode of the outline."""
MAX_QUEUE_OFFSET = 9


def migrate_materials(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the materials of a VRM 0.x file as those of VRM 1.0; those that are damaged are as in the file."""
    materials = [dict(material) for material in document.get("materials", [])]
    properties = as_objects(as_object(as_object(document.get("extensions")).get("VRM")).get("materialProperties"))
    old = [_OldMaterial(entry, len(document.get("textures", []))) for entry in properties[: len(materials)]]
    for k, material in enumerate(old):
        if material.shader == MTOON_SHADER:
            materials[k] |= material.migrate(_queue_offset(material, old))
        elif material.shader in UNLIT_SHADERS:
            materials[k] |= material.migrate_unlit()
    return materials


def name_lost_materials(properties: Iterable[Mapping[str, Any]]) -> list[str]:
    """Returns names of the materials that are not migrated."""
    shaders = {str(entry.get("shader")) for entry in properties}
    known = {MTOON_SHADER, *UNLIT_SHADERS, *GLTF_SHADERS}
    return [f"materials of the shader {shader}" for shader in sorted(shaders - known)]


def to_linear(color: Iterable[float]) -> list[float]:
    """Returns a linear colour of one that is encoded as sRGB; alpha, if there is one, stays.

    Source: IEC 61966-2-1.
    """
    values = np.clip(np.array(list(color), np.float64), 0.0, 1.0)
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return [*linear[:3].tolist(), *values[3:].tolist()]


def flip_transform(offset: tuple[float, float], scale: tuple[float, float]) -> dict[str, list[float]]:
    """Returns a transform of texture coordinates whose origin is at the top left, of Unity's at the bottom left."""
    return {"offset": [offset[0], 1.0 - scale[1] - offset[1]], "scale": list(scale)}


def _queue_offset(material: "_OldMaterial", others: Iterable["_OldMaterial"]) -> int:
    """Returns the place of a transparent material in the order of drawing: VRM 1.0 has ten places for each kind."""
    mode = material.blend_mode
    if mode not in (TRANSPARENT, TRANSPARENT_WITH_DEPTH):
        return 0
    queues = sorted({m.queue for m in others if m.shader == MTOON_SHADER and m.blend_mode == mode})
    place = queues.index(material.queue)
    return max(place - len(queues) + 1, -MAX_QUEUE_OFFSET) if mode == TRANSPARENT else min(place, MAX_QUEUE_OFFSET)


@dataclass(frozen=True)
class _OldMaterial:
    """An entry of materialProperties."""

    entry: Mapping[str, Any]
    texture_count: int

    @property
    def shader(self) -> str:
        return str(self.entry.get("shader"))

    @property
    def queue(self) -> int:
        return int(_number(self.entry.get("renderQueue"), -1.0))

    @property
    def blend_mode(self) -> int:
        return int(np.clip(self._value("_BlendMode", 0.0), 0, TRANSPARENT_WITH_DEPTH))

    def migrate(self, queue_offset: int) -> dict[str, Any]:
        """Returns the fields of the glTF material."""
        double_sided = int(self._value("_CullMode", 2.0)) != 2
        fields = self._base(BLEND_MODES[self.blend_mode]) | {"doubleSided": double_sided} | self._emission()
        normal = self._texture("_BumpMap")
        if normal:
            fields["normalTexture"] = normal | {"scale": self._value("_BumpScale", 1.0)}
        toon = self._shading() | self._rim() | self._outline() | self._uv_animation()
        toon |= {"transparentWithZWrite": self.blend_mode == TRANSPARENT_WITH_DEPTH}
        toon |= {"specVersion": "1.0", "renderQueueOffsetNumber": queue_offset}
        fields["extensions"] = fields.get("extensions", {}) | {UNLIT: {}, MTOON: _present(toon)}
        return fields

    def migrate_unlit(self) -> dict[str, Any]:
        """Returns the fields of a glTF material without light."""
        return self._base(UNLIT_SHADERS[self.shader]) | {"extensions": {UNLIT: {}}}

    def _base(self, alpha_mode: str) -> dict[str, Any]:
        color = to_linear(self._vector("_Color", (1.0, 1.0, 1.0, 1.0)))
        pbr = {"baseColorFactor": color, "metallicFactor": 0.0, "roughnessFactor": 0.9}
        texture = self._texture("_MainTex")
        cutoff = {"alphaCutoff": max(self._value("_Cutoff", 0.5), 0.0)} if alpha_mode == "MASK" else {}
        base = {"pbrMetallicRoughness": pbr | ({"baseColorTexture": texture} if texture else {})}
        return base | {"alphaMode": alpha_mode} | cutoff

    def _emission(self) -> dict[str, Any]:
        color = [max(channel, 0.0) for channel in self._vector("_EmissionColor", (0.0, 0.0, 0.0, 1.0))[:3]]
        strength = max(1.0, *color)
        fields: dict[str, Any] = {"emissiveFactor": [channel / strength for channel in color]}
        if strength > 1.0:
            fields["extensions"] = {"KHR_materials_emissive_strength": {"emissiveStrength": strength}}
        texture = self._texture("_EmissionMap")
        return fields | ({"emissiveTexture": texture} if texture else {})

    def _shading(self) -> dict[str, Any]:
        """Returns the colour of the shade and the range in which it begins.

        MToon 0.x shades from ``shift`` to ``lerp(1, shift, toony)`` of the cosine towards the light; MToon 1.0 names
        the middle and the margins of this range.
        """
        shift, toony = self._value("_ShadeShift", 0.0), self._value("_ShadeToony", 0.9)
        low, high = shift, 1.0 + (shift - 1.0) * toony
        return {
            "shadeColorFactor": to_linear(self._vector("_ShadeColor", (0.97, 0.81, 0.86, 1.0))[:3]),
            # Without a texture of its own, the shade of most characters is meant to have that of the base colour.
            "shadeMultiplyTexture": self._texture("_ShadeTexture") or self._texture("_MainTex"),
            "shadingShiftFactor": float(np.clip(-(high + low) / 2, -1.0, 1.0)),
            "shadingToonyFactor": float(np.clip((2.0 - (high - low)) / 2, 0.0, 1.0)),
            "giEqualizationFactor": float(np.clip(1.0 - self._value("_IndirectLightIntensity", 0.1), 0.0, 1.0)),
        }

    def _rim(self) -> dict[str, Any]:
        matcap = self._texture("_SphereAdd", is_placed=False)
        return {
            "matcapTexture": matcap,
            "matcapFactor": [1.0, 1.0, 1.0] if matcap else [0.0, 0.0, 0.0],
            "parametricRimColorFactor": to_linear(self._vector("_RimColor", (0.0, 0.0, 0.0, 1.0))[:3]),
            "parametricRimFresnelPowerFactor": max(self._value("_RimFresnelPower", 1.0), 0.0),
            "parametricRimLiftFactor": self._value("_RimLift", 0.0),
            "rimMultiplyTexture": self._texture("_RimTexture"),
            # Matcaps are lit together with the rim in VRM 1.0, so the stored value would not mean the same.
            "rimLightingMixFactor": 1.0,
        }

    def _outline(self) -> dict[str, Any]:
        mode = int(np.clip(self._value("_OutlineWidthMode", 0.0), 0, 2))
        is_lit = int(self._value("_OutlineColorMode", 0.0)) == 1
        return {
            "outlineWidthMode": OUTLINE_MODES[mode],
            "outlineWidthFactor": max(self._value("_OutlineWidth", 0.5), 0.0) * OUTLINE_UNITS[mode],
            "outlineWidthMultiplyTexture": self._texture("_OutlineWidthTexture"),
            "outlineColorFactor": to_linear(self._vector("_OutlineColor", (0.0, 0.0, 0.0, 1.0))[:3]),
            "outlineLightingMixFactor": float(np.clip(self._value("_OutlineLightingMix", 1.0), 0.0, 1.0) * is_lit),
        }

    def _uv_animation(self) -> dict[str, Any]:
        """Returns the animation of texture coordinates; 0.x has its v axis upwards, and full rotations per second."""
        return {
            "uvAnimationMaskTexture": self._texture("_UvAnimMaskTexture"),
            "uvAnimationScrollXSpeedFactor": self._value("_UvAnimScrollX", 0.0),
            "uvAnimationScrollYSpeedFactor": -self._value("_UvAnimScrollY", 0.0),
            "uvAnimationRotationSpeedFactor": 2 * math.pi * self._value("_UvAnimRotation", 0.0),
        }

    def _texture(self, name: str, *, is_placed: bool = True) -> dict[str, Any] | None:
        """Returns the reference to a texture, with the transform of the main texture; None without one."""
        index = as_object(self.entry.get("textureProperties")).get(name)
        if not isinstance(index, int) or not 0 <= index < self.texture_count:
            return None
        x, y, width, height = self._vector("_MainTex", (0.0, 0.0, 1.0, 1.0))
        if not is_placed or (x, y, width, height) == (0.0, 0.0, 1.0, 1.0):
            return {"index": index}
        return {"index": index, "extensions": {"KHR_texture_transform": flip_transform((x, y), (width, height))}}

    def _value(self, name: str, default: float) -> float:
        return _number(as_object(self.entry.get("floatProperties")).get(name), default)

    def _vector(self, name: str, default: tuple[float, ...]) -> tuple[float, ...]:
        values = as_object(self.entry.get("vectorProperties")).get(name)
        if not isinstance(values, list) or len(values) < len(default):
            return default
        return tuple(_number(value, default[k]) for k, value in enumerate(values[: len(default)]))


def _number(value: object, default: float) -> float:
    """Returns a finite number of a JSON document; the default if it is none."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else default


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}

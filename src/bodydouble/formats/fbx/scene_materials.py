"""Materials of an FBX file that was read: colours, alpha, and textures that are embedded or beside the file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from bodydouble.data import Material, Texture, TexturePlacement
from bodydouble.formats.fbx import images
from bodydouble.formats.fbx.scene_objects import SceneObjects

IMAGE_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff")
"""First bytes of the image files that are read: PNG and JPEG."""
MAX_IMAGE_BYTES = 1 << 28
MAX_SHININESS = 100.0
MAX_EMISSION = 100.0
CLAMP = 1
"""Value of WrapModeU and WrapModeV of a texture that is not repeated."""

BASE_COLOR = ("DiffuseColor", "Maya|baseColor", "Maya|TEX_color_map", "3dsMax|Parameters|base_color_map")
NORMALS = ("NormalMap", "Maya|normalCamera", "Maya|TEX_normal_map", "3dsMax|Parameters|bump_map")
EMISSION = ("EmissiveColor", "Maya|emissionColor", "Maya|TEX_emissive_map", "3dsMax|Parameters|emit_color_map")
ROUGHNESS = ("Maya|TEX_roughness_map", "Maya|specularRoughness", "3dsMax|Parameters|roughness_map")
METAL = ("Maya|TEX_metallic_map", "Maya|metalness", "3dsMax|Parameters|metalness_map")
OCCLUSION = ("Maya|TEX_ao_map",)
OPACITY = ("TransparentColor", "TransparencyFactor", "Maya|opacity", "3dsMax|Parameters|cutout_map")
"""Properties of a material that a texture may drive: those of Phong, Arnold's standard surface and Stingray PBS in
Maya, and the physical material of 3ds Max. A map of the shininess is left out, since it means gloss to some programs
and roughness to others."""


@dataclass(frozen=True)
class MaterialReader:
    """Reader of the materials of a file."""

    objects: SceneObjects
    folder: Path
    """Folder of the file; textures outside it are not read."""

    def read(self, number: int, uv_sets: Sequence[str]) -> Material:
        """Reads a material; a colour below a texture counts as white, as in most programs.

        Args:
            number: number of the material.
            uv_sets: names of the sets of texture coordinates of the mesh.
        """
        objects = self.objects
        base = self._texture(number, BASE_COLOR, uv_sets)
        shininess = objects.number(number, "ShininessExponent", objects.number(number, "Shininess", 20.0))
        red, green, blue = (1.0, 1.0, 1.0) if base is not None else self._color(number, "Diffuse", 0.8)
        emissive_map = self._texture(number, EMISSION, uv_sets)
        metallic_roughness, factors = self._metallic_roughness(number, uv_sets)
        values: dict[str, Any] = {
            "roughness": 1.0 - float(np.sqrt(np.clip(shininess / MAX_SHININESS, 0.0, 1.0))),
            "metallic": float(np.clip(objects.number(number, "ReflectionFactor", 0.0), 0.0, 1.0)),
        }
        return Material(
            name=objects.name(number) or "material",
            base_color=(red, green, blue, _opacity(objects, number)),
            texture_png=None if base is None else base.image,
            texture_placement=TexturePlacement() if base is None else base.placement,
            **self._alpha(number, base),
            is_double_sided=bool(objects.number(number, "doubleSided", 0.0)),
            emissive_color=self._emissive_color(number, emissive_map is not None),
            emissive_map=emissive_map,
            normal_map=self._texture(number, NORMALS, uv_sets, objects.number(number, "BumpFactor", 1.0)),
            metallic_roughness_map=metallic_roughness,
            occlusion_map=self._texture(number, OCCLUSION, uv_sets),
            **(values | factors),
        )

    def _color(self, number: int, name: str, default: float) -> tuple[float, float, float]:
        """Returns a colour times its factor; files of some programs have it under its short name."""
        long_name = f"{name}Color"
        stored = long_name if long_name in self.objects.properties(number) else name
        color = self.objects.vector(number, stored, default) * self.objects.number(number, f"{name}Factor", 1.0)
        red, green, blue = np.maximum(np.nan_to_num(color), 0.0)
        return (float(min(red, 1.0)), float(min(green, 1.0)), float(min(blue, 1.0)))

    def _emissive_color(self, number: int, has_map: bool) -> tuple[float, float, float]:
        """Returns the emitted light; a black colour below a map counts as white."""
        factor = self.objects.number(number, "EmissiveFactor", 1.0)
        color = self.objects.vector(number, "EmissiveColor", 0.0)
        if has_map and not color.any():
            color = np.ones(3)
        red, green, blue = np.clip(np.nan_to_num(color * factor), 0.0, MAX_EMISSION)
        return float(red), float(green), float(blue)

    def _alpha(self, number: int, base: Texture | None) -> dict[str, Any]:
        """Returns the alpha mode: as the file names it, else by the pixels of a texture that drives the opacity."""
        stored = self.objects.properties(number).get("alphaMode")
        cutoff = {"alpha_cutoff": max(self.objects.number(number, "alphaCutoff", 0.5), 0.0)}
        if stored and str(stored[0]).lower() in ("mask", "blend"):
            return {"alpha_mode": str(stored[0]).lower()} | cutoff
        if base is None or not set(OPACITY) & self.objects.sources(number, "Texture").keys():
            return {}
        return {"alpha_mode": "blend" if images.has_partial_alpha(base.image) else "mask"}

    def _metallic_roughness(self, number: int, uv_sets: Sequence[str]) -> tuple[Texture | None, dict[str, float]]:
        """Returns the map of both, made of one image each, and the factors of those that have an image."""
        roughness = self._texture(number, ROUGHNESS, uv_sets)
        metallic = self._texture(number, METAL, uv_sets)
        given = roughness or metallic
        if given is None:
            return None, {}
        packed = images.pack_metallic_roughness(*(t.image if t else None for t in (roughness, metallic)))
        found = {"roughness": roughness, "metallic": metallic}
        return replace(given, image=packed), {name: 1.0 for name, texture in found.items() if texture is not None}

    def _texture(
        self, material: int, properties: Sequence[str], uv_sets: Sequence[str], strength: float = 1.0
    ) -> Texture | None:
        """Returns the texture that drives the first of some properties; None if there is none that can be read."""
        textures = self.objects.sources(material, "Texture")
        texture = next((textures[prop] for prop in properties if prop in textures), None)
        image = None if texture is None else self._image(texture)
        if texture is None or image is None:
            return None
        name = str((self.objects.properties(texture).get("UVSet") or [""])[0])
        wraps = (self.objects.number(texture, f"WrapMode{axis}", 0.0) for axis in "UV")
        u, v = ("clamp" if mode == CLAMP else "repeat" for mode in wraps)
        placement = TexturePlacement(uv_sets.index(name) if name in uv_sets else 0, (u, v))
        return Texture(image, placement, strength)

    def _image(self, texture: int) -> bytes | None:
        """Returns the image file of a texture: embedded, or in the folder."""
        names = []
        for video in self.objects.children(texture, "Video"):
            node = self.objects.nodes[video]
            content = node.value("Content")
            if isinstance(content, bytes) and content.startswith(IMAGE_SIGNATURES):
                return content if images.is_readable(content) else None
            names += [node.value("RelativeFilename"), node.value("Filename")]
        node = self.objects.nodes[texture]
        names += [node.value("RelativeFilename"), node.value("FileName")]
        return next(filter(None, (_read_image(str(name), self.folder) for name in names if name)), None)


def _opacity(objects: SceneObjects, number: int) -> float:
    """Returns the opacity; many files declare a transparency of 1 together with the opacity 1, which wins."""
    transparent = 1.0 - objects.number(number, "TransparencyFactor", 0.0)
    return float(np.clip(objects.number(number, "Opacity", transparent), 0.0, 1.0))


def _read_image(name: str, folder: Path) -> bytes | None:
    """Reads an image beside the file: by its relative path, or by its name alone; never one outside the folder."""
    base = folder.resolve()
    windows = PureWindowsPath(name)
    for candidate in (Path(*windows.parts), Path(windows.name)):
        path = (base / candidate).resolve()
        if path.is_relative_to(base) and path.is_file() and path.stat().st_size <= MAX_IMAGE_BYTES:
            data = path.read_bytes()
            if data.startswith(IMAGE_SIGNATURES) and images.is_readable(data):
                return data
    return None

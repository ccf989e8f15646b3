"""Materials of an FBX file that is being written: Phong materials that look like metallic-roughness ones.

Maps of colour, light, normals and alpha are those of Phong. Maps of roughness, metal and occlusion, which Phong lacks,
are connected as Blender does, and as the properties ``Maya|TEX_..._map`` of Stingray PBS.
"""

from dataclasses import replace

import numpy as np

from bodydouble.data import Material, Texture, TexturePlacement
from bodydouble.errors import InvalidDataError
from bodydouble.formats.fbx import images
from bodydouble.formats.fbx.objects import Objects, Properties, add_properties

MAX_SHININESS = 100.0
"""Exponent of the specular highlight of a mirror."""
CLAMP = 1
"""Value of WrapModeU and WrapModeV: the texture is not repeated."""
UV_SET_NAME = "UVMap"


def uv_set_name(index: int) -> str:
    """Returns the name of a set of texture coordinates."""
    return UV_SET_NAME if index == 0 else f"{UV_SET_NAME}.{index:03}"


def coordinate_placements(material: Material) -> list[TexturePlacement]:
    """Returns the different coordinates of the textures of a material, those of the base colour first.

    FBX has no common way to move a texture, so each placement becomes a set of coordinates of the mesh.
    """
    textures = (material.normal_map, material.emissive_map, material.metallic_roughness_map, material.occlusion_map)
    placements = [material.texture_placement, *(texture.placement for texture in textures if texture is not None)]
    return list(dict.fromkeys(map(_coordinates, placements)))


def _coordinates(placement: TexturePlacement) -> TexturePlacement:
    """Returns a placement without what belongs to the texture."""
    return replace(placement, wrap=("repeat", "repeat"), is_pixelated=False)


class MaterialObjects:
    """Writer of materials; textures that are the same are stored once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._textures: dict[tuple[bytes, int, tuple[str, str]], np.int64] = {}
        self._videos: dict[bytes, tuple[np.int64, str]] = {}

    def add(self, material: Material) -> np.int64:
        """Adds a material with its textures; returns its number."""
        textures = _textures(material)
        number, node = self._objects.add("Material", material.name, "Material", "")
        node.add("Version", 102)
        node.add("ShadingModel", "phong")
        node.add("MultiLayer", 0)
        add_properties(node, _phong(material) | _user_properties(material) | _stingray(material, textures))
        placements = coordinate_placements(material)
        for prop, texture in textures.items():
            uv_set = placements.index(_coordinates(texture.placement))
            self._objects.connect(self._add_texture(texture, uv_set), number, prop)
        return number

    def _add_texture(self, texture: Texture, uv_set: int) -> np.int64:
        """Adds a texture; returns its number."""
        key = texture.image, uv_set, texture.placement.wrap
        if key not in self._textures:
            video, file_name = self._add_video(texture.image)
            number, node = self._objects.add("Texture", file_name, "Texture", "")
            node.add("Type", "TextureVideoClip")
            node.add("Version", 202)
            node.add("TextureName", f"{file_name}\x00\x01Texture")
            wraps = [("enum", CLAMP if mode == "clamp" else 0) for mode in texture.placement.wrap]
            properties: Properties = {"UVSet": ("KString", uv_set_name(uv_set)), "UseMaterial": ("bool", 1)}
            add_properties(node, properties | dict(zip(("WrapModeU", "WrapModeV"), wraps, strict=True)))
            node.add("Media", f"{file_name}\x00\x01Video")
            for name in ("FileName", "RelativeFilename"):
                node.add(name, file_name)
            self._objects.connect(video, number)
            self._textures[key] = number
        return self._textures[key]

    def _add_video(self, image: bytes) -> tuple[np.int64, str]:
        """Adds an image file, embedded; returns its number and its name."""
        if image not in self._videos:
            # Programs extract the images of all characters into one folder.
            place = sum(node.name == "Video" for node in self._objects.nodes)
            file_name = f"texture_{place}{_image_suffix(image)}"
            video, node = self._objects.add("Video", file_name, "Video", "Clip")
            node.add("Type", "Clip")
            add_properties(node, {"Path": ("KString", file_name), "RelPath": ("KString", file_name)})
            node.add("UseMipMap", 0)
            for name in ("Filename", "RelativeFilename"):
                node.add(name, file_name)
            node.add("Content", image)
            self._videos[image] = video, file_name
        return self._videos[image]


def _textures(material: Material) -> dict[str, Texture]:
    """Returns the textures by the properties of the material that they drive."""
    found: dict[str, Texture] = {}
    if material.texture_png is not None:
        found |= _base_color_textures(Texture(material.texture_png, material.texture_placement), material)
    if material.normal_map is not None:
        found["NormalMap"] = material.normal_map
    if material.emissive_map is not None:
        found["EmissiveColor"] = material.emissive_map
    if material.metallic_roughness_map is not None:
        packed = material.metallic_roughness_map
        found["ShininessExponent"] = replace(packed, image=images.scale_channel(packed.image, 1, material.roughness))
        found["ReflectionFactor"] = replace(packed, image=images.scale_channel(packed.image, 2, material.metallic))
    names = {"DiffuseColor": "color", "NormalMap": "normal", "EmissiveColor": "emissive"} | {
        "ShininessExponent": "roughness",
        "ReflectionFactor": "metallic",
    }
    if _is_stingray(material):
        found |= {f"Maya|TEX_{names[prop]}_map": texture for prop, texture in found.items() if prop in names}
    if material.occlusion_map is not None:
        packed = material.occlusion_map
        image = images.scale_channel(packed.image, 0, packed.strength, 1.0 - packed.strength)
        found["Maya|TEX_ao_map"] = replace(packed, image=image)
    return found


def _base_color_textures(texture: Texture, material: Material) -> dict[str, Texture]:
    """Returns the textures of colour and alpha; an image shows its alpha in the alpha modes that use it only."""
    if material.effective_alpha_mode == "opaque":
        return {"DiffuseColor": replace(texture, image=images.without_alpha(texture.image))}
    alpha = images.extract_alpha(texture.image)
    opacity = {} if alpha is None else {"TransparentColor": replace(texture, image=alpha)}
    return {"DiffuseColor": texture} | opacity


def _phong(material: Material) -> Properties:
    color, alpha = material.base_color[:3], material.base_color[3]
    strength = max(1.0, *material.emissive_color)
    return {
        "ShadingModel": ("KString", "phong"),
        "DiffuseColor": ("Color", color),
        "DiffuseFactor": ("Number", 1.0),
        "EmissiveColor": ("Color", [channel / strength for channel in material.emissive_color]),
        "EmissiveFactor": ("Number", strength),
        "SpecularColor": ("Color", (1.0, 1.0, 1.0)),
        "SpecularFactor": ("Number", 0.25 * (1.0 - material.roughness)),
        "ShininessExponent": ("Number", MAX_SHININESS * (1.0 - material.roughness) ** 2),
        "ReflectionFactor": ("Number", float(material.metallic)),
        "BumpFactor": ("double", 1.0 if material.normal_map is None else float(material.normal_map.strength)),
        "TransparentColor": ("Color", (1.0, 1.0, 1.0)),
        "TransparencyFactor": ("Number", 1.0 - alpha),
        "Opacity": ("double", float(alpha)),
    }


def _user_properties(material: Material) -> Properties:
    """Returns what FBX has no property for, under the names of glTF, where it differs from glTF's default."""
    properties: Properties = {}
    if material.effective_alpha_mode != "opaque":
        properties["alphaMode"] = ("user string", material.effective_alpha_mode.upper())
    if material.effective_alpha_mode == "mask":
        properties["alphaCutoff"] = ("user number", float(material.alpha_cutoff))
    if material.is_double_sided:
        properties["doubleSided"] = ("user bool", 1)
    return properties


def _is_stingray(material: Material) -> bool:
    return material.metallic_roughness_map is not None or material.occlusion_map is not None


def _stingray(material: Material, textures: dict[str, Texture]) -> Properties:
    """Returns the properties of Stingray PBS, for materials with maps that Phong lacks."""
    if not _is_stingray(material):
        return {}
    strength = max(1.0, *material.emissive_color)
    values: Properties = {
        "base_color": ("Vector3D", material.base_color[:3]),
        "metallic": ("float", float(material.metallic)),
        "roughness": ("float", float(material.roughness)),
        "emissive": ("Vector3D", [channel / strength for channel in material.emissive_color]),
        "emissive_intensity": ("float", strength),
    }
    for kind in ("color", "normal", "metallic", "roughness", "emissive", "ao"):
        values[f"use_{kind}_map"] = ("float", float(f"Maya|TEX_{kind}_map" in textures))
        values[f"TEX_{kind}_map"] = ("Vector3D", (0.0, 0.0, 0.0))
    return {"Maya": ("Compound", ()), **{f"Maya|{name}": value for name, value in values.items()}}


def _image_suffix(encoded_image: bytes) -> str:
    if encoded_image.startswith(b"\x89PNG"):
        return ".png"
    if encoded_image.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    raise InvalidDataError("Material: texture_png is neither a PNG nor a JPEG file")

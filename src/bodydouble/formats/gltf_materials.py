"""Materials of a glTF document: ``Material`` -> metallic-roughness, its textures, samplers and extensions."""

from collections.abc import Callable
from typing import Any

import pygltflib

from bodydouble.data import Material, Texture, TexturePlacement
from bodydouble.errors import InvalidDataError

WRAP_MODES = {"repeat": pygltflib.REPEAT, "clamp": pygltflib.CLAMP_TO_EDGE, "mirror": pygltflib.MIRRORED_REPEAT}
ALPHA_MODES = {"opaque": pygltflib.OPAQUE, "mask": pygltflib.MASK, "blend": pygltflib.BLEND}


class MaterialTable:
    """Materials, textures, samplers and images of a document; equal ones are stored once."""

    def __init__(self, gltf: pygltflib.GLTF2, add_buffer_view: Callable[[bytes], int]) -> None:
        """Takes the document that is filled and the function that stores bytes in it."""
        self._gltf, self._add_buffer_view = gltf, add_buffer_view
        self._materials: dict[Material, int] = {}
        self._images: dict[bytes, int] = {}
        self._textures: dict[tuple[int, int | None], int] = {}
        self._samplers: dict[tuple[tuple[str, str], bool], int] = {}

    def index(self, material: Material) -> int:
        """Returns the index of a material in the document."""
        if material not in self._materials:
            self._materials[material] = len(self._gltf.materials)
            self._gltf.materials.append(self._describe(material))
        return self._materials[material]

    def _describe(self, material: Material) -> pygltflib.Material:
        base = None
        if material.texture_png is not None:
            base = Texture(material.texture_png, material.texture_placement)
        strength = max(1.0, *material.emissive_color)
        mode = material.effective_alpha_mode
        return pygltflib.Material(
            name=material.name,
            alphaMode=ALPHA_MODES[mode],
            alphaCutoff=material.alpha_cutoff if mode == "mask" else None,
            doubleSided=material.is_double_sided,
            pbrMetallicRoughness=pygltflib.PbrMetallicRoughness(
                baseColorFactor=list(material.base_color),
                baseColorTexture=self._info(pygltflib.TextureInfo, base),
                metallicFactor=material.metallic,
                roughnessFactor=material.roughness,
                metallicRoughnessTexture=self._info(pygltflib.TextureInfo, material.metallic_roughness_map),
            ),
            normalTexture=self._info(pygltflib.NormalMaterialTexture, material.normal_map, "scale"),
            occlusionTexture=self._info(pygltflib.OcclusionTextureInfo, material.occlusion_map, "strength"),
            emissiveTexture=self._info(pygltflib.TextureInfo, material.emissive_map),
            emissiveFactor=[channel / strength for channel in material.emissive_color],
            extensions=self._extensions(material, strength),
        )

    def _extensions(self, material: Material, emissive_strength: float) -> dict[str, Any]:
        extensions: dict[str, Any] = {}
        if material.is_unlit:
            extensions["KHR_materials_unlit"] = {}
        if emissive_strength > 1:
            extensions["KHR_materials_emissive_strength"] = {"emissiveStrength": emissive_strength}
        for name in extensions:
            self._declare(name)
        return extensions

    def _declare(self, extension: str) -> None:
        if extension not in self._gltf.extensionsUsed:
            self._gltf.extensionsUsed.append(extension)

    def _info(self, kind: Callable[..., Any], texture: Texture | None, strength: str = "") -> Any:
        """Returns the reference of a material to a texture; None without one."""
        if texture is None:
            return None
        placement = texture.placement
        values = {strength: texture.strength} if strength else {}
        info = kind(index=self._texture_index(texture), texCoord=placement.uv_set, **values)
        transform = _transform(placement)
        if transform:
            self._declare("KHR_texture_transform")
            info.extensions = {"KHR_texture_transform": transform}
        return info

    def _texture_index(self, texture: Texture) -> int:
        key = self.image_index(texture.image), self._sampler_index(texture.placement)
        if key not in self._textures:
            self._textures[key] = len(self._gltf.textures)
            self._gltf.textures.append(pygltflib.Texture(source=key[0], sampler=key[1]))
        return self._textures[key]

    def texture_info(self, texture: Texture) -> dict[str, Any]:
        """Returns the reference of an extension to a texture."""
        info = self._info(pygltflib.TextureInfo, texture)
        transform = {"extensions": info.extensions} if info.extensions else {}
        return {"index": info.index, "texCoord": info.texCoord} | transform

    def image_index(self, encoded: bytes) -> int:
        """Returns the index of an image in the document."""
        if encoded not in self._images:
            self._images[encoded] = len(self._gltf.images)
            image = pygltflib.Image(bufferView=self._add_buffer_view(encoded), mimeType=_mime_type(encoded))
            self._gltf.images.append(image)
        return self._images[encoded]

    def _sampler_index(self, placement: TexturePlacement) -> int | None:
        """Returns the index of a sampler; None if the defaults of glTF do."""
        key = placement.wrap, placement.is_pixelated
        if key == (("repeat", "repeat"), False):
            return None
        if key not in self._samplers:
            self._samplers[key] = len(self._gltf.samplers)
            self._gltf.samplers.append(
                pygltflib.Sampler(
                    magFilter=pygltflib.NEAREST if placement.is_pixelated else pygltflib.LINEAR,
                    minFilter=pygltflib.NEAREST if placement.is_pixelated else pygltflib.LINEAR_MIPMAP_LINEAR,
                    wrapS=WRAP_MODES[placement.wrap[0]],
                    wrapT=WRAP_MODES[placement.wrap[1]],
                )
            )
        return self._samplers[key]


def _transform(placement: TexturePlacement) -> dict[str, Any]:
    """Returns the content of KHR_texture_transform; empty if it changes nothing."""
    transform: dict[str, Any] = {}
    if placement.offset != (0.0, 0.0):
        transform["offset"] = list(placement.offset)
    if placement.rotation:
        transform["rotation"] = placement.rotation
    if placement.scale != (1.0, 1.0):
        transform["scale"] = list(placement.scale)
    return transform


def _mime_type(encoded_image: bytes) -> str:
    if encoded_image.startswith(b"\x89PNG"):
        return "image/png"
    if encoded_image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    raise InvalidDataError("Material: texture_png is neither a PNG nor a JPEG file")

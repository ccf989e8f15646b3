"""Materials of an FBX file that was read: colours, and textures that are embedded or beside the file."""

from pathlib import Path, PureWindowsPath

import numpy as np

from bodydouble.data import Material
from bodydouble.formats.fbx.scene_objects import SceneObjects

IMAGE_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff")
"""First bytes of the image files that are read: PNG and JPEG."""
MAX_IMAGE_BYTES = 1 << 28
MAX_SHININESS = 100.0
BASE_COLOR_PROPERTIES = ("DiffuseColor", "Maya|baseColor", "Maya|TEX_color_map", "3dsMax|Parameters|base_color_map")


def read_material(objects: SceneObjects, number: int, folder: Path) -> Material:
    """Reads a material; a colour below a texture counts as white, as in most programs.

    Args:
        objects: objects of the file.
        number: number of the material.
        folder: folder of the file; textures outside it are not read.
    """
    texture = _read_texture(objects, number, folder)
    color = objects.vector(number, "DiffuseColor" if "DiffuseColor" in objects.properties(number) else "Diffuse", 0.8)
    color = np.clip(color * objects.number(number, "DiffuseFactor", 1.0), 0.0, 1.0)
    red, green, blue = (1.0, 1.0, 1.0) if texture is not None else (float(c) for c in np.nan_to_num(color))
    shininess = objects.number(number, "ShininessExponent", objects.number(number, "Shininess", 20.0))
    return Material(
        name=objects.name(number) or "material",
        base_color=(red, green, blue, _opacity(objects, number)),
        roughness=1.0 - float(np.sqrt(np.clip(shininess / MAX_SHININESS, 0.0, 1.0))),
        metallic=float(np.clip(objects.number(number, "ReflectionFactor", 0.0), 0.0, 1.0)),
        texture_png=texture,
    )


def _opacity(objects: SceneObjects, number: int) -> float:
    """Returns the opacity; many files declare a transparency of 1 together with the opacity 1, which wins."""
    transparent = 1.0 - objects.number(number, "TransparencyFactor", 0.0)
    return float(np.clip(objects.number(number, "Opacity", transparent), 0.0, 1.0))


def _read_texture(objects: SceneObjects, material: int, folder: Path) -> bytes | None:
    """Returns the image file of the base colour; None if there is none that can be read."""
    textures = objects.sources(material, "Texture")
    texture = next((textures[prop] for prop in BASE_COLOR_PROPERTIES if prop in textures), None)
    if texture is None:
        return None
    names = []
    for video in objects.children(texture, "Video"):
        node = objects.nodes[video]
        content = node.value("Content")
        if isinstance(content, bytes) and content.startswith(IMAGE_SIGNATURES):
            return content
        names += [node.value("RelativeFilename"), node.value("Filename")]
    names += [objects.nodes[texture].value("RelativeFilename"), objects.nodes[texture].value("FileName")]
    return next(filter(None, (_read_image(str(name), folder) for name in names if name)), None)


def _read_image(name: str, folder: Path) -> bytes | None:
    """Reads an image beside the file: by its relative path, or by its name alone; never one outside the folder."""
    base = folder.resolve()
    windows = PureWindowsPath(name)
    for candidate in (Path(*windows.parts), Path(windows.name)):
        path = (base / candidate).resolve()
        if path.is_relative_to(base) and path.is_file() and path.stat().st_size <= MAX_IMAGE_BYTES:
            data = path.read_bytes()
            if data.startswith(IMAGE_SIGNATURES):
                return data
    return None

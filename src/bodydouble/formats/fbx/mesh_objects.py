"""Meshes of an FBX file that is being written: geometry, skin, materials and embedded textures."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import Character, FloatArray, IntArray, Material, Mesh
from bodydouble.errors import InvalidDataError
from bodydouble.formats.fbx.document import Node
from bodydouble.formats.fbx.objects import Objects, Properties, add_properties
from bodydouble.formats.fbx.skeleton_objects import CM_PER_M, SkeletonObjects, add_model, to_stored_matrix
from bodydouble.geometry import camera

MAX_SHININESS = 100.0
"""Exponent of the specular highlight of a mirror."""


def add_meshes(
    objects: Objects, character: Character, skeleton: SkeletonObjects, name: str, parent: np.int64
) -> np.int64:
    """Adds all meshes of a character as one object with one material per mesh; returns its number."""
    meshes = character.meshes
    model = add_model(objects, name, "Mesh", np.zeros(3), np.zeros(3))
    objects.connect(model, parent)
    geometry, node = objects.add("Geometry", name, "Geometry", "Mesh")
    objects.connect(geometry, model)
    materials = list(dict.fromkeys(mesh.material for mesh in meshes))
    _add_geometry(node, meshes, [materials.index(mesh.material) for mesh in meshes])
    textures: dict[bytes, np.int64] = {}
    for material in materials:
        objects.connect(_add_material(objects, material, textures), model)
    _add_skin(objects, geometry, meshes, skeleton)
    _add_morph_targets(objects, geometry, meshes)
    return model


def _add_geometry(node: Node, meshes: Sequence[Mesh], materials: Sequence[int]) -> None:
    """Adds vertices, triangles and their layers, of which each has one value per corner of a triangle."""
    starts = np.cumsum([0, *(len(mesh.positions) for mesh in meshes[:-1])])
    triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True)])
    corners = triangles.ravel().astype(np.int32)
    normals = np.concatenate([mesh.normals for mesh in meshes])
    node.add("Vertices", (np.concatenate([mesh.positions for mesh in meshes]) * CM_PER_M).astype(np.float64).ravel())
    node.add("PolygonVertexIndex", _end_polygons(triangles))
    node.add("GeometryVersion", 124)
    layers = [_add_layer(node, "LayerElementNormal", "Normals", "", normals[corners], None)]
    if any(mesh.uvs is not None for mesh in meshes):
        uvs = np.concatenate([_lower_left_uvs(mesh) for mesh in meshes])
        layers.append(_add_layer(node, "LayerElementUV", "UV", "UVMap", uvs, ("UVIndex", corners)))
    if any(mesh.colors is not None for mesh in meshes):
        colors = np.concatenate([_srgb_colors(mesh) for mesh in meshes])
        layers.append(_add_layer(node, "LayerElementColor", "Colors", "Color", colors, ("ColorIndex", corners)))
    layers.append(_add_material_layer(node, np.repeat(materials, [len(mesh.triangles) for mesh in meshes])))
    layer = node.add("Layer", 0)
    layer.add("Version", 100)
    for kind in layers:
        element = layer.add("LayerElement")
        element.add("Type", kind)
        element.add("TypedIndex", 0)


def _end_polygons(triangles: IntArray) -> IntArray:
    """Returns the indices of the corners, of which the last of each triangle is stored as its complement."""
    indices = triangles.astype(np.int32)
    indices[:, 2] = ~indices[:, 2]
    return indices.ravel()


def _lower_left_uvs(mesh: Mesh) -> FloatArray:
    """Returns texture coordinates (V, 2) with their origin at the lower left; zeros without texture."""
    if mesh.uvs is None:
        return np.zeros((len(mesh.positions), 2))
    return np.stack([mesh.uvs[:, 0], 1.0 - mesh.uvs[:, 1]], axis=1)


def _srgb_colors(mesh: Mesh) -> FloatArray:
    """Returns vertex colours (V, 4) as importers expect them: encoded as sRGB; white if there are none.

    Source: IEC 61966-2-1.
    """
    if mesh.colors is None:
        return np.ones((len(mesh.positions), 4))
    linear = np.clip(mesh.colors, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.concatenate([encoded[:, :3], linear[:, 3:]], axis=1)


def _add_layer(
    node: Node, kind: str, values_name: str, name: str, values: FloatArray, index: tuple[str, IntArray] | None
) -> str:
    """Adds values per corner, given directly or by an index; returns the kind."""
    layer = node.add(kind, 0)
    layer.add("Version", 101)
    layer.add("Name", name)
    layer.add("MappingInformationType", "ByPolygonVertex")
    layer.add("ReferenceInformationType", "Direct" if index is None else "IndexToDirect")
    layer.add(values_name, np.ascontiguousarray(values, dtype=np.float64).ravel())
    if index is not None:
        layer.add(*index)
    return kind


def _add_material_layer(node: Node, materials: IntArray) -> str:
    """Adds the index of the material of each triangle."""
    layer = node.add("LayerElementMaterial", 0)
    layer.add("Version", 101)
    layer.add("Name", "")
    is_single = not materials.any()
    layer.add("MappingInformationType", "AllSame" if is_single else "ByPolygon")
    layer.add("ReferenceInformationType", "IndexToDirect")
    layer.add("Materials", materials[:1].astype(np.int32) if is_single else materials.astype(np.int32))
    return "LayerElementMaterial"


def _add_skin(objects: Objects, geometry: np.int64, meshes: Sequence[Mesh], skeleton: SkeletonObjects) -> None:
    """Adds a cluster of vertices for each joint that moves one."""
    skin, node = objects.add("Deformer", "", "Deformer", "Skin")
    node.add("Version", 101)
    node.add("Link_DeformAcuracy", 50.0)  # spelled so in the format
    objects.connect(skin, geometry)
    vertices, joints, weights = _influences(meshes)
    inverse_bind = camera.inverse(skeleton.bind)
    for joint in np.unique(joints):
        of_joint = joints == joint
        cluster, node = objects.add("Deformer", "", "SubDeformer", "Cluster")
        node.add("Version", 100)
        node.add("UserData", "", "")
        node.add("Indexes", vertices[of_joint].astype(np.int32))
        node.add("Weights", weights[of_joint])
        node.add("Transform", to_stored_matrix(inverse_bind[joint]))
        node.add("TransformLink", to_stored_matrix(skeleton.bind[joint]))
        objects.connect(cluster, skin)
        objects.connect(skeleton.bones[joint], cluster)


def _add_morph_targets(objects: Objects, geometry: np.int64, meshes: Sequence[Mesh]) -> None:
    """Adds the morph targets; those of the same name in several meshes are one."""
    names = list(dict.fromkeys(target.name for mesh in meshes for target in mesh.morph_targets))
    if not names:
        return
    deformer, node = objects.add("Deformer", "", "Deformer", "BlendShape")
    node.add("Version", 100)
    objects.connect(deformer, geometry)
    for name in names:
        offsets = np.concatenate([_target_offsets(mesh, name) for mesh in meshes])
        moved = np.flatnonzero(np.abs(offsets).max(axis=1) > 0)
        channel, node = objects.add("Deformer", name, "SubDeformer", "BlendShapeChannel")
        node.add("Version", 100)
        node.add("DeformPercent", 0.0)
        node.add("FullWeights", np.array([100.0]))
        shape, node = objects.add("Geometry", name, "Geometry", "Shape")
        node.add("Version", 100)
        node.add("Indexes", moved.astype(np.int32))
        node.add("Vertices", (offsets[moved] * CM_PER_M).astype(np.float64).ravel())
        node.add("Normals", np.zeros(3 * len(moved)))
        objects.connect(channel, deformer)
        objects.connect(shape, channel)


def _target_offsets(mesh: Mesh, name: str) -> FloatArray:
    """Returns the offsets (V, 3) m of a morph target; zeros if the mesh does not have it."""
    offsets = (target.position_offsets for target in mesh.morph_targets if target.name == name)
    return next(offsets, np.zeros((len(mesh.positions), 3)))


def _influences(meshes: Sequence[Mesh]) -> tuple[IntArray, IntArray, FloatArray]:
    """Returns vertices, joints and weights (N,) of all weights above zero, one per vertex and joint."""
    joints = np.concatenate([mesh.joints for mesh in meshes]).astype(np.int64)
    weights = np.concatenate([mesh.weights for mesh in meshes]).astype(np.float64)
    vertices = np.broadcast_to(np.arange(len(joints))[:, None], joints.shape)
    joint_count = int(joints.max()) + 1
    pairs, inverse = np.unique((vertices * joint_count + joints)[weights > 0], return_inverse=True)
    total = np.bincount(inverse, weights[weights > 0])
    return pairs // joint_count, pairs % joint_count, total.astype(np.float64)


def _add_material(objects: Objects, material: Material, textures: dict[bytes, np.int64]) -> np.int64:
    """Adds a Phong material that looks like a metallic-roughness one; returns its number."""
    number, node = objects.add("Material", material.name, "Material", "")
    node.add("Version", 102)
    node.add("ShadingModel", "phong")
    node.add("MultiLayer", 0)
    add_properties(node, _material_properties(material))
    if material.texture_png is not None:
        if material.texture_png not in textures:
            textures[material.texture_png] = _add_texture(objects, material, len(textures))
        objects.connect(textures[material.texture_png], number, "DiffuseColor")
    return number


def _material_properties(material: Material) -> Properties:
    color, alpha = material.base_color[:3], material.base_color[3]
    return {
        "ShadingModel": ("KString", "phong"),
        "DiffuseColor": ("Color", color),
        "DiffuseFactor": ("Number", 1.0),
        "SpecularColor": ("Color", (1.0, 1.0, 1.0)),
        "SpecularFactor": ("Number", 0.25 * (1.0 - material.roughness)),
        "ShininessExponent": ("Number", MAX_SHININESS * (1.0 - material.roughness) ** 2),
        "ReflectionFactor": ("Number", float(material.metallic)),
        "TransparentColor": ("Color", (1.0, 1.0, 1.0)),
        "TransparencyFactor": ("Number", 1.0 - alpha),
        "Opacity": ("double", float(alpha)),
    }


def _add_texture(objects: Objects, material: Material, index: int) -> np.int64:
    """Adds a texture and the image file that it shows, embedded; returns the number of the texture."""
    image = material.texture_png or b""
    file_name = f"texture_{index}{_image_suffix(image)}"
    texture, node = objects.add("Texture", file_name, "Texture", "")
    node.add("Type", "TextureVideoClip")
    node.add("Version", 202)
    node.add("TextureName", f"{file_name}\x00\x01Texture")
    add_properties(node, {"UVSet": ("KString", "UVMap"), "UseMaterial": ("bool", 1)})
    node.add("Media", f"{file_name}\x00\x01Video")
    for name in ("FileName", "RelativeFilename"):
        node.add(name, file_name)
    video, node = objects.add("Video", file_name, "Video", "Clip")
    node.add("Type", "Clip")
    add_properties(node, {"Path": ("KString", file_name), "RelPath": ("KString", file_name)})
    node.add("UseMipMap", 0)
    for name in ("Filename", "RelativeFilename"):
        node.add(name, file_name)
    node.add("Content", image)
    objects.connect(video, texture)
    return texture


def _image_suffix(encoded_image: bytes) -> str:
    if encoded_image.startswith(b"\x89PNG"):
        return ".png"
    if encoded_image.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    raise InvalidDataError("Material: texture_png is neither a PNG nor a JPEG file")

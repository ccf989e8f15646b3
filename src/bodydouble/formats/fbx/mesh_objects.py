"""Meshes of an FBX file that is being written: geometry with its layers, skin and morph targets."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import Character, FloatArray, IntArray, Mesh, TexturePlacement
from bodydouble.formats.fbx.document import Node
from bodydouble.formats.fbx.material_objects import MaterialObjects, coordinate_placements, uv_set_name
from bodydouble.formats.fbx.objects import Objects
from bodydouble.formats.fbx.skeleton_objects import CM_PER_M, SkeletonObjects, add_model, to_stored_matrix
from bodydouble.geometry import camera


def add_meshes(
    objects: Objects, character: Character, skeleton: SkeletonObjects, name: str, parent: np.int64
) -> tuple[np.int64, dict[str, np.int64]]:
    """Adds all meshes of a character as one object with one material per mesh.

    Returns:
        The number of the object, and that of the channel of each morph target by its name.
    """
    meshes = character.meshes
    model = add_model(objects, name, "Mesh", np.zeros(3), np.zeros(3))
    objects.connect(model, parent)
    geometry, node = objects.add("Geometry", name, "Geometry", "Mesh")
    objects.connect(geometry, model)
    materials = list(dict.fromkeys(mesh.material for mesh in meshes))
    _add_geometry(node, meshes, [materials.index(mesh.material) for mesh in meshes])
    writer = MaterialObjects(objects)
    for material in materials:
        objects.connect(writer.add(material), model)
    _add_skin(objects, geometry, meshes, skeleton)
    return model, _add_morph_targets(objects, geometry, meshes)


def _add_geometry(node: Node, meshes: Sequence[Mesh], materials: Sequence[int]) -> None:
    """Adds vertices, triangles and their layers, of which each has one value per corner of a triangle."""
    starts = np.cumsum([0, *(len(mesh.positions) for mesh in meshes[:-1])])
    triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True)])
    corners = triangles.ravel().astype(np.int32)
    normals = np.concatenate([mesh.normals for mesh in meshes])
    node.add("Vertices", (np.concatenate([mesh.positions for mesh in meshes]) * CM_PER_M).astype(np.float64).ravel())
    node.add("PolygonVertexIndex", _end_polygons(triangles))
    node.add("GeometryVersion", 124)
    layers = [_add_layer(node, "LayerElementNormal", 0, "Normals", "", normals[corners], None)]
    uv_sets = _uv_sets(meshes)
    for k, uvs in enumerate(uv_sets):
        _add_layer(node, "LayerElementUV", k, "UV", uv_set_name(k), uvs, ("UVIndex", corners))
    if any(mesh.colors is not None for mesh in meshes):
        colors = np.concatenate([_srgb_colors(mesh) for mesh in meshes])
        layers.append(_add_layer(node, "LayerElementColor", 0, "Colors", "Color", colors, ("ColorIndex", corners)))
    layers.append(_add_material_layer(node, np.repeat(materials, [len(mesh.triangles) for mesh in meshes])))
    for k in range(max(1, len(uv_sets))):
        layer = node.add("Layer", k)
        layer.add("Version", 100)
        for kind in [*(layers if k == 0 else []), *(["LayerElementUV"] if uv_sets else [])]:
            element = layer.add("LayerElement")
            element.add("Type", kind)
            element.add("TypedIndex", k)


def _end_polygons(triangles: IntArray) -> IntArray:
    """Returns the indices of the corners, of which the last of each triangle is stored as its complement."""
    indices = triangles.astype(np.int32)
    indices[:, 2] = ~indices[:, 2]
    return indices.ravel()


def _uv_sets(meshes: Sequence[Mesh]) -> list[FloatArray]:
    """Returns the sets of texture coordinates of all V vertices, (V, 2) each; zeros where a mesh lacks one."""
    by_mesh = [_placed_uvs(mesh) for mesh in meshes]
    count = max(map(len, by_mesh))
    pairs = zip(by_mesh, meshes, strict=True)
    padded = ([*sets, *[np.zeros((len(m.positions), 2))] * (count - len(sets))] for sets, m in pairs)
    return [np.concatenate(parts) for parts in zip(*padded, strict=True)]


def _placed_uvs(mesh: Mesh) -> list[FloatArray]:
    """Returns the coordinates of the textures of a mesh, in the order of its material, and then those left."""
    sets = [] if mesh.uvs is None else [mesh.uvs, *mesh.further_uvs]
    placements = [placement for placement in coordinate_placements(mesh.material) if placement.uv_set < len(sets)]
    used = {placement.uv_set for placement in placements}
    placements += [TexturePlacement(uv_set=k) for k in range(len(sets)) if k not in used]
    return [_lower_left_uvs(sets[placement.uv_set], placement) for placement in placements]


def _lower_left_uvs(uvs: FloatArray, placement: TexturePlacement) -> FloatArray:
    """Returns placed texture coordinates (V, 2) with their origin at the lower left."""
    cos, sin = np.cos(placement.rotation), np.sin(placement.rotation)
    placed = placement.offset + (uvs * placement.scale) @ np.array([[cos, -sin], [sin, cos]])
    return np.stack([placed[:, 0], 1.0 - placed[:, 1]], axis=1)


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
    node: Node,
    kind: str,
    number: int,
    values_name: str,
    name: str,
    values: FloatArray,
    index: tuple[str, IntArray] | None,
) -> str:
    """Adds values per corner, given directly or by an index; returns the kind."""
    layer = node.add(kind, number)
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


def _add_morph_targets(objects: Objects, geometry: np.int64, meshes: Sequence[Mesh]) -> dict[str, np.int64]:
    """Adds the morph targets, and returns their channels; those of the same name in several meshes are one."""
    names = list(dict.fromkeys(target.name for mesh in meshes for target in mesh.morph_targets))
    channels: dict[str, np.int64] = {}
    if not names:
        return channels
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
        channels[name] = channel
    return channels


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

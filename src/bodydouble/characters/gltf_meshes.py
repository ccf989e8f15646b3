"""Meshes and GLB materials of a glTF file, in the bind pose of a ``Rig``: vertices, skin weights, textures."""

import numpy as np
import pygltflib

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_rig import Rig, skin_inverse_bind
from bodydouble.data import FloatArray, IntArray, Material, Mesh
from bodydouble.geometry import rotation

TRIANGLES_MODE = 4
"""glTF constant of the primitive mode TRIANGLES."""
MAX_INFLUENCES = 4
"""Number of joints per vertex that are kept."""


def read_meshes(file: GltfFile, rig: Rig) -> tuple[Mesh, ...]:
    """Reads all triangle meshes that are skinned to the rig or rigidly attached below one of its joints."""
    joint_of_node = _joint_of_node(file.gltf, rig)
    meshes = []
    for i, node in enumerate(file.gltf.nodes):
        if node.mesh is None:
            continue
        for primitive in file.gltf.meshes[node.mesh].primitives:
            if (TRIANGLES_MODE if primitive.mode is None else primitive.mode) != TRIANGLES_MODE:
                continue
            if node.skin is not None and primitive.attributes.JOINTS_0 is not None:
                meshes.append(_read_skinned_mesh(file, primitive, rig, file.gltf.skins[node.skin]))
            elif i in joint_of_node:
                meshes.append(_read_rigid_mesh(file, primitive, rig, i, joint_of_node[i]))
    return tuple(meshes)


def _joint_of_node(gltf: pygltflib.GLTF2, rig: Rig) -> dict[int, int]:
    """Returns, for each node that is a joint of the rig or below one, that joint."""
    carriers = {node: j for j, node in enumerate(rig.nodes)}
    waiting = list(rig.nodes)
    while waiting:
        node = waiting.pop()
        for child in gltf.nodes[node].children or []:
            if child not in carriers:
                carriers[child] = carriers[node]
                waiting.append(child)
    return carriers


def _read_skinned_mesh(file: GltfFile, primitive: pygltflib.Primitive, rig: Rig, skin: pygltflib.Skin) -> Mesh:
    skin_joints = np.array([rig.nodes.index(node) for node in skin.joints])
    joints, weights = _read_influences(file, primitive.attributes)
    bind_from_mesh = rig.bind[skin_joints] @ skin_inverse_bind(file, skin)
    blended = np.einsum("vk,vkij->vij", weights, bind_from_mesh[joints])
    return _build_mesh(file, primitive, blended, skin_joints[joints], weights)


def _read_rigid_mesh(file: GltfFile, primitive: pygltflib.Primitive, rig: Rig, node: int, joint: int) -> Mesh:
    joint_from_node = np.linalg.inv(rig.world_from_node[rig.nodes[joint]]) @ rig.world_from_node[node]
    count = file.accessor(primitive.attributes.POSITION).count
    bind_from_mesh = np.broadcast_to(rig.bind[joint] @ joint_from_node, (count, 4, 4))
    weights = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))
    return _build_mesh(file, primitive, bind_from_mesh, np.full((count, MAX_INFLUENCES), joint), weights)


def _read_influences(file: GltfFile, attributes: pygltflib.Attributes) -> tuple[IntArray, FloatArray]:
    """Returns indices into the skin (V, 4) and weights (V, 4) of the four joints of each vertex with most weight."""
    sets = [k for k in range(4) if getattr(attributes, f"JOINTS_{k}", None) is not None]
    joints = np.hstack([file.array(getattr(attributes, f"JOINTS_{k}")).astype(np.int64) for k in sets])
    weights = np.hstack([file.floats(getattr(attributes, f"WEIGHTS_{k}")) for k in sets])
    if len(sets) > 1:
        strongest = np.argsort(-weights, axis=1, kind="stable")[:, :MAX_INFLUENCES]
        joints, weights = np.take_along_axis(joints, strongest, 1), np.take_along_axis(weights, strongest, 1)
    weights = np.clip(weights, 0.0, None)
    weights[weights.sum(axis=1) <= 0, 0] = 1.0
    return joints, weights / weights.sum(axis=1, keepdims=True)


def _build_mesh(
    file: GltfFile, primitive: pygltflib.Primitive, bind_from_mesh: FloatArray, joints: IntArray, weights: FloatArray
) -> Mesh:
    """Builds a mesh whose vertices are transformed by (V, 4, 4) into the bind pose."""
    attributes = primitive.attributes
    linear = bind_from_mesh[:, :3, :3]
    points = file.floats(attributes.POSITION)
    positions = np.einsum("vij,vj->vi", linear, points) + bind_from_mesh[:, :3, 3]
    triangles = _read_triangles(file, primitive, len(points))
    if np.linalg.det(linear).mean() < 0:
        triangles = triangles[:, ::-1]
    if attributes.NORMAL is None:
        normals = vertex_normals(positions, triangles)
    else:
        rotated = np.linalg.solve(np.swapaxes(linear, 1, 2), file.floats(attributes.NORMAL)[:, :, None])[..., 0]
        normals = rotation.normalize(rotated)
    material = _read_material(file, primitive.material)
    return Mesh(
        positions,
        normals,
        triangles,
        joints,
        weights,
        material,
        _read_uvs(file, primitive),
        _read_colors(file, attributes),
    )


def _read_triangles(file: GltfFile, primitive: pygltflib.Primitive, count: int) -> IntArray:
    index = np.arange(count) if primitive.indices is None else file.array(primitive.indices)[:, 0].astype(np.int64)
    if len(index) and index.max() >= count:
        raise IndexError("a triangle refers to a vertex that does not exist")
    return index[: len(index) // 3 * 3].reshape(-1, 3)


def vertex_normals(positions: FloatArray, triangles: IntArray) -> FloatArray:
    """Computes the unit normals (V, 3) of a mesh, weighted by the areas of the triangles."""
    a, b, c = (positions[triangles[:, k]] for k in range(3))
    normals = np.zeros_like(positions)
    for corner in triangles.T:
        np.add.at(normals, corner, np.cross(b - a, c - a))
    return rotation.normalize(normals)


def _read_material(file: GltfFile, index: int | None) -> Material:
    if index is None:
        return Material()
    source = file.gltf.materials[index]
    pbr = source.pbrMetallicRoughness or pygltflib.PbrMetallicRoughness()
    texture = pbr.baseColorTexture
    return Material(
        name=source.name or f"material_{index}",
        base_color=tuple(pbr.baseColorFactor or (1.0, 1.0, 1.0, 1.0)),
        roughness=1.0 if pbr.roughnessFactor is None else pbr.roughnessFactor,
        metallic=1.0 if pbr.metallicFactor is None else pbr.metallicFactor,
        texture_png=None if texture is None else file.image(texture.index),
    )


def _read_uvs(file: GltfFile, primitive: pygltflib.Primitive) -> FloatArray | None:
    """Reads the set of texture coordinates that the base colour uses."""
    pbr = None if primitive.material is None else file.gltf.materials[primitive.material].pbrMetallicRoughness
    texture = None if pbr is None else pbr.baseColorTexture
    accessor = getattr(primitive.attributes, f"TEXCOORD_{(texture.texCoord or 0) if texture else 0}", None)
    return None if accessor is None else file.floats(accessor)


def _read_colors(file: GltfFile, attributes: pygltflib.Attributes) -> FloatArray | None:
    accessor = getattr(attributes, "COLOR_0", None)
    if accessor is None:
        return None
    colors = file.floats(accessor)
    return colors if colors.shape[1] == 4 else np.hstack([colors, np.ones((len(colors), 1))])

"""The meshes of a glTF file, bound to a rig."""

import numpy as np
import pygltflib

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_rig import Rig, skin_inverse_bind
from bodydouble.data import FloatArray, IntArray, Material, Mesh
from bodydouble.geometry import rotation

TRIANGLES = 4
INFLUENCES = 4


def read_meshes(file: GltfFile, rig: Rig) -> tuple[Mesh, ...]:
    """All triangle meshes that are skinned to the rig or hang rigidly below one of its joints, in the bind pose."""
    carriers = _carriers(file.gltf, rig)
    meshes = []
    for i, node in enumerate(file.gltf.nodes):
        if node.mesh is None:
            continue
        for primitive in file.gltf.meshes[node.mesh].primitives:
            if (TRIANGLES if primitive.mode is None else primitive.mode) != TRIANGLES:
                continue
            if node.skin is not None and primitive.attributes.JOINTS_0 is not None:
                meshes.append(_skinned(file, primitive, rig, file.gltf.skins[node.skin]))
            elif i in carriers:
                meshes.append(_rigid(file, primitive, rig, i, carriers[i]))
    return tuple(meshes)


def _carriers(gltf: pygltflib.GLTF2, rig: Rig) -> dict[int, int]:
    """Node -> joint of the rig that it is, or hangs below."""
    carriers = {node: j for j, node in enumerate(rig.nodes)}
    waiting = list(rig.nodes)
    while waiting:
        node = waiting.pop()
        for child in gltf.nodes[node].children or []:
            if child not in carriers:
                carriers[child] = carriers[node]
                waiting.append(child)
    return carriers


def _skinned(file: GltfFile, primitive: pygltflib.Primitive, rig: Rig, skin: pygltflib.Skin) -> Mesh:
    places = np.array([rig.nodes.index(node) for node in skin.joints])
    joints, weights = _influences(file, primitive.attributes)
    bind_from_mesh = rig.bind[places] @ skin_inverse_bind(file, skin)
    blended = np.einsum("vk,vkij->vij", weights, bind_from_mesh[joints])
    return _mesh(file, primitive, blended, places[joints], weights)


def _rigid(file: GltfFile, primitive: pygltflib.Primitive, rig: Rig, node: int, joint: int) -> Mesh:
    joint_from_node = np.linalg.inv(rig.node_world[rig.nodes[joint]]) @ rig.node_world[node]
    count = file.accessor(primitive.attributes.POSITION).count
    moved = np.broadcast_to(rig.bind[joint] @ joint_from_node, (count, 4, 4))
    weights = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))
    return _mesh(file, primitive, moved, np.full((count, INFLUENCES), joint), weights)


def _influences(file: GltfFile, attributes: pygltflib.Attributes) -> tuple[IntArray, FloatArray]:
    """Places in the skin (V, 4) and weights (V, 4) of the four strongest joints of each vertex."""
    sets = [k for k in range(4) if getattr(attributes, f"JOINTS_{k}", None) is not None]
    joints = np.hstack([file.array(getattr(attributes, f"JOINTS_{k}")).astype(np.int64) for k in sets])
    weights = np.hstack([file.floats(getattr(attributes, f"WEIGHTS_{k}")) for k in sets])
    if len(sets) > 1:
        strongest = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
        joints, weights = np.take_along_axis(joints, strongest, 1), np.take_along_axis(weights, strongest, 1)
    weights = np.clip(weights, 0.0, None)
    weights[weights.sum(axis=1) <= 0, 0] = 1.0
    return joints, weights / weights.sum(axis=1, keepdims=True)


def _mesh(
    file: GltfFile, primitive: pygltflib.Primitive, moved: FloatArray, joints: IntArray, weights: FloatArray
) -> Mesh:
    """A mesh whose vertices are moved by (V, 4, 4) into the bind pose."""
    attributes = primitive.attributes
    linear = moved[:, :3, :3]
    points = file.floats(attributes.POSITION)
    positions = np.einsum("vij,vj->vi", linear, points) + moved[:, :3, 3]
    triangles = _triangles(file, primitive, len(points))
    if np.linalg.det(linear).mean() < 0:
        triangles = triangles[:, ::-1]
    if attributes.NORMAL is None:
        normals = vertex_normals(positions, triangles)
    else:
        upright = np.linalg.solve(np.swapaxes(linear, 1, 2), file.floats(attributes.NORMAL)[:, :, None])[..., 0]
        normals = rotation.normalize(upright)
    material = _material(file, primitive.material)
    return Mesh(
        positions, normals, triangles, joints, weights, material, _uvs(file, primitive), _colors(file, attributes)
    )


def _triangles(file: GltfFile, primitive: pygltflib.Primitive, count: int) -> IntArray:
    index = np.arange(count) if primitive.indices is None else file.array(primitive.indices)[:, 0].astype(np.int64)
    if len(index) and index.max() >= count:
        raise IndexError("a triangle refers to a vertex that does not exist")
    return index[: len(index) // 3 * 3].reshape(-1, 3)


def vertex_normals(positions: FloatArray, triangles: IntArray) -> FloatArray:
    """Unit normals (V, 3) of a mesh, weighted by the areas of the triangles."""
    a, b, c = (positions[triangles[:, k]] for k in range(3))
    normals = np.zeros_like(positions)
    for corner in triangles.T:
        np.add.at(normals, corner, np.cross(b - a, c - a))
    return rotation.normalize(normals)


def _material(file: GltfFile, index: int | None) -> Material:
    if index is None:
        return Material()
    source = file.gltf.materials[index]
    look = source.pbrMetallicRoughness or pygltflib.PbrMetallicRoughness()
    texture = look.baseColorTexture
    return Material(
        name=source.name or f"material_{index}",
        base_color=tuple(look.baseColorFactor or (1.0, 1.0, 1.0, 1.0)),
        roughness=1.0 if look.roughnessFactor is None else look.roughnessFactor,
        metallic=1.0 if look.metallicFactor is None else look.metallicFactor,
        texture_png=None if texture is None else file.image(texture.index),
    )


def _uvs(file: GltfFile, primitive: pygltflib.Primitive) -> FloatArray | None:
    """Texture coordinates of the set that the base colour uses."""
    look = None if primitive.material is None else file.gltf.materials[primitive.material].pbrMetallicRoughness
    texture = None if look is None else look.baseColorTexture
    accessor = getattr(primitive.attributes, f"TEXCOORD_{(texture.texCoord or 0) if texture else 0}", None)
    return None if accessor is None else file.floats(accessor)


def _colors(file: GltfFile, attributes: pygltflib.Attributes) -> FloatArray | None:
    accessor = getattr(attributes, "COLOR_0", None)
    if accessor is None:
        return None
    colors = file.floats(accessor)
    return colors if colors.shape[1] == 4 else np.hstack([colors, np.ones((len(colors), 1))])

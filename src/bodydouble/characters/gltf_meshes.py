"""Meshes of a glTF file in the bind pose of a ``Rig``: vertices, skin weights, texture coordinates, morph targets."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_draco import decode_primitive
from bodydouble.characters.gltf_materials import read_material, select_uv_sets
from bodydouble.characters.gltf_rig import Rig
from bodydouble.characters.gltf_skins import inverse_bind_matrices
from bodydouble.data import FloatArray, IntArray, Mesh, MorphTarget
from bodydouble.errors import FormatError
from bodydouble.geometry import rotation

TRIANGLES, TRIANGLE_STRIP, TRIANGLE_FAN = 4, 5, 6
"""Constants of glTF for the modes of a primitive; those below are points and lines."""
MAX_INFLUENCES = 4
"""Number of joints per vertex that are kept."""

Primitive = Mapping[str, Any]


def read_meshes(file: GltfFile, rig: Rig) -> tuple[Mesh, ...]:
    """Reads all meshes of triangles that are skinned to the rig or rigidly attached below one of its joints.

    Raises:
        FormatError: a mesh is damaged.
    """
    joint_of_node = _joint_of_node(file, rig)
    meshes = [_read_primitive(file, primitive, rig, node, joint_of_node) for node, primitive in _primitives(file)]
    return tuple(mesh for mesh in meshes if mesh is not None and len(mesh.triangles))


def _primitives(file: GltfFile) -> Iterator[tuple[int, Primitive]]:
    """Yields the primitives of triangles of all nodes."""
    for node, entry in enumerate(file.entries("nodes")):
        if "mesh" in entry:
            for primitive in file.entries("meshes")[entry["mesh"]].get("primitives", []):
                is_surface = primitive.get("mode", TRIANGLES) in (TRIANGLES, TRIANGLE_STRIP, TRIANGLE_FAN)
                if is_surface and "POSITION" in primitive["attributes"]:
                    yield node, primitive


def _joint_of_node(file: GltfFile, rig: Rig) -> dict[int, int]:
    """Returns, for each node that is a joint of the rig or below one, that joint."""
    carriers = {node: j for j, node in enumerate(rig.nodes)}
    waiting = list(rig.nodes)
    while waiting:
        node = waiting.pop()
        for child in file.entries("nodes")[node].get("children", []):
            if child not in carriers:
                carriers[child] = carriers[node]
                waiting.append(child)
    return carriers


def _read_primitive(
    file: GltfFile, primitive: Primitive, rig: Rig, node: int, joint_of_node: Mapping[int, int]
) -> Mesh | None:
    """Reads a primitive; None, with a note, if it does not move with the rig."""
    entry = file.entries("nodes")[node]
    if "skin" in entry and "JOINTS_0" in primitive["attributes"]:
        if rig.joint_of_node.keys() >= set(file.entries("skins")[entry["skin"]]["joints"]):
            decode_primitive(file, primitive)
            return _read_skinned_mesh(file, primitive, rig, node)
    elif node in joint_of_node:
        decode_primitive(file, primitive)
        return _read_rigid_mesh(file, primitive, rig, node, joint_of_node[node])
    file.note(f"mesh {mesh_name(file, node)!r} was left out: it does not move with the skeleton")
    return None


def mesh_name(file: GltfFile, node: int) -> str:
    """Returns the name of the mesh of a node: that of the node, if it has one."""
    entry = file.entries("nodes")[node]
    return str(entry.get("name") or file.entries("meshes")[entry["mesh"]].get("name") or f"mesh_{node}")


def _read_skinned_mesh(file: GltfFile, primitive: Primitive, rig: Rig, node: int) -> Mesh:
    skin = file.entries("skins")[file.entries("nodes")[node]["skin"]]
    skin_joints = np.array([rig.joint_of_node[joint] for joint in skin["joints"]])
    joints, weights, unweighted = _read_influences(file, primitive["attributes"], len(skin_joints))
    if unweighted:
        followed = rig.names[skin_joints[0]]
        file.note(f"{unweighted} vertices of {mesh_name(file, node)!r} have no skin weight: they follow {followed!r}")
    bind_from_mesh = rig.bind[skin_joints] @ inverse_bind_matrices(file, skin)
    blended = np.zeros((len(joints), 4, 4))
    for slot in range(joints.shape[1]):
        blended += weights[:, slot, None, None] * bind_from_mesh[joints[:, slot]]
    return _build_mesh(file, primitive, node, blended, skin_joints[joints], weights)


def _read_rigid_mesh(file: GltfFile, primitive: Primitive, rig: Rig, node: int, joint: int) -> Mesh:
    count = file.accessor(primitive["attributes"]["POSITION"])["count"]
    bind_from_mesh = np.broadcast_to(rig.bind[joint] @ rig.nodes_below(joint, node), (count, 4, 4))
    weights = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))
    return _build_mesh(file, primitive, node, bind_from_mesh, np.full((count, MAX_INFLUENCES), joint), weights)


def _read_influences(
    file: GltfFile, attributes: Mapping[str, int], joint_count: int
) -> tuple[IntArray, FloatArray, int]:
    """Reads indices into the skin (V, 4) and weights (V, 4), those of the four joints with most weight.

    Returns them and the number of vertices without any weight, which get the first joint.
    """
    sets = [k for k in range(len(attributes)) if f"JOINTS_{k}" in attributes and f"WEIGHTS_{k}" in attributes]
    joints = np.hstack([file.array(attributes[f"JOINTS_{k}"]).astype(np.int64) for k in sets])
    weights = np.hstack([file.floats(attributes[f"WEIGHTS_{k}"]) for k in sets])
    if joints.shape != weights.shape or joints.shape[1] < MAX_INFLUENCES:
        raise FormatError("damaged, its joints and skin weights do not match")
    weights = np.clip(weights, 0.0, None)
    if len(sets) > 1:
        strongest = np.argsort(-weights, axis=1, kind="stable")[:, :MAX_INFLUENCES]
        joints, weights = np.take_along_axis(joints, strongest, 1), np.take_along_axis(weights, strongest, 1)
    joints = np.where(weights > 0, joints, 0)
    if joints.size and not 0 <= joints.min() <= joints.max() < joint_count:
        raise FormatError(f"damaged, a vertex names joint {joints.max()} of a skin of {joint_count}")
    is_unweighted = weights.sum(axis=1) <= 0
    weights[is_unweighted, 0] = 1.0
    return joints, weights / weights.sum(axis=1, keepdims=True), int(is_unweighted.sum())


def _build_mesh(
    file: GltfFile,
    primitive: Primitive,
    node: int,
    bind_from_mesh: FloatArray,
    joints: IntArray,
    weights: FloatArray,
) -> Mesh:
    """Builds a mesh whose vertices are transformed by (V, 4, 4) into the bind pose."""
    attributes, linear = primitive["attributes"], bind_from_mesh[:, :3, :3]
    if not file.has_data(attributes["POSITION"]):
        raise FormatError(f"damaged, mesh {mesh_name(file, node)!r} has no positions")
    points = _read_vectors(file, attributes["POSITION"], len(linear))
    positions = np.einsum("vij,vj->vi", linear, points) + bind_from_mesh[:, :3, 3]
    triangles = _read_triangles(file, primitive, len(points))
    if np.linalg.det(linear).mean() < 0:
        triangles = triangles[:, ::-1]
    normal_matrices = _cofactors(linear)
    source_normals = _read_normals(file, attributes, len(points))
    normals = vertex_normals(positions, triangles)
    if source_normals is not None:
        normals = _transform_normals(normal_matrices, source_normals, normals)
    uvs = _read_uvs(file, attributes, len(points))
    material, order = select_uv_sets(read_material(file, primitive.get("material")), len(uvs))
    return Mesh(
        positions=positions,
        normals=normals,
        triangles=triangles,
        joints=joints,
        weights=weights,
        material=material,
        uvs=uvs[order[0]] if uvs else None,
        colors=_read_colors(file, attributes, len(points)),
        name=mesh_name(file, node),
        further_uvs=tuple(uvs[k] for k in order[1:]),
        morph_targets=_read_morph_targets(file, primitive, node, linear, normal_matrices, source_normals),
    )


def _transform_normals(matrices: FloatArray, source: FloatArray, default: FloatArray) -> FloatArray:
    """Returns normals (V, 3) transformed by (V, 3, 3); the default where the file has none."""
    rotated = np.einsum("vij,vj->vi", matrices, source)
    has_normal = np.linalg.norm(rotated, axis=1, keepdims=True) > 0
    return np.where(has_normal, rotation.normalize(rotated, 0.0), default)


def _cofactors(matrices: FloatArray) -> FloatArray:
    """Returns the cofactor matrices of (V, 3, 3): they transform normals, also where a matrix is singular."""
    a, b, c = (matrices[:, :, k] for k in range(3))
    cofactors = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=-1)
    sign = np.sign(np.linalg.det(matrices))
    return np.asarray(cofactors * np.where(sign == 0, 1.0, sign)[:, None, None])


def _read_vectors(
    file: GltfFile, accessor: int, count: int, *, replace_nan: bool = False, width: int = 3
) -> FloatArray:
    vectors = file.floats(accessor, replace_nan=replace_nan)
    if vectors.shape != (count, width):
        raise FormatError(f"damaged, a mesh has {count} vertices and an attribute of shape {vectors.shape}")
    return vectors


def _read_normals(file: GltfFile, attributes: Mapping[str, int], count: int) -> FloatArray | None:
    return _read_vectors(file, attributes["NORMAL"], count, replace_nan=True) if "NORMAL" in attributes else None


def _read_triangles(file: GltfFile, primitive: Primitive, count: int) -> IntArray:
    index = np.arange(count)
    if "indices" in primitive:
        index = file.array(primitive["indices"])[:, 0].astype(np.int64)
    if len(index) and index.max() >= count:
        raise FormatError("damaged, a triangle names a vertex that does not exist")
    mode = primitive.get("mode", TRIANGLES)
    if mode == TRIANGLES:
        return index[: len(index) // 3 * 3].reshape(-1, 3)
    if mode == TRIANGLE_FAN:
        return np.stack([index[1:-1], index[2:], np.broadcast_to(index[:1], len(index[2:]))], axis=-1)
    strip = np.stack([index[:-2], index[1:-1], index[2:]], axis=-1)
    strip[1::2] = strip[1::2, [0, 2, 1]]
    is_degenerate = (strip == np.roll(strip, 1, axis=1)).any(axis=1)
    return np.asarray(strip[~is_degenerate])


def vertex_normals(positions: FloatArray, triangles: IntArray) -> FloatArray:
    """Computes the unit normals (V, 3) of a mesh, weighted by the areas of the triangles."""
    a, b, c = (positions[triangles[:, k]] for k in range(3))
    normals = np.zeros_like(positions)
    for corner in triangles.T:
        np.add.at(normals, corner, np.cross(b - a, c - a))
    return rotation.normalize(normals)


def _read_uvs(file: GltfFile, attributes: Mapping[str, int], count: int) -> list[FloatArray]:
    """Reads the sets of texture coordinates (V, 2), from 0 on without a gap."""
    sets: list[FloatArray] = []
    while f"TEXCOORD_{len(sets)}" in attributes:
        accessor = attributes[f"TEXCOORD_{len(sets)}"]
        sets.append(_read_vectors(file, accessor, count, replace_nan=True, width=2))
    return sets


def _read_colors(file: GltfFile, attributes: Mapping[str, int], count: int) -> FloatArray | None:
    if "COLOR_0" not in attributes:
        return None
    channels = np.ones((count, 4))
    colors = file.floats(attributes["COLOR_0"], replace_nan=True)
    channels[:, : colors.shape[1]] = colors
    return np.clip(channels, 0.0, 1.0)


def _read_morph_targets(
    file: GltfFile,
    primitive: Primitive,
    node: int,
    linear: FloatArray,
    normal_matrices: FloatArray,
    normals: FloatArray | None,
) -> tuple[MorphTarget, ...]:
    """Reads the morph targets of a primitive whose vertices are transformed by linear (V, 3, 3)."""
    targets = primitive.get("targets", [])
    mesh = file.entries("meshes")[file.entries("nodes")[node]["mesh"]]
    extras = mesh.get("extras")
    names = extras.get("targetNames") if isinstance(extras, dict) else None
    names = [str(name) for name in names] if isinstance(names, list) else []
    weights = np.nan_to_num(np.array(file.entries("nodes")[node].get("weights", mesh.get("weights", [])), float))
    unit_normals = None
    if normals is not None:
        length = np.linalg.norm(np.einsum("vij,vj->vi", normal_matrices, normals), axis=1)
        unit_normals = normal_matrices / np.where(length > 0, length, 1.0)[:, None, None]
    result = []
    for k, target in enumerate(targets):
        offsets = (
            _read_offsets(file, target["POSITION"], linear) if "POSITION" in target else np.zeros((len(linear), 3))
        )
        normal_offsets = None
        if "NORMAL" in target and unit_normals is not None:
            normal_offsets = _read_offsets(file, target["NORMAL"], unit_normals, replace_nan=True)
        name = names[k] if k < len(names) else f"target_{k}"
        result.append(MorphTarget(name, offsets, normal_offsets, float(weights[k]) if k < len(weights) else 0.0))
    return tuple(result)


def _read_offsets(file: GltfFile, accessor: int, matrices: FloatArray, *, replace_nan: bool = False) -> FloatArray:
    """Reads offsets (V, 3), most of which are zero, and transforms them by (V, 3, 3)."""
    offsets = np.zeros((len(matrices), 3))
    rows, values = file.nonzero_floats(accessor, replace_nan=replace_nan)
    if file.accessor(accessor)["count"] != len(matrices) or values.shape[1] != 3:
        raise FormatError(f"damaged, a mesh has {len(matrices)} vertices and a morph target of another size")
    offsets[rows] = np.einsum("vij,vj->vi", matrices[rows], values)
    return offsets

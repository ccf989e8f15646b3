"""Meshes of an FBX file that was read: vertices, skin weights and morph targets, in the bind pose of chosen joints."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bodydouble.data import FloatArray, IntArray, Material, Mesh, MorphTarget, TexturePlacement
from bodydouble.errors import FormatError
from bodydouble.formats.fbx import euler
from bodydouble.formats.fbx.document import Node
from bodydouble.formats.fbx.scene import FbxScene, read_matrix
from bodydouble.formats.fbx.scene_layers import (
    Polygons,
    read_layer,
    read_materials,
    read_polygons,
    read_positions,
    read_uv_sets,
)
from bodydouble.formats.fbx.scene_materials import MaterialReader
from bodydouble.geometry import rotation

MAX_INFLUENCES = 4
"""Number of joints per vertex that are kept."""
MAPS = ("emissive_map", "normal_map", "metallic_roughness_map", "occlusion_map")
MERGE_DECIMALS = 6
"""Corners of a vertex are one vertex if their values agree to so many decimals."""


@dataclass(frozen=True, slots=True)
class _Skin:
    """Skin of a mesh with V vertices."""

    joints: IntArray
    """(V, 4)."""
    weights: FloatArray
    """(V, 4), each row sums to 1."""
    bind_from_mesh: FloatArray
    """(V, 4, 4) m from the unit of the file."""


def read_meshes(scene: FbxScene, joint_of_model: Mapping[int, int], bind: FloatArray) -> tuple[Mesh, ...]:
    """Reads all meshes that are skinned to joints or rigidly attached below one.

    Args:
        scene: the file.
        joint_of_model: index of an object -> joint, of the J joints.
        bind: (J, 4, 4) world from joint in the bind pose, m.

    Raises:
        FormatError: a mesh is damaged.
    """
    meshes: list[Mesh] = []
    rest = scene.rest_matrices()
    for index, number in enumerate(scene.models):
        for geometry in scene.objects.children(number, "Geometry", "Mesh"):
            node = scene.objects.nodes[geometry]
            positions = read_positions(node)
            skin = _read_skin(scene, geometry, index, len(positions), joint_of_model, bind)
            if skin is None:
                skin = _rigid_skin(scene, index, len(positions), joint_of_model, bind, rest)
            if skin is not None and len(positions):
                meshes += _build_meshes(scene, geometry, index, positions, skin)
    return tuple(meshes)


def cluster_bones(scene: FbxScene) -> dict[int, FloatArray]:
    """Returns the objects that move vertices, and world from object (4, 4) in metres at the time of binding."""
    bones: dict[int, FloatArray] = {}
    for cluster in scene.objects.all_of("Deformer"):
        for bone in scene.objects.children(cluster, "Model"):
            link = scene.objects.nodes[cluster].value("TransformLink")
            if link is not None and bone in scene.index:
                bones.setdefault(scene.index[bone], scene.to_metres(read_matrix(link)))
    return bones


def cluster_weights(scene: FbxScene) -> dict[int, float]:
    """Returns the objects that move vertices, and the sum of the weights of each."""
    sums: dict[int, float] = {}
    for cluster in scene.objects.all_of("Deformer"):
        weights = np.asarray(scene.objects.nodes[cluster].value("Weights", np.empty(0)), np.float64)
        for bone in scene.objects.children(cluster, "Model"):
            if bone in scene.index:
                index = scene.index[bone]
                sums[index] = sums.get(index, 0.0) + float(np.maximum(np.nan_to_num(weights), 0.0).sum())
    return sums


def _read_skin(
    scene: FbxScene, geometry: int, model: int, count: int, joint_of_model: Mapping[int, int], bind: FloatArray
) -> _Skin | None:
    """Reads the skin of a geometry; None if no joint moves it."""
    influences = []
    for skin in scene.objects.children(geometry, "Deformer", "Skin"):
        for cluster in scene.objects.children(skin, "Deformer", "Cluster"):
            bones = [joint_of_model.get(scene.index.get(b, -1)) for b in scene.objects.children(cluster, "Model")]
            joint = next((bone for bone in bones if bone is not None), None)
            if joint is not None:
                influences.append(_read_cluster(scene, cluster, model, count, joint, bind))
    if not influences:
        return None
    rows = np.concatenate([np.full(len(vertices), k) for k, (vertices, _, _, _) in enumerate(influences)])
    vertices = np.concatenate([vertices for vertices, _, _, _ in influences])
    weights = np.concatenate([weights for _, weights, _, _ in influences])
    slots, values = _strongest(vertices, rows, weights, count)
    joints = np.array([joint for _, _, joint, _ in influences])
    matrices = np.stack([matrix for _, _, _, matrix in influences])
    return _Skin(joints[slots], values, np.einsum("vk,vkij->vij", values, matrices[slots]))


def _read_cluster(
    scene: FbxScene, cluster: int, model: int, count: int, joint: int, bind: FloatArray
) -> tuple[IntArray, FloatArray, int, FloatArray]:
    """Returns vertices (K,), weights (K,), the joint and bind from mesh (4, 4) of a cluster."""
    node = scene.objects.nodes[cluster]
    vertices = np.asarray(node.value("Indexes", np.empty(0)), np.int64)
    weights = np.asarray(node.value("Weights", np.empty(0)), np.float64)
    if len(vertices) != len(weights) or (len(vertices) and not 0 <= vertices.min() <= vertices.max() < count):
        raise FormatError("damaged FBX file: a skin refers to vertices that do not exist")
    if not np.isfinite(weights).all():
        raise FormatError("damaged FBX file: a skin has weights that are not finite")
    joint_from_mesh = read_matrix(node.value("Transform")) @ _geometric_matrix(scene, model)
    return vertices, np.maximum(weights, 0.0), joint, bind[joint] @ _scale_to_metres(scene, joint_from_mesh)


def _strongest(vertices: IntArray, rows: IntArray, weights: FloatArray, count: int) -> tuple[IntArray, FloatArray]:
    """Returns the rows (V, 4) with the largest weights of each vertex, and the weights (V, 4), which sum to 1."""
    order = np.lexsort((-weights, vertices))
    vertices, rows, weights = vertices[order], rows[order], weights[order]
    place = np.arange(len(vertices)) - np.searchsorted(vertices, vertices)
    kept = place < MAX_INFLUENCES
    slots, values = np.zeros((count, MAX_INFLUENCES), np.int64), np.zeros((count, MAX_INFLUENCES))
    slots[vertices[kept], place[kept]], values[vertices[kept], place[kept]] = rows[kept], weights[kept]
    values[values.sum(axis=1) <= 0, 0] = 1.0
    return slots, values / values.sum(axis=1, keepdims=True)


def _rigid_skin(
    scene: FbxScene,
    model: int,
    count: int,
    joint_of_model: Mapping[int, int],
    bind: FloatArray,
    rest: FloatArray,
) -> _Skin | None:
    """Returns the skin of a mesh that hangs below a joint; None if it does not."""
    above = model
    while above >= 0 and above not in joint_of_model:
        above = scene.parents[above]
    if above < 0:
        return None
    joint = joint_of_model[above]
    model_from_mesh = _scale_to_metres(scene, _geometric_matrix(scene, model))
    bind_from_mesh = bind[joint] @ np.linalg.inv(rest[above]) @ rest[model] @ model_from_mesh
    weights = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))
    matrices = np.broadcast_to(bind_from_mesh, (count, 4, 4))
    return _Skin(np.full((count, MAX_INFLUENCES), joint), weights, matrices)


def _scale_to_metres(scene: FbxScene, matrix: FloatArray) -> FloatArray:
    """Returns a matrix (4, 4) that leads from the unit of the file to metres."""
    return np.diag([*[np.linalg.norm(scene.metres_from_file[:3, 0])] * 3, 1.0]) @ matrix


def _geometric_matrix(scene: FbxScene, model: int) -> FloatArray:
    """Returns the matrix (4, 4) that moves the mesh of an object, but not its children."""
    number, matrix = scene.models[model], np.eye(4)
    turn = rotation.to_matrix(euler.to_quaternions(scene.objects.vector(number, "GeometricRotation")))
    matrix[:3, :3] = turn * scene.objects.vector(number, "GeometricScaling", 1.0)
    matrix[:3, 3] = scene.objects.vector(number, "GeometricTranslation")
    return matrix


def _build_meshes(scene: FbxScene, geometry: int, model: int, positions: FloatArray, skin: _Skin) -> list[Mesh]:
    """Builds one mesh per material of a geometry."""
    node, number = scene.objects.nodes[geometry], scene.models[model]
    polygons = read_polygons(node, len(positions))
    linear = skin.bind_from_mesh[:, :3, :3]
    placed = np.einsum("vij,vj->vi", linear, positions) + skin.bind_from_mesh[:, :3, 3]
    surface = _read_surface(node, polygons, placed, skin)
    targets = _read_morph_targets(scene, geometry, linear)
    reader, uv_sets = MaterialReader(scene.objects, scene.path.parent), list(surface.uv_sets)
    materials = [reader.read(m, uv_sets) for m in scene.objects.children(number, "Material")]
    assigned = read_materials(node, polygons)
    meshes = []
    for slot in np.unique(assigned):
        mesh, vertices = surface.build(polygons.triangles[assigned == slot], skin)
        material = materials[slot] if slot < len(materials) else Material()
        mesh, material = _put_base_color_first(mesh, material)
        parts = tuple(MorphTarget(name, offsets[vertices]) for name, offsets in targets.items())
        meshes.append(replace(mesh, material=material, name=scene.objects.name(number), morph_targets=parts))
    return meshes


def _put_base_color_first(mesh: Mesh, material: Material) -> tuple[Mesh, Material]:
    """Exchanges the set of texture coordinates of the base colour with the first one."""
    chosen = material.texture_placement.uv_set
    if chosen == 0 or mesh.uvs is None:
        return mesh, material
    sets = [mesh.uvs, *mesh.further_uvs]
    sets[0], sets[chosen] = sets[chosen], sets[0]
    swapped = {0: chosen, chosen: 0}

    def move(placement: TexturePlacement) -> TexturePlacement:
        return replace(placement, uv_set=swapped.get(placement.uv_set, placement.uv_set))

    maps: dict[str, Any] = {name: getattr(material, name) for name in MAPS}
    moved = {name: replace(t, placement=move(t.placement)) for name, t in maps.items() if t is not None}
    material = replace(material, texture_placement=move(material.texture_placement), **moved)
    return replace(mesh, uvs=sets[0], further_uvs=tuple(sets[1:])), material


@dataclass(frozen=True, slots=True)
class _Surface:
    """Values of C corners of a geometry with V vertices, in the bind pose."""

    positions: FloatArray
    """(V, 3) m."""
    vertices: IntArray
    """(C,) vertex of each corner."""
    normals: FloatArray
    """(C, 3)."""
    uv_sets: Mapping[str, FloatArray]
    """Name -> (C, 2) origin at the top left."""
    colors: FloatArray | None
    """(C, 4) linear."""
    is_mirrored: bool
    """Whether the bind pose mirrors the geometry."""

    def build(self, triangles: IntArray, skin: _Skin) -> tuple[Mesh, IntArray]:
        """Builds the mesh of triangles (N, 3) of corners; corners with equal values become one vertex.

        Returns:
            The mesh, and the vertex of the geometry (V',) of each of its vertices.
        """
        corners = triangles[:, ::-1].ravel() if self.is_mirrored else triangles.ravel()
        columns = [self.vertices[corners, None], self.normals[corners]]
        columns += [values[corners] for values in (*self.uv_sets.values(), self.colors) if values is not None]
        first, inverse = _unique_rows(np.concatenate(columns, axis=1))
        kept = corners[first]
        vertices = self.vertices[kept]
        uv_sets = [uvs[kept] for uvs in self.uv_sets.values()]
        mesh = Mesh(
            positions=self.positions[vertices],
            normals=self.normals[kept],
            triangles=inverse.reshape(-1, 3),
            joints=skin.joints[vertices],
            weights=skin.weights[vertices],
            uvs=uv_sets[0] if uv_sets else None,
            colors=None if self.colors is None else self.colors[kept],
            further_uvs=tuple(uv_sets[1:]),
        )
        return mesh, vertices


def _unique_rows(values: FloatArray) -> tuple[IntArray, IntArray]:
    """Returns the first of each group of equal rows of (N, K), and the group of each row."""
    keys = np.ascontiguousarray(np.round(values, MERGE_DECIMALS) + 0.0)
    rows = keys.view(np.dtype((np.void, keys.itemsize * keys.shape[1])))[:, 0]
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    return first, inverse


def _read_surface(node: Node, polygons: Polygons, placed: FloatArray, skin: _Skin) -> _Surface:
    linear = skin.bind_from_mesh[:, :3, :3]
    is_mirrored = bool(np.linalg.det(linear).mean() < 0)
    normals = read_layer(node, "LayerElementNormal", ("Normals", "NormalsIndex"), 3, polygons)
    if normals is None:
        normals = _flat_vertex_normals(polygons, placed) * (-1.0 if is_mirrored else 1.0)
    else:
        normals = np.einsum("cij,cj->ci", _normal_matrices(linear)[polygons.vertices[: len(normals)]], normals)
    colors = read_layer(node, "LayerElementColor", ("Colors", "ColorIndex"), 4, polygons)
    return _Surface(
        placed,
        polygons.vertices,
        rotation.normalize(normals),
        read_uv_sets(node, polygons),
        None if colors is None else _linear_colors(colors),
        is_mirrored,
    )


def _normal_matrices(linear: FloatArray) -> FloatArray:
    """Returns the matrices (V, 3, 3) that transform normals where (V, 3, 3) transform points: the cofactors."""
    x, y, z = linear[:, 0], linear[:, 1], linear[:, 2]
    cofactors = np.stack([np.cross(y, z), np.cross(z, x), np.cross(x, y)], axis=1)
    return np.asarray(cofactors * np.sign(np.linalg.det(linear))[:, None, None])


def _flat_vertex_normals(polygons: Polygons, positions: FloatArray) -> FloatArray:
    """Returns the normals (C, 3) of the vertices of the corners, weighted by the areas of their triangles."""
    a, b, c = (positions[polygons.vertices[polygons.triangles[:, k]]] for k in range(3))
    normals = np.zeros_like(positions)
    for corner in polygons.triangles.T:
        np.add.at(normals, polygons.vertices[corner], np.cross(b - a, c - a))
    return normals[polygons.vertices]


def _linear_colors(colors: FloatArray) -> FloatArray:
    """Returns linear colours (C, 4) of colours that are encoded as sRGB; source: IEC 61966-2-1."""
    encoded = np.clip(colors, 0.0, 1.0)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return np.concatenate([linear[:, :3], encoded[:, 3:]], axis=1)


def _read_morph_targets(scene: FbxScene, geometry: int, linear: FloatArray) -> dict[str, FloatArray]:
    """Returns the offsets (V, 3) m of each morph target in the bind pose, by name."""
    objects = scene.objects
    targets: dict[str, FloatArray] = {}
    for deformer in objects.children(geometry, "Deformer", "BlendShape"):
        for channel in objects.children(deformer, "Deformer", "BlendShapeChannel"):
            for shape in objects.children(channel, "Geometry", "Shape")[-1:]:
                node = objects.nodes[shape]
                vertices = np.asarray(node.value("Indexes", np.empty(0)), np.int64)
                offsets = read_positions(node)
                if len(vertices) != len(offsets) or (
                    len(vertices) and not 0 <= vertices.min() <= vertices.max() < len(linear)
                ):
                    raise FormatError("damaged FBX file: a morph target refers to vertices that do not exist")
                moved = np.zeros((len(linear), 3))
                moved[vertices] = np.einsum("vij,vj->vi", linear[vertices], offsets)
                targets[objects.name(channel)] = moved
    return targets

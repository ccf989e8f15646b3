"""Rig of a glTF file: its joints as one hierarchy, their bind matrices in metres and their humanoid bones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_check import node_parents, parents_first
from bodydouble.characters.gltf_humanoid import GltfNodes, map_nodes, place_in_bind_pose
from bodydouble.characters.gltf_skins import MAX_CONDITION, Bound, mesh_bind_matrices, place_skins
from bodydouble.characters.humanoid_map import HumanoidMap
from bodydouble.characters.vrm_nodes import vrm_nodes
from bodydouble.data import FloatArray, Skeleton
from bodydouble.errors import FormatError
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

MAX_JOINTS = 4096


@dataclass(frozen=True)
class Rig:
    """J joints of a character, parents before children."""

    nodes: tuple[int, ...]
    """J node indices in the file."""
    names: tuple[str, ...]
    parents: tuple[int, ...]
    bind: FloatArray
    """(J, 4, 4) world from joint in the bind pose; may contain scale."""
    humanoid: dict[str, int]
    """Humanoid bone -> joint."""
    node_parents: tuple[int, ...]
    """Parents of all N nodes of the file."""
    local: FloatArray
    """(N, 4, 4) parent from node of all nodes, in the pose in which the file stores them."""

    @cached_property
    def joint_of_node(self) -> dict[int, int]:
        """Node -> joint, of the joints of the rig."""
        return {node: j for j, node in enumerate(self.nodes)}

    def nodes_below(self, joint: int, node: int) -> FloatArray:
        """Returns joint from node (4, 4) of a node below a joint, in the pose in which the file stores them."""
        matrix = np.eye(4)
        while node != self.nodes[joint]:
            matrix, node = self.local[node] @ matrix, self.node_parents[node]
        return matrix

    def skeleton(self) -> tuple[Skeleton, FloatArray]:
        """Returns the skeleton without scale, and the world rotations (J, 4) of its joints."""
        rotations = rotation.from_matrix(rotation.nearest_rotation_by_determinant(self.bind[:, :3, :3]))
        offsets = self.bind[:, :3, 3].copy()
        for j, parent in enumerate(self.parents):
            if parent >= 0:
                step = self.bind[j, :3, 3] - self.bind[parent, :3, 3]
                offsets[j] = rotation.rotate(rotation.conjugate(rotations[parent]), step)
        return Skeleton(self.names, self.parents, offsets), rotations


def read_rig(file: GltfFile, overrides: Mapping[str, str] | None = None) -> Rig:
    """Reads the skeleton of a file; overrides are humanoid bone -> joint name, chosen by a person.

    Raises:
        FormatError: the file has no humanoid skeleton.
    """
    found = map_rig(file, overrides)[0]
    for note in found.notes:
        file.note(note)
    return _build_rig(file, found.bones)


def _build_rig(file: GltfFile, bones: Mapping[str, int]) -> Rig:
    """Builds the rig of all skins that hang on the humanoid; bones are humanoid bone -> node."""
    nodes = file.entries("nodes")
    in_file = node_parents(nodes)
    local = local_matrices(nodes)
    world = world_matrices(local, in_file)
    skinned = {joint for skin in file.entries("skins") for joint in skin["joints"]}
    parents = _reparent_bones(in_file, bones)
    tree = _same_tree(parents, bones["hips"])
    attached = skinned & tree
    joints = _joint_nodes(parents, attached | set(bones.values()) | vrm_nodes(file.document) & tree)
    joint_of_node = {node: j for j, node in enumerate(joints)}
    binds = [mesh_bind_matrices(file, skin) for skin in file.entries("skins") if set(skin["joints"]) <= attached]
    return Rig(
        nodes=tuple(joints),
        names=tuple(_node_name(nodes, node) for node in joints),
        parents=tuple(joint_of_node.get(parents[node], -1) for node in joints),
        bind=_bind_matrices(joints, parents, world, place_skins(binds, joints, world, parents, bones)),
        humanoid={bone: joint_of_node[node] for bone, node in bones.items()},
        node_parents=tuple(in_file),
        local=local,
    )


def map_rig(file: GltfFile, overrides: Mapping[str, str] | None = None) -> tuple[HumanoidMap, GltfNodes]:
    """Finds the humanoid bones of a file.

    Args:
        file: the file.
        overrides: humanoid bone -> joint name, chosen by a person.

    Returns:
        The map, whose bones are nodes, and the nodes.

    Raises:
        FormatError: the file has no humanoid skeleton.
    """
    nodes = file.entries("nodes")
    parents = node_parents(nodes)
    world = world_matrices(local_matrices(nodes), parents)
    positions = world[:, :3, 3].copy()
    place_in_bind_pose(file, positions, world, parents)
    found_nodes = GltfNodes(tuple(_node_name(nodes, n) for n in range(len(nodes))), tuple(parents), positions)
    return map_nodes(file, found_nodes, overrides), found_nodes


def local_matrices(nodes: Sequence[Mapping[str, Any]]) -> FloatArray:
    """Returns parent from node (N, 4, 4) of the nodes of a file."""

    def values(name: str, default: Sequence[float]) -> FloatArray:
        return np.array([node.get(name, default) for node in nodes], dtype=np.float64).reshape(-1, len(default))

    local = values("matrix", np.eye(4).ravel().tolist()).reshape(-1, 4, 4).swapaxes(1, 2)
    parted = [i for i, node in enumerate(nodes) if "matrix" not in node]
    quaternions = rotation.normalize(values("rotation", rotation.IDENTITY.tolist()))
    linear = rotation.to_matrix(quaternions) * values("scale", (1.0, 1.0, 1.0))[:, None, :]
    local[parted, :3, :3] = linear[parted]
    local[parted, :3, 3] = values("translation", (0.0, 0.0, 0.0))[parted]
    return local


def world_matrices(local: FloatArray, parents: Sequence[int]) -> FloatArray:
    """Returns world from node (N, 4, 4) of nodes with the matrices parent from node (N, 4, 4)."""
    world = local.copy()
    for node in parents_first(parents):
        if parents[node] >= 0:
            world[node] = world[parents[node]] @ local[node]
    return world


def _node_name(nodes: Sequence[Mapping[str, Any]], node: int) -> str:
    return str(nodes[node].get("name") or f"node_{node}")


def _reparent_bones(parents: Sequence[int], bones: Mapping[str, int]) -> list[int]:
    """Returns node parents in which every humanoid bone is below its humanoid parent.

    Animation rigs with control joints keep the feet apart from the legs.
    """
    result = list(parents)
    for bone, node in bones.items():
        above = humanoid.PARENT.get(bone)
        while above is not None and above not in bones:
            above = humanoid.PARENT[above]
        if above is not None and bones[above] == node:
            raise FormatError(f"its skeleton has {bone} and {above} at one joint")
        if above is not None and bones[above] not in _ancestors(result, node):
            if node in _ancestors(result, bones[above]):
                raise FormatError(f"its skeleton has {bone} above {above}")
            result[node] = bones[above]
    return result


def _ancestors(parents: Sequence[int], node: int) -> list[int]:
    """Returns the ancestors of a node, the nearest first."""
    chain = []
    while (node := parents[node]) >= 0:
        chain.append(node)
    return chain


def _same_tree(parents: Sequence[int], node: int) -> set[int]:
    """Returns all nodes that have the root of a node."""
    roots: dict[int, int] = {}
    for each in parents_first(parents):
        roots[each] = roots.get(parents[each], each)
    return {each for each, root in roots.items() if root == roots[node]}


def _joint_nodes(parents: Sequence[int], wanted: set[int]) -> list[int]:
    """Returns the wanted nodes and all between them, up to their lowest common ancestor, parents first."""
    wanted_below = dict.fromkeys(range(len(parents)), 0)
    order = parents_first(parents)
    for node in reversed(order):
        wanted_below[node] += node in wanted
        if parents[node] >= 0:
            wanted_below[parents[node]] += wanted_below[node]
    shared = [node for node in order if wanted_below[node] == len(wanted)]
    if not shared:
        raise FormatError("its joints do not share one root; put them below one node")
    joints = [shared[-1], *(node for node in order if 0 < wanted_below[node] < len(wanted))]
    if len(joints) > MAX_JOINTS:
        raise FormatError(f"its skeleton has {len(joints)} joints; at most {MAX_JOINTS} are supported")
    return joints


def _bind_matrices(
    nodes: Sequence[int], parents: Sequence[int], world_from_node: FloatArray, placed: Bound
) -> FloatArray:
    """Returns world from joint (J, 4, 4) in the bind pose of the skins; other joints keep their stored local pose."""
    world: Bound = {}
    is_regular = np.linalg.cond(world_from_node) < MAX_CONDITION
    placed = placed | _place_above(nodes, parents, world_from_node, placed)
    for node in nodes:
        above = parents[node]
        if node in placed:
            world[node] = placed[node]
        elif above in world and is_regular[above]:
            world[node] = world[above] @ np.linalg.inv(world_from_node[above]) @ world_from_node[node]
        else:
            world[node] = world_from_node[node]
    return np.stack([world[node] for node in nodes])


def _place_above(nodes: Sequence[int], parents: Sequence[int], world: FloatArray, placed: Bound) -> Bound:
    """Places the joints above all placed ones where the positions of these demand it, rotated as their nodes."""
    has_placed_above: set[int] = set()
    for node in nodes:
        if parents[node] in placed or parents[node] in has_placed_above:
            has_placed_above.add(node)
    shifts: dict[int, list[FloatArray]] = {}
    result: Bound = {}
    for node in reversed(nodes):
        if node in shifts and node not in placed and node not in has_placed_above:
            result[node] = world[node].copy()
            result[node][:3, 3] += np.mean(shifts[node], axis=0)
        located = placed.get(node, result.get(node))
        if located is not None:
            shifts.setdefault(parents[node], []).append(located[:3, 3] - world[node][:3, 3])
    return result

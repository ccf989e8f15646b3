"""Rig of a glTF file: its joints as one hierarchy, their bind matrices in metres and their humanoid bones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pygltflib

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_humanoid import GltfNodes, map_nodes
from bodydouble.characters.humanoid_map import HumanoidMap
from bodydouble.data import FloatArray, Skeleton
from bodydouble.errors import FormatError
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid


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
    world_from_node: FloatArray
    """(N, 4, 4) world from node of all N nodes, in the pose in which the file stores them."""

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
    gltf = file.gltf
    parents = _node_parents(gltf)
    world_from_node = _world_matrices(gltf, parents)
    skinned = {joint for skin in gltf.skins for joint in skin.joints}
    bones = map_rig(file, overrides)[0].bones
    parents = _reparent_bones(parents, bones)
    nodes = _joint_nodes(parents, skinned | set(bones.values()))
    joint_of_node = {node: j for j, node in enumerate(nodes)}
    return Rig(
        nodes=tuple(nodes),
        names=tuple(_node_name(gltf, node) for node in nodes),
        parents=tuple(joint_of_node.get(parents[node], -1) for node in nodes),
        bind=_bind_matrices(file, nodes, parents, world_from_node),
        humanoid={bone: joint_of_node[node] for bone, node in bones.items()},
        world_from_node=world_from_node,
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
    parents = _node_parents(file.gltf)
    order = _parents_first(parents, range(len(parents)))
    positions = np.zeros((len(parents), 3))
    if order:
        bind = _bind_matrices(file, order, parents, _world_matrices(file.gltf, parents))
        positions[order] = bind[:, :3, 3]
        skinned = [order.index(joint) for skin in file.gltf.skins for joint in skin.joints]
        # A mirroring armature does not exchange left and right.
        if np.sum(np.sign(np.linalg.det(bind[skinned, :3, :3]))) < 0:
            positions[:, 0] *= -1
    names = tuple(_node_name(file.gltf, node) for node in range(len(parents)))
    nodes = GltfNodes(names, tuple(parents), positions)
    return map_nodes(file, nodes, overrides), nodes


def _node_name(gltf: pygltflib.GLTF2, node: int) -> str:
    return gltf.nodes[node].name or f"node_{node}"


def _node_parents(gltf: pygltflib.GLTF2) -> list[int]:
    parents = [-1] * len(gltf.nodes)
    for i, node in enumerate(gltf.nodes):
        for child in node.children or []:
            parents[child] = i
    return parents


def _local_matrix(node: pygltflib.Node) -> FloatArray:
    if node.matrix is not None:
        return np.array(node.matrix, dtype=np.float64).reshape(4, 4).T
    local = np.eye(4)
    quaternion = rotation.normalize(np.array(node.rotation or rotation.IDENTITY, dtype=np.float64))
    local[:3, :3] = rotation.to_matrix(quaternion) * np.array(node.scale or [1.0, 1.0, 1.0])
    local[:3, 3] = node.translation or [0.0, 0.0, 0.0]
    return local


def _world_matrices(gltf: pygltflib.GLTF2, parents: Sequence[int]) -> FloatArray:
    world = np.tile(np.eye(4), (len(parents), 1, 1))
    for node in _parents_first(parents, range(len(parents))):
        local = _local_matrix(gltf.nodes[node])
        world[node] = local if parents[node] < 0 else world[parents[node]] @ local
    return world


def _parents_first(parents: Sequence[int], nodes: Sequence[int]) -> list[int]:
    """Returns the nodes in the order of a depth-first walk; raises FormatError if the hierarchy has a loop."""

    def path(node: int) -> tuple[int, ...]:
        chain = [node]
        while parents[chain[-1]] >= 0:
            chain.append(parents[chain[-1]])
            if len(chain) > len(parents):
                raise FormatError("its nodes form a loop")
        return tuple(reversed(chain))

    return sorted(nodes, key=path)


def _reparent_bones(parents: Sequence[int], bones: Mapping[str, int]) -> list[int]:
    """Returns node parents in which every humanoid bone is below its humanoid parent.

    Animation rigs with control joints keep the feet apart from the legs.
    """
    result = list(parents)
    for bone, node in bones.items():
        above = humanoid.PARENT.get(bone)
        while above is not None and above not in bones:
            above = humanoid.PARENT[above]
        if above is not None and bones[above] not in _ancestors(result, node):
            if node in _ancestors(result, bones[above]):
                raise FormatError(f"its skeleton has {bone} above {above}")
            result[node] = bones[above]
    return result


def _ancestors(parents: Sequence[int], node: int) -> list[int]:
    chain = []
    while (node := parents[node]) >= 0 and node not in chain:
        chain.append(node)
    return chain


def _joint_nodes(parents: Sequence[int], wanted: set[int]) -> list[int]:
    """Returns the wanted nodes and all between them, up to their lowest common ancestor, parents first."""
    chains = [[*reversed(_ancestors(parents, node)), node] for node in sorted(wanted)]
    shared = [nodes[0] for nodes in zip(*chains, strict=False) if len(set(nodes)) == 1]
    if not shared:
        raise FormatError("its joints do not share one root; put them below one node")
    return _parents_first(parents, sorted({node for chain in chains for node in chain[len(shared) - 1 :]}))


def _bind_matrices(
    file: GltfFile, nodes: Sequence[int], parents: Sequence[int], world_from_node: FloatArray
) -> FloatArray:
    """Returns world from joint (J, 4, 4) in the bind pose of the skins; other joints keep their stored local pose."""
    bound: dict[int, FloatArray] = {}
    for skin in file.gltf.skins:
        inverse_bind = skin_inverse_bind(file, skin)
        top = min(range(len(skin.joints)), key=lambda k: len(_ancestors(parents, skin.joints[k])))
        world_from_mesh = world_from_node[skin.joints[top]] @ inverse_bind[top]
        for joint, matrix in zip(skin.joints, inverse_bind, strict=True):
            bound.setdefault(joint, world_from_mesh @ np.linalg.inv(matrix))
    world: dict[int, FloatArray] = {}
    for node in nodes:
        above = parents[node]
        local = (
            np.linalg.inv(world_from_node[above]) @ world_from_node[node] if above in world else world_from_node[node]
        )
        free = world[above] @ local if above in world else local
        world[node] = bound.get(node, free)
    return np.stack([world[node] for node in nodes])


def skin_inverse_bind(file: GltfFile, skin: pygltflib.Skin) -> FloatArray:
    """Returns the matrices (K, 4, 4) joint from mesh of the K joints of a skin."""
    if skin.inverseBindMatrices is None:
        return np.tile(np.eye(4), (len(skin.joints), 1, 1))
    return np.swapaxes(file.floats(skin.inverseBindMatrices).reshape(-1, 4, 4), 1, 2)

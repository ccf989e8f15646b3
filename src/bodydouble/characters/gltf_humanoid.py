"""Humanoid bones of the nodes of a glTF file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_skins import mesh_bind_matrices
from bodydouble.characters.humanoid_map import HumanoidMap, RigDescription, from_extensions, map_humanoid
from bodydouble.data import FloatArray
from bodydouble.errors import FormatError


@dataclass(frozen=True)
class GltfNodes:
    """N nodes of a file."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    positions: FloatArray
    """(N, 3) world; of skinned nodes in the bind pose."""


def map_nodes(file: GltfFile, nodes: GltfNodes, overrides: Mapping[str, str] | None = None) -> HumanoidMap:
    """Returns the humanoid map of a file; its bones are nodes.

    Args:
        file: the file.
        nodes: its nodes.
        overrides: humanoid bone -> joint name, chosen by a person.

    Raises:
        FormatError: the file has no humanoid skeleton.
    """
    skinned = {joint for skin in file.entries("skins") for joint in skin["joints"]}
    declared = from_extensions(file.document.get("extensions") or {})
    if not skinned and not declared:
        raise FormatError("no skeleton in this file; export the character with its bones and skin")
    joints = _joint_candidates(file, nodes.parents, skinned)
    place = {node: i for i, node in enumerate(joints)}
    rig = RigDescription(
        names=tuple(nodes.names[node] for node in joints),
        parents=tuple(place.get(nodes.parents[node], -1) for node in joints),
        rest_positions=nodes.positions[joints],
        skin_weights=_sum_skin_weights(file, len(nodes.names))[joints] if skinned else None,
        declared={bone: place.get(node, -1) for bone, node in declared.items()},
    )
    found = map_humanoid(rig, overrides)
    return replace(found, bones={bone: joints[joint] for bone, joint in found.bones.items()})


def _joint_candidates(file: GltfFile, parents: Sequence[int], skinned: set[int]) -> list[int]:
    """Returns the skinned nodes and all above them; of a file without skins, all nodes that hold no mesh."""
    if not skinned:
        return [i for i, node in enumerate(file.entries("nodes")) if "mesh" not in node]
    joints = set(skinned)
    for joint in skinned:
        while (joint := parents[joint]) >= 0 and joint not in joints:
            joints.add(joint)
    return sorted(joints)


def _sum_skin_weights(file: GltfFile, count: int) -> FloatArray:
    """Returns the sum of the skin weights of each node (N,)."""
    sums = np.zeros(count)
    skins, meshes = file.entries("skins"), file.entries("meshes")
    for node in (node for node in file.entries("nodes") if "mesh" in node and "skin" in node):
        joints = np.array(skins[node["skin"]]["joints"])
        for primitive in meshes[node["mesh"]]["primitives"]:
            attributes = primitive["attributes"]
            if "JOINTS_0" in attributes and "WEIGHTS_0" in attributes and file.has_data(attributes["JOINTS_0"]):
                indices = np.clip(file.array(attributes["JOINTS_0"]).astype(np.int64), 0, len(joints) - 1)
                np.add.at(sums, joints[indices], file.floats(attributes["WEIGHTS_0"], replace_nan=True))
    return sums


def place_in_bind_pose(file: GltfFile, positions: FloatArray, world: FloatArray, parents: Sequence[int]) -> None:
    """Moves the positions (N, 3) of skinned nodes to their places in the bind pose; the topmost joint stays."""

    def depth(node: int) -> int:
        count = 0
        while (node := parents[node]) >= 0:
            count += 1
        return count

    mirrored = False
    for skin in file.entries("skins"):
        bound = mesh_bind_matrices(file, skin)
        if not bound:
            continue
        top = min(bound, key=depth)
        world_from_mesh = world[top] @ np.linalg.inv(bound[top])
        for node, matrix in bound.items():
            positions[node] = (world_from_mesh @ matrix)[:3, 3]
        # A mirroring armature does not exchange left and right.
        mirrored = mirrored or float(np.linalg.det(world_from_mesh[:3, :3])) < 0
    if mirrored:
        positions[:, 0] *= -1

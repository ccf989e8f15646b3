"""Humanoid bones of the nodes of a glTF file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bodydouble.characters.gltf_arrays import GltfFile
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
    joints = _joint_candidates(file.entries("nodes"), nodes.parents, skinned)
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


def _joint_candidates(nodes: Sequence[Mapping[str, Any]], parents: Sequence[int], skinned: set[int]) -> list[int]:
    """Returns the skinned nodes and all above them; of a file without skins, all nodes that hold no mesh."""
    if not skinned:
        return [i for i, node in enumerate(nodes) if "mesh" not in node]
    joints = set(skinned)
    for joint in skinned:
        while (joint := parents[joint]) >= 0 and joint not in joints:
            joints.add(joint)
    return sorted(joints)


def _sum_skin_weights(file: GltfFile, count: int) -> FloatArray:
    """Returns the sum of the skin weights of each node (N,)."""
    sums = np.zeros(count)
    for node in file.entries("nodes"):
        if "mesh" not in node or "skin" not in node:
            continue
        joints = np.array(file.entries("skins")[node["skin"]]["joints"])
        for primitive in file.entries("meshes")[node["mesh"]]["primitives"]:
            attributes = primitive["attributes"]
            if "JOINTS_0" in attributes and "WEIGHTS_0" in attributes:
                indices = np.clip(file.array(attributes["JOINTS_0"]).astype(np.int64), 0, len(joints) - 1)
                weights = file.floats(attributes["WEIGHTS_0"], replace_nan=True)
                np.add.at(sums, joints[indices], weights)
    return sums

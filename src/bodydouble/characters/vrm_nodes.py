"""Nodes that the VRM extensions of a glTF file refer to beside the humanoid: spring bones, colliders, eyes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

FURTHER_BONES = ("leftEye", "rightEye", "jaw")
"""Humanoid bones of VRM that motions do not move."""
CONSTRAINT_KINDS = ("roll", "aim", "rotation")


def vrm_nodes(document: Mapping[str, Any]) -> set[int]:
    """Returns the nodes that spring bones, constraints and further bones of a VRM file refer to."""
    nodes = document.get("nodes", [])
    extensions = as_object(document.get("extensions"))
    old = as_object(extensions.get("VRM"))
    found = chain(_vrm1_nodes(extensions), _constrained_nodes(nodes), _vrm0_nodes(old, nodes))
    return {node for node in found if isinstance(node, int) and 0 <= node < len(nodes)}


def as_object(value: object) -> Mapping[str, Any]:
    """Returns a value of a JSON document that should be an object; an empty one if it is none."""
    return value if isinstance(value, Mapping) else {}


def as_objects(value: object) -> list[Mapping[str, Any]]:
    """Returns a value of a JSON document that should be a list of objects, as one."""
    return [as_object(item) for item in value] if isinstance(value, list) else []


def child_nodes(nodes: Sequence[Mapping[str, Any]], node: int) -> list[int]:
    """Returns the children of a node that hold no mesh."""
    return [child for child in nodes[node].get("children", []) if "mesh" not in nodes[child]]


def find_constraint(entry: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Returns the kind and the parameters, which name the source, of the constraint of a node; None without one."""
    constraint = as_object(as_object(as_object(entry.get("extensions")).get("VRMC_node_constraint")).get("constraint"))
    return next(((kind, as_object(constraint[kind])) for kind in CONSTRAINT_KINDS if kind in constraint), None)


def _vrm1_nodes(extensions: Mapping[str, Any]) -> Iterator[Any]:
    springs = as_object(extensions.get("VRMC_springBone"))
    yield from (collider.get("node") for collider in as_objects(springs.get("colliders")))
    for spring in as_objects(springs.get("springs")):
        yield spring.get("center")
        yield from (joint.get("node") for joint in as_objects(spring.get("joints")))
    bones = as_object(as_object(as_object(extensions.get("VRMC_vrm")).get("humanoid")).get("humanBones"))
    yield from (as_object(bones.get(bone)).get("node") for bone in FURTHER_BONES)


def _constrained_nodes(nodes: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
    for n, entry in enumerate(nodes):
        if constraint := find_constraint(entry):
            yield from (n, constraint[1].get("source"))


def _vrm0_nodes(extension: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    secondary = as_object(extension.get("secondaryAnimation"))
    yield from (group.get("node") for group in as_objects(secondary.get("colliderGroups")))
    for group in as_objects(secondary.get("boneGroups")):
        waiting = [node for node in group.get("bones") or [] if isinstance(node, int) and 0 <= node < len(nodes)]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += child_nodes(nodes, node)
    for bone in as_objects(as_object(extension.get("humanoid")).get("humanBones")):
        if bone.get("bone") in FURTHER_BONES:
            yield bone.get("node")

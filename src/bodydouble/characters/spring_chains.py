"""Chains of spring bones of a character as arrays: bones with their parents and values, and colliders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bodydouble.data import BoolArray, Character, FloatArray, IntArray
from bodydouble.geometry import kinematics, rotation

EXTENSION = "VRMC_springBone"
EXTENDED_COLLIDER = "VRMC_springBone_extended_collider"
KINDS = ("sphere", "capsule", "plane")
MIN_LENGTH = 1e-4
"""Length, m, below which a bone has no direction and is left out."""
DEFAULTS = {"stiffness": 1.0, "gravityPower": 0.0, "dragForce": 0.5, "hitRadius": 0.0}


@dataclass(frozen=True, slots=True)
class SpringChains:
    """Spring bones of a character, those of a level after those they hang on, and colliders."""

    joints: IntArray
    """(B,) joint that each bone turns."""
    parents: IntArray
    """(B,) the bone at or above the parent of the joint; -1: none."""
    levels: tuple[slice, ...]
    """Bones of each level, of which those of level 0 hang on no other bone."""
    axes: FloatArray
    """(B, 3) unit, from the joint to the end of the bone in the axes of the joint."""
    lengths: FloatArray
    """(B,) m."""
    stiffness: FloatArray
    """(B,)."""
    gravity: FloatArray
    """(B, 3), direction times power."""
    drag: FloatArray
    """(B,) 0 to 1."""
    radii: FloatArray
    """(B,) m, of the end of each bone."""
    centers: IntArray
    """(B,) joint in whose space inertia counts; -1: the world."""
    collides: BoolArray
    """(B, C) whether a bone collides with a collider."""
    collider_joints: IntArray
    """(C,)."""
    collider_offsets: FloatArray
    """(C, 3) m, in the axes of the joint."""
    collider_tails: FloatArray
    """(C, 3) m, from one end of a capsule to the other; zero for a sphere; of a plane, its unit normal."""
    collider_radii: FloatArray
    """(C,) m."""
    is_inside: BoolArray
    """(C,) whether the bones stay inside the collider."""
    is_plane: BoolArray
    """(C,) whether the collider is all that lies behind a plane."""


@dataclass(frozen=True, slots=True)
class _Bone:
    joint: int
    vector: FloatArray
    """(3,) m, from the joint to the end of the bone."""
    values: Mapping[str, Any]
    spring: Mapping[str, Any]


def read_chains(character: Character) -> SpringChains | None:
    """Reads the spring bones of a character; None if it has none."""
    extension: Mapping[str, Any] = character.vrm.get(EXTENSION, {})
    bones = _find_bones(character, extension.get("springs", []))
    if not bones:
        return None
    parents, depths = _find_parents(character.skeleton.parents, [bone.joint for bone in bones])
    order = sorted(range(len(bones)), key=depths.__getitem__)
    place = {old: new for new, old in enumerate(order)}
    counts = np.bincount(depths)
    starts = np.concatenate([[0], np.cumsum(counts)])
    bones = [bones[k] for k in order]
    vectors = np.array([bone.vector for bone in bones])
    values = {name: np.array([bone.values.get(name, value) for bone in bones]) for name, value in DEFAULTS.items()}
    gravity = np.array([bone.values.get("gravityDir", (0.0, -1.0, 0.0)) for bone in bones], dtype=np.float64)
    colliders = extension.get("colliders", [])
    shapes = [_read_shape(collider) for collider in colliders]
    return SpringChains(
        joints=np.array([bone.joint for bone in bones]),
        parents=np.array([place.get(parents[k], -1) for k in order]),
        levels=tuple(slice(int(a), int(a + n)) for a, n in zip(starts[:-1], counts, strict=True)),
        axes=rotation.normalize(vectors),
        lengths=np.linalg.norm(vectors, axis=1),
        stiffness=values["stiffness"],
        gravity=gravity * values["gravityPower"][:, None],
        drag=np.clip(values["dragForce"], 0.0, 1.0),
        radii=values["hitRadius"],
        centers=np.array([bone.spring.get("center", -1) for bone in bones]),
        collides=np.array([_choose_colliders(bone.spring, extension) for bone in bones]).reshape(len(bones), -1),
        collider_joints=np.array([collider["node"] for collider in colliders], dtype=np.int64),
        collider_offsets=np.array([shape.offset for shape in shapes]).reshape(-1, 3),
        collider_tails=np.array([shape.tail for shape in shapes]).reshape(-1, 3),
        collider_radii=np.array([shape.radius for shape in shapes]),
        is_inside=np.array([shape.is_inside for shape in shapes], dtype=bool),
        is_plane=np.array([shape.is_plane for shape in shapes], dtype=bool),
    )


def _find_bones(character: Character, springs: Sequence[Mapping[str, Any]]) -> list[_Bone]:
    """Finds the bones: from each joint of a spring to the next one, and to the spring's tail."""
    bind = kinematics.bind_matrices(character)
    bones = []
    for spring in springs:
        joints = spring["joints"]
        for values, following in zip(joints, [*joints[1:], None], strict=True):
            joint = values["node"]
            if following is not None:
                vector = bind[joint, :3, :3].T @ (bind[following["node"], :3, 3] - bind[joint, :3, 3])
            else:
                vector = np.array(spring.get("tail", (0.0, 0.0, 0.0)), dtype=np.float64)
            if np.linalg.norm(vector) > MIN_LENGTH:
                bones.append(_Bone(joint, vector, values, spring))
    return list({bone.joint: bone for bone in reversed(bones)}.values())[::-1]


def _find_parents(parents: Sequence[int], joints: Sequence[int]) -> tuple[list[int], list[int]]:
    """Returns the bone that each bone hangs on, or -1, and the number of bones above it."""
    bone_of = {joint: bone for bone, joint in enumerate(joints)}
    found, depths = [], []
    for joint in joints:
        above = [bone_of[ancestor] for ancestor in _ancestors(parents, joint) if ancestor in bone_of]
        found.append(above[0] if above else -1)
        depths.append(len(above))
    return found, depths


def _ancestors(parents: Sequence[int], joint: int) -> list[int]:
    """Returns the joints above a joint, the nearest first."""
    above = []
    while (joint := parents[joint]) >= 0:
        above.append(joint)
    return above


def _choose_colliders(spring: Mapping[str, Any], extension: Mapping[str, Any]) -> BoolArray:
    """Returns whether a spring collides with each collider (C,)."""
    groups = extension.get("colliderGroups", [])
    chosen = [c for g in spring.get("colliderGroups", []) if 0 <= g < len(groups) for c in groups[g]["colliders"]]
    return np.isin(np.arange(len(extension.get("colliders", []))), chosen)


@dataclass(frozen=True, slots=True)
class _Shape:
    offset: FloatArray
    """(3,) m."""
    tail: FloatArray
    """(3,) m, to the other end; the unit normal of a plane."""
    radius: float
    is_inside: bool
    is_plane: bool


def _read_shape(collider: Mapping[str, Any]) -> _Shape:
    """Reads the shape of a collider: that of the extension if there is one, else the plain one."""
    extended = collider.get("extensions", {}).get(EXTENDED_COLLIDER, {}).get("shape", {})
    found: dict[str, Mapping[str, Any]] = {
        kind: shape for kind, shape in (extended or collider["shape"]).items() if kind in KINDS
    }
    kind, shape = next(iter(found.items()), ("sphere", {}))
    offset = np.array(shape.get("offset", (0.0, 0.0, 0.0)), dtype=np.float64)
    if kind == "plane":
        normal = np.array(shape.get("normal", (0.0, 0.0, 1.0)), dtype=np.float64)
        return _Shape(offset, rotation.normalize(normal), 0.0, is_inside=False, is_plane=True)
    tail = np.array(shape.get("tail", (0.0, 0.0, 0.0) if kind == "capsule" else offset), dtype=np.float64)
    radius, is_inside = float(shape.get("radius", 0.0)), bool(shape.get("inside", False))
    return _Shape(offset, tail - offset, radius, is_inside=is_inside, is_plane=False)

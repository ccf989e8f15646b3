"""Vertices and joints that belong to a part of a character's body."""

from collections.abc import Collection

import numpy as np

from bodydouble.data import Character, FloatArray, IntArray


def vertices_of(character: Character, joints: Collection[int]) -> FloatArray:
    """Returns the vertices (V, 3) at rest whose largest weight is that of one of the joints."""
    meshes = [
        mesh.positions[np.isin(mesh.joints[np.arange(len(mesh.joints)), mesh.weights.argmax(axis=1)], list(joints))]
        for mesh in character.meshes
    ]
    return np.concatenate([np.empty((0, 3)), *meshes])


def descendants(character: Character, joint: int) -> list[int]:
    """Returns a joint and all joints below it, ascending."""
    below = {joint}
    for j, parent in enumerate(character.skeleton.parents):
        if parent in below:
            below.add(j)
    return sorted(below)


def humanoid_owners(character: Character) -> IntArray:
    """Returns the nearest joint (J,) at or above each joint that is a humanoid bone; -1 if there is none."""
    bones = set(character.humanoid.values())
    owners = np.full(len(character.skeleton.parents), -1)
    for j, parent in enumerate(character.skeleton.parents):
        owners[j] = j if j in bones else owners[parent] if parent >= 0 else -1
    return owners


def skin_weights(character: Character) -> FloatArray:
    """Returns the sum (J,) of the skin weights of each joint over all meshes."""
    total = np.zeros(len(character.skeleton.parents))
    for mesh in character.meshes:
        np.add.at(total, mesh.joints, mesh.weights)
    return total

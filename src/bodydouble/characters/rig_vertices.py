"""Vertices and joints that belong to a part of a character's body."""

from collections.abc import Collection

import numpy as np

from bodydouble.data import Character, FloatArray


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

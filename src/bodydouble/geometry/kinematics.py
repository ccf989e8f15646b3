"""Forward kinematics of a skeleton, batched over frames."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray, Motion, Skeleton
from bodydouble.geometry import rotation


def world_rotations(parents: Sequence[int], rotations: FloatArray) -> FloatArray:
    """World rotations (..., J, 4) of local rotations (..., J, 4), xyzw."""
    world = np.array(rotations, dtype=np.float64)
    for j, parent in enumerate(parents):
        if parent >= 0:
            world[..., j, :] = rotation.multiply(world[..., parent, :], rotations[..., j, :])
    return world


def local_rotations(parents: Sequence[int], world: FloatArray) -> FloatArray:
    """Local rotations (..., J, 4) of world rotations (..., J, 4); the inverse of world_rotations."""
    parent_world = world[..., np.maximum(np.asarray(parents), 0), :]
    local = rotation.multiply(rotation.conjugate(parent_world), world)
    local[..., 0, :] = world[..., 0, :]
    return local


def forward_kinematics(
    skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Where the joints are.

    Args:
        skeleton: J joints.
        rotations: (..., J, 4) xyzw, local to the parent.
        root_position: (..., 3) m, world.

    Returns:
        positions (..., J, 3) m, world, and world rotations (..., J, 4).
    """
    world = world_rotations(skeleton.parents, rotations)
    positions = np.empty((*world.shape[:-1], 3))
    for j, parent in enumerate(skeleton.parents):
        if parent < 0:
            positions[..., j, :] = root_position
        else:
            step = rotation.rotate(world[..., parent, :], skeleton.rest_offsets[j])
            positions[..., j, :] = positions[..., parent, :] + step
    return positions, world


def joint_positions(motion: Motion) -> FloatArray:
    """World positions (T, J, 3) m of the joints of a motion."""
    return forward_kinematics(motion.skeleton, motion.rotations, motion.root_position)[0]


def rest_positions(skeleton: Skeleton) -> FloatArray:
    """Positions (J, 3) m of the joints at rest, all rotations identity."""
    positions = np.array(skeleton.rest_offsets, dtype=np.float64)
    for j, parent in enumerate(skeleton.parents):
        if parent >= 0:
            positions[j] += positions[parent]
    return positions

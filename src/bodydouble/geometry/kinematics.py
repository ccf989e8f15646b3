"""Forward kinematics of skeletons and the bind pose of characters, batched over frames."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import Character, FloatArray, Motion, Skeleton
from bodydouble.geometry import camera, rotation

BLOCK_FRAMES = 6000
"""Number of frames of a long motion that are posed at once."""


def world_rotations(parents: Sequence[int], rotations: FloatArray) -> FloatArray:
    """Returns the world rotations (..., J, 4) of local rotations (..., J, 4), xyzw."""
    world = np.array(rotations, dtype=np.float64)
    for j, parent in enumerate(parents):
        if parent >= 0:
            world[..., j, :] = rotation.multiply(world[..., parent, :], rotations[..., j, :])
    return world


def local_rotations(parents: Sequence[int], world: FloatArray) -> FloatArray:
    """Returns the local rotations (..., J, 4) of world rotations (..., J, 4); the inverse of world_rotations."""
    parent_world = world[..., np.maximum(np.asarray(parents), 0), :]
    local = rotation.multiply(rotation.conjugate(parent_world), world)
    local[..., 0, :] = world[..., 0, :]
    return local


def forward_kinematics(
    skeleton: Skeleton, rotations: FloatArray, translation: FloatArray, translated_joint: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Computes the positions and world rotations of the joints; see forward_kinematics_of_matrices for matrices.

    Args:
        skeleton: J joints.
        rotations: (..., J, 4) xyzw, local to the parent.
        translation: (..., 3) m, of the translated joint: local to its parent, or in the world if it is the root.
        translated_joint: the joint that the translation replaces the rest offset of, the root if not given.

    Returns:
        positions (..., J, 3) m, world, and world rotations (..., J, 4).
    """
    world = world_rotations(skeleton.parents, rotations)
    positions = np.empty((*world.shape[:-1], 3))
    for j, parent in enumerate(skeleton.parents):
        offset = translation if j == translated_joint else skeleton.rest_offsets[j]
        if parent < 0:
            positions[..., j, :] = offset
        else:
            positions[..., j, :] = positions[..., parent, :] + rotation.rotate(world[..., parent, :], offset)
    return positions, world


def forward_kinematics_of_matrices(
    skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Computes the positions and world rotations of the joints from rotation matrices.

    The results agree with those of forward_kinematics up to rounding.

    Args:
        skeleton: J joints, joint 0 the root.
        rotations: (T, J, 3, 3) local to the parent.
        root_position: (T, 3) m.

    Returns:
        positions (T, J, 3) m and world rotations (T, J, 3, 3).
    """
    world, positions = np.empty_like(rotations), np.empty(rotations.shape[:-1])
    world[:, 0], positions[:, 0] = rotations[:, 0], root_position
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        world[:, joint] = world[:, parent] @ rotations[:, joint]
        positions[:, joint] = positions[:, parent] + world[:, parent] @ skeleton.rest_offsets[joint]
    return positions, world


def joint_positions(motion: Motion) -> FloatArray:
    """Returns the world positions (T, J, 3) m of the joints of a motion, computed some frames at a time."""
    positions = np.empty((*motion.rotations.shape[:2], 3))
    for start in range(0, len(positions), BLOCK_FRAMES):
        rows = slice(start, start + BLOCK_FRAMES)
        positions[rows] = forward_kinematics(motion.skeleton, motion.rotations[rows], motion.root_position[rows])[0]
    return positions


def rest_positions(skeleton: Skeleton) -> FloatArray:
    """Returns the positions (J, 3) m of the joints at rest, all rotations identity."""
    positions = np.array(skeleton.rest_offsets, dtype=np.float64)
    for j, parent in enumerate(skeleton.parents):
        if parent >= 0:
            positions[j] += positions[parent]
    return positions


def joint_matrices(
    skeleton: Skeleton, rotations: FloatArray, translation: FloatArray, translated_joint: int = 0
) -> FloatArray:
    """Returns the matrices (..., J, 4, 4) world from joint, of the arguments of forward_kinematics."""
    positions, world = forward_kinematics(skeleton, rotations, translation, translated_joint)
    matrices = np.zeros((*world.shape[:-1], 4, 4))
    matrices[..., :3, :3] = rotation.to_matrix(world)
    matrices[..., :3, 3] = positions
    matrices[..., 3, 3] = 1.0
    return matrices


def bind_matrices(character: Character) -> FloatArray:
    """Returns the matrices (J, 4, 4) world from joint of a character's joints in the rest pose."""
    skeleton = character.skeleton
    local = local_rotations(skeleton.parents, character.rest_rotations)
    return joint_matrices(skeleton, local, skeleton.rest_offsets[0])


def inverse_bind_matrices(character: Character) -> FloatArray:
    """Returns the matrices (J, 4, 4) joint from world of a character's joints in the rest pose."""
    return camera.inverse(bind_matrices(character))

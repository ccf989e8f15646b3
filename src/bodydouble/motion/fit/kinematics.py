"""Joints and landmarks of a posed skeleton as the fit needs them, and the degrees of freedom that move them."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Skeleton
from bodydouble.geometry.kinematics import forward_kinematics_of_matrices
from bodydouble.motion.body import body_landmarks
from bodydouble.skeletons import humanoid

JOINT_COUNT = len(humanoid.JOINTS)
BLOCK_COUNT = 1 + JOINT_COUNT
"""Blocks of three degrees of freedom per frame: translation of the hips (m), then rotation of each joint (rad)."""
DOF = 3 * BLOCK_COUNT
"""Degrees of freedom per frame. A joint rotates about its own axes."""
ROOT_DOF, ROTATION_DOF = slice(0, 3), slice(3, DOF)


@dataclass(frozen=True, slots=True)
class PosedSkeleton:
    """World positions and rotations of a skeleton in T frames."""

    joints: FloatArray
    """(T, 22, 3) m."""
    rotations: FloatArray
    """(T, 22, 3, 3) world from joint, where the world is the frame of reference of the root."""
    landmarks: FloatArray
    """(T, L, 3) m."""


def pose_skeleton(
    skeleton: Skeleton, rotations: FloatArray, root_position: FloatArray, landmarks: tuple[int, ...]
) -> PosedSkeleton:
    """Computes the positions of joints and landmarks by forward kinematics.

    Args:
        skeleton: 22 humanoid joints.
        rotations: (T, 22, 3, 3) local to the parent.
        root_position: (T, 3) m.
        landmarks: L indices of BlazePose landmarks.
    """
    joints, world_rotations = forward_kinematics_of_matrices(skeleton, rotations, root_position)
    carriers, offsets = body_landmarks.landmark_attachments(skeleton)
    carriers, offsets = carriers[list(landmarks)], offsets[list(landmarks)]
    positions = joints[:, carriers] + np.einsum("tlij,lj->tli", world_rotations[:, carriers], offsets)
    return PosedSkeleton(joints, world_rotations, positions)


@cache
def block_ancestry() -> BoolArray:
    """Returns (BLOCK_COUNT, BLOCK_COUNT) whether the first block moves all that the second moves, or is the second."""
    is_ancestor = np.eye(BLOCK_COUNT, dtype=bool)
    is_ancestor[0] = True
    for joint, parent in enumerate(humanoid.PARENTS[1:], start=1):
        is_ancestor[:, 1 + joint] |= is_ancestor[:, 1 + parent]
    return is_ancestor


def blocks_of_landmarks(landmarks: tuple[int, ...]) -> BoolArray:
    """Returns (L, BLOCK_COUNT) the blocks of degrees of freedom that move each of L landmarks."""
    carriers, _ = body_landmarks.landmark_attachments(body_landmarks.template_skeleton())
    return np.asarray(block_ancestry()[:, 1 + carriers[list(landmarks)]].T)

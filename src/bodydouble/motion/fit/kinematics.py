"""Where the joints and landmarks of a posed skeleton are, and what moves them."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Skeleton
from bodydouble.motion.body import body_landmarks
from bodydouble.skeletons import humanoid

JOINTS = len(humanoid.JOINTS)
GROUPS = 1 + JOINTS
"""Of three unknowns each, per frame: a shift of the hips (m), then a turn of each joint (rad, its own axes)."""
UNKNOWNS = 3 * GROUPS
ROOT, TURNS = slice(0, 3), slice(3, UNKNOWNS)


@dataclass(frozen=True, slots=True)
class Posed:
    """T frames of a skeleton."""

    joints: FloatArray
    """(T, 22, 3) m."""
    turns: FloatArray
    """(T, 22, 3, 3) rotations frame_from_joint."""
    landmarks: FloatArray
    """(T, L, 3) m."""


def posed(skeleton: Skeleton, rotations: FloatArray, root: FloatArray, landmarks: tuple[int, ...]) -> Posed:
    """Where everything is.

    Args:
        skeleton: 22 humanoid joints.
        rotations: (T, 22, 3, 3) local to the parent.
        root: (T, 3) m.
        landmarks: L indices of BlazePose landmarks.
    """
    turns, joints = np.empty_like(rotations), np.empty(rotations.shape[:-1])
    turns[:, 0], joints[:, 0] = rotations[:, 0], root
    for joint, parent in enumerate(humanoid.PARENTS[1:], start=1):
        turns[:, joint] = turns[:, parent] @ rotations[:, joint]
        joints[:, joint] = joints[:, parent] + turns[:, parent] @ skeleton.rest_offsets[joint]
    carriers, offsets = body_landmarks.attached_landmarks(skeleton)
    carriers, offsets = carriers[list(landmarks)], offsets[list(landmarks)]
    return Posed(joints, turns, joints[:, carriers] + np.einsum("tlij,lj->tli", turns[:, carriers], offsets))


@cache
def ancestry() -> BoolArray:
    """(GROUPS, GROUPS) whether the first group of unknowns is the second or moves all that the second moves."""
    found = np.eye(GROUPS, dtype=bool)
    found[0] = True
    for joint, parent in enumerate(humanoid.PARENTS[1:], start=1):
        found[:, 1 + joint] |= found[:, 1 + parent]
    return found


def moved_by(landmarks: tuple[int, ...]) -> BoolArray:
    """(L, GROUPS) which groups of unknowns move each landmark."""
    carriers, _ = body_landmarks.attached_landmarks(body_landmarks.template_skeleton())
    return np.asarray(ancestry()[:, 1 + carriers[list(landmarks)]].T)

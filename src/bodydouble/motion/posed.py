"""A posed skeleton's joints and landmarks, and how they move with its rotations, bones and place."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Skeleton
from bodydouble.motion import body
from bodydouble.skeletons import humanoid

JOINTS = len(humanoid.JOINTS)
UNKNOWNS = 3 * JOINTS + 3
"""Per frame: a turn of each joint (rad, its own axes), then a shift of the hips (m)."""
ROOT = slice(3 * JOINTS, UNKNOWNS)


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
    carriers, offsets = body.attached_landmarks(skeleton)
    carriers, offsets = carriers[list(landmarks)], offsets[list(landmarks)]
    return Posed(joints, turns, joints[:, carriers] + np.einsum("tlij,lj->tli", turns[:, carriers], offsets))


@cache
def _ancestry() -> BoolArray:
    """(22, 22) whether the first joint is the second or lies above it."""
    above = np.eye(JOINTS, dtype=bool)
    for joint, parent in enumerate(humanoid.PARENTS[1:], start=1):
        above[:, joint] |= above[:, parent]
    return above


def moved_by(landmarks: tuple[int, ...]) -> BoolArray:
    """(L, 22) which joints move each landmark."""
    carriers, _ = body.attached_landmarks(body.template_skeleton())
    return np.asarray(_ancestry()[:, carriers[list(landmarks)]].T)


def jacobian(where: Posed, landmarks: tuple[int, ...]) -> FloatArray:
    """(T, L, 3, UNKNOWNS) how landmarks move when joints turn about their own axes, R <- R exp(d), and hips shift."""
    landmark, joint = np.nonzero(moved_by(landmarks))
    away = where.landmarks[:, landmark] - where.joints[:, joint]
    x, y, z = np.moveaxis(where.turns[:, joint], -2, 0)
    ax, ay, az = np.moveaxis(away, -1, 0)[..., None]
    frames = len(away)
    found = np.zeros((frames, len(landmarks), 3, UNKNOWNS))
    turns = found[..., : 3 * JOINTS].reshape(frames, len(landmarks), 3, JOINTS, 3)
    for axis, cross in enumerate((y * az - z * ay, z * ax - x * az, x * ay - y * ax)):
        turns[:, landmark, axis, joint] = cross
        found[:, :, axis, 3 * JOINTS + axis] = 1.0
    return found

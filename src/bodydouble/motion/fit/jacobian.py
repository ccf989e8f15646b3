"""How landmarks of a posed skeleton move with its unknowns: products with their Jacobian, without writing it out.

All that a joint moves turns as one rigid body. So sums over landmarks are first taken over what each group of unknowns
moves, as forces and inertias of rigid bodies are.

Source: Featherstone, Rigid Body Dynamics Algorithms (2008), chapter 6: the composite-rigid-body algorithm.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bodydouble.data import FloatArray, IntArray
from bodydouble.geometry.rotation_log import skew
from bodydouble.motion.fit.kinematics import BLOCK_COUNT, DOF, PosedSkeleton, block_ancestry, blocks_of_landmarks

_ANCESTRY_MASK = np.triu(np.kron(block_ancestry(), np.ones((3, 3))))
"""(UNKNOWNS, UNKNOWNS) of the upper triangle: 1 where the first unknown moves all that the second moves, else 0."""


@dataclass(frozen=True, slots=True)
class Jacobian:
    """J of L landmarks, (3 L, UNKNOWNS) in each of T frames, as a product.

    A twist is a turn (rad) about the hips and a shift (m).
    """

    twists: FloatArray
    """(T, UNKNOWNS, 6) of what each unknown moves, per rad or m of it."""
    landmark_from_twist: FloatArray
    """(T, L, 3, 6) m that a landmark moves, per rad and m of a twist."""
    moves_landmark: FloatArray
    """(GROUPS, L) 1 where a group of unknowns moves a landmark, else 0."""

    @classmethod
    def from_pose(cls, pose: PosedSkeleton, landmarks: tuple[int, ...]) -> Self:
        """Of a skeleton and the landmarks that it was posed with."""
        hips = pose.joints[:, :1]
        twists = np.zeros((len(hips), BLOCK_COUNT, 3, 6))
        twists[:, 0, :, 3:] = np.eye(3)
        twists[:, 1:, :, :3] = np.swapaxes(pose.rotations, -1, -2)
        twists[:, 1:, :, 3:] = twists[:, 1:, :, :3] @ skew(hips - pose.joints)
        from_rotation = skew(hips - pose.landmarks)
        from_translation = np.broadcast_to(np.eye(3), from_rotation.shape)
        by_twist = np.concatenate([from_rotation, from_translation], axis=-1)
        return cls(twists.reshape(-1, DOF, 6), by_twist, blocks_of_landmarks(landmarks).T.astype(np.float64))

    def transposed_times(self, vectors: FloatArray) -> FloatArray:
        """J'v (T, V, UNKNOWNS) for V vectors v (T, L, V, 3) in each frame."""
        frames, _, count, _ = vectors.shape
        gathered = self._sum_by_block((vectors @ self.landmark_from_twist).reshape(frames, -1, count * 6))
        products = gathered.reshape(frames, BLOCK_COUNT, count, 6) @ np.swapaxes(self._twists_by_block(), -1, -2)
        return np.asarray(np.swapaxes(products, 1, 2)).reshape(frames, count, DOF)

    def upper_normal_matrix(self, weights: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
        """(T, UNKNOWNS, UNKNOWNS) the upper triangle, and zeros below it, of J'WJ - ab' - ba'.

        Args:
            weights: W (T, L, 3, 3) of each landmark, symmetric.
            first: a (T, UNKNOWNS); zero but for the shift and the turn of the hips.
            second: b (T, UNKNOWNS).
        """
        inertia = np.swapaxes(self.landmark_from_twist, -1, -2) @ (weights @ self.landmark_from_twist)
        gathered = self._sum_by_block(inertia.reshape(*inertia.shape[:2], 36)).reshape(-1, BLOCK_COUNT, 6, 6)
        forces = (self._twists_by_block() @ gathered).reshape(-1, DOF, 6)
        left = np.concatenate([self.twists, -first[..., None], -second[..., None]], axis=-1)
        right = np.concatenate([forces, second[..., None], first[..., None]], axis=-1)
        normal_matrix = np.asarray(left @ np.swapaxes(right, -1, -2))
        normal_matrix *= _ANCESTRY_MASK
        return normal_matrix

    def to_dense(self, points: IntArray) -> FloatArray:
        """(T, 3 P, UNKNOWNS) of P of the landmarks, written out."""
        by_twist = self.landmark_from_twist[:, points].reshape(len(self.landmark_from_twist), 3 * len(points), 6)
        jacobian = by_twist @ np.swapaxes(self.twists, -1, -2)
        jacobian *= np.kron(self.moves_landmark[:, points].T, np.ones((3, 3)))
        return jacobian

    def _twists_by_block(self) -> FloatArray:
        return self.twists.reshape(-1, BLOCK_COUNT, 3, 6)

    def _sum_by_block(self, values: FloatArray) -> FloatArray:
        """(T, GROUPS, N) sums of values (T, L, N) over the landmarks that each group moves."""
        return self.moves_landmark @ values

"""Products with the Jacobian of landmark positions with respect to the degrees of freedom of a posed skeleton.

The Jacobian itself is not formed. All landmarks that a joint moves move as one rigid body. So the sums over landmarks
are taken first over those that each block of degrees of freedom moves, like forces and inertias of rigid bodies.

Source: Featherstone, Rigid Body Dynamics Algorithms (2008), chapter 6: the composite-rigid-body algorithm.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bodydouble.data import FloatArray, IntArray
from bodydouble.geometry.rotation_log import skew
from bodydouble.motion.fit.kinematics import BLOCK_COUNT, DOF, PosedSkeleton, block_ancestry, blocks_of_landmarks

_ANCESTRY_MASK = np.triu(np.kron(block_ancestry(), np.ones((3, 3))))
"""(DOF, DOF) 1 in the upper triangle where the first degree of freedom moves all that the second moves, else 0."""


@dataclass(frozen=True, slots=True)
class Jacobian:
    """Jacobian J of L landmarks, (3 L, DOF) in each of T frames, as a product of two factors.

    A twist is a rotation (rad) about the hips and a translation (m).
    """

    twists: FloatArray
    """(T, DOF, 6) twist of all that a degree of freedom moves, per rad or m."""
    landmark_from_twist: FloatArray
    """(T, L, 3, 6) displacement of a landmark, m, per rad and m of a twist."""
    moves_landmark: FloatArray
    """(BLOCK_COUNT, L) 1 where a block of degrees of freedom moves a landmark, else 0."""

    @classmethod
    def from_pose(cls, pose: PosedSkeleton, landmarks: tuple[int, ...]) -> Self:
        """Builds the Jacobian of a posed skeleton and the landmarks (L indices) with which it was posed."""
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
        """Returns J'v (T, V, DOF) for V vectors v (T, L, V, 3) in each frame."""
        frames, _, count, _ = vectors.shape
        gathered = self._sum_by_block((vectors @ self.landmark_from_twist).reshape(frames, -1, count * 6))
        products = gathered.reshape(frames, BLOCK_COUNT, count, 6) @ np.swapaxes(self._twists_by_block(), -1, -2)
        return np.asarray(np.swapaxes(products, 1, 2)).reshape(frames, count, DOF)

    def upper_normal_matrix(self, weights: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
        """Returns (T, DOF, DOF) the upper triangle of J'WJ - ab' - ba', with zeros below it.

        Args:
            weights: W (T, L, 3, 3) of each landmark, symmetric.
            first: a (T, DOF), zero except in the translation and the rotation of the hips.
            second: b (T, DOF).
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
        """Returns the Jacobian (T, 3 P, DOF) of P of the landmarks as a dense matrix."""
        by_twist = self.landmark_from_twist[:, points].reshape(len(self.landmark_from_twist), 3 * len(points), 6)
        jacobian = by_twist @ np.swapaxes(self.twists, -1, -2)
        jacobian *= np.kron(self.moves_landmark[:, points].T, np.ones((3, 3)))
        return jacobian

    def _twists_by_block(self) -> FloatArray:
        return self.twists.reshape(-1, BLOCK_COUNT, 3, 6)

    def _sum_by_block(self, values: FloatArray) -> FloatArray:
        """Sums values (T, L, N) over the landmarks that each block moves: (T, BLOCK_COUNT, N)."""
        return self.moves_landmark @ values

"""Block-banded normal equations of a fit over time, and their solution.

The unknowns of each frame are coupled to those of its two neighbours on either side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided
from scipy.linalg import solveh_banded

from bodydouble.data import FloatArray


@dataclass(frozen=True, slots=True)
class NormalEquations:
    """Sums of J'J and J'r over residuals r with Jacobians J, for T frames of N unknowns in blocks of G."""

    diagonal: FloatArray
    """(T, N, N) blocks of one frame: the upper triangle, with zeros below it."""
    off_diagonal_1: FloatArray
    """(T - 1, N, N) blocks between frame t (rows) and frame t + 1 (columns)."""
    off_diagonal_2: FloatArray
    """(T - 2, N / G, G, G) blocks between frame t and frame t + 2, which couple a block to itself only."""
    gradient: FloatArray
    """(T, N) sums of J'r."""

    def solve_step(self, damping: float) -> FloatArray:
        """Returns the damped Gauss-Newton step (T, N) that lowers the squared residuals.

        Args:
            damping: relative to the diagonal.

        Raises:
            numpy.linalg.LinAlgError: the residuals do not determine all unknowns.
        """
        frames, unknowns = self.gradient.shape
        block_size = self.off_diagonal_2.shape[-1]
        depth = 2 * unknowns + block_size
        # Row i of a band matrix holds the i-th entry below the diagonal of every column. In memory the columns stand
        # one after the other, so that whole blocks lie in it at regular distances. The zeros of a diagonal block
        # fall on entries of the blocks after it, which are therefore filled later.
        bands = np.zeros((depth, frames * unknowns), order="F")
        entry, column = bands.strides
        below = as_strided(bands, (frames, unknowns, depth), (unknowns * column, column - entry, entry))
        below[..., :unknowns] = self.diagonal
        below[:-1, :, unknowns : 2 * unknowns] = self.off_diagonal_1
        strides = (unknowns * column, block_size * column, column - entry, entry)
        as_strided(bands[2 * unknowns :], self.off_diagonal_2.shape, strides)[:] = self.off_diagonal_2
        bands[0] *= 1 + damping
        solution = solveh_banded(
            bands, -self.gradient.ravel(), lower=True, overwrite_ab=True, overwrite_b=True, check_finite=False
        )
        return np.asarray(solution).reshape(frames, unknowns)

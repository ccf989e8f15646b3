"""Normal equations of a fit over time: each frame's unknowns are tied to those of its two neighbours on either side."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided
from scipy.linalg import solveh_banded

from bodydouble.data import FloatArray


@dataclass(frozen=True, slots=True)
class NormalEquations:
    """Sums over residuals r with Jacobians J of J'J and J'r, for N unknowns, in groups of G, in each of T frames."""

    diagonal: FloatArray
    """(T, N, N) between the unknowns of a frame: the upper triangle, and zeros below it."""
    off_diagonal_1: FloatArray
    """(T - 1, N, N) between the unknowns of frame t (rows) and those of frame t + 1 (columns)."""
    off_diagonal_2: FloatArray
    """(T - 2, N / G, G, G) between those of frame t and those of the same group in frame t + 2."""
    gradient: FloatArray
    """(T, N)."""

    def solve_step(self, damping: float) -> FloatArray:
        """(T, N) step that makes the squared residuals small; damping is relative to the diagonal.

        Raises:
            numpy.linalg.LinAlgError: the residuals do not determine all unknowns.
        """
        frames, unknowns = self.gradient.shape
        block_size = self.off_diagonal_2.shape[-1]
        depth = 2 * unknowns + block_size
        # Row i of a band matrix holds the i-th entry below the diagonal of every column. In memory the columns stand
        # one after the other, so that whole blocks are found in it at regular distances. The zeros of a frame's own
        # block fall on places of the blocks after it, which are therefore filled later.
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

"""Normal equations of a fit over time: each frame's unknowns are tied to those of its two neighbours on either side."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.linalg import solveh_banded

from bodydouble.data import FloatArray

REACH = 2
"""Frames between which unknowns may be tied directly."""


@dataclass(frozen=True, slots=True)
class NormalEquations:
    """Sums over residuals r with Jacobians J of J'J and J'r, for N unknowns in each of T frames."""

    blocks: tuple[FloatArray, ...]
    """blocks[d] (T - d, N, N): between the unknowns of frame t (rows) and those of frame t + d (columns)."""
    gradient: FloatArray
    """(T, N)."""

    @classmethod
    def zeros(cls, frames: int, unknowns: int) -> Self:
        """No residuals yet."""
        blocks = tuple(np.zeros((max(frames - d, 0), unknowns, unknowns)) for d in range(REACH + 1))
        return cls(blocks, np.zeros((frames, unknowns)))

    def step(self, damping: float) -> FloatArray:
        """(T, N) step that makes the squared residuals small; damping is relative to the diagonal.

        Raises:
            numpy.linalg.LinAlgError: the residuals do not determine all unknowns.
        """
        frames, unknowns = self.gradient.shape
        bands = np.zeros(((REACH + 1) * unknowns, frames * unknowns))
        row, column = np.indices((unknowns, unknowns))
        for distance, block in enumerate(self.blocks):
            band = (len(bands) - 1) + row - column - distance * unknowns
            kept = (band >= 0) if distance else (row <= column)
            first = np.arange(distance, distance + len(block)) * unknowns
            bands[band[kept], first[:, None] + column[kept]] = block[:, kept.nonzero()[0], kept.nonzero()[1]]
        bands[-1] *= 1 + damping
        found = solveh_banded(bands, -self.gradient.ravel(), overwrite_ab=True, check_finite=False)
        return found.reshape(frames, unknowns)

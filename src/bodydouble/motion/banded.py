"""Normal equations of a fit over time: each frame's unknowns are tied to those of its two neighbours on either side."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import as_strided
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
        depth = (REACH + 1) * unknowns
        # Row i of a band matrix holds the i-th entry below the diagonal of every column. In memory the columns stand
        # one after the other, so that whole blocks are found in it at regular distances.
        bands = np.zeros((depth, frames * unknowns), order="F")
        size = bands.itemsize
        strides = (unknowns * depth * size, (depth - 1) * size, size)
        below = as_strided(bands, (frames, unknowns, depth), strides)
        for distance, block in enumerate(self.blocks):
            rows = slice(distance * unknowns, (distance + 1) * unknowns)
            below[: len(block), :, rows] = block if distance else np.triu(block)
        bands[0] *= 1 + damping
        found = solveh_banded(
            bands, -self.gradient.ravel(), lower=True, overwrite_ab=True, overwrite_b=True, check_finite=False
        )
        return np.asarray(found).reshape(frames, unknowns)

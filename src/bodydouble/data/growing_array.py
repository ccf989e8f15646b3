"""Arrays that grow by chunks, for results of every frame of a long video."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bodydouble.data.arrays import FloatArray

CHUNK_BYTES = 1 << 20
"""Size of a chunk: large enough for the system to get it back when it is freed."""


class GrowingArray:
    """Array (N, ...) to which rows are appended. Its rows are stored once, until ``take`` hands them over."""

    def __init__(self, row_shape: tuple[int, ...], dtype: DTypeLike) -> None:
        """Starts without rows."""
        self._row_shape, self._dtype = row_shape, np.dtype(dtype)
        row_bytes = int(np.prod(row_shape, dtype=np.int64)) * self._dtype.itemsize
        self._chunk_rows = max(CHUNK_BYTES // row_bytes, 1)
        self._chunks: list[NDArray[Any]] = []
        self._used = self._chunk_rows
        """Number of rows in the last chunk."""

    def __len__(self) -> int:
        return max(len(self._chunks) - 1, 0) * self._chunk_rows + (self._used if self._chunks else 0)

    def extend(self, rows: NDArray[Any]) -> None:
        """Appends rows (M, ...)."""
        while len(rows):
            if self._used == self._chunk_rows:
                self._chunks.append(np.empty((self._chunk_rows, *self._row_shape), self._dtype))
                self._used = 0
            count = min(self._chunk_rows - self._used, len(rows))
            self._chunks[-1][self._used : self._used + count] = rows[:count]
            self._used += count
            rows = rows[count:]

    def take(self) -> NDArray[Any]:
        """Returns all rows (N, ...), and becomes empty; each chunk is freed once it is copied."""
        whole = np.empty((len(self), *self._row_shape), self._dtype)
        chunks, self._chunks, self._used = self._chunks[::-1], [], self._chunk_rows
        for start in range(0, len(whole), self._chunk_rows):
            target = whole[start : start + self._chunk_rows]
            target[:] = chunks.pop()[: len(target)]
        return whole


class ArrayPool:
    """Keeps small float64 arrays side by side in chunks, which are freed as a whole once none of theirs is in use."""

    def __init__(self) -> None:
        """Starts with an empty chunk."""
        self._chunk = np.empty(0)
        self._used = 0

    def copy(self, values: FloatArray) -> FloatArray:
        """Returns a copy of an array, of at most CHUNK_BYTES, as a view of a chunk."""
        if self._used + values.size > len(self._chunk):
            self._chunk, self._used = np.empty(CHUNK_BYTES // 8), 0
        view = self._chunk[self._used : self._used + values.size].reshape(values.shape)
        view[...] = values
        self._used += values.size
        return view

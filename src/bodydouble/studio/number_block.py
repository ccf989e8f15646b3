"""Arrays for the page in one block of numbers, which is little-endian float32.

A ``Block`` in the JSON beside it gives the offset and the shape of an array.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Block:
    """Place of an array in the block of numbers."""

    offset: int
    """Index of the first number."""
    shape: tuple[int, ...]


class NumberBlock:
    """Collects arrays into one block."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, array: NDArray[Any]) -> Block:
        """Appends an array of any shape and returns its place; NaN becomes 0."""
        block = Block(self._size, array.shape)
        self._parts.append(np.nan_to_num(array).astype("<f4").tobytes())
        self._size += array.size
        return block

    def as_bytes(self) -> bytes:
        """Returns the block."""
        return b"".join(self._parts)

    def pack(self, description: Mapping[str, Any]) -> bytes:
        """Returns JSON and the block in one piece: the length of the JSON as uint32, the JSON up to a multiple of
        four bytes, the block."""
        text = json.dumps(description).encode()
        text += b" " * (-len(text) % 4)
        return len(text).to_bytes(4, "little") + text + self.as_bytes()

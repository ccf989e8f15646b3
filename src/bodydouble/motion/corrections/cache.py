"""Cache of the steps of corrections: a list that shares steps with one before is applied in the time of the others."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from typing import Any, TypeVar

import numpy as np

from bodydouble.data.corrections import Correction

T = TypeVar("T")
MAX_FRAMES, MIN_RESULTS = 100_000, 4
"""Number of frames of people that a cache keeps, and of results that it keeps of long clips nevertheless."""


@dataclass(frozen=True, slots=True)
class _Entry:
    result: Any
    keys: tuple[Any, ...]
    """Objects that stand for themselves in the key; while they are kept, no other one gets their identity."""


class StepCache:
    """Results of steps by what they were computed from, the most recent ones."""

    def __init__(self, frame_count: int) -> None:
        """Takes the number of frames of the clip."""
        self._max_results = max(MIN_RESULTS, MAX_FRAMES // frame_count)
        self._entries: OrderedDict[tuple[Any, ...], _Entry] = OrderedDict()

    def remember(self, compute: Callable[[], T], *keys: object) -> T:
        """Returns the result of a function without arguments, which is computed if it is not kept.

        Args:
            compute: the function.
            *keys: all that its result depends on. Arrays, corrections and plain values count by their values; people,
                cameras and the like are never changed, and count by their identity.
        """
        key = tuple(_identify(item) for item in keys)
        entry = self._entries.pop(key, None) or _Entry(compute(), keys)
        self._entries[key] = entry
        while len(self._entries) > self._max_results:
            self._entries.popitem(last=False)
        result: T = entry.result
        return result


def _identify(item: object) -> Any:
    if isinstance(item, tuple | list):
        return tuple(_identify(part) for part in item)
    if isinstance(item, np.ndarray):
        return item.shape, item.tobytes()
    if is_dataclass(item) and not isinstance(item, Correction):
        return type(item), id(item)
    return type(item), item

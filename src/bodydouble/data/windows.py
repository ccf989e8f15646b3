"""Overlapping windows of long clips, which bound the memory of a stage: each is processed with a margin, then cut."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np


def split_into_windows(frames: int, length: int, margin: int, step: int = 1) -> Iterator[tuple[slice, slice]]:
    """Yields windows of T frames that follow one another, each with the larger window that is processed for it.

    Args:
        frames: T.
        length: length of a window in frames; a clip of less than 1.5 times as many is one window.
        margin: overlap of the larger window with the neighbours on either side, in frames.
        step: number of which the first frame of each window is a multiple.
    """
    count = max(1, round(frames / length))
    edges = (np.linspace(0, frames, count + 1) / step).round().astype(int) * step
    edges[-1] = frames
    for start, stop in pairwise(edges.tolist()):
        yield slice(start, stop), slice(max(start - margin, 0), min(stop + margin, frames))


def shift(inner: slice, outer: slice) -> slice:
    """Returns the frames of a window counted from the first frame of the larger one."""
    return slice(inner.start - outer.start, inner.stop - outer.start)

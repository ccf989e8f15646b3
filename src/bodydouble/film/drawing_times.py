"""Drawing times: frames of a film -> frames whose poses are drawn in them.

Hand-drawn animation holds each drawing for two frames of 24 ("on twos") while camera and background move on.
"""

from collections.abc import Collection
from fractions import Fraction
from math import ceil, floor

import numpy as np

from bodydouble.data import IntArray

DRAWINGS_PER_SECOND = 12
"""Drawings in a second of animation on twos."""


def hold_drawings(frame_count: int, fps: Fraction, shot_starts: Collection[int] = ()) -> IntArray:
    """Returns the frame (F,) whose pose is drawn in each frame of a film on twos: that frame or an earlier one.

    Args:
        frame_count: number of frames F.
        fps: exact frame rate.
        shot_starts: first frames of further shots, before which no drawing is held.
    """
    step = max(fps / DRAWINGS_PER_SECOND, Fraction(1))
    drawn = np.array([ceil(floor(frame / step) * step) for frame in range(frame_count)], dtype=np.int64)
    for start in shot_starts:
        held = (drawn < start) & (np.arange(frame_count) >= start)
        drawn[held] = start
    return drawn

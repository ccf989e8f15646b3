"""Fading: frames in which a character is drawn -> its opacity in each, so that nobody appears or vanishes at once."""

from collections.abc import Collection

import numpy as np

from bodydouble.data import BoolArray, FloatArray

FADE_TIME = 0.2
"""Time in s over which a character fades in or out."""


def compute_opacity(
    is_drawn: BoolArray, fps: float, first_frame: int, frame_count: int, shot_starts: Collection[int] = ()
) -> FloatArray:
    """Returns the opacity (T,), 0 to 1, of a character, which fades at the ends of the spans in which it is drawn.

    At cuts, and at the ends of the film, it does not fade.

    Args:
        is_drawn: (T,) whether it is drawn.
        fps: frame rate.
        first_frame: frame of the film of row 0.
        frame_count: number of frames of the film.
        shot_starts: first frames of further shots.
    """
    steps = round(FADE_TIME * fps)
    hard_ends = {0, frame_count, *shot_starts}
    opacity = is_drawn.astype(np.float64)
    edges = np.flatnonzero(np.diff(is_drawn, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2).tolist():
        ramp = np.arange(1, stop - start + 1) / (steps + 1)
        if first_frame + start not in hard_ends:
            opacity[start:stop] = np.minimum(opacity[start:stop], ramp)
        if first_frame + stop not in hard_ends:
            opacity[start:stop] = np.minimum(opacity[start:stop], ramp[::-1])
    return opacity

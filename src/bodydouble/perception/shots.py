"""Where one shot of a video ends and the next begins.

A frame of another shot shows something else, so no part of it is found nearby in the frame before, however the camera
moves or the light changes. Hard cuts are found; of a dissolve, be it a single mixed frame, nothing is said.

Source: adaptive detection over a window of frames, as in PySceneDetect; here of what block matching leaves unexplained.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

import cv2
import numpy as np

from bodydouble.data import FloatArray
from bodydouble.perception.protocols import Picture

COARSE = (320, 180)
SMALL = (32, 18)
"""px; people and noise hardly show, the place does."""
BLOCK = (8, 9)
"""px of the small picture, width and height of what is looked for ..."""
REACH = 5
"""... as many px away in every direction."""
SAME = 3.0
"""Grey values; small pictures that differ by less in the mean are not compared further."""
NOISE = 4.0
"""Grey values; blocks with less contrast say little."""
LEAST_CHANGE = 0.18
"""Of the contrast: between two shots at least as much is new ..."""
TIMES_USUAL = 2.0
"""... and as many times what is new from frame to frame shortly before and right after."""
MEMORY = 8
"""Frames from which is known what is usual."""


def told_apart(frames: Iterable[Picture]) -> Iterator[tuple[Picture, bool]]:
    """The frames (H, W, 3) RGB of a video in order, and whether each is the first of another shot than the one before.

    One frame is read ahead: what is back in the frame after a flash was never gone.
    """
    usual: deque[float] = deque(maxlen=MEMORY)
    frame = last = small = None
    change = 0.0
    for following in chain(frames, [None]):
        ahead = None if following is None else _small(following)
        if frame is not None and small is not None:
            after = 0.0 if ahead is None else _change(small, ahead)
            cut = change > max(LEAST_CHANGE, TIMES_USUAL * max([after, *usual]))
            if cut and last is not None and ahead is not None:
                cut = _change(last, ahead) > LEAST_CHANGE
            yield frame, cut
            usual.clear() if cut else usual.append(change)
            change = after
        frame, last, small = following, small, ahead


def _small(frame: Picture) -> FloatArray:
    """(18, 32, 3)."""
    coarse = cv2.resize(frame, COARSE, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(coarse, SMALL, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _change(one: FloatArray, other: FloatArray) -> float:
    """How much of what two small pictures show, weighted by contrast, only one of them does: 0 to 1."""
    if np.abs(one - other).mean() < SAME:
        return 0.0
    return max(_unexplained(one, other), _unexplained(other, one))


def _unexplained(known: FloatArray, seen: FloatArray) -> float:
    """The share of a small picture that no part of a known one nearby looks like, whatever their brightness."""
    around = cv2.copyMakeBorder(known, REACH, REACH, REACH, REACH, cv2.BORDER_REPLICATE)
    width, height = BLOCK
    contrast = new = 0.0
    for y in range(0, SMALL[1], height):
        for x in range(0, SMALL[0], width):
            block = seen[y : y + height, x : x + width]
            near = around[y : y + height + 2 * REACH, x : x + width + 2 * REACH]
            alike = float(cv2.matchTemplate(near, block, cv2.TM_CCOEFF_NORMED).max())
            weight = float(np.linalg.norm(block.std(axis=(0, 1))))
            contrast += weight
            new += weight * (1 - min(max(alike, 0.0), 1.0))
    return new / (contrast + NOISE)

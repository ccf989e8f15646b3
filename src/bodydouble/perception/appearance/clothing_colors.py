"""What people wear: the colours of their clothes, hair and shoes, by which one is told from another."""

import cv2
import numpy as np

from bodydouble.data import LOOK_PARTS, FloatArray, RgbImage
from bodydouble.skeletons import blazepose

ALONG = np.linspace(0.15, 0.85, 8)
"""Shares of the way from one landmark to the other at which colours are read."""
LEAST_SAMPLES = 4
"""In the picture, or nothing is known about a part."""


def _both(*pairs: tuple[str, str]) -> list[tuple[int, int]]:
    sides = ("left", "right")
    return [(blazepose.INDEX[f"{s}_{a}"], blazepose.INDEX[f"{s}_{b}"]) for a, b in pairs for s in sides]


_ACROSS = [
    (blazepose.INDEX[f"{a}_shoulder"], blazepose.INDEX[f"{b}_hip"]) for a, b in (("left", "right"), ("right", "left"))
]
_LINES = (
    [(blazepose.INDEX["left_ear"], blazepose.INDEX["right_ear"])],
    [(blazepose.INDEX["left_shoulder"], blazepose.INDEX["right_shoulder"])],
    _ACROSS,
    _both(("shoulder", "elbow")),
    _both(("elbow", "wrist")),
    _both(("hip", "knee")),
    _both(("knee", "ankle")),
    _both(("heel", "foot_index")),
)
"""Between which landmarks each part of the body lies: head, between the shoulders, trunk, upper arms, forearms, thighs,
shins, feet. Between the shoulders long hair is seen from behind, on forearms whether sleeves are short."""
assert len(_LINES) == LOOK_PARTS
_STARTS, _ENDS = (np.array([line[end] for part in _LINES for line in part]) for end in (0, 1))
_PART = np.repeat(np.arange(LOOK_PARTS), [len(part) for part in _LINES])


def look(frame: RgbImage, keypoints: FloatArray) -> FloatArray:
    """The colours of a person's parts.

    Args:
        frame: (H, W, 3) RGB.
        keypoints: (33, 3) x px, y px, confidence.

    Returns:
        (8, 3) CIELAB, the median over each of head, between the shoulders, trunk, upper arms, forearms, thighs, shins
        and feet; NaN where too little of the part lies in the picture.
    """
    start, end = keypoints[_STARTS, :2], keypoints[_ENDS, :2]
    points = start[:, None] + ALONG[:, None] * (end - start)[:, None]
    column, row = np.moveaxis(np.floor(points).astype(int), -1, 0)
    inside = (column >= 0) & (row >= 0) & (column < frame.shape[1]) & (row < frame.shape[0])
    found = np.full((LOOK_PARTS, 3), np.nan)
    if not inside.any():
        return found
    pixels = frame[row[inside], column[inside]].astype(np.float32)[None] / 255
    colors = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0]
    parts = np.broadcast_to(_PART[:, None], inside.shape)[inside]
    for part in range(LOOK_PARTS):
        own = colors[parts == part]
        if len(own) >= LEAST_SAMPLES:
            found[part] = np.median(own, axis=0)
    return found

"""Describes the appearance of people by the colours of their clothes, hair and shoes, for re-identification.

``RgbImage`` and landmarks (33, 3) -> (8, 3) CIELAB colours of body parts.
"""

import cv2
import numpy as np

from bodydouble.data import APPEARANCE_PARTS, FloatArray, RgbImage
from bodydouble.skeletons import blazepose

SAMPLE_FRACTIONS = np.linspace(0.15, 0.85, 8)
"""Fractions of the way from one landmark to the other at which colours are sampled."""
MIN_SAMPLES = 4
"""Minimum number of samples of a part inside the image; with fewer, its colour is unknown."""


def _both_sides(*pairs: tuple[str, str]) -> list[tuple[int, int]]:
    sides = ("left", "right")
    return [(blazepose.INDEX[f"{s}_{a}"], blazepose.INDEX[f"{s}_{b}"]) for a, b in pairs for s in sides]


_TRUNK_DIAGONALS = [
    (blazepose.INDEX[f"{a}_shoulder"], blazepose.INDEX[f"{b}_hip"]) for a, b in (("left", "right"), ("right", "left"))
]
_PART_LINES = (
    [(blazepose.INDEX["left_ear"], blazepose.INDEX["right_ear"])],
    [(blazepose.INDEX["left_shoulder"], blazepose.INDEX["right_shoulder"])],
    _TRUNK_DIAGONALS,
    _both_sides(("shoulder", "elbow")),
    _both_sides(("elbow", "wrist")),
    _both_sides(("hip", "knee")),
    _both_sides(("knee", "ankle")),
    _both_sides(("heel", "foot_index")),
)
"""Pairs of landmarks between which each part of the body lies: head, between the shoulders, trunk, upper arms,
forearms, thighs, shins, feet. Long hair covers the line between the shoulders from behind; forearms show short
sleeves."""
assert len(_PART_LINES) == APPEARANCE_PARTS
_STARTS, _ENDS = (np.array([line[end] for part in _PART_LINES for line in part]) for end in (0, 1))
_PART_OF_LINE = np.repeat(np.arange(APPEARANCE_PARTS), [len(part) for part in _PART_LINES])


def describe_appearance(frame: RgbImage, keypoints: FloatArray) -> FloatArray:
    """Returns the median colours of a person's body parts.

    Args:
        frame: (H, W, 3) RGB.
        keypoints: (33, 3) x px, y px, confidence.

    Returns:
        (8, 3) CIELAB, the median over each of head, between the shoulders, trunk, upper arms, forearms, thighs, shins
        and feet; NaN where too little of the part lies in the image.
    """
    start, end = keypoints[_STARTS, :2], keypoints[_ENDS, :2]
    points = start[:, None] + SAMPLE_FRACTIONS[:, None] * (end - start)[:, None]
    column, row = np.moveaxis(np.floor(points).astype(int), -1, 0)
    inside = (column >= 0) & (row >= 0) & (column < frame.shape[1]) & (row < frame.shape[0])
    appearance = np.full((APPEARANCE_PARTS, 3), np.nan)
    if not inside.any():
        return appearance
    pixels = frame[row[inside], column[inside]].astype(np.float32)[None] / 255
    colors = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0]
    parts = np.broadcast_to(_PART_OF_LINE[:, None], inside.shape)[inside]
    for part in range(APPEARANCE_PARTS):
        samples = colors[parts == part]
        if len(samples) >= MIN_SAMPLES:
            appearance[part] = _median(samples)
    return appearance


def _median(samples: FloatArray) -> FloatArray:
    """Returns the median (3,) of a few samples (N, 3), several times faster than ``np.median``."""
    middle = len(samples) // 2
    return np.asarray(np.sort(samples, axis=0)[(len(samples) - 1) // 2 : middle + 1].mean(axis=0))

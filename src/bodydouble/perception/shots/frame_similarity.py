"""Very small pictures, and how much of what one shows is new beside another."""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbImage

COARSE = (320, 180)
DETAILED = (64, 36)
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

BLACK = 16.0
"""Grey values; no part of a black picture is brighter."""
DARKEST = 10.0
"""Grey values; edges between darker places hardly count."""
AROUND = (5, 5)
"""px of the detailed picture."""


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to see in a frame."""

    small: FloatArray
    """(18, 32, 3) grey values."""
    detailed: RgbImage
    """(36, 64, 3) RGB."""

    @property
    def is_black(self) -> bool:
        """Whether nothing is to be seen."""
        return bool(self.small.max() < BLACK)


def look(frame: RgbImage) -> Look:
    """A frame (H, W, 3) RGB, very small."""
    coarse = cv2.resize(frame, COARSE, interpolation=cv2.INTER_LINEAR)
    small, detailed = (cv2.resize(coarse, size, interpolation=cv2.INTER_AREA) for size in (SMALL, DETAILED))
    return Look(np.asarray(small, dtype=np.float32), np.asarray(detailed, dtype=np.uint8))


def change(one: FloatArray, other: FloatArray) -> float:
    """How much of what two small pictures show, weighted by contrast, only one of them does: 0 to 1."""
    if np.abs(one - other).mean() < SAME:
        return 0.0
    return max(_unexplained(one, other), _unexplained(other, one))


def same_edges(one: Look, other: Look) -> float:
    """How well the edges of two pictures agree, -1 to 1, wherever light of whatever colour falls."""
    first, second = (_edges(np.log(picture.detailed.astype(np.float32) + DARKEST)) for picture in (one, other))
    first, second = (edges / np.maximum(np.linalg.norm(edges, axis=(0, 1)), 1e-6) for edges in (first, second))
    return float((first * _aligned(second, first, 1)).sum() / 3)


def mixed_edges(before: Look, middle: Look, after: Look) -> float:
    """The share of the edges of the middle picture that are those of the other two, a little shifted: 0 to 1."""
    seen = _edges(middle.detailed.astype(np.float32))
    parts = [_aligned(_edges(one.detailed.astype(np.float32)), seen, 2).ravel() for one in (before, after)]
    rest = np.linalg.lstsq(np.stack(parts, axis=1), seen.ravel(), rcond=None)[1]
    return 1 - float(rest.sum()) / max(float((seen**2).sum()), 1e-6) if len(rest) else 0.0


def _edges(picture: FloatArray) -> FloatArray:
    """How much brighter each place is than those around it."""
    return np.asarray(picture - cv2.blur(picture, AROUND))


def _aligned(edges: FloatArray, wanted: FloatArray, reach: int) -> FloatArray:
    """Edges shifted by at most that many px so that they agree best with others."""
    shifts = product(range(-reach, reach + 1), repeat=2)
    return max((np.roll(edges, shift, (0, 1)) for shift in shifts), key=lambda one: float((one * wanted).sum()))


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

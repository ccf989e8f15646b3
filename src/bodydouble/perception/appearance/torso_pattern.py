"""Colours and pattern of the upper garment, from the grid of the torso."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.perception.appearance.colors import distance

MIN_CELLS = 12
"""Minimum number of known cells of the torso."""
MIN_DIFFERENCE = 14.0
"""Minimum distance of two colours of a pattern."""
MAX_PRINT_RATIO = 0.5
"""Largest ratio of the distances of the arms from the second and from the first colour of a print on the chest."""
MIN_SHARE = 0.15
"""Minimum share of the second colour of a pattern."""


@dataclass(frozen=True, slots=True)
class Garment:
    """Colours of a garment, CIELAB."""

    color: FloatArray
    """(3,) the colour of most of it."""
    second_color: FloatArray | None
    """(3,); None if it is plain."""
    pattern: str
    confidence: float


def describe_torso(grid: FloatArray, bottom: FloatArray | None, arms: FloatArray | None = None) -> Garment | None:
    """Describes the upper garment; None if too little of it is known.

    Args:
        grid: (10, 8, 3) CIELAB between shoulders and hips; NaN where unknown.
        bottom: (3,) CIELAB of the lower garment, which may reach into the lowest rows; None if unknown.
        arms: (3,) CIELAB of the upper arms; if they have the second colour, the first one is a print. None if unknown.
    """
    cells = grid.copy()
    if bottom is not None:
        cells[-3:][distance(cells[-3:], bottom) < 0.5 * MIN_DIFFERENCE] = np.nan
        cells = cells if np.isfinite(cells[..., 0]).sum() >= MIN_CELLS else grid
    known = np.asarray(np.isfinite(cells).all(axis=-1))
    if known.sum() < MIN_CELLS:
        return None
    first, second, is_second = _split(cells, known)
    share = is_second[known].mean()
    confidence = float(min(known.mean() * 1.25, 1.0))
    if second is None or share < MIN_SHARE or distance(first, second) < MIN_DIFFERENCE:
        return Garment(np.median(cells[known], axis=0), None, "plain", confidence)
    pattern = _name_pattern(is_second, known)
    if pattern != "stripes" and arms is not None and distance(arms, second) < MAX_PRINT_RATIO * distance(arms, first):
        return Garment(second, first, "print", confidence)
    return Garment(first, second, pattern, confidence)


def _split(cells: FloatArray, known: BoolArray) -> tuple[FloatArray, FloatArray | None, BoolArray]:
    """Returns the colour of most cells, that of the others, and which cells (10, 8) have it: 2-means."""
    colors = cells[known]
    first = np.median(colors, axis=0)
    second = colors[distance(colors, first).argmax()]
    is_second = np.zeros(len(colors), dtype=bool)
    for _ in range(8):
        is_second = distance(colors, second) < distance(colors, first)
        if is_second.all() or not is_second.any():
            break
        first, second = np.median(colors[~is_second], axis=0), np.median(colors[is_second], axis=0)
    if is_second.mean() > 0.5:
        first, second, is_second = second, first, ~is_second
    labels = np.zeros(known.shape, dtype=bool)
    labels[known] = is_second
    return first, second if is_second.any() else None, labels


def _name_pattern(is_second: BoolArray, known: BoolArray) -> str:
    """Names the arrangement of the second colour (10, 8)."""
    count = np.maximum(known.sum(axis=1), 1)
    rows = (is_second & known).sum(axis=1) / count > 0.5
    agreement = np.where(rows[:, None], is_second, ~is_second)[known].mean()
    changes = int(np.count_nonzero(np.diff(rows[known.any(axis=1)].astype(int))))
    if agreement > 0.85 and changes == 1:
        return "two-tone"
    return "stripes" if agreement > 0.85 and changes >= 4 else "print"

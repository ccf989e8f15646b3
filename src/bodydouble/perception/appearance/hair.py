"""Hair from images of the head: colour, length, fringe, beard and hat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.data.appearance import HEAD_PATCH_SIDE, AppearanceSample
from bodydouble.perception.appearance.colors import distance, to_lab, weighted_quantile

MIDDLE = 32.0
"""Column of the middle of the face in images of heads, px of 1 cm."""
PROFILE_SHIFT = 7.0
"""Distance from the middle of the face to that of the head in profile, px."""
MAX_FRONT_TURN, MIN_SIDE_TURN = 0.6, 0.7
"""Turn of the head up to which it counts as seen from the front, and from which as seen from the side."""
SKIN_LIKE, HAIR_LIKE, SURROUNDINGS_LIKE = 7.0, 16.0, 9.0
"""Largest distances of a colour from those of the skin, the hair and the surroundings."""
MIN_HAIR_SHARE = 0.1
"""Minimum share of hair in the region of the crown of one image whose colour counts."""
CROWN_CELLS = 56
AMBIGUOUS = 8.0
"""Distance of the hair from the clothes below which hair in front of them is not told from them."""

Region = tuple[float, float, float, float]
"""Left, right, top and bottom in px, the columns relative to the middle of the head."""

CROWN: Region = (-4, 4, 8, 15)
"""From above the head to the forehead."""
ABOVE: Region = (-8, 8, 0, 4)
"""Surroundings above the head."""
FOREHEAD: Region = (-3.5, 3.5, 13, 16)
CHIN: Region = (-3, 3, 27.5, 30.5)
CHEEKS: Region = (-4.5, 4.5, 20.5, 23.5)
FRONT_LEVELS: tuple[tuple[Region, ...], ...] = (
    ((-10.5, -8, 20, 26), (8, 10.5, 20, 26)),
    ((-9.5, -6.5, 28, 33), (6.5, 9.5, 28, 33)),
    ((-11, -6, 35, 41), (6, 11, 35, 41)),
    ((-12, -5, 44, 54), (5, 12, 44, 54)),
)
SIDE_LEVELS: tuple[tuple[Region, ...], ...] = (
    ((3, 9, 18, 24),),
    ((3, 9, 27, 32),),
    ((4, 12, 35, 41),),
    ((5, 14, 44, 54),),
)
BACK_LEVELS: tuple[tuple[Region, ...], ...] = (
    ((-5, 5, 20, 25),),
    ((-5, 5, 29, 33),),
    ((-7, 7, 36, 42),),
    ((-7, 7, 45, 55),),
)
"""Regions beside, before or behind ears, neck, shoulders and chest, in views from the front, the side and behind."""
NECK_SIDE: Region = (-2, 3, 28, 32)
"""Side of the neck in profile, which tied hair leaves free."""


@dataclass(frozen=True, slots=True)
class HairShares:
    """Shares of hair in the regions of the head over a clip, 0 to 1; NaN where unknown."""

    color: FloatArray | None
    """(3,) CIELAB; None if there is none."""
    crown: float
    """Share of the region of the crown that is neither skin nor surroundings."""
    front: FloatArray
    """(4,) in FRONT_LEVELS."""
    side: FloatArray
    back: FloatArray
    neck_side: float
    forehead: float
    beard: float
    """Share of the chin that has the colour of hair."""
    count: int
    """Number of images."""


@dataclass(frozen=True, slots=True)
class _Head:
    """One image of a head, turned so that its profile looks to the left."""

    lab: FloatArray
    """(64, 64, 3)."""
    view: str
    """Front, side, back or other."""
    middle: float
    weight: float

    def cells(self, region: Region) -> tuple[slice, slice]:
        """Returns rows and columns of a region."""
        left, right, top, bottom = region
        columns = slice(max(round(self.middle + left), 0), min(round(self.middle + right), HEAD_PATCH_SIDE))
        return slice(round(top), round(bottom)), columns


def measure_hair(samples: Sequence[AppearanceSample], skin: FloatArray, top: FloatArray | None) -> HairShares | None:
    """Measures the hair of a person; None if the head was never seen.

    Args:
        samples: samples of a person.
        skin: (3,) CIELAB.
        top: (3,) CIELAB of the upper garment; None if unknown.
    """
    heads = [_prepare(sample) for sample in samples]
    heads = [head for head in heads if head.view != "other"]
    if not heads:
        return None
    weights = np.array([head.weight for head in heads])
    crowns = [_crown_hair(head, skin) for head in heads]
    crown = float(np.average([len(hair) / CROWN_CELLS for hair in crowns], weights=weights))
    color = _find_color(crowns, weights)
    if color is None:
        unknown = np.full(4, np.nan)
        return HairShares(None, crown, unknown, unknown, unknown, np.nan, np.nan, np.nan, len(heads))
    masks = [_hair_mask(head, color, skin, top) for head in heads]
    return HairShares(
        color,
        crown,
        front=_mean_levels(heads, masks, "front", FRONT_LEVELS),
        side=_mean_levels(heads, masks, "side", SIDE_LEVELS),
        back=_mean_levels(heads, masks, "back", BACK_LEVELS),
        neck_side=_mean_share(heads, masks, "side", (NECK_SIDE,)),
        forehead=_mean_share(heads, masks, "front", (FOREHEAD,)),
        beard=_measure_beard(heads, color),
        count=len(heads),
    )


def _prepare(sample: AppearanceSample) -> _Head:
    turn = sample.turn
    image = sample.head[:, ::-1] if turn > 0 else sample.head
    lab = to_lab(image.astype(np.float32) / 255)
    if np.isnan(turn):
        return _Head(lab, "back", MIDDLE, sample.weight)
    amount = min(abs(turn), 1.0)
    view = "front" if amount <= MAX_FRONT_TURN else "side" if amount >= MIN_SIDE_TURN else "other"
    return _Head(lab, view, MIDDLE + PROFILE_SHIFT * amount, sample.weight)


def _crown_hair(head: _Head, skin: FloatArray) -> FloatArray:
    """Returns the colours (N, 3) in the region of the crown that are neither skin nor surroundings."""
    rows, columns = head.cells(CROWN)
    cells = head.lab[rows, columns].reshape(-1, 3)
    above = head.lab[head.cells(ABOVE)].reshape(-1, 3)
    beside = np.concatenate([head.lab[rows, :6], head.lab[rows, -6:]], axis=1).reshape(-1, 3)
    surroundings = np.concatenate([above[::3], beside[::3]])
    to_surroundings = distance(cells[:, None], surroundings)
    # A colour counts as that of the surroundings if it is common there.
    is_outside = (to_surroundings < SURROUNDINGS_LIKE).mean(axis=1) > 0.1
    return np.asarray(cells[(distance(cells, skin) >= SKIN_LIKE) & ~is_outside])


def _find_color(crowns: Sequence[FloatArray], weights: FloatArray) -> FloatArray | None:
    """Returns the colour (3,) of the hair in the region of the crown; None if there is hardly any."""
    shares = np.array([len(hair) / CROWN_CELLS for hair in crowns])
    enough = shares > MIN_HAIR_SHARE
    if not enough.any():
        return None
    colors = np.array([np.median(hair, axis=0) for hair, is_enough in zip(crowns, enough, strict=True) if is_enough])
    return weighted_quantile(colors, (weights * shares)[enough])


def _hair_mask(head: _Head, hair: FloatArray, skin: FloatArray, top: FloatArray | None) -> FloatArray:
    """Returns (64, 64) 1 for pixels nearer to hair than to skin, clothes and surroundings, else 0; NaN: not told."""
    to_hair = distance(head.lab, hair)
    others = [distance(head.lab, skin)]
    border = np.median(np.stack([head.lab[:, :3], head.lab[:, -3:]]), axis=2)
    others += [distance(head.lab, side[:, None]) for side in border]
    if top is not None:
        others.append(distance(head.lab, top))
    mask = ((to_hair < HAIR_LIKE) & (to_hair < np.min(others, axis=0))).astype(np.float64)
    if top is not None and distance(hair, top) < AMBIGUOUS:
        mask[34:] = np.nan
    is_ambiguous = np.any(distance(border, hair) < AMBIGUOUS, axis=0)
    mask[is_ambiguous] = np.nan
    return np.asarray(mask)


def _mean_levels(
    heads: Sequence[_Head], masks: Sequence[FloatArray], view: str, levels: tuple[tuple[Region, ...], ...]
) -> FloatArray:
    return np.array([_mean_share(heads, masks, view, regions) for regions in levels])


def _mean_share(heads: Sequence[_Head], masks: Sequence[FloatArray], view: str, regions: Sequence[Region]) -> float:
    """Returns the mean share of hair in regions over the heads in a view; NaN where it was never told."""
    shares, weights = [], []
    for head, mask in zip(heads, masks, strict=True):
        cells = np.concatenate([mask[head.cells(region)].ravel() for region in regions])
        known = np.isfinite(cells)
        if head.view == view and known.mean() > 0.5:
            shares.append(cells[known].mean())
            weights.append(head.weight)
    return float(np.average(shares, weights=weights)) if shares else float("nan")


def _measure_beard(heads: Sequence[_Head], hair: FloatArray) -> float:
    """Returns the share of front views in which the chin is darker than the cheeks, and nearer to hair than them."""
    votes: list[bool] = []
    for head in heads:
        if head.view == "front":
            chin, cheeks = (np.median(head.lab[head.cells(region)].reshape(-1, 3), axis=0) for region in (CHIN, CHEEKS))
            is_darker = cheeks[0] - chin[0] > 0.35 * (cheeks[0] - hair[0]) and cheeks[0] - hair[0] > 12
            votes.append(bool(is_darker and distance(chin, hair) < distance(cheeks, hair)))
    return float(np.mean(votes)) if votes else float("nan")

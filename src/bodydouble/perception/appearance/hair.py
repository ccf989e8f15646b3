"""Hair from images of the head: colour, length, fringe, beard and hat."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bodydouble.data import FloatArray
from bodydouble.data.appearance import HEAD_PATCH_SIDE, AppearanceSample
from bodydouble.perception.appearance.colors import distance, weighted_quantile
from bodydouble.perception.appearance.hair_length import classify_lengths, describe_head
from bodydouble.perception.appearance.head_images import (
    BARE_BACK,
    BARE_TOP,
    BEHIND_NECK,
    CHIN,
    FOREHEAD,
    MIDDLE,
    MIN_CELLS,
    NECK_SIDE,
    HeadImage,
    Region,
    select_heads,
)

SKIN_LIKE, HAIR_LIKE = 6.0, 18.0
"""Largest distances of a colour from that of the skin and of the hair."""
BARE_ROWS, MIN_LIGHTNESS = 24, 15.0
"""Rows beside the head, and the lightness of the surroundings there below which they hide dark hair."""
BARE_LIKE = 9.0
"""Largest distance of the colour of a bald head from that of the face: its light differs."""
MIN_HAIR_SHARE = 0.15
"""Minimum share of hair in the top of the head of one image whose colour counts."""
LIGHTNESS_QUANTILE = 0.25
"""Quantile of the lightness of hair that counts as its colour."""
BEARD_CONTRAST = 20.0
"""Minimum difference in lightness of cheeks and hair at which a beard is told from shade."""
AMBIGUOUS, CLEAR, STRICTLY_LIKE = 8.0, 18.0, 9.0
"""Distances of the hair from the clothes below which it is not told from them, and above which it is; and the largest
distance from the colour of the hair of a part that is not joined to it."""

STRAND_LIKE, STRAND_MARGIN = 12.0, 0.7
"""Largest distance of a strand outside the silhouette from the colour of the hair, and its largest share of that from
the surroundings."""
EAR_ROW, MIN_DISTANCE, MIN_WIDTH = 20, 4.5, 2
"""Row of the ears; distance from the middle and width from which hair counts as falling beside the face, px."""
END_QUANTILE = 0.5
"""Quantile of the rows in which hair ends in the images."""
NECK_ROW, CHEST_ROW = 34, 40
"""Rows below which clothes begin, and which only long hair reaches."""


@dataclass(frozen=True, slots=True)
class HairShares:
    """Shares of hair in the regions of the head over a clip, 0 to 1; NaN where unknown."""

    color: FloatArray | None
    """(3,) CIELAB; None if there is none."""
    crown: float
    """Share of the top of the head that is not skin."""
    bare: float
    """Share of the place where hair begins on most heads that is skin, whatever the silhouette."""
    end: float
    """Row in which hair that falls beside or behind the face ends, px; the eyes are at 18.5, the chin at 30."""
    neck_side: float
    """Share of hair in NECK_SIDE."""
    behind_neck: float
    """Share of hair in BEHIND_NECK."""
    forehead: float
    length: FloatArray | None
    """(3,) probabilities of hair_length.GROUPS; None without hair."""
    beard: float
    """Share of the images from the front whose chin has the colour of hair."""
    count: int
    """Number of images."""


@dataclass(frozen=True, slots=True)
class _Hair:
    """Heads of a person, and their hair."""

    heads: list[HeadImage]
    weights: FloatArray
    color: FloatArray | None
    """(3,) CIELAB; None if there is none."""
    own_colors: list[FloatArray]
    """(3,) of each head."""
    crown: float
    bare: float


def measure_hair(samples: Sequence[AppearanceSample], skin: FloatArray, top: FloatArray | None) -> HairShares | None:
    """Measures the hair of a person; None if the head was never told from the surroundings.

    Args:
        samples: samples of a person.
        skin: (3,) CIELAB.
        top: (3,) CIELAB of the upper garment; None if unknown.
    """
    found = _find_hair(samples, skin)
    if found is None:
        return None
    heads, weights, color = found.heads, found.weights, found.color
    if color is None:
        nan = float("nan")
        return HairShares(None, found.crown, found.bare, nan, nan, nan, nan, None, nan, len(heads))
    masks = [_hair_mask(head, hair, skin, top) for head, hair in zip(heads, found.own_colors, strict=True)]
    return HairShares(
        color,
        found.crown,
        found.bare,
        end=_measure_end(heads, masks),
        neck_side=_mean_share(heads, masks, "side", NECK_SIDE),
        behind_neck=_mean_share(heads, masks, "side", BEHIND_NECK),
        forehead=_mean_share(heads, masks, "front", FOREHEAD),
        length=classify_lengths(_describe_heads(heads, color, skin, top), weights),
        beard=_measure_beard(heads, color),
        count=len(heads),
    )


def _measure_bare_top(head: HeadImage, skin: FloatArray) -> float:
    """Returns the share of skin above the forehead, where bald heads have skin and others have hair or a hat.

    It is 0 before dark surroundings, which hide dark hair.
    """
    around = head.lab[:BARE_ROWS][~head.silhouette[:BARE_ROWS], 0]
    if len(around) and np.median(around) < MIN_LIGHTNESS:
        return 0.0
    colors = head.lab[head.cells(BARE_BACK if head.view == "back" else BARE_TOP)]
    to_skin = distance(colors, skin)
    if head.view != "back":
        to_skin = np.minimum(to_skin, distance(colors, head.face_color))
    return float((to_skin < BARE_LIKE).mean())


def _typical_color(hair: FloatArray) -> FloatArray:
    """Returns the colour (3,) of hair (N, 3) without its highlights."""
    return np.array([np.quantile(hair[:, 0], LIGHTNESS_QUANTILE), *np.median(hair[:, 1:], axis=0)])


def describe_images(samples: Sequence[AppearanceSample], skin: FloatArray, top: FloatArray | None) -> FloatArray | None:
    """Returns the features (N, 293) by which the network knows the length; None without hair. See ``measure_hair``."""
    found = _find_hair(samples, skin)
    return None if found is None or found.color is None else _describe_heads(found.heads, found.color, skin, top)


def _find_hair(samples: Sequence[AppearanceSample], skin: FloatArray) -> _Hair | None:
    """Finds the heads and the colour of their hair; None if no head was told from the surroundings."""
    seen = [(head, top) for head in select_heads(samples) if (top := _crown_hair(head, skin))[1] >= MIN_CELLS]
    if not seen:
        return None
    heads, crowns = [head for head, _ in seen], [top for _, top in seen]
    weights = np.array([head.weight for head in heads])
    shares = np.array([share for _, _, share in crowns])
    crown = float(np.average(shares, weights=weights))
    bare = float(np.average([_measure_bare_top(head, skin) for head in heads], weights=weights))
    enough = shares > MIN_HAIR_SHARE
    if not enough.any():
        return _Hair(heads, weights, None, [], crown, bare)
    colors = [_typical_color(hair) for (hair, _, _), is_enough in zip(crowns, enough, strict=True) if is_enough]
    color = weighted_quantile(np.array(colors), (weights * shares)[enough])
    own = [_typical_color(hair) if is_enough else color for (hair, _, _), is_enough in zip(crowns, enough, strict=True)]
    return _Hair(heads, weights, color, own, crown, bare)


def _describe_heads(
    heads: Sequence[HeadImage], hair: FloatArray, skin: FloatArray, top: FloatArray | None
) -> FloatArray:
    """Returns the features (N, 293) of heads, see ``hair_length.describe_head``; colours are CIELAB."""
    ambiguity = distance(np.stack([skin, skin if top is None else top]), hair)
    features = []
    for head in heads:
        others = [skin, *([] if head.view == "back" else [head.face_color]), *([] if top is None else [top])]
        to_others = np.min([head.to_surroundings, *(distance(head.lab, color) for color in others)], axis=0)
        shift = round(head.middle - MIDDLE)
        to_hair = distance(head.lab, hair)
        features.append(describe_head(to_hair, to_others, head.silhouette, shift, head.view, ambiguity))
    return np.stack(features)


def _crown_hair(head: HeadImage, skin: FloatArray) -> tuple[FloatArray, int, float]:
    """Returns the most distinct colours (N, 3) of the top of the head, the number of its pixels, and the share of hair.

    What is not skin is hair; the face in the same image is skin, too. The outline is left out, since its pixels are
    mixed with the surroundings.
    """
    cells = head.cells(head.crown)
    inside = cv2.erode(head.silhouette.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    colors = head.lab[cells][inside[cells]]
    to_skin = distance(colors, skin)
    if head.view != "back":
        to_skin = np.minimum(to_skin, distance(colors, head.face_color))
    is_hair = to_skin >= SKIN_LIKE
    if not is_hair.any():
        return np.empty((0, 3)), len(colors), 0.0
    # Pixels that are mixed with skin or surroundings are nearer to them.
    distinct = np.minimum(to_skin, head.to_surroundings[cells][inside[cells]])[is_hair]
    return colors[is_hair][distinct >= np.median(distinct)], len(colors), float(is_hair.mean())


def _hair_mask(head: HeadImage, hair: FloatArray, skin: FloatArray, top: FloatArray | None) -> FloatArray:
    """Returns (64, 64) 1 for hair, else 0; NaN where it is not told from clothes.

    It is joined to that of the crown, or has just its colour, which the clothes have not.
    """
    to_hair = distance(head.lab, hair)
    to_others = distance(head.lab, skin)
    if head.view != "back":
        to_others = np.minimum(to_others, distance(head.lab, head.face_color))
    is_like_top = top is not None and bool(distance(hair, top) < AMBIGUOUS)
    if top is not None and not is_like_top:
        to_others = np.minimum(to_others, distance(head.lab, top))
    is_strand = (to_hair < STRAND_LIKE) & (to_hair < STRAND_MARGIN * head.to_surroundings)
    is_hair = (head.silhouette | is_strand) & (to_hair < HAIR_LIKE) & (to_hair < to_others)
    _, labels = cv2.connectedComponents(is_hair.astype(np.uint8), connectivity=4)
    in_crown = np.unique(labels[head.cells(head.crown)])
    is_joined = np.isin(labels, in_crown[in_crown > 0])
    if top is not None and distance(hair, top) > CLEAR:
        is_joined |= is_hair & (to_hair < STRICTLY_LIKE)
    mask = is_joined.astype(np.float64)
    if is_like_top and mask[CHEST_ROW:].any():
        mask[NECK_ROW:] = np.nan
    return np.asarray(mask)


def _measure_end(heads: Sequence[HeadImage], masks: Sequence[FloatArray]) -> float:
    """Returns the row in which hair ends; from the front, hair behind the neck is hidden."""
    ends = np.array([_find_end(head, mask) for head, mask in zip(heads, masks, strict=True)])
    return float(weighted_quantile(ends, np.array([head.weight for head in heads]), END_QUANTILE))


def _find_end(head: HeadImage, mask: FloatArray) -> float:
    """Returns the row below which no hair is beside the face, or behind the head from the side and behind."""
    columns = np.arange(HEAD_PATCH_SIDE) + 0.5 - head.middle
    beside = np.abs(columns) > MIN_DISTANCE if head.view == "front" else columns > -MIN_DISTANCE
    hair = np.nansum(mask[:, beside], axis=1) >= MIN_WIDTH
    gaps = np.flatnonzero(~hair[EAR_ROW:-1] & ~hair[EAR_ROW + 1 :])
    return float(EAR_ROW + gaps[0]) if gaps.size else float(HEAD_PATCH_SIDE)


def _mean_share(heads: Sequence[HeadImage], masks: Sequence[FloatArray], view: str, region: Region) -> float:
    """Returns the mean share of hair in a region over the heads in a view; NaN where it was never told."""
    shares, weights = [], []
    for head, mask in zip(heads, masks, strict=True):
        cells = mask[head.cells(region)].ravel()
        known = np.isfinite(cells)
        if head.view == view and known.mean() > 0.5:
            shares.append(cells[known].mean())
            weights.append(head.weight)
    return float(np.average(shares, weights=weights)) if shares else float("nan")


def _measure_beard(heads: Sequence[HeadImage], hair: FloatArray) -> float:
    """Returns the share of front views in which the chin is darker than the cheeks, and nearer to hair than them."""
    votes: list[bool] = []
    for head in heads:
        if head.view == "front":
            chin, cheeks = np.median(head.lab[head.cells(CHIN)], axis=(0, 1)), head.face_color
            is_darker = cheeks[0] - chin[0] > 0.35 * (cheeks[0] - hair[0]) and cheeks[0] - hair[0] > BEARD_CONTRAST
            votes.append(bool(is_darker and distance(chin, hair) < distance(cheeks, hair)))
    return float(np.mean(votes)) if votes else float("nan")

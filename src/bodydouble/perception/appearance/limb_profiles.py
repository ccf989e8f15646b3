"""Lengths of sleeves and legs: the colours along limbs in many frames -> where the cloth ends and the skin begins."""

from dataclasses import dataclass

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.perception.appearance.colors import distance

SPREAD = 6.0
"""Standard deviation of a colour of skin or cloth, CIELAB."""
MAX_SKIN_COST, MAX_CLOTH_COST = 6.0, 5.0
"""Largest costs of a point that is neither: a sleeve may have another colour than the rest of the garment."""
HIDDEN_WEIGHT = 0.1
"""Weight of a point that looks like cloth where the trunk may hide the limb."""
MIN_WEIGHT = 1.0
"""Minimum sum of the weights of a point, in samples, at which it is known."""
SOCK_COST = 1.0
"""Largest cost of a bare point in the last third of a leg that looks like cloth: socks and shoes."""
CONFIDENT_MARGIN = 1.5
"""Mean difference in cost per point at which the end of the cloth is certain."""
MAX_COLORS, MIN_SHARE = 4, 0.06
"""Number of colours of a garment, and minimum share of it that one covers."""
SKIN_LIKE, MIN_SKIN_COLORED = 10.0, 0.4
"""Distance from the skin below which a part of a garment is skin, unless it is as large as this share."""


@dataclass(frozen=True, slots=True)
class CoveredLength:
    """Length of the cloth on a limb."""

    end: float
    """0 to 1, in points of the profile."""
    confidence: float


def find_garment_colors(cells: FloatArray, skin: FloatArray) -> FloatArray:
    """Finds the colours of a garment.

    Args:
        cells: (N, 3) CIELAB of points of the garment in all frames; NaN where unknown.
        skin: (3,) CIELAB.

    Returns:
        (K, 3) CIELAB; K is 0 if the garment is unknown.
    """
    known = cells[np.isfinite(cells).all(axis=1)].astype(np.float32)
    if len(known) < MAX_COLORS:
        return np.empty((0, 3))
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    _, labels, centers = cv2.kmeans(known, MAX_COLORS, np.empty(0, np.int32), criteria, 2, cv2.KMEANS_PP_CENTERS)
    colors = np.asarray(centers, dtype=np.float64)
    shares = np.bincount(labels.ravel(), minlength=MAX_COLORS) / len(known)
    is_skin = (distance(colors, skin) < SKIN_LIKE) & (shares < MIN_SKIN_COLORED)
    return np.asarray(colors[(shares >= MIN_SHARE) & ~is_skin])


def vote_for_cloth(points: FloatArray, skins: FloatArray, cloth: FloatArray) -> FloatArray:
    """Returns how much better points match cloth than skin: log-odds, below 0 for skin, 0 where unknown.

    Args:
        points: (..., 3) CIELAB; NaN where unknown.
        skins: (S, 3) CIELAB, colours of the skin.
        cloth: (K, 3) CIELAB, colours of the garment.
    """
    to_skin, to_cloth = (np.min([distance(points, color) for color in colors], axis=0) for colors in (skins, cloth))
    skin_cost = np.minimum((to_skin / SPREAD) ** 2 / 2, MAX_SKIN_COST)
    cloth_cost = np.minimum((to_cloth / SPREAD) ** 2 / 2, MAX_CLOTH_COST)
    return np.asarray(np.where(np.isfinite(points).all(axis=-1), skin_cost - cloth_cost, 0.0))


def find_cloth_end(
    votes: FloatArray, weights: FloatArray, is_hidden: BoolArray | None = None, *, has_socks: bool = False
) -> CoveredLength | None:
    """Finds the end of the cloth, where the votes for cloth before it and for skin behind it are most.

    Args:
        votes: (N, P) by ``vote_for_cloth`` for N limbs, from the root.
        weights: (N, P) weights; 0 where a point is unknown.
        is_hidden: (N, P) whether the trunk may hide a point; None: nowhere.
        has_socks: whether the last third may be covered again, by a sock or a shoe.

    Returns:
        The length; None if too little of the limbs is known.
    """
    if is_hidden is not None:
        weights = np.where(is_hidden & (votes > 0), HIDDEN_WEIGHT * weights, weights)
    total = weights.sum(axis=0)
    if total.max() < MIN_WEIGHT:
        return None
    evidence = (votes * weights).sum(axis=0) / np.maximum(total, MIN_WEIGHT)
    count = len(evidence)
    bare = evidence.copy()
    if has_socks:
        bare[2 * count // 3 :] = np.minimum(bare[2 * count // 3 :], SOCK_COST)
    costs = np.array([bare[end:].sum() - evidence[:end].sum() for end in range(count + 1)]) / 2
    best = int(costs.argmin())
    far = costs[np.abs(np.arange(count + 1) - best) > count // 6]
    margin = float(far.min() - costs.min()) / (count / 6)
    return CoveredLength(best / count, float(np.clip(margin / CONFIDENT_MARGIN, 0.0, 1.0)))

"""Lengths of sleeves and legs: the colours along a limb -> where the cloth ends and the skin begins."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.perception.appearance.colors import distance

MAX_COST, MAX_CLOTH_COST = 25.0, 7.0
"""Distances of a colour from that of skin and cloth at which it counts as an outlier; cloth has patterns."""
MIN_BARE_POINTS = 3
"""Minimum number of bare points between cloth and sock."""
CLOTH_COST = 2.0
"""Cost of a point of cloth, whose colour is free, beside that of skin, whose colour is known."""
MIN_CONTRAST, CLEAR_CONTRAST = 4.0, 12.0
"""Distances of cloth from skin in CIELAB below which the end of the cloth is unknown, and from which it is clear."""
MIN_POINTS = 8
"""Minimum number of known points of a profile."""
CONFIDENT_MARGIN = 5.0
"""Difference in cost per moved point at which the end of the cloth is certain."""


@dataclass(frozen=True, slots=True)
class CoveredLength:
    """Length of the cloth on a limb."""

    end: float
    """0 to 1, in points of the profile."""
    color: FloatArray | None
    """(3,) CIELAB of the cloth; None if the limb is bare."""
    confidence: float


def find_cloth_end(profile: FloatArray, skin: FloatArray, *, has_socks: bool) -> CoveredLength | None:
    """Finds the end of the cloth on a limb.

    Args:
        profile: (N, 3) CIELAB along the limb, from its root; NaN where unknown.
        skin: (3,) CIELAB.
        has_socks: whether the last third may be covered again, by a sock or a shoe.

    Returns:
        The length; None if too little of the limb is known, or the cloth has the colour of the skin.
    """
    count = len(profile)
    known = np.asarray(np.isfinite(profile).all(axis=1))
    if known.sum() < MIN_POINTS:
        return None
    skin_cost = np.where(known, np.minimum(distance(profile, skin), MAX_COST), 0.0)
    costs = np.array([_cost(profile, known, skin_cost, end, has_socks=has_socks) for end in range(count + 1)])
    best = int(costs.argmin())
    far = costs[np.abs(np.arange(count + 1) - best) > count // 6]
    confidence = float(np.clip((far.min() - costs.min()) / (CONFIDENT_MARGIN * count / 6), 0.0, 1.0))
    color = np.nanmedian(profile[:best], axis=0) if known[:best].any() else None
    contrast = CLEAR_CONTRAST if color is None else float(np.linalg.norm(color - skin))
    if contrast < MIN_CONTRAST:
        return None
    return CoveredLength(best / count, color, confidence * min(contrast / CLEAR_CONTRAST, 1.0))


def _cost(profile: FloatArray, known: BoolArray, skin_cost: FloatArray, end: int, *, has_socks: bool) -> float:
    """Returns the cost of cloth on the first points and skin, and perhaps a sock, on the others."""
    bare = skin_cost[end:]
    if has_socks and len(bare):
        first_sock = max(2 * len(profile) // 3 - end, MIN_BARE_POINTS)
        rest = np.cumsum(bare[::-1])[::-1]
        sock_cost = MAX_COST / 3
        options = [rest[0]] + [
            rest[0] - rest[i] + sock_cost + CLOTH_COST * (len(bare) - i) for i in range(first_sock, len(bare))
        ]
        bare_cost = float(min(options))
    else:
        bare_cost = float(bare.sum())
    cloth = profile[:end][known[:end]]
    if not len(cloth):
        return bare_cost
    spread = np.minimum(distance(cloth, np.median(cloth, axis=0)), MAX_CLOTH_COST)
    return bare_cost + float(spread.sum()) + CLOTH_COST * len(cloth)

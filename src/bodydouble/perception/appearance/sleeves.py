"""Length of the sleeves: the colours along both arms in many frames -> where the cloth ends and the skin begins."""

from collections.abc import Sequence

import cv2
import numpy as np

from bodydouble.data import FloatArray
from bodydouble.data.appearance import AppearanceSample
from bodydouble.perception.appearance.colors import distance, to_lab
from bodydouble.perception.appearance.limb_profiles import CoveredLength

SPREAD = 6.0
"""Standard deviation of a colour of skin or cloth, CIELAB."""
MAX_SKIN_COST, MAX_CLOTH_COST = 6.0, 5.0
"""Largest costs of a point that is neither: a sleeve may have another colour than the rest of the garment."""
OVER_TRUNK_WEIGHT = 0.1
"""Weight of a point over the trunk that looks like cloth: the trunk may hide it."""
MIN_WEIGHT = 1.0
"""Minimum sum of the weights of points, in samples, at which an arm is known."""
CONFIDENT_MARGIN = 1.5
"""Mean difference in cost per point at which the end of the cloth is certain."""
MAX_COLORS, MIN_SHARE = 4, 0.06
"""Number of colours of the torso, and minimum share of it that one covers."""
SKIN_LIKE, MIN_SKIN_COLORED = 10.0, 0.4
"""Distance from the skin below which a part of the torso is a hand or the neck, unless it is as large as this share."""
MAX_SHADE = 18.0
"""Largest distance of the skin of one frame from that of the clip."""


def find_sleeve_end(samples: Sequence[AppearanceSample], skin: FloatArray, cloth: FloatArray) -> CoveredLength | None:
    """Finds the end of the sleeves.

    Each point of an arm votes for skin or cloth, and the end is where the votes differ most.

    Args:
        samples: samples of a person.
        skin: (3,) CIELAB.
        cloth: (K, 3) CIELAB, the colours of the torso.

    Returns:
        The length; None if too little of the arms is known, or the cloth has the colour of the skin.
    """
    votes, weights = np.stack([_weigh_arms(sample, skin, cloth) for sample in samples]).transpose(1, 0, 2, 3, 4)
    total = weights.sum(axis=(0, 1))
    if total.max() < MIN_WEIGHT:
        return None
    evidence = ((votes * weights).sum(axis=(0, 1)) / np.maximum(total, MIN_WEIGHT)).ravel()
    count = len(evidence)
    costs = np.array([evidence[end:].sum() - evidence[:end].sum() for end in range(count + 1)]) / 2
    best = int(costs.argmin())
    far = costs[np.abs(np.arange(count + 1) - best) > count // 6]
    confidence = float(np.clip((far.min() - costs.min()) / (CONFIDENT_MARGIN * count / 6), 0.0, 1.0))
    return CoveredLength(best / count, None, confidence)


def _weigh_arms(sample: AppearanceSample, skin: FloatArray, cloth: FloatArray) -> FloatArray:
    """Returns the votes of the points for cloth, below 0 for skin, and their weights: (2, 2 sides, 2, 8)."""
    arms = to_lab(np.swapaxes(sample.limbs[:2], 0, 1))
    known = np.isfinite(arms).all(axis=-1)
    to_skin = np.min([distance(arms, color) for color in (skin, *_skin_of_frame(sample, skin))], axis=0)
    to_cloth = np.min([distance(arms, color) for color in cloth], axis=0)
    skin_cost = np.minimum((to_skin / SPREAD) ** 2 / 2, MAX_SKIN_COST)
    cloth_cost = np.minimum((to_cloth / SPREAD) ** 2 / 2, MAX_CLOTH_COST)
    votes = np.where(known, skin_cost - cloth_cost, 0.0)
    is_hidden = np.swapaxes(sample.arms_over_trunk, 0, 1) & (votes > 0)
    weights = np.where(known, sample.weight, 0.0) * np.where(is_hidden, OVER_TRUNK_WEIGHT, 1.0)
    return np.stack([votes, weights])


def _skin_of_frame(sample: AppearanceSample, skin: FloatArray) -> list[FloatArray]:
    """Returns the colour (3,) of the skin in this frame, if the face is seen and not too unlike that of the clip."""
    face = to_lab(sample.face).reshape(-1, 3)
    if not np.isfinite(face).all():
        return []
    color = np.median(face, axis=0)
    return [color] if distance(color, skin) < MAX_SHADE else []


def find_torso_colors(samples: Sequence[AppearanceSample], skin: FloatArray) -> FloatArray:
    """Returns the colours (K, 3) CIELAB of the parts of the torso; K is 0 if nothing of it is known.

    A small part of the colour of the skin is a hand or the neck.
    """
    cells = np.concatenate([to_lab(sample.torso).reshape(-1, 3) for sample in samples])
    cells = cells[np.isfinite(cells).all(axis=1)].astype(np.float32)
    if len(cells) < MAX_COLORS:
        return np.empty((0, 3))
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    _, labels, colors = cv2.kmeans(cells, MAX_COLORS, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=MAX_COLORS) / len(cells)
    is_skin = (distance(colors, skin) < SKIN_LIKE) & (shares < MIN_SKIN_COLORED)
    kept = (shares >= MIN_SHARE) & ~is_skin
    return np.asarray(colors[kept], dtype=np.float64)

"""Sleeves, lower garment and shoes: ``AppearanceSample``s and the colour of the skin -> ``Trait``s."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bodydouble.data import FloatArray, Trait
from bodydouble.data.appearance import SEGMENT_POINTS, AppearanceSample
from bodydouble.perception.appearance.colors import distance, to_color, to_lab, weighted_quantile
from bodydouble.perception.appearance.limb_profiles import (
    CoveredLength,
    find_cloth_end,
    find_garment_colors,
    vote_for_cloth,
)

ARM_LENGTHS, LEG_LENGTHS = (0.265, 0.237), (0.405, 0.419)
"""Lengths of the two segments of arm and leg of an adult, m."""
MIN_SAMPLES = 3
"""Number of samples with a part at which it is certain."""
MAX_SHADE = 18.0
"""Largest distance of the skin of one frame from that of the clip."""
LEG_CERTAINTY = 2.0
"""Factor of the confidence of legs, which nothing hides: ends that are found with little contrast are right, too."""
THIGH_POINTS = slice(1, 5)
"""Points of the thigh that also shorts cover."""
SKIRT_LIKE = 14.0
"""Largest distance of a colour between the legs from that of the skirt."""
FIRST_SKIRT_POINT, MIN_SKIRT_POINTS, MIN_SKIRT_SHARE = 5, 4, 0.7
"""Point of the legs below the crotch; minimum number of points between the legs, and of their share that is cloth."""
MAX_SKIRT_END = 14
"""Point of the legs at which a skirt ends at the latest; what reaches the ankles is taken for trousers."""
BARE_FOOT_LIKE = 9.0
"""Largest distance of the colour of a bare foot from that of the skin."""


def describe_arms(samples: Sequence[AppearanceSample], skin: FloatArray) -> dict[str, Any]:
    """Returns the length of the sleeves.

    Args:
        samples: samples of a person.
        skin: (3,) CIELAB as filmed.
    """
    cloth = find_garment_colors(np.concatenate([to_lab(sample.torso).reshape(-1, 3) for sample in samples]), skin)
    if not len(cloth):
        return {}
    votes, weights = _vote(samples, skin, cloth, slice(0, 2))
    is_hidden = np.concatenate([np.swapaxes(s.arms_over_trunk, 0, 1).reshape(2, -1) for s in samples])
    sleeve = find_cloth_end(votes, weights, is_hidden)
    return {} if sleeve is None else {"sleeve": _length_trait(sleeve, ARM_LENGTHS)}


def describe_legs(
    samples: Sequence[AppearanceSample], weights: FloatArray, skin: FloatArray
) -> tuple[dict[str, Any], FloatArray | None]:
    """Describes the lower garment, and returns its colour (3,) CIELAB; None if it is unknown.

    Args:
        samples: samples of a person.
        weights: (N,) their weights.
        skin: (3,) CIELAB as filmed.
    """
    thighs = np.concatenate([to_lab(sample.limbs[2, :, THIGH_POINTS]).reshape(-1, 3) for sample in samples])
    cloth = find_garment_colors(thighs, skin)
    if not len(cloth):
        return {}, None
    votes, vote_weights = _vote(samples, skin, cloth, slice(2, 4))
    covered = find_cloth_end(votes, vote_weights, has_socks=True)
    end = 0 if covered is None else round(covered.end * 2 * SEGMENT_POINTS)
    if covered is None or not end:
        return {}, None
    covered = replace(covered, confidence=min(LEG_CERTAINTY * covered.confidence, 1.0))
    limbs = np.stack([to_lab(sample.limbs[2:]) for sample in samples])
    sides = np.moveaxis(limbs, 2, 1).reshape(2 * len(samples), 2 * SEGMENT_POINTS, 3)
    profile = weighted_quantile(sides, np.repeat(weights, 2))
    color = np.nanmedian(profile[2 : max(end, 4)], axis=0)
    if not np.isfinite(color).all():
        return {}, None
    traits: dict[str, Any] = {
        "bottom_color": Trait(to_color(color), covered.confidence),
        "leg": _length_trait(covered, LEG_LENGTHS),
    }
    share = _measure_skirt(samples, weights, cloth, end)
    is_skirt = share > MIN_SKIRT_SHARE
    if np.isfinite(share) and not (is_skirt and end > MAX_SKIRT_END):
        traits["bottom"] = Trait("skirt" if is_skirt else "trousers", share if is_skirt else 1 - share)
    return traits, color


def describe_feet(samples: Sequence[AppearanceSample], weights: FloatArray, skin: FloatArray) -> dict[str, Any]:
    """Returns kind and colour of the shoes; arguments as those of ``describe_legs``."""
    feet = np.stack([to_lab(sample.feet) for sample in samples])
    color = weighted_quantile(feet.reshape(-1, 3), np.repeat(weights, 2))
    if not np.isfinite(color).all():
        return {}
    confidence = 0.7 * min(int(np.isfinite(feet[..., 0]).sum()) / MIN_SAMPLES, 1.0)
    kind = "bare" if distance(color, skin) < BARE_FOOT_LIKE else "shoes"
    return {"shoes": Trait(kind, confidence), "shoe_color": Trait(to_color(color), confidence)}


def _vote(
    samples: Sequence[AppearanceSample], skin: FloatArray, cloth: FloatArray, segments: slice
) -> tuple[FloatArray, FloatArray]:
    """Returns the votes for cloth of the points of two segments, and their weights: (2 N, 16), left and right."""
    votes, weights = [], []
    for sample in samples:
        points = to_lab(np.swapaxes(sample.limbs[segments], 0, 1)).reshape(2, -1, 3)
        votes.append(vote_for_cloth(points, np.stack([skin, *_skin_of_frame(sample, skin)]), cloth))
        weights.append(np.where(np.isfinite(points).all(axis=-1), sample.weight, 0.0))
    return np.concatenate(votes), np.concatenate(weights)


def _skin_of_frame(sample: AppearanceSample, skin: FloatArray) -> list[FloatArray]:
    """Returns the colour (3,) of the skin in this frame, if the face is seen and not too unlike that of the clip."""
    face = to_lab(sample.face).reshape(-1, 3)
    if not np.isfinite(face).all():
        return []
    color = np.median(face, axis=0)
    return [color] if distance(color, skin) < MAX_SHADE else []


def _length_trait(covered: CoveredLength, lengths: tuple[float, float]) -> Trait[float]:
    """Converts an end in points of two segments into a share of the length of the limb."""
    upper = lengths[0] / sum(lengths)
    return Trait(float(np.interp(covered.end, [0.0, 0.5, 1.0], [0.0, upper, 1.0])), covered.confidence)


def _measure_skirt(samples: Sequence[AppearanceSample], weights: FloatArray, cloth: FloatArray, end: int) -> float:
    """Returns the share of points between the legs, above the hem, that are cloth; NaN if there are too few."""
    between = np.stack([to_lab(sample.between_legs) for sample in samples]).reshape(-1, 2 * SEGMENT_POINTS, 3)
    beside = np.stack([to_lab(sample.beside_legs) for sample in samples])
    around = np.moveaxis(beside, 1, 0).reshape(2, len(samples), -1, 3)
    to_cloth = np.min([distance(between, color) for color in cloth], axis=0)
    to_around = np.min([distance(between, np.nan_to_num(side, nan=200.0)) for side in around], axis=0)
    known = np.isfinite(to_cloth)
    known[:, end:] = False
    known[:, :FIRST_SKIRT_POINT] = False
    if known.sum() < MIN_SKIRT_POINTS or known.any(axis=1).sum() < MIN_SAMPLES:
        return float("nan")
    is_cloth = (to_cloth < SKIRT_LIKE) & (to_cloth < to_around)
    return float(np.average(is_cloth[known], weights=np.broadcast_to(weights[:, None], known.shape)[known]))

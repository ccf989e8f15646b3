"""Appearance of a person over a clip: ``AppearanceSample``s -> ``Appearance``. Read ``estimate_appearance`` first."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bodydouble.data import Appearance, FloatArray, Trait
from bodydouble.data.appearance import SEGMENT_POINTS, AppearanceSample
from bodydouble.perception.appearance.colors import distance, to_color, to_lab, weighted_quantile
from bodydouble.perception.appearance.hair import HairShares, measure_hair
from bodydouble.perception.appearance.limb_profiles import CoveredLength, find_cloth_end
from bodydouble.perception.appearance.skin import find_skin
from bodydouble.perception.appearance.skin_tone import compensate, estimate_tone
from bodydouble.perception.appearance.sleeves import find_sleeve_end, find_torso_colors
from bodydouble.perception.appearance.torso_pattern import describe_torso

ARM_LENGTHS, LEG_LENGTHS = (0.265, 0.237), (0.405, 0.419)
"""Lengths of the two segments of arm and leg of an adult, m."""
MIN_SAMPLES = 3
"""Number of samples with a part at which its colour is certain."""
SHARE_OF_HAIR, SHARE_OF_LOOSE_HAIR = 0.35, 0.5
"""Minimum share of hair behind the neck for a tail, and at the side of the neck for loose hair."""
LENGTHS = ((29.0, "short"), (34.0, "bob"), (39.5, "shoulder"), (np.inf, "long"))
"""Row of the image of the head above which hair of a length ends."""
RIM_LIGHTNESS, RIM_LIKE, RIM_SHARE, SAME_TINT = 5.0, 12.0, 0.5, 6.5
"""Hair that is hardly darker than the skin, similar to it and on less than this share of the top of the head is a rim
of light; of the same tint (a* and b*), it is lit skin."""
SHARE_OF_BEARD = 0.8
"""Minimum share of the images with a dark chin of a person with a beard; stubble is seen in some light."""
BALD_SHARE = 0.25
"""Largest share of the top of a bald head that is not skin."""
SKIRT_LIKE = 14.0
"""Largest distance of a colour between the legs from that of the skirt."""
BARE_FOOT_LIKE = 9.0
"""Largest distance of the colour of a bare foot from that of the skin."""
MIN_HAT_CHROMA = 14.0
HAIR_HUES = (15.0, 105.0)
"""Range of the hue of hair, degrees in the plane of a* and b*; a crown of another hue is a hat."""


def estimate_appearance(samples: Sequence[AppearanceSample]) -> Appearance | None:
    """Estimates the appearance of a person; None if nothing of it was seen."""
    samples = [sample for sample in samples if sample.weight > 0]
    if not samples:
        return None
    weights = np.array([sample.weight for sample in samples])
    limbs = weighted_quantile(_repeat_sides(samples), np.repeat(weights, 2))
    traits: dict[str, Any] = {}
    skin, skin_confidence = find_skin(samples, weights)
    bottom = None
    if skin is not None:
        traits["skin_color"] = Trait(to_color(estimate_tone(skin).color), skin_confidence)
        traits |= _describe_arms(samples, skin)
        leg_traits, bottom = _describe_legs(samples, weights, limbs, skin)
        traits |= leg_traits | _describe_feet(samples, weights, skin)
    torso = weighted_quantile(np.stack([to_lab(sample.torso) for sample in samples]), weights)
    garment = describe_torso(torso, bottom)
    if garment is not None:
        traits["top_color"] = Trait(to_color(garment.color), garment.confidence)
        traits["pattern"] = Trait(garment.pattern, garment.confidence)
        if garment.second_color is not None:
            traits["second_color"] = Trait(to_color(garment.second_color), garment.confidence)
    if skin is not None:
        hair = measure_hair(samples, skin, None if garment is None else garment.color)
        traits |= {} if hair is None else _describe_hair(hair, skin)
        traits |= _compensate_light(traits, estimate_tone(skin).light)
    return Appearance(**traits) if traits else None


def _compensate_light(traits: dict[str, Any], light: FloatArray) -> dict[str, Any]:
    """Returns the traits that are colours of clothes and hair in white light."""
    return {
        name: Trait(compensate(trait.value, light), trait.confidence)
        for name, trait in traits.items()
        if isinstance(trait.value, tuple) and name != "skin_color"
    }


def _repeat_sides(samples: Sequence[AppearanceSample]) -> FloatArray:
    """Returns the limbs (2 N, 4, 8, 3) CIELAB, left and right as samples of their own."""
    limbs = np.stack([to_lab(sample.limbs) for sample in samples])
    return np.asarray(np.moveaxis(limbs, 2, 1).reshape(-1, *limbs.shape[1:2], *limbs.shape[3:]))


def _confidence(count: int) -> float:
    return min(count / MIN_SAMPLES, 1.0)


def _describe_arms(samples: Sequence[AppearanceSample], skin: FloatArray) -> dict[str, Any]:
    cloth = find_torso_colors(samples, skin)
    sleeve = find_sleeve_end(samples, skin, cloth) if len(cloth) else None
    return {} if sleeve is None else {"sleeve": _length_trait(sleeve, ARM_LENGTHS)}


def _length_trait(covered: CoveredLength, lengths: tuple[float, float]) -> Trait[float]:
    """Converts an end in points of two segments into a share of the length of the limb."""
    upper = lengths[0] / sum(lengths)
    return Trait(float(np.interp(covered.end, [0.0, 0.5, 1.0], [0.0, upper, 1.0])), covered.confidence)


def _describe_legs(
    samples: Sequence[AppearanceSample], weights: FloatArray, limbs: FloatArray, skin: FloatArray
) -> tuple[dict[str, Any], FloatArray | None]:
    """Describes the lower garment, and returns its colour (3,) CIELAB."""
    profile = limbs[2:].reshape(-1, 3)
    covered = find_cloth_end(profile, skin, has_socks=True)
    if covered is None or covered.color is None:
        return {}, None
    end = max(round(covered.end * len(profile)), 3)
    color = np.nanmedian(profile[2 : max(end, 4)], axis=0)
    traits: dict[str, Any] = {
        "bottom_color": Trait(to_color(color), covered.confidence),
        "leg": _length_trait(covered, LEG_LENGTHS),
    }
    share = _measure_skirt(samples, weights, color, end)
    if np.isfinite(share):
        traits["bottom"] = Trait("skirt" if share > 0.5 else "trousers", abs(2 * share - 1))
    return traits, color


def _measure_skirt(samples: Sequence[AppearanceSample], weights: FloatArray, color: FloatArray, end: int) -> float:
    """Returns the share of points between the legs, above the hem, that are cloth; NaN if there are too few."""
    between = np.stack([to_lab(sample.between_legs) for sample in samples]).reshape(-1, 2 * SEGMENT_POINTS, 3)
    beside = np.stack([to_lab(sample.beside_legs) for sample in samples])
    around = np.moveaxis(beside, 1, 0).reshape(2, len(samples), -1, 3)
    to_cloth = distance(between, color)
    to_around = np.min([distance(between, np.nan_to_num(side, nan=200.0)) for side in around], axis=0)
    known = np.isfinite(to_cloth)
    known[:, end:] = False
    known[:, :2] = False
    if known.sum() < MIN_SAMPLES:
        return float("nan")
    is_cloth = (to_cloth < SKIRT_LIKE) & (to_cloth < to_around)
    return float(np.average(is_cloth[known], weights=np.broadcast_to(weights[:, None], known.shape)[known]))


def _describe_feet(samples: Sequence[AppearanceSample], weights: FloatArray, skin: FloatArray) -> dict[str, Any]:
    feet = np.stack([to_lab(sample.feet) for sample in samples])
    color = weighted_quantile(feet.reshape(-1, 3), np.repeat(weights, 2))
    if not np.isfinite(color).all():
        return {}
    confidence = 0.7 * _confidence(int(np.isfinite(feet[..., 0]).sum()))
    kind = "bare" if distance(color, skin) < BARE_FOOT_LIKE else "shoes"
    return {"shoes": Trait(kind, confidence), "shoe_color": Trait(to_color(color), confidence)}


def _describe_hair(hair: HairShares, skin: FloatArray) -> dict[str, Any]:
    certainty = _confidence(hair.count)
    if hair.color is None or _is_bald(hair, skin):
        return {"hair": Trait("bald", certainty * 0.8)}
    traits: dict[str, Any] = {"hair": Trait(_name_length(hair), certainty * 0.7)}
    hue, chroma = np.degrees(np.arctan2(hair.color[2], hair.color[1])), np.hypot(*hair.color[1:])
    if chroma > MIN_HAT_CHROMA and not HAIR_HUES[0] <= hue <= HAIR_HUES[1]:
        traits |= {"hat": Trait("hat", certainty * 0.7), "hat_color": Trait(to_color(hair.color), certainty)}
    else:
        traits["hair_color"] = Trait(to_color(hair.color), certainty)
    if np.isfinite(hair.forehead):
        traits["fringe"] = Trait("fringe" if hair.forehead > 0.5 else "none", abs(2 * hair.forehead - 1))
    if np.isfinite(hair.beard):
        traits["beard"] = Trait("beard" if hair.beard > SHARE_OF_BEARD else "none", abs(2 * hair.beard - 1))
    return traits


def _name_length(hair: HairShares) -> str:
    """Names the length of the hair by the row in which it ends, and from the side by whether the neck is free."""
    if hair.behind_neck > SHARE_OF_HAIR and hair.neck_side < SHARE_OF_LOOSE_HAIR:
        return "tied"
    return next(name for row, name in LENGTHS if hair.end < row)


def _is_bald(hair: HairShares, skin: FloatArray) -> bool:
    """Returns whether the top of the head is skin: lit from above, or with a light rim in backlight."""
    if hair.color is None or hair.crown < BALD_SHARE:
        return True
    is_light = hair.color[0] > skin[0] - RIM_LIGHTNESS
    is_tinted_alike = float(np.hypot(*(hair.color - skin)[1:])) < SAME_TINT
    is_rim = float(distance(hair.color, skin)) < RIM_LIKE and hair.crown < RIM_SHARE
    return is_light and (is_tinted_alike or is_rim)

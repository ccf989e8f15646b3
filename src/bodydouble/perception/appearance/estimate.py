"""Appearance of a person over a clip: ``AppearanceSample``s -> ``Appearance``. Read ``estimate_appearance`` first."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bodydouble.data import Appearance, FloatArray, Trait
from bodydouble.data.appearance import AppearanceSample
from bodydouble.perception.appearance.colors import to_color, to_lab, weighted_quantile
from bodydouble.perception.appearance.garments import describe_arms, describe_feet, describe_legs
from bodydouble.perception.appearance.hair import HairShares, measure_hair
from bodydouble.perception.appearance.skin import find_skin
from bodydouble.perception.appearance.skin_tone import compensate, estimate_tone
from bodydouble.perception.appearance.torso_pattern import describe_torso

MIN_SAMPLES = 3
"""Number of samples with a part at which its colour is certain."""
SHARE_OF_HAIR, SHARE_OF_LOOSE_HAIR = 0.35, 0.5
"""Minimum share of hair behind the neck for a tail, and at the side of the neck for loose hair."""
LENGTHS = ((29.0, "short"), (34.0, "bob"), (39.5, "shoulder"), (np.inf, "long"))
"""Row of the image of the head above which hair of a length ends."""
SHARE_OF_BEARD = 0.8
"""Minimum share of the images with a dark chin of a person with a beard; stubble is seen in some light."""
BEARDED_LENGTHS = ("short", "tied")
"""Lengths of hair with which a beard is found: longer hair darkens the chin."""
BALD_SHARE = 0.8
"""Minimum share of skin above the forehead of a bald head; less may be hair that looks like skin or surroundings."""
MIN_HAT_CHROMA = 14.0
HAIR_HUES = (15.0, 105.0)
"""Range of the hue of hair, degrees in the plane of a* and b*; a crown of another hue is a hat."""


def estimate_appearance(samples: Sequence[AppearanceSample]) -> Appearance | None:
    """Estimates the appearance of a person; None if nothing of it was seen."""
    samples = [sample for sample in samples if sample.weight > 0]
    if not samples:
        return None
    weights = np.array([sample.weight for sample in samples])
    traits: dict[str, Any] = {}
    skin, skin_confidence = find_skin(samples, weights)
    bottom = None
    if skin is not None:
        traits["skin_color"] = Trait(to_color(estimate_tone(skin).color), skin_confidence)
        traits |= describe_arms(samples, skin)
        leg_traits, bottom = describe_legs(samples, weights, skin)
        traits |= leg_traits | describe_feet(samples, weights, skin)
    torso = weighted_quantile(np.stack([to_lab(sample.torso) for sample in samples]), weights)
    garment = describe_torso(torso, bottom)
    if garment is not None:
        traits["top_color"] = Trait(to_color(garment.color), garment.confidence)
        traits["pattern"] = Trait(garment.pattern, garment.confidence)
        if garment.second_color is not None:
            traits["second_color"] = Trait(to_color(garment.second_color), garment.confidence)
    if skin is not None:
        hair = measure_hair(samples, skin, None if garment is None else garment.color)
        traits |= {} if hair is None else _describe_hair(hair)
        traits |= _compensate_light(traits, estimate_tone(skin).light)
    return Appearance(**traits) if traits else None


def _compensate_light(traits: dict[str, Any], light: FloatArray) -> dict[str, Any]:
    """Returns the traits that are colours of clothes and hair in white light."""
    return {
        name: Trait(compensate(trait.value, light), trait.confidence)
        for name, trait in traits.items()
        if isinstance(trait.value, tuple) and name != "skin_color"
    }


def _confidence(count: int) -> float:
    return min(count / MIN_SAMPLES, 1.0)


def _describe_hair(hair: HairShares) -> dict[str, Any]:
    certainty = _confidence(hair.count)
    if hair.bare > BALD_SHARE:
        return {"hair": Trait("bald", certainty * 0.8)}
    if hair.color is None:
        return {}
    length = _name_length(hair)
    traits: dict[str, Any] = {"hair": Trait(length, certainty * 0.7)}
    hue, chroma = np.degrees(np.arctan2(hair.color[2], hair.color[1])), np.hypot(*hair.color[1:])
    if chroma > MIN_HAT_CHROMA and not HAIR_HUES[0] <= hue <= HAIR_HUES[1]:
        traits |= {"hat": Trait("hat", certainty * 0.7), "hat_color": Trait(to_color(hair.color), certainty)}
    else:
        traits["hair_color"] = Trait(to_color(hair.color), certainty)
    if np.isfinite(hair.forehead):
        traits["fringe"] = Trait("fringe" if hair.forehead > 0.5 else "none", abs(2 * hair.forehead - 1))
    if np.isfinite(hair.beard):
        is_beard = hair.beard > SHARE_OF_BEARD and length in BEARDED_LENGTHS
        traits["beard"] = Trait("beard" if is_beard else "none", abs(2 * hair.beard - 1))
    return traits


def _name_length(hair: HairShares) -> str:
    """Names the length of the hair by the row in which it ends, and from the side by whether the neck is free."""
    if hair.behind_neck > SHARE_OF_HAIR and hair.neck_side < SHARE_OF_LOOSE_HAIR:
        return "tied"
    return next(name for row, name in LENGTHS if hair.end < row)

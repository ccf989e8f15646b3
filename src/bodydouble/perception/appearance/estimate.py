"""Appearance of a person over a clip: ``AppearanceSample``s -> ``Appearance``. Read ``estimate_appearance`` first."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bodydouble.data import Appearance, FloatArray, Trait
from bodydouble.data.appearance import AppearanceSample
from bodydouble.perception.appearance.colors import to_color, to_lab, weighted_quantile
from bodydouble.perception.appearance.garments import describe_arms, describe_feet, describe_legs
from bodydouble.perception.appearance.hair import HairShares, measure_hair
from bodydouble.perception.appearance.hair_length import GROUPS
from bodydouble.perception.appearance.skin import find_skin
from bodydouble.perception.appearance.skin_tone import compensate, estimate_tone
from bodydouble.perception.appearance.torso_pattern import describe_torso

TYPICAL_SKIN, UNSEEN_SKIN = np.array([62.0, 14.0, 19.0]), 0.8
"""Colour of skin where none was seen, CIELAB, and the factor of the confidence of what is told by it."""
CERTAIN_GLASSES = 6
"""Number of images at which glasses are certain: a frown in one or two of them looks like the bridge of glasses."""
MIN_SAMPLES = 3
"""Number of samples with a part at which its colour is certain."""
SHARE_OF_HAIR, SHARE_OF_LOOSE_HAIR = 0.35, 0.5
"""Minimum share of hair behind the neck for a tail, and at the side of the neck for loose hair."""
MAX_BOB_END, MIN_LONG_END = 34.0, 46.0
"""Rows of the image of the head above which hair of medium length counts as a bob, and from which it is long."""
RIM_LIGHTNESS, SAME_TINT = 5.0, 6.5
"""Hair that is hardly darker than the skin by this difference, and of its tint (a* and b*), is a lit shaved head."""
SHARE_OF_BEARD = 0.8
"""Minimum share of the images with a dark chin of a person with a beard; stubble is seen in some light."""
BEARDED_LENGTHS = ("short", "tied")
"""Lengths of hair with which a beard is found: longer hair darkens the chin."""
BALD_MARGIN = 0.37
"""Minimum difference of the shares of skin above the forehead and of hair on top of the head of a bald head."""
MIN_HAT_CHROMA = 14.0
HAIR_HUES = (15.0, 105.0)
"""Range of the hue of hair, degrees in the plane of a* and b*; a crown of another hue is a hat."""


def estimate_appearance(samples: Sequence[AppearanceSample]) -> Appearance | None:
    """Estimates the appearance of a person; None if nothing of it was seen."""
    samples = [sample for sample in samples if sample.weight > 0]
    if not samples:
        return None
    weights = np.array([sample.weight for sample in samples])
    filmed, confidence = find_skin(samples, weights)
    skin = TYPICAL_SKIN if filmed is None else filmed
    tone = estimate_tone(skin)
    arms = describe_arms(samples, skin)
    legs, bottom = describe_legs(samples, weights, skin)
    top, top_color = describe_top(samples, weights, bottom)
    hair = measure_hair(samples, skin, top_color)
    guessed = arms | legs | describe_feet(samples, weights, skin) | ({} if hair is None else _describe_hair(hair, skin))
    if filmed is None:
        guessed = {name: replace(trait, confidence=UNSEEN_SKIN * trait.confidence) for name, trait in guessed.items()}
        traits = top | guessed
    else:
        traits = _compensate_light(top | guessed, tone.light)
        traits["skin_color"] = Trait(to_color(tone.color), confidence)
    traits |= _describe_glasses(samples)
    return Appearance(**traits) if traits else None


def describe_top(
    samples: Sequence[AppearanceSample], weights: FloatArray, bottom: FloatArray | None
) -> tuple[dict[str, Any], FloatArray | None]:
    """Describes the upper garment above a lower one of a colour (3,), and returns its colour (3,) CIELAB."""
    torso = weighted_quantile(np.stack([to_lab(sample.torso) for sample in samples]), weights)
    arms = weighted_quantile(np.stack([to_lab(sample.limbs[0, :, :4]).reshape(-1, 3) for sample in samples]), weights)
    garment = describe_torso(torso, bottom, np.nanmedian(arms, axis=0) if np.isfinite(arms).any() else None)
    if garment is None:
        return {}, None
    traits: dict[str, Any] = {
        "top_color": Trait(to_color(garment.color), garment.confidence),
        "pattern": Trait(garment.pattern, garment.confidence),
    }
    if garment.second_color is not None:
        traits["second_color"] = Trait(to_color(garment.second_color), garment.confidence)
    return traits, garment.color


def _describe_glasses(samples: Sequence[AppearanceSample]) -> dict[str, Any]:
    votes = np.array([sample.glasses for sample in samples])
    votes = votes[np.isfinite(votes)]
    if not len(votes):
        return {}
    share = float(votes.mean())
    certainty = min(len(votes) / CERTAIN_GLASSES, 1.0)
    return {"glasses": Trait("glasses" if share > 0.5 else "none", certainty * abs(2 * share - 1))}


def _compensate_light(traits: dict[str, Any], light: FloatArray) -> dict[str, Any]:
    """Returns traits of clothes and hair with their colours in white light."""
    return {
        name: replace(trait, value=compensate(trait.value, light)) if isinstance(trait.value, tuple) else trait
        for name, trait in traits.items()
    }


def _confidence(count: int) -> float:
    return min(count / MIN_SAMPLES, 1.0)


def _describe_hair(hair: HairShares, skin: FloatArray) -> dict[str, Any]:
    certainty = _confidence(hair.count)
    if hair.bare - hair.crown > BALD_MARGIN:
        return {"hair": Trait("bald", certainty * 0.8)}
    if hair.color is None:
        return {}
    if _is_rim(hair.color, skin):
        return {"hair": Trait("buzz", certainty * 0.7)}
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
    """Names the length of the hair: tied if the neck is free in profile, else as the network says."""
    if hair.behind_neck > SHARE_OF_HAIR and hair.neck_side < SHARE_OF_LOOSE_HAIR:
        return "tied"
    group = "short" if hair.length is None else GROUPS[int(hair.length.argmax())]
    if group != "medium":
        return group
    return "bob" if hair.end < MAX_BOB_END else "shoulder" if hair.end < MIN_LONG_END else "long"


def _is_rim(color: FloatArray, skin: FloatArray) -> bool:
    """Returns whether what seems to be hair is the light rim of a shaved head, in backlight or lit from above."""
    is_light = color[0] > skin[0] - RIM_LIGHTNESS
    is_tinted_alike = float(np.hypot(*(color - skin)[1:])) < SAME_TINT
    return is_light and is_tinted_alike

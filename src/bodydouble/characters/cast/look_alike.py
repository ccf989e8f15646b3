"""Look-alikes: the appearance of a filmed person -> the ``Look`` of a drawn character that resembles them."""

import colorsys
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from bodydouble.characters.cast.look import FACE_NUMBERS, Color, Look, create_look, parse_color, vary_look
from bodydouble.characters.cast.presets import BOY, GIRL, MAN, OLD_MAN, OLD_WOMAN, WOMAN
from bodydouble.characters.cast.random_looks import EYES, SKINS
from bodydouble.data import Appearance, Skeleton, Trait
from bodydouble.skeletons import adult_template, humanoid

MIN_CONFIDENCE = 0.35
"""Confidence of a trait below which it is taken as unknown."""
HEIGHTS, AGES = (1.05, 1.30, 1.45, 1.55, 1.60), (6.0, 8.5, 12.0, 15.0, 24.0)
"""Statures in m, and the ages that they suggest; taller people are adults."""
GREY_AGE = 64.0
"""Age of a person with grey hair, years."""
MAX_GREY_SATURATION, MIN_GREY_VALUE = 0.09, 0.5
"""Largest saturation and smallest value of grey hair."""
CLOTH_SATURATION, HAIR_SATURATION = 1.2, 1.15
"""Factors of the saturation of drawn cloth and hair: toon shading without them looks pale."""
GREY_CHROMA = (0.08, 0.25)
"""Range of chroma, sRGB, from greys without a gain in saturation to colours."""
SKIN_SHARE = 0.3
"""Share of the filmed colour in that of the drawn skin; the rest is a tone that is known to look right."""
DRESS_DISTANCE = 0.12
"""Largest difference of the colours of top and skirt of a dress, sRGB."""
SPREAD = 0.18
"""Spread of the random numbers of the face, see ``vary_look``."""
SEX_EVIDENCE: dict[str, dict[str, float]] = {
    "hair": {"bald": 2.5, "buzz": 1.5, "short": 0.7, "bob": -1.2, "shoulder": -1.4, "long": -1.8, "tied": -1.8},
    "beard": {"beard": 4.0},
    "bottom": {"skirt": -3.0},
}
"""Log-odds that a drawn person with a trait looks male; without evidence the look is neutral."""
HAIR_STYLES = {
    "bald": "bald", "buzz": "buzz", "short": "short", "bob": "bob", "shoulder": "shoulder", "long": "long",
    "tied": "ponytail",
}  # fmt: skip
FRINGES_OF_CLASS = {"fringe": ("straight", "pointed", "side"), "none": ("parted", "side")}
"""Fringes to choose from, so that people with equal traits differ."""


def create_look_alike(appearance: Appearance | None, skeleton: Skeleton, name: str, taken: Sequence[Look]) -> Look:
    """Creates the look of a drawn character that resembles a person.

    Colours are those of drawings, not copies of the film: skin is light and warm, cloth is more saturated. What was
    not seen is neutral. Equal arguments give equal looks.

    Args:
        appearance: appearance of the person; None if nothing was seen.
        skeleton: the person's 22 humanoid joints.
        name: name of the person, which becomes that of the look.
        taken: looks of other people in the film, from which this one is to differ.
    """
    traits = _known_traits(appearance or Appearance())
    height = _measure_height(skeleton)
    hair_color = traits.get("hair_color")
    age = GREY_AGE if hair_color and _is_grey(hair_color) else float(np.interp(height, HEIGHTS, AGES))
    sex = _judge_sex(traits)
    values = {
        **_draw_face(sex, age),
        "name": name,
        "sex": sex,
        "age": age,
        "height": float(np.clip(height, 0.9, 2.1)),
        "shoulders": _measure_shoulders(skeleton, sex),
        **_draw_head(traits),
        **_draw_top(traits),
        **_draw_bottom(traits),
    }
    return _differ(values, name, traits, taken)


def _known_traits(appearance: Appearance) -> dict[str, Any]:
    """Returns the values of the traits that are certain enough."""
    found: dict[str, Any] = {}
    for name in Appearance.__dataclass_fields__:
        trait: Trait[Any] | None = getattr(appearance, name)
        if trait is not None and trait.confidence >= MIN_CONFIDENCE:
            found[name] = trait.value
    return found


def _measure_height(skeleton: Skeleton) -> float:
    """Returns the stature in m, from the height of the head's joint above the floor."""
    template = np.array(adult_template.REST_OFFSETS)
    chain = ("hips", "spine", "chest", "upperChest", "neck", "head")
    own = sum(float(skeleton.rest_offsets[skeleton.index(joint), 1]) for joint in chain)
    adult = sum(float(template[humanoid.JOINTS.index(joint), 1]) for joint in chain)
    return adult_template.STATURE * own / adult


def _measure_shoulders(skeleton: Skeleton, sex: float) -> float:
    """Returns the width of the shoulders of a look, from that of the person relative to the stature."""
    template = np.array(adult_template.REST_OFFSETS)
    joints = ("leftShoulder", "leftUpperArm")
    own = sum(float(skeleton.rest_offsets[skeleton.index(joint), 0]) for joint in joints) / _measure_height(skeleton)
    adult = sum(template[humanoid.JOINTS.index(joint), 0] for joint in joints) / adult_template.STATURE
    return float(np.clip((0.90 + 0.05 * sex) * (own / adult) ** 0.5, 0.84, 1.02))


def _judge_sex(traits: Mapping[str, Any]) -> float:
    """Returns how male the drawn person looks, 0 to 1; 0.5 without evidence."""
    evidence = sum(odds.get(traits.get(name, ""), 0.0) for name, odds in SEX_EVIDENCE.items())
    return float(1 / (1 + np.exp(-evidence)))


def _draw_face(sex: float, age: float) -> dict[str, float]:
    """Blends the numbers of the face and the proportions of the presets of children, adults and old people."""
    share = [float(np.interp(age, *knots)) for knots in (((8, 18), (1, 0)), ((40, 64), (0, 1)))]
    pairs = ((GIRL, BOY, share[0]), (OLD_WOMAN, OLD_MAN, share[1]), (WOMAN, MAN, 1 - sum(share)))
    names = (*FACE_NUMBERS, "head_count", "lashes", "blush", "wrinkles", "weight")
    return {
        name: sum(part * (getattr(a, name) + sex * (getattr(b, name) - getattr(a, name))) for a, b, part in pairs)
        for name in names
    }


def _draw_head(traits: Mapping[str, Any]) -> dict[str, Any]:
    hair = traits.get("hair", "short")
    values: dict[str, Any] = {
        "hair": HAIR_STYLES[hair],
        "beard": "full" if traits.get("beard") == "beard" else "none",
        "glasses": "round" if traits.get("glasses") == "glasses" else "none",
        "hat": "beanie" if traits.get("hat") == "hat" else "none",
        "hair_color": _draw_hair_color(traits.get("hair_color", (0.30, 0.22, 0.19))),
        "skin_color": draw_skin_color(traits.get("skin_color", (0.86, 0.70, 0.62))),
    }
    return values | ({"hat_color": draw_cloth_color(traits["hat_color"])} if "hat_color" in traits else {})


def _draw_top(traits: Mapping[str, Any]) -> dict[str, Any]:
    sleeve = float(np.clip(traits.get("sleeve", 0.42), 0.05, 1.0))
    color = traits.get("top_color", (0.80, 0.79, 0.77))
    is_dress = traits.get("bottom") == "skirt" and _is_near(color, traits.get("bottom_color", color))
    pattern = traits.get("pattern", "plain") if "second_color" in traits else "plain"
    return {
        "top": "dress" if is_dress else "tank-top" if sleeve < 0.1 else "t-shirt",
        "top_color": draw_cloth_color(color),
        "second_color": draw_cloth_color(traits.get("second_color", tuple(0.7 * c for c in color))),
        "pattern": pattern,
        "sleeve": 0.97 if sleeve > 0.9 else sleeve,
    }


def _is_near(first: Color, second: Color) -> bool:
    return float(np.abs(np.subtract(first, second)).max()) <= DRESS_DISTANCE


def _draw_bottom(traits: Mapping[str, Any]) -> dict[str, Any]:
    leg = float(np.clip(traits.get("leg", 1.0), 0.15, 1.0))
    is_skirt = traits.get("bottom") == "skirt"
    is_bare = traits.get("shoes") == "bare"
    return {
        "bottom": "skirt" if is_skirt else "trousers" if leg > 0.62 else "shorts",
        "bottom_color": draw_cloth_color(traits.get("bottom_color", (0.24, 0.25, 0.31))),
        "leg": min(leg, 0.85) if is_skirt else 1.0 if leg > 0.9 else leg,
        "shoes": "bare" if is_bare else "shoes",
        "shoe_color": draw_cloth_color(traits.get("shoe_color", (0.30, 0.27, 0.27))),
        "socks": 0.0,
    }


def draw_skin_color(filmed: Color) -> Color:
    """Returns the colour of drawn skin for that of filmed skin.

    How light the film is depends on the exposure; the saturation, which grows with the pigment, tells more. So the
    tone is chosen by both from tones that look right in toon shading, and the filmed hue is mixed in.
    """
    hue, saturation, value = colorsys.rgb_to_hsv(*filmed)
    depth = np.clip(0.75 * (saturation - 0.18) / 0.42 + 0.3 * (0.72 - value) / 0.5, 0.0, 1.0)
    tones = np.array([parse_color(tone) for tone in SKINS])
    place = depth * (len(tones) - 1)
    tone = np.array([np.interp(place, np.arange(len(tones)), channel) for channel in tones.T])
    is_skin_hue = hue <= 0.14 or hue >= 0.97
    own = np.array(colorsys.hsv_to_rgb(hue, min(saturation, 0.6), tone.max())) if is_skin_hue else tone
    return _to_color(tone + SKIN_SHARE * (own - tone))


def draw_cloth_color(filmed: Color) -> Color:
    """Returns the colour of drawn cloth for that of filmed cloth: more saturated, and never quite black."""
    return _draw_color(filmed, CLOTH_SATURATION, 0.10)


def _draw_hair_color(filmed: Color) -> Color:
    return _draw_color(filmed, HAIR_SATURATION, 0.12)


def _draw_color(filmed: Color, gain: float, black: float) -> Color:
    """Returns a colour with more saturation and with black made lighter; dark greys, whose hue is noise, stay grey.

    Strong colours gain less: full saturation would turn pink into red.
    """
    hue, saturation, value = colorsys.rgb_to_hsv(*filmed)
    drawn_value = black + (1 - black) * value**0.9
    chroma = saturation * value
    gain = float(np.interp(chroma, GREY_CHROMA, (value / drawn_value, gain)))
    drawn_saturation = min(gain * saturation, 1.0 - (1.0 - saturation) ** gain)
    return colorsys.hsv_to_rgb(hue, drawn_saturation, drawn_value)


def _is_grey(color: Color) -> bool:
    _, saturation, value = colorsys.rgb_to_hsv(*color)
    return saturation <= MAX_GREY_SATURATION and value >= MIN_GREY_VALUE


def _to_color(values: Any) -> Color:
    red, green, blue = np.clip(values, 0.0, 1.0).tolist()
    return red, green, blue


def _differ(values: dict[str, Any], name: str, traits: Mapping[str, Any], taken: Sequence[Look]) -> Look:
    """Chooses fringe, eyes and face, by the name and so that no other look has the same ones."""
    seed = crc32(name.encode()) % 10_000
    fringes = FRINGES_OF_CLASS[traits.get("fringe", "none")]
    used = {(look.fringe, look.eye_color) for look in taken}
    choices = [(fringe, parse_color(eye)) for eye in EYES for fringe in fringes]
    start = seed % len(choices)
    free = [choice for choice in choices[start:] + choices[:start] if choice not in used]
    fringe, eyes = (free or choices)[0]
    has_fringe = values["hair"] not in ("bald", "buzz")
    look = create_look({**values, "fringe": fringe if has_fringe else "none", "eye_color": eyes})
    while any(other.seed == seed for other in taken):
        seed += 1
    return vary_look(look, seed, SPREAD)

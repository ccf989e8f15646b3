"""Random looks: hair, colours, garments and faces drawn from a seed, in combinations that people wear."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bodydouble.characters.cast.look import FACE_NUMBERS, Look, create_look, find_range, vary_look
from bodydouble.characters.cast.presets import OLD_MAN, OLD_WOMAN, PRESETS

SKINS = ("#ffe4d4", "#fbd9c0", "#f2c9a4", "#dba880", "#b9825a", "#995f3f", "#7a4a33")
HAIR_COLORS = ("#2a2426", "#3d2f2c", "#6b453d", "#8a5c34", "#b98a4e", "#f0cc86", "#384266", "#8e3b30", "#6d5a86")
GREY = ("#dbdbe0", "#b4b2b8", "#f0eeea")
EYES = ("#4c85d9", "#33a68c", "#7d5533", "#5a7a34", "#7a5aa0", "#3c4a5c", "#a8642c")
CLOTHES = ("#f6f4f2", "#2b3d70", "#ec8434", "#c44c44", "#3c8c7a", "#f2a0b4", "#4a5268", "#e0c25a", "#7d8c4a", "#b79ccb")
DARK_CLOTHES = ("#2b3d70", "#48689e", "#3a3a44", "#73665c", "#5c4038", "#4a5268", "#8a8478")
OLD_FEMALE_HAIR = ("bun", "bob", "short", "shoulder")
OLD_MALE_HAIR = ("bald", "short", "short", "buzz")
OLD_FRINGES = ("back", "parted", "side")
FEMALE_HAIR = ("bob", "shoulder", "long", "ponytail", "twin-tails", "bun", "short")
MALE_HAIR = ("short", "short", "short", "buzz", "shoulder")
FRINGES = ("straight", "side", "pointed", "parted")
FACE_TYPES: tuple[dict[str, float], ...] = (
    {"eye_shape": -0.55, "eye_tilt": -0.03, "cheeks": 0.006, "brow_tilt": -0.10, "brow_arch": 0.3, "smile": 0.5},
    {
        "eye_shape": 0.6, "eye_tilt": 0.04, "eye_opening": -0.08, "jaw": -0.04, "chin": 0.015, "chin_width": -0.12,
        "brow_tilt": 0.12, "brow_arch": -0.5, "nose": 0.2, "nose_bridge": 0.5, "smile": -0.6, "iris": -0.05,
    },
    {
        "cheeks": 0.018, "jaw": 0.05, "chin": -0.02, "chin_width": 0.12, "nose": -0.2, "face_width": 0.04, "iris": 0.06,
        "eye_height": 0.015, "smile": 0.4, "eye_level": -0.008, "brow_thickness": 0.2,
    },
    {
        "chin": 0.025, "face_width": -0.045, "cheeks": -0.010, "nose_length": 0.012, "nose": 0.25, "brow_level": 0.010,
        "nose_bridge": 0.7, "eye_level": 0.010, "mouth_height": -0.006, "eye_width": -0.012, "lips": -0.1,
    },
    {
        "jaw": 0.05, "chin_width": 0.20, "brow_ridge": 0.4, "brow_thickness": 0.5, "nose": 0.25, "nose_width": 0.35,
        "nose_bridge": 0.5, "mouth_width": 0.014, "eye_height": -0.018, "eye_level": 0.006, "brow_arch": -0.3,
    },
    {
        "nose_width": 0.45, "lips": 0.45, "mouth_width": 0.014, "nose": -0.1, "eye_spacing": 0.006, "eye_width": 0.008,
        "eye_tilt": 0.03, "brow_arch": 0.4, "face_width": 0.015, "chin_width": 0.08,
    },
)  # fmt: skip
"""Kinds of faces, as differences from those of the presets: gentle, sharp, round, long, strong, broad."""
TOPS = ("t-shirt", "shirt", "hoodie", "jacket", "tank-top")


def draw_look(seed: int) -> Look:
    """Draws a look; equal seeds give equal looks."""
    rng = np.random.default_rng(seed)
    base = PRESETS[_pick(rng, tuple(PRESETS))]
    build = _draw_build(rng, base)
    values = {**build, **_draw_face(rng, base, build["age"]), **_draw_head(rng, base), **_draw_clothes(rng, base)}
    return vary_look(create_look({"name": f"look {seed}", **values}, base), seed)


def _draw_face(rng: np.random.Generator, base: Look, age: float) -> dict[str, float]:
    """Draws a kind of face, which grows old from 38 years on."""
    kind = FACE_TYPES[int(rng.integers(len(FACE_TYPES)))]
    old = OLD_WOMAN if base.sex < 0.5 else OLD_MAN
    share = float(np.clip((age - 38) / 24, 0, 1))
    values = {}
    for name in (*FACE_NUMBERS, "lashes", "wrinkles", "blush"):
        young = getattr(base, name)
        aged = young + share * (getattr(old, name) - young)
        values[name] = float(np.clip(aged + kind.get(name, 0.0), *find_range(name)))
    return {**values, "freckles": float(rng.random() < 0.15) * 0.8}


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _draw_build(rng: np.random.Generator, base: Look) -> dict[str, Any]:
    stretch = float(rng.uniform(0.94, 1.07))
    younger, older = (-3, 3) if base.age < 15 else (-3, 28) if base.age < 50 else (-12, 2)
    return {
        "age": float(np.clip(base.age + rng.uniform(younger, older), 6, 70)),
        "height": round(base.height * stretch, 3),
        "head_count": float(np.clip(base.head_count * (1 + 0.5 * (stretch - 1)), 4.5, 7.6)),
        "weight": float(rng.uniform(0.05, 0.75) ** 1.3),
    }


def _draw_head(rng: np.random.Generator, base: Look) -> dict[str, Any]:
    is_male, is_old = base.sex > 0.5, base.age > 50
    young, old = (MALE_HAIR, OLD_MALE_HAIR) if is_male else (FEMALE_HAIR, OLD_FEMALE_HAIR)
    hair = _pick(rng, old if is_old else young)
    fringes = OLD_FRINGES if is_old else (*FRINGES, "spiky", "back") if hair == "short" else FRINGES
    fringe = _pick(rng, fringes)
    has_beard = is_male and base.age > 18 and rng.random() < (0.5 if is_old else 0.2)
    return {
        "hair": hair,
        "fringe": "none" if hair in ("bald", "buzz") else fringe,
        "hair_color": _pick(rng, GREY if is_old else HAIR_COLORS),
        "skin_color": _pick(rng, SKINS),
        "eye_color": _pick(rng, EYES),
        "curl": float(rng.random() < 0.3) * 0.8,
        "beard": _pick(rng, ("full", "moustache")) if has_beard else "none",
        "hat": _pick(rng, ("beanie", "cap")) if rng.random() < 0.12 else "none",
        "hat_color": _pick(rng, CLOTHES),
        "glasses": _pick(rng, ("round", "square")) if rng.random() < 0.2 else "none",
    }


def _draw_clothes(rng: np.random.Generator, base: Look) -> dict[str, Any]:
    is_female = base.sex < 0.5
    top = _pick(rng, (*TOPS, "dress", "sailor") if is_female else TOPS)
    bottom = "skirt" if top in ("dress", "sailor") or (is_female and rng.random() < 0.35) else "trousers"
    if bottom == "trousers" and rng.random() < 0.25:
        bottom = "shorts"
    color = _pick(rng, CLOTHES)
    ranges = {"skirt": (0.38, 0.75), "trousers": (0.95, 1.0), "shorts": (0.35, 0.45)}
    return {
        "top": top,
        "top_color": color,
        "second_color": _pick(rng, CLOTHES),
        "pattern": _pick(rng, ("plain", "plain", "stripes", "two-tone", "print")),
        "sleeve": 0.97 if top in ("hoodie", "jacket") else float(rng.choice([0.42, 0.42, 0.93])),
        "bottom": bottom,
        "bottom_color": color if top == "dress" else _pick(rng, DARK_CLOTHES),
        "leg": float(rng.uniform(*ranges[bottom])),
        "shoe_color": _pick(rng, ("#f2f2f5", "#5a3528", "#c44c44", "#3a3a44", "#48689e")),
        "socks": 0.0 if bottom == "trousers" else float(rng.uniform(0.15, 0.7)),
        "sock_color": _pick(rng, ("#fafafa", "#2b3d70", "#3a3a44")),
    }

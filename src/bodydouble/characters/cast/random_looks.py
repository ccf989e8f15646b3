"""Random looks: hair, colours, garments and faces drawn from a seed, in combinations that people wear."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bodydouble.characters.cast.look import Look, create_look, vary_look
from bodydouble.characters.cast.presets import PRESETS

SKINS = ("#ffe4d4", "#fbd9c0", "#f2c9a4", "#dba880", "#b9825a", "#995f3f", "#7a4a33")
HAIR_COLORS = ("#2a2426", "#3d2f2c", "#6b453d", "#8a5c34", "#b98a4e", "#f0cc86", "#384266", "#8e3b30", "#6d5a86")
GREY = ("#dbdbe0", "#b4b2b8", "#f0eeea")
EYES = ("#4c85d9", "#33a68c", "#7d5533", "#5a7a34", "#7a5aa0", "#3c4a5c", "#a8642c")
CLOTHES = ("#f6f4f2", "#2b3d70", "#ec8434", "#c44c44", "#3c8c7a", "#f2a0b4", "#4a5268", "#e0c25a", "#7d8c4a", "#b79ccb")
DARK_CLOTHES = ("#2b3d70", "#48689e", "#3a3a44", "#73665c", "#5c4038", "#4a5268", "#8a8478")
FEMALE_HAIR = ("bob", "shoulder", "long", "ponytail", "twin-tails", "bun", "short")
MALE_HAIR = ("short", "short", "short", "buzz", "shoulder")
FRINGES = ("straight", "side", "pointed", "parted")
TOPS = ("t-shirt", "shirt", "hoodie", "jacket", "tank-top")


def draw_look(seed: int) -> Look:
    """Draws a look; equal seeds give equal looks."""
    rng = np.random.default_rng(seed)
    base = PRESETS[_pick(rng, tuple(PRESETS))]
    values = {**_draw_build(rng, base), **_draw_head(rng, base), **_draw_clothes(rng, base)}
    return vary_look(create_look({"name": f"look {seed}", **values}, base), seed)


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _draw_build(rng: np.random.Generator, base: Look) -> dict[str, Any]:
    stretch = float(rng.uniform(0.94, 1.07))
    return {
        "age": float(np.clip(base.age + rng.uniform(-3, 14 if base.age > 15 else 3), 6, 70)),
        "height": round(base.height * stretch, 3),
        "head_count": float(np.clip(base.head_count * (1 + 0.5 * (stretch - 1)), 4.5, 7.6)),
        "weight": float(rng.uniform(0.05, 0.75) ** 1.3),
    }


def _draw_head(rng: np.random.Generator, base: Look) -> dict[str, Any]:
    is_male, is_old = base.sex > 0.5, base.age > 50
    hair = _pick(rng, (*MALE_HAIR, *(("bald",) if is_old else ())) if is_male else FEMALE_HAIR)
    fringe = _pick(rng, (*FRINGES, "spiky") if hair == "short" else FRINGES)
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

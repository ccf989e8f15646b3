"""Look of a drawn character: some seventy numbers, colours and choices, as TOML or at random from a seed."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.errors import FormatError, InvalidDataError

Color = tuple[float, float, float]
"""sRGB, 0 to 1."""

HAIR = ("bald", "buzz", "short", "bob", "shoulder", "long", "ponytail", "twin-tails", "bun")
FRINGES = ("none", "straight", "side", "parted", "pointed", "spiky", "back")
BEARDS = ("none", "moustache", "full")
HATS = ("none", "beanie", "cap")
GLASSES = ("none", "round", "square")
TOPS = ("t-shirt", "shirt", "hoodie", "jacket", "tank-top", "sailor", "dress")
BOTTOMS = ("trousers", "shorts", "skirt", "tights")
PATTERNS = ("plain", "stripes", "two-tone", "print")
SHOES = ("shoes", "boots", "bare")


def _number(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"range": (low, high)})


def _choice(default: str, choices: tuple[str, ...]) -> Any:
    return field(default=default, metadata={"choices": choices})


def _color(text: str) -> Any:
    return field(default=parse_color(text), metadata={"color": True})


def parse_color(text: str) -> Color:
    """Parses a colour like "#3a2a20"; raises InvalidDataError if it is none."""
    digits = text.removeprefix("#")
    try:
        red, green, blue = bytes.fromhex(digits) if len(digits) == 6 else b""
    except ValueError:
        raise InvalidDataError(f'{text!r} is no colour; write one like "#3a2a20"') from None
    return red / 255, green / 255, blue / 255


def format_color(color: Color) -> str:
    """Formats a colour like "#3a2a20"."""
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in color)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Look of a character. Lengths of the face are in head heights."""

    name: str = "woman"
    seed: int = field(default=1, metadata={"range": (0, 2**31 - 1)})
    """Seed of what is irregular, as the tips of the hair."""

    sex: float = _number(0.0, 0, 1)
    """0 female, 1 male."""
    age: float = _number(20.0, 6, 70)
    """Years."""
    height: float = _number(1.60, 0.9, 2.1)
    """Stature in m, without hair."""
    head_count: float = _number(6.5, 4.5, 7.6)
    """Stature in heights of the head."""
    weight: float = _number(0.25, 0, 1)
    """0 slim, 1 heavy."""
    shoulders: float = _number(0.90, 0.8, 1.1)
    """Width of the shoulders relative to that of the body model."""
    skin_color: tuple[float, float, float] = _color("#ffe4d4")

    jaw: float = _number(1.0, 0.85, 1.25)
    chin: float = _number(0.0, -0.03, 0.05)
    chin_width: float = _number(1.0, 0.8, 1.45)
    """Width of the chin: below 1 pointed, above 1 square."""
    chin_depth: float = _number(0.0, -0.05, 0.04)
    cheeks: float = _number(0.0, -0.03, 0.04)
    face_width: float = _number(1.0, 0.92, 1.08)
    nose: float = _number(1.0, 0.4, 1.7)
    nose_width: float = _number(1.0, 0.7, 2.2)
    nose_length: float = _number(0.0, -0.02, 0.03)
    nose_bridge: float = _number(1.0, 0.0, 3.0)
    brow_ridge: float = _number(0.0, 0, 1)
    lips: float = _number(0.3, 0, 1)
    mouth_width: float = _number(0.115, 0.09, 0.17)
    mouth_height: float = _number(0.168, 0.15, 0.19)
    smile: float = _number(1.0, -1, 2)
    """Curve of the mouth at rest: above 0 the corners are up."""
    eye_width: float = _number(0.285, 0.18, 0.32)
    eye_height: float = _number(0.258, 0.15, 0.31)
    eye_opening: float = _number(1.0, 0.4, 1.1)
    eye_tilt: float = _number(0.05, -0.08, 0.16)
    eye_shape: float = _number(0.0, -1, 1)
    """-1 round and drooping, 1 narrow and rising to the outer corner."""
    iris: float = _number(1.0, 0.7, 1.15)
    """Size of the iris."""
    eye_spacing: float = _number(0.180, 0.15, 0.20)
    eye_level: float = _number(0.390, 0.36, 0.44)
    eye_color: tuple[float, float, float] = _color("#4c85d9")
    lashes: float = _number(1.0, 0.3, 1.3)
    brow_thickness: float = _number(1.0, 0.5, 2.2)
    brow_tilt: float = _number(0.05, -0.2, 0.35)
    brow_arch: float = _number(1.0, 0, 2)
    brow_level: float = _number(0.0, -0.03, 0.03)
    blush: float = _number(0.28, 0, 0.6)
    freckles: float = _number(0.0, 0, 1)
    wrinkles: float = _number(0.0, 0, 1)

    hair: str = _choice("bob", HAIR)
    fringe: str = _choice("straight", FRINGES)
    hair_color: tuple[float, float, float] = _color("#6b453d")
    hair_volume: float = _number(1.0, 0.7, 1.4)
    curl: float = _number(0.0, 0, 1)
    beard: str = _choice("none", BEARDS)
    glasses: str = _choice("none", GLASSES)
    hat: str = _choice("none", HATS)
    hat_color: tuple[float, float, float] = _color("#c44c44")

    top: str = _choice("t-shirt", TOPS)
    top_color: tuple[float, float, float] = _color("#f6f4f2")
    second_color: tuple[float, float, float] = _color("#2b3d70")
    """Of bands, collars, stripes and prints."""
    pattern: str = _choice("plain", PATTERNS)
    sleeve: float = _number(0.42, 0.05, 1.0)
    """Length of the sleeve, 1 at the wrist."""
    bottom: str = _choice("skirt", BOTTOMS)
    bottom_color: tuple[float, float, float] = _color("#2b3d70")
    leg: float = _number(0.4, 0.15, 1.0)
    """Length of trousers, shorts or skirt, 1 at the ankle."""
    shoes: str = _choice("shoes", SHOES)
    shoe_color: tuple[float, float, float] = _color("#5a3528")
    socks: float = _number(0.6, 0, 1)
    """Height of the socks, 1 at the knee, 0 for none."""
    sock_color: tuple[float, float, float] = _color("#2b3d70")

    def __post_init__(self) -> None:
        for item in fields(self):
            _check_value(item.name, getattr(self, item.name), item.metadata)


def _check_value(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    low, high = metadata.get("range", (None, None))
    if low is not None and not (isinstance(value, int | float) and low <= value <= high):
        raise InvalidDataError(f"look: {name} is {value!r}, expected a number from {low} to {high}")
    if "choices" in metadata and value not in metadata["choices"]:
        raise InvalidDataError(f"look: {name} is {value!r}, expected one of {', '.join(metadata['choices'])}")
    if "color" in metadata and not (np.shape(value) == (3,) and all(0 <= channel <= 1 for channel in value)):
        raise InvalidDataError(f"look: {name} is {value!r}, expected three numbers from 0 to 1")


def create_look(values: Mapping[str, Any], base: Look | None = None) -> Look:
    """Creates a look from values by name; colours are texts like "#3a2a20".

    Raises:
        InvalidDataError: a name is unknown, or a value is out of its range.
    """
    known = {item.name: item.metadata for item in fields(Look)}
    if unknown := sorted(values.keys() - known.keys()):
        raise InvalidDataError(f"look: unknown {', '.join(unknown)}; known are {', '.join(known)}")
    start = {} if base is None else {name: getattr(base, name) for name in known}
    read = {k: parse_color(v) if "color" in known[k] and isinstance(v, str) else v for k, v in values.items()}
    return Look(**(start | read))


def parse_look(text: str, base: Look | None = None) -> Look:
    """Parses a look from TOML; what it does not name is as in base.

    Raises:
        InvalidDataError: the text is no TOML, or names something unknown or out of range.
    """
    try:
        return create_look(tomllib.loads(text), base)
    except tomllib.TOMLDecodeError as error:
        raise InvalidDataError(f"look: not TOML ({error})") from None


def read_look(path: Path, base: Look | None = None) -> Look:
    """Reads a look from a TOML file.

    Raises:
        FormatError: the file cannot be read, or is not a look.
    """
    try:
        return parse_look(path.read_text(encoding="utf-8"), base)
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: cannot be read ({error})") from None
    except InvalidDataError as error:
        raise FormatError(f"{path}: {error}") from None


def format_look(look: Look) -> str:
    """Formats a look as TOML, which parse_look reads."""
    return "".join(f"{item.name} = {_format_value(getattr(look, item.name))}\n" for item in fields(look))


def _format_value(value: Any) -> str:
    if isinstance(value, tuple):
        return f'"{format_color(value)}"'
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)


def find_range(name: str) -> tuple[float, float]:
    """Returns the smallest and the largest value of a number of a look."""
    low, high = Look.__dataclass_fields__[name].metadata["range"]
    return low, high


def vary_look(look: Look, seed: int, spread: float = 0.35) -> Look:
    """Returns a look whose numbers of the face differ at random, each by up to a share of its range.

    Args:
        look: the look to start from.
        seed: seed of the random numbers; equal seeds give equal looks.
        spread: largest difference as a share of the range.
    """
    rng = np.random.default_rng(seed)
    changed: dict[str, Any] = {"seed": seed}
    for item in fields(Look):
        if item.name in FACE_NUMBERS:
            low, high = find_range(item.name)
            moved = getattr(look, item.name) + rng.uniform(-spread, spread) / 2 * (high - low)
            changed[item.name] = float(np.clip(moved, low, high))
    return create_look(changed, look)


FACE_NUMBERS = (
    "jaw", "chin", "chin_width", "chin_depth", "cheeks", "face_width", "nose", "nose_width", "nose_length",
    "nose_bridge", "brow_ridge", "lips", "mouth_width", "mouth_height", "eye_width", "eye_height", "eye_opening",
    "eye_tilt", "eye_shape", "iris", "eye_spacing", "eye_level", "brow_thickness", "brow_tilt", "brow_arch",
    "brow_level", "smile",
)  # fmt: skip
"""Numbers by which faces of one kind differ."""

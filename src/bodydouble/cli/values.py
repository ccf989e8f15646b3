"""Values that options are given as text."""

import re
from collections.abc import Sequence
from fractions import Fraction

from bodydouble.errors import InvalidDataError

RATES = (Fraction(1), Fraction(1000))
"""Frames per second of files."""
BOUNDS = (0.0001, 1.0)
"""m, of keyframes."""
METRES = {"": 0.001, "mm": 0.001, "cm": 0.01, "m": 1.0}
"""Of a unit; a number alone is in millimetres."""
_AT = re.compile(r"(^|\n)--people[=\n]at$")


def rate(text: str, limits: tuple[Fraction | int, Fraction | int] = RATES) -> Fraction:
    """Frames per second of a text such as 30 or 30000/1001. Raises InvalidDataError if it is none, or out of limits."""
    try:
        found = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise InvalidDataError(f"--fps {text!r} is no rate; give a number such as 30 or 30000/1001") from None
    if not limits[0] <= found <= limits[1]:
        raise InvalidDataError(f"--fps {text} must lie between {limits[0]} and {limits[1]}")
    return found


def bound(text: str) -> float:
    """Metres of a text such as 5mm, 0.5cm or 5 (mm). Raises InvalidDataError if it is none, or out of limits."""
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([a-z]*)\s*", text.lower())
    if found is None or found[2] not in METRES:
        raise InvalidDataError(f"--keyframes {text!r} is no length; give one such as 5mm or 0.5cm")
    metres = float(found[1]) * METRES[found[2]]
    if not BOUNDS[0] <= metres <= BOUNDS[1]:
        raise InvalidDataError(f"--keyframes {text} must lie between 0.1mm and 1m")
    return metres


def joined_point(words: Sequence[str]) -> list[str]:
    """A command line whose ``--people at X,Y,FRAME`` is one value, as if ``at X,Y,FRAME`` had been quoted."""
    found: list[str] = []
    for word in words:
        if _AT.search("\n".join(found[-2:])) and re.match(r"-?\.?\d", word):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found

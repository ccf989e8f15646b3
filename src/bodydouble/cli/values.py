"""Parsers of option values that are given as text."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from typer.core import TyperCommand

from bodydouble.errors import InvalidDataError

FRAME_RATE_RANGE = (Fraction(1), Fraction(1000))
"""Minimum and maximum frame rate of files in frames/s."""
FILM_RATE_RANGE = (Fraction(1), Fraction(120))
"""Minimum and maximum frame rate of films in frames/s."""
LENGTH_RANGE = (0.0001, 1.0)
"""Minimum and maximum tolerance of keyframes in m."""
METRES_PER_UNIT = {"": 0.001, "mm": 0.001, "cm": 0.01, "m": 1.0}
"""Metres per unit of length; a number without a unit is in mm."""
_ENDS_WITH_AT = re.compile(r"(^|\n)--people[=\n]at$")


def parse_frame_rate(text: str, limits: tuple[Fraction | int, Fraction | int] = FRAME_RATE_RANGE) -> Fraction:
    """Parses frames per second, such as 30 or 30000/1001.

    Raises:
        InvalidDataError: the text is not a number, or the rate is out of limits.
    """
    try:
        fps = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise InvalidDataError(f"--fps {text!r} is no rate; give a number such as 30 or 30000/1001") from None
    if not limits[0] <= fps <= limits[1]:
        raise InvalidDataError(f"--fps {text} must lie between {limits[0]} and {limits[1]}")
    return fps


def parse_length(text: str) -> float:
    """Parses a length such as 5mm, 0.5cm or 5 (mm) into metres.

    Raises:
        InvalidDataError: the text is not a length, or the length is out of limits.
    """
    parts = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([a-z]*)\s*", text.lower())
    if parts is None or parts[2] not in METRES_PER_UNIT:
        raise InvalidDataError(f"--keyframe-tolerance {text!r} is no length; give one such as 5mm or 0.5cm")
    metres = float(parts[1]) * METRES_PER_UNIT[parts[2]]
    if not LENGTH_RANGE[0] <= metres <= LENGTH_RANGE[1]:
        raise InvalidDataError(f"--keyframe-tolerance {text} must lie between 0.1mm and 1m")
    return metres


def join_point_words(words: Sequence[str]) -> list[str]:
    """Joins ``--people at X,Y,FRAME`` to one value, as if ``at X,Y,FRAME`` had been quoted on the command line."""
    joined: list[str] = []
    for word in words:
        if _ENDS_WITH_AT.search("\n".join(joined[-2:])) and re.match(r"-?\.?\d", word):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return joined


class PeopleCommand(TyperCommand):
    """Command with ``--people``, a value of which may consist of two words: ``--people at 320,180,45``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses the words of the command line."""
        return super().parse_args(ctx, join_point_words(args))

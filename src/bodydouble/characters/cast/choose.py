"""Choice of a look by a text: the name of a preset, a seed, or a TOML file."""

from pathlib import Path

from bodydouble.characters.cast.look import Look, read_look
from bodydouble.characters.cast.presets import PRESETS
from bodydouble.characters.cast.random_looks import draw_look
from bodydouble.errors import UnknownCharacterError

MAX_DIGITS = 9
"""Largest number of digits of a seed."""


def choose_look(text: str) -> Look:
    """Chooses a look.

    Args:
        text: name of a preset; a whole number, the seed of a random look; or path of a .toml file. Empty: the first
            preset.

    Raises:
        UnknownCharacterError: the text is none of these.
        FormatError: the file cannot be read, or is not a look.
    """
    if text.endswith(".toml"):
        return read_look(Path(text))
    if text.isdecimal() and len(text) <= MAX_DIGITS:
        return draw_look(int(text))
    look = PRESETS.get(text or next(iter(PRESETS)))
    if look is None:
        raise UnknownCharacterError(
            f"unknown look {text!r}; choose {', '.join(PRESETS)}, a whole number for a random one, or a .toml file"
        )
    return look

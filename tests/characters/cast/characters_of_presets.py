from functools import cache

from bodydouble.characters.cast.assemble import build_character
from bodydouble.characters.cast.presets import PRESETS
from bodydouble.data import Character


@cache
def drawn(name: str) -> Character:
    """Builds the character of a preset once for all tests."""
    return build_character(PRESETS[name])

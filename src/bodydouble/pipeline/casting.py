"""Casting: which character each person of a performance gets."""

from collections.abc import Sequence

from bodydouble.characters import load as character_files
from bodydouble.data import Character, Person


def cast_characters(character: str, template: Character, people: Sequence[Person]) -> list[Character]:
    """Returns the character of each person: the template, or with "anime" alone a drawn one of their own."""
    count = len(people)
    if character != character_files.CAST:
        return [template] * count
    names = (*character_files.cast_names(), *(f"{character_files.CAST}:{seed}" for seed in range(count)))
    return [template, *(character_files.load_character(name) for name in names[1:count])]

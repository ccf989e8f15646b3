"""Casting: which character each person of a performance gets."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bodydouble.characters import load as character_files
from bodydouble.characters.cast.assemble import build_character
from bodydouble.characters.cast.look import Look, read_look
from bodydouble.characters.cast.look_alike import create_look_alike
from bodydouble.data import Character, Person
from bodydouble.errors import InvalidDataError
from bodydouble.pipeline.drawn_characters import write_look


def cast_characters(
    character: str, template: Character | None, people: Sequence[Person], looks: Mapping[str, Path] | None = None
) -> list[Character]:
    """Returns the character of each person.

    Args:
        character: name of the character; "anime" gives everybody a drawn one of their own, "like-me" a look-alike.
        template: that character, which the others get; None: everybody gets a look-alike.
        people: the people of a performance.
        looks: files of looks by name of the person, which replace look-alikes.

    Raises:
        FormatError: a file of a look cannot be read.
    """
    if character == character_files.LIKE_ME or template is None:
        return [build_character(look) for look in cast_looks(people, looks)]
    count = len(people)
    if character != character_files.CAST:
        return [template] * count
    names = (*character_files.cast_names(), *(f"{character_files.CAST}:{seed}" for seed in range(count)))
    return [template, *(character_files.load_character(name) for name in names[1:count])]


def cast_looks(people: Sequence[Person], looks: Mapping[str, Path] | None = None) -> list[Look]:
    """Returns the look-alike of each person, or the look in a file; no two people look the same.

    Raises:
        FormatError: a file of a look cannot be read.
    """
    cast: list[Look] = []
    for person in people:
        look = create_look_alike(person.appearance, person.motion.skeleton, person.name, cast)
        path = (looks or {}).get(person.name)
        cast.append(look if path is None else read_look(path, look))
    return cast


def write_looks(folder: Path, people: Sequence[Person], looks: Mapping[str, Path] | None = None) -> list[Path]:
    """Writes the look of each person as NAME.toml, for editing; raises as ``cast_looks`` does, and OutputError."""
    files = [folder / f"{person.name}.toml" for person in people]
    for path, look in zip(files, cast_looks(people, looks), strict=True):
        write_look(path, look)
    return files


def parse_look_files(character: str, paths: Sequence[Path]) -> dict[str, Path]:
    """Returns files of looks by the name of the person, which is the name of the file without suffix.

    Raises:
        InvalidDataError: the character is no look-alike, a file is no .toml file, or two are for one person.
    """
    if paths and character != character_files.LIKE_ME:
        raise InvalidDataError(f"a look replaces a look-alike: give the character {character_files.LIKE_ME!r} with it")
    for path in paths:
        if path.suffix.lower() != ".toml":
            raise InvalidDataError(f"{path}: a look is a .toml file named after the person, such as person1.toml")
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        raise InvalidDataError(f"several looks are for one person: {', '.join(names)}")
    return dict(zip(names, paths, strict=True))

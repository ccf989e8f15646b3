"""Characters of one's own: files that people added to the studio, one folder each.

A folder ``ID`` below that of the characters holds ``character.json``, ``character.glb`` or ``character.fbx``, and
``picture.png`` where something can be rendered. A .vrm file is a .glb file with another name. Options of takes name a
character as ``own:ID``.
"""

import json
import re
import secrets
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import atomic_write, ensure_folder, output_errors
from bodydouble.studio.paths import remove_path

OWN = "own"
RECORD_FILE, PICTURE_FILE = "character.json", "picture.png"
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class OwnCharacter:
    """A character that somebody added."""

    id: str
    title: str
    suffix: str
    """Suffix of its file: ".glb" or ".fbx"."""
    created: float
    """Time of the upload, seconds since 1970."""
    notes: tuple[str, ...] = ()
    """Sentences on what of the file is not kept."""
    is_removed: bool = False
    """Whether it is offered no more; its file stays while takes use it."""

    @property
    def name(self) -> str:
        """Name in the options of takes."""
        return f"{OWN}:{self.id}"

    @property
    def file(self) -> str:
        """Name of its file in its folder."""
        return f"character{self.suffix}"


def create_character(title: str, suffix: str, notes: Collection[str]) -> OwnCharacter:
    """Returns a new character with a random ID."""
    return OwnCharacter(secrets.token_hex(8), title, suffix, time.time(), tuple(notes))


class CharacterShelf:
    """Characters in a folder."""

    def __init__(self, folder: Path) -> None:
        """Creates the folder if it is missing; raises OutputError."""
        self.folder = ensure_folder(folder)

    def list_characters(self) -> list[OwnCharacter]:
        """Returns the characters that are offered, by title."""
        found = [character for character in self._list_all() if not character.is_removed]
        return sorted(found, key=lambda character: (character.title.casefold(), character.created))

    def _list_all(self) -> list[OwnCharacter]:
        found = (self.find(path.name) for path in self.folder.iterdir())
        return [character for character in found if character is not None]

    def find(self, character_id: str) -> OwnCharacter | None:
        """Returns the character of an ID, which may be anything that a client sent; None if there is none."""
        if not _ID.fullmatch(character_id):
            return None
        with suppress(OSError, ValueError, KeyError, TypeError):
            record = json.loads((self.folder / character_id / RECORD_FILE).read_text(encoding="utf-8"))
            return OwnCharacter(**{**record, "notes": tuple(record["notes"])})
        return None

    def find_name(self, name: str) -> OwnCharacter | None:
        """Returns the character that options name; None if there is none."""
        kind, _, character_id = name.partition(":")
        return self.find(character_id) if kind == OWN else None

    def path(self, character: OwnCharacter) -> Path:
        """Returns the path of the file of a character."""
        return self.folder / character.id / character.file

    def picture(self, character: OwnCharacter) -> Path:
        """Returns the path of the picture of a character."""
        return self.folder / character.id / PICTURE_FILE

    def add(self, character: OwnCharacter, folder: Path) -> None:
        """Adds a character whose file and picture are in a folder, which is moved; raises OutputError."""
        _write_record(folder, character)
        with output_errors(self.folder):
            folder.rename(self.folder / character.id)

    def rename(self, character: OwnCharacter, title: str) -> OwnCharacter:
        """Gives a character another title and returns it; raises OutputError."""
        renamed = replace(character, title=title)
        _write_record(self.folder / character.id, renamed)
        return renamed

    def remove(self, character: OwnCharacter) -> None:
        """Offers a character no more; ``discard`` removes its files. Raises OutputError."""
        _write_record(self.folder / character.id, replace(character, is_removed=True))

    def discard(self, used: Collection[str]) -> None:
        """Removes the files of removed characters whose names are not used."""
        for character in self._list_all():
            if character.is_removed and character.name not in used:
                remove_path(self.folder / character.id)

    def check(self, name: str) -> None:
        """Raises InvalidDataError if there is no character of a name."""
        character = self.find_name(name)
        if character is None or character.is_removed or not self.path(character).is_file():
            raise InvalidDataError("this character has been removed; choose another one")

    def resolve(self, value: Any) -> Any:
        """Returns the path of a character in place of its name; other values of options stay as they are."""
        kind, _, character_id = value.partition(":") if isinstance(value, str) else ("", "", "")
        if kind != OWN:
            return value
        character = self.find(character_id)
        return str(self.folder / character_id / (character.file if character else "character.glb"))

    def describe(self, text: str) -> str:
        """Returns a text with titles in place of the paths of characters."""
        for character in self._list_all() if str(self.folder) in text else []:
            text = text.replace(str(self.path(character)), character.title)
        return text


def _write_record(folder: Path, character: OwnCharacter) -> None:
    with atomic_write(folder / RECORD_FILE) as temporary:
        temporary.write_text(json.dumps(asdict(character), indent=2), encoding="utf-8")

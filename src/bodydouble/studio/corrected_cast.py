"""Characters of a corrected performance: each person keeps the character of the automatic result that it comes from.

Files of characters are named after what they show: a person whose motion is that of the automatic result has its file,
such as ``person1.glb``; any other one a file in the folder ``characters``, named by a hash of the motion. So only what
has changed is made again, and what is undone is there at once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bodydouble.characters.cast.assemble import build_character
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.look_alike import create_look_alike
from bodydouble.characters.load import LIKE_ME, load_character
from bodydouble.data import Performance, Person
from bodydouble.data.corrections import Correction, Delete, Merge, Rename, Split
from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import ensure_folder
from bodydouble.pipeline.animated_characters import animate_characters
from bodydouble.pipeline.animating import write_glb
from bodydouble.pipeline.casting import cast_looks
from bodydouble.studio.correction_store import load_automatic, load_current

MODELS = "characters"
"""Folder of the characters of corrected people, in a folder of results."""
MAX_MODELS = 24
"""Number of files of characters that are kept for a take, so that undoing is fast."""

OVERTAKEN = "this motion has been corrected meanwhile"
_HASHED = re.compile(r"[0-9a-f]{32}\.glb")


class OvertakenModelError(InvalidDataError):
    """A character shows a motion that has been corrected meanwhile."""


def trace_origins(names: Sequence[str], corrections: Sequence[Correction]) -> dict[str, str]:
    """Returns the people after corrections, each with the person of the automatic result whose character it has.

    Args:
        names: names of the people of the automatic result.
        corrections: corrections that fit it.

    Returns:
        Name -> name in ``names``; for somebody new, who was split from a person, "NAME from FRAME".
    """
    origins = {name: name for name in names}
    for correction in corrections:
        match correction:
            case Rename():
                origins[correction.name] = origins.pop(correction.person)
            case Merge():
                del origins[correction.other]
            case Split():
                origins[correction.name] = f"{origins[correction.person]} from {correction.frame}"
            case Delete():
                del origins[correction.person]
    return origins


def name_models(automatic: Performance, current: Performance) -> list[str]:
    """Returns the name of the file with the character of each person of the current performance."""
    origins = trace_origins([person.name for person in automatic.people], current.corrections)
    unchanged = {_hash_person(automatic, person, person.name) for person in automatic.people}
    names = []
    for person in current.people:
        origin = origins[person.name]
        digest = _hash_person(current, person, origin)
        names.append(f"{origin if digest in unchanged else digest}.glb")
    return names


def find_model(folder: Path, name: str) -> Path:
    """Returns the path of a file that ``name_models`` names."""
    automatic = folder / name
    return automatic if automatic.is_file() else folder / MODELS / name


def is_overtaken(folder: Path, name: str) -> bool:
    """Returns whether a name that is not in the present scene can be from an earlier one."""
    return (name.endswith(".glb") and (folder / name).is_file()) or bool(_HASHED.fullmatch(name))


def write_model(folder: Path, name: str, character: str) -> None:
    """Writes the animated character of a person of the current performance, if it is not there.

    Args:
        folder: the folder of results.
        name: one that ``name_models`` returns.
        character: character of the take, as ``animate`` takes it.

    Raises:
        OvertakenModelError: the motion has been corrected meanwhile.
        OutputError: the file cannot be written.
    """
    path = find_model(folder, name)
    if path.is_file():
        return
    automatic, current = load_automatic(folder), load_current(folder)
    people = dict(zip(name_models(automatic, current), current.people, strict=True))
    if name not in people:
        raise OvertakenModelError(OVERTAKEN)
    person = people[name]
    if character == LIKE_ME:
        template = build_character(cast_current_looks(folder)[person.name])
    else:
        template = load_character(character)
    (animated,) = animate_characters(replace(current, people=(person,)), [template])
    write_glb(ensure_folder(path.parent) / path.name, animated, current.fps, folder.name)
    _remove_old(path.parent)


def cast_current_looks(folder: Path) -> dict[str, Look]:
    """Returns the looks of all people of the current performance by name: those of the automatic result, as far as
    they come from it."""
    automatic, current = load_automatic(folder), load_current(folder)
    files = {person.name: folder / f"{person.name}.toml" for person in automatic.people}
    edited = {name: file for name, file in files.items() if file.is_file()}
    cast = dict(zip(files, cast_looks(automatic.people, edited), strict=True))
    origins = trace_origins(list(files), current.corrections)
    for person in current.people:
        origin = origins[person.name]
        if origin not in cast:
            cast[origin] = create_look_alike(person.appearance, person.motion.skeleton, origin, list(cast.values()))
    return {person.name: cast[origins[person.name]] for person in current.people}


def _remove_old(folder: Path) -> None:
    """Removes the files of characters that were written first, if there are too many."""
    files = sorted(folder.glob("*.glb"), key=lambda file: file.stat().st_mtime_ns)
    for file in files[:-MAX_MODELS]:
        file.unlink(missing_ok=True)


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


def _hash_person(performance: Performance, person: Person, origin: str) -> str:
    """Returns a hash of what the file with the character of a person shows."""
    digest = sha256()
    for value in (origin, performance.shot_starts, person.track.frames, person.motion, person.hands, person.face):
        _update(digest, value)
    return digest.hexdigest()[:32]


def _update(digest: _Hash, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype} {value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value):
        for field in fields(value):
            _update(digest, getattr(value, field.name))
    elif isinstance(value, Mapping):
        for item in value.items():
            _update(digest, item)
    elif isinstance(value, tuple | list):
        for item in value:
            _update(digest, item)
    else:
        digest.update(f"{value!r};".encode())

"""Drawn characters as files: ``Look`` -> .vrm, .glb, or the look itself as .toml."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.characters.cast.assemble import build_character
from bodydouble.characters.cast.look import Look, format_look
from bodydouble.data import Character, FloatArray
from bodydouble.errors import InvalidDataError
from bodydouble.formats import gltf, vrm
from bodydouble.formats.atomic import atomic_write, ensure_folder

SUFFIXES = (".vrm", ".glb", ".toml")


def write_look(path: Path, look: Look) -> None:
    """Writes the character of a look in the T-pose, or the look.

    Args:
        path: a .vrm, .glb or .toml file.
        look: the look.

    Raises:
        InvalidDataError: the suffix is unknown.
        OutputError: the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InvalidDataError(f"cannot write {path.name}: choose a name that ends in {', '.join(SUFFIXES)}")
    ensure_folder(path.parent)
    if path.suffix.lower() == ".toml":
        with atomic_write(path) as temporary:
            temporary.write_text(format_look(look), encoding="utf-8")
        return
    character = build_character(look)
    rotations, hips = _rest(character)
    if path.suffix.lower() == ".vrm":
        vrm.write(path, character, (rotations, hips))
    else:
        gltf.write(path, character, rotations[None], hips[None], Fraction(30), "rest")


def _rest(character: Character) -> tuple[FloatArray, FloatArray]:
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (len(character.skeleton.joint_names), 1))
    return rotations, character.skeleton.rest_offsets[0]

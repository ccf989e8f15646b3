"""Reads characters: the built-in ones, and the user's .glb, .vrm and .gltf files."""

import itertools
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_meshes import read_meshes
from bodydouble.characters.gltf_rig import read_rig
from bodydouble.data import Character, FloatArray
from bodydouble.errors import FormatError, UnknownCharacterError
from bodydouble.geometry import kinematics, rotation

BUILTIN = Path(__file__).parent / "builtin"
SUFFIXES = (".glb", ".vrm", ".gltf")


def builtin_names() -> tuple[str, ...]:
    """Names of the characters that come with bodydouble."""
    return tuple(sorted(path.stem for path in BUILTIN.glob("*.glb")))


def load_character(name_or_path: str) -> Character:
    """A character, ready to be moved: in metres, +Y up, facing +Z, no scale in its joints.

    Args:
        name_or_path: name of a built-in character, or path of a .glb, .vrm or .gltf file.

    Raises:
        UnknownCharacterError: neither a built-in character nor a file has that name.
        FormatError: the file is damaged, or holds no humanoid character.
    """
    if name_or_path in builtin_names():
        return _read_character(BUILTIN / f"{name_or_path}.glb")
    path = Path(name_or_path)
    if not path.is_file():
        raise UnknownCharacterError(
            f"unknown character {name_or_path!r}; built in: {', '.join(builtin_names())}; or give a .glb file"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise FormatError(f"{path}: a character must be a {', '.join(SUFFIXES)} file")
    return _read_character(path)


def _read_character(path: Path) -> Character:
    file = GltfFile(path)
    try:
        rig = read_rig(file)
        meshes = read_meshes(file, rig)
    except FormatError as error:
        raise error if str(path) in str(error) else FormatError(f"{path}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error) as error:
        raise FormatError(f"{path}: damaged glTF file ({type(error).__name__}: {error})") from error
    if not meshes:
        raise FormatError(f"{path}: no mesh moves with its skeleton; bind the mesh to the bones and export it again")
    skeleton, rest_rotations = rig.skeleton()
    return _rotate_to_face_forward(Character(path.stem, skeleton, rest_rotations, rig.humanoid, meshes))


def _rotate_to_face_forward(character: Character) -> Character:
    """The character turned by quarter turns so that it stands along +Y and its left is along +X."""
    positions = {bone: _world_positions(character)[j] for bone, j in character.humanoid.items()}
    up = positions["head"] - positions["hips"]
    left = (
        positions["leftUpperLeg"] - positions["rightUpperLeg"] + positions["leftUpperArm"] - positions["rightUpperArm"]
    )
    axes = rotation.from_axes(left, up).T
    quarter_turn = _nearest_quarter_turn(axes)
    return character if np.allclose(quarter_turn, np.eye(3)) else _rotate_character(character, quarter_turn)


def _nearest_quarter_turn(matrix: FloatArray) -> FloatArray:
    """Of the 24 rotations that exchange the axes, the one nearest to a rotation."""
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    every = (np.eye(3)[list(order)] * sign for order in itertools.permutations(range(3)) for sign in signs)
    return max((turn for turn in every if np.linalg.det(turn) > 0), key=lambda turn: float(np.sum(turn * matrix)))


def _rotate_character(character: Character, matrix: FloatArray) -> Character:
    quaternion = rotation.from_matrix(matrix)
    offsets = character.skeleton.rest_offsets.copy()
    offsets[0] = matrix @ offsets[0]
    return replace(
        character,
        skeleton=replace(character.skeleton, rest_offsets=offsets),
        rest_rotations=rotation.multiply(quaternion, character.rest_rotations),
        meshes=tuple(
            replace(mesh, positions=mesh.positions @ matrix.T, normals=mesh.normals @ matrix.T)
            for mesh in character.meshes
        ),
    )


def _world_positions(character: Character) -> FloatArray:
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    root = character.skeleton.rest_offsets[0]
    return kinematics.forward_kinematics(character.skeleton, local, root)[0]

"""Loading of characters: a built-in name, or the path of a .glb, .vrm, .gltf or .fbx file -> ``Character``."""

import itertools
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np

from bodydouble.characters.fbx_rig import read_fbx_character
from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_meshes import read_meshes
from bodydouble.characters.gltf_rig import read_rig
from bodydouble.data import Character, FloatArray
from bodydouble.errors import FormatError, UnknownCharacterError
from bodydouble.geometry import kinematics, rotation

BUILTIN = Path(__file__).parent / "builtin"
SUFFIXES = (".glb", ".vrm", ".gltf", ".fbx")


def builtin_names() -> tuple[str, ...]:
    """Returns the names of the built-in characters."""
    return tuple(sorted(path.stem for path in BUILTIN.glob("*.glb")))


def load_character(name_or_path: str) -> Character:
    """Loads a character in metres, +Y up, facing +Z, without scale in its joints.

    Args:
        name_or_path: name of a built-in character, or path of a .glb, .vrm, .gltf or .fbx file.

    Raises:
        UnknownCharacterError: neither a built-in character nor a file has that name.
        FormatError: the file is damaged, or contains no humanoid character.
    """
    if name_or_path in builtin_names():
        return replace(_read_character(BUILTIN / f"{name_or_path}.glb"), is_builtin=True)
    path = Path(name_or_path)
    if not path.is_file():
        raise UnknownCharacterError(
            f"unknown character {name_or_path!r}; built in: {', '.join(builtin_names())}; or give a .glb file"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise FormatError(f"{path}: a character must be a {', '.join(SUFFIXES)} file")
    return _read_character(path)


def _read_character(path: Path) -> Character:
    if path.suffix.lower() == ".fbx":
        return _rotate_to_face_forward(read_fbx_character(path))
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
    """Rotates a character by multiples of 90 degrees so that up is along +Y and its left is along +X."""
    bind = kinematics.bind_matrices(character)
    position = {bone: bind[j, :3, 3] for bone, j in character.humanoid.items()}
    up = position["head"] - position["hips"]
    left = position["leftUpperLeg"] - position["rightUpperLeg"] + position["leftUpperArm"] - position["rightUpperArm"]
    matrix = _nearest_axis_permutation(rotation.from_axes(left, up).T)
    return character if np.allclose(matrix, np.eye(3)) else _rotate_character(character, matrix)


def _nearest_axis_permutation(matrix: FloatArray) -> FloatArray:
    """Returns the nearest to a rotation (3, 3) of the 24 rotations that permute the axes."""
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    permutations = (np.eye(3)[list(order)] * sign for order in itertools.permutations(range(3)) for sign in signs)
    return max((p for p in permutations if np.linalg.det(p) > 0), key=lambda p: float(np.sum(p * matrix)))


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

"""Loading of characters: a built-in name, or the path of a .glb, .vrm, .gltf or .fbx file -> ``Character``."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bodydouble.characters.fbx_rig import read_fbx_character
from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_meshes import read_meshes
from bodydouble.characters.gltf_rig import Rig, read_rig
from bodydouble.characters.rest_pose import character_height, face_forward, fit_human_height
from bodydouble.characters.vrm0_materials import migrate_materials
from bodydouble.characters.vrm_content import read_vrm_content
from bodydouble.data import Character, Mesh
from bodydouble.errors import FormatError, UnknownCharacterError
from bodydouble.geometry import rotation

BUILTIN = Path(__file__).parent / "builtin"
CAST = "anime"
"""Name of the drawn characters; "anime:NAME" is one of them, "anime:7" a random one, "anime:FILE.toml" a file's."""
LIKE_ME = "like-me"
"""Name of the look-alikes of the people in a clip."""
SUFFIXES = (".glb", ".vrm", ".gltf", ".fbx")


def builtin_names() -> tuple[str, ...]:
    """Returns the names of the built-in characters."""
    return tuple(sorted(path.stem for path in BUILTIN.glob("*.glb")))


def cast_names() -> tuple[str, ...]:
    """Returns the names of the drawn characters, as load_character takes them."""
    from bodydouble.characters.cast.presets import PRESETS

    return tuple(f"{CAST}:{name}" for name in PRESETS)


def load_character(name_or_path: str, bone_map: Mapping[str, str] | None = None) -> Character:
    """Loads a character in metres, +Y up, facing +Z, without scale in its joints.

    Args:
        name_or_path: name of a built-in character; "anime", "anime:NAME", "anime:SEED" or "anime:LOOK.toml" for a
            drawn one, "like-me" for one that stands for look-alikes; or path of a .glb, .vrm, .gltf or .fbx file.
        bone_map: humanoid bone -> joint name of a file, where the automatic map is wrong.

    Raises:
        UnknownCharacterError: neither a built-in character nor a file has that name.
        FormatError: the file is damaged, or contains no humanoid character.
        MissingExtraError: the file is compressed with Draco, and the package that decodes it is not installed.
    """
    is_drawn = name_or_path.partition(":")[0] == CAST or name_or_path == LIKE_ME
    if bone_map and (is_drawn or name_or_path in builtin_names()):
        raise FormatError(f"{name_or_path}: a map of bones is for characters of your own")
    if name_or_path in builtin_names():
        return replace(_read_character(BUILTIN / f"{name_or_path}.glb"), is_builtin=True)
    if is_drawn:
        return _draw_character(name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        raise UnknownCharacterError(
            f"unknown character {name_or_path!r}; built in: {', '.join((*builtin_names(), CAST, LIKE_ME))}; "
            "or give a .glb, .vrm or .fbx file"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise FormatError(f"{path}: a character must be a {', '.join(SUFFIXES)} file")
    return _read_character(path, bone_map)


def _draw_character(name: str) -> Character:
    """Draws the character of a preset, of a seed, or of a look in a TOML file."""
    from bodydouble.characters.cast.assemble import build_character
    from bodydouble.characters.cast.choose import choose_look

    return build_character(choose_look(name.partition(":")[2]))


def _read_character(path: Path, bone_map: Mapping[str, str] | None = None) -> Character:
    if path.suffix.lower() == ".fbx":
        return fit_human_height(face_forward(read_fbx_character(path, bone_map)))
    file = GltfFile(path)
    try:
        file.document["materials"] = migrate_materials(file.document)
        rig = read_rig(file, bone_map)
        meshes = read_meshes(file, rig)
    except FormatError as error:
        raise error if str(path) in str(error) else FormatError(f"{path}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise FormatError(f"{path}: damaged glTF file ({type(error).__name__}: {error})") from error
    if not meshes:
        raise FormatError(f"{path}: no mesh moves with its skeleton; bind the mesh to the bones and export it again")
    return _build_character(file, rig, meshes)


def _build_character(file: GltfFile, rig: Rig, meshes: tuple[Mesh, ...]) -> Character:
    """Builds a character in metres that stands along +Y and faces +Z."""
    skeleton, rest_rotations = rig.skeleton()
    in_file = Character(file.path.stem, skeleton, rest_rotations, rig.humanoid, meshes)
    faced = face_forward(in_file)
    character = fit_human_height(faced)
    turn = rotation.multiply(character.rest_rotations[0], rotation.conjugate(in_file.rest_rotations[0]))
    scale = character_height(character) / (character_height(faced) or 1.0)
    vrm = read_vrm_content(file, rig, turn, scale)
    return replace(character, notes=(*file.notes, *character.notes), vrm=vrm or {})

"""Motion files of any kind -> named motions of the 22 humanoid joints."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bodydouble.characters.fbx_rig import read_fbx_motion
from bodydouble.characters.gltf_animation import read_animations
from bodydouble.characters.to_humanoid import convert_to_humanoid
from bodydouble.data import Motion
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats import bvh, performance
from bodydouble.motion.floor.contacts import contact_probability, sole_positions
from bodydouble.motion.hands.merge import full_motion


@dataclass(frozen=True, slots=True)
class NamedMotion:
    """Motion of the humanoid joints with the name of its person or animation."""

    name: str
    motion: Motion
    first_frame: int = 0
    """Frame of the clip at which the motion starts."""
    is_take: bool = False
    """Whether this is one of several animations of the same skeleton, and not one of several people of a clip."""


def load_motions(path: Path) -> tuple[NamedMotion, ...]:
    """Loads the motions of a file, at least one.

    Args:
        path: a performance.npz (one motion per person), a .bvh of any humanoid rig, or the animations of a .glb, .gltf,
            .vrm, .vrma or .fbx file.

    Raises:
        FormatError: the file is of another kind or damaged, or holds no humanoid motion.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise FormatError(f"{path}: a motion must be a {', '.join(_READERS)} file")
    motions = reader(path)
    if not motions:
        raise FormatError(f"{path}: contains no motion")
    return motions


def select_motions(motions: tuple[NamedMotion, ...], names: str | None) -> tuple[NamedMotion, ...]:
    """Selects motions by comma-separated names; all without names.

    Raises:
        InvalidDataError: there is no motion of a name.
    """
    if names is None:
        return motions
    by_name = {motion.name: motion for motion in motions}
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in by_name:
            raise InvalidDataError(f"there is no person {name!r}; the file has {', '.join(by_name)}")
    return tuple(by_name[name] for name in wanted)


def _read_performance(path: Path) -> tuple[NamedMotion, ...]:
    return tuple(
        NamedMotion(person.name, full_motion(person), int(person.track.frames[0]))
        for person in performance.load(path).people
    )


def _with_contacts(motion: Motion) -> Motion:
    """Adds estimated contacts of the soles to a motion from a file that holds none; the floor is at y = 0."""
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    return replace(motion, contacts=contact_probability(soles, soles[..., 1], float(motion.fps)))


def _read_bvh(path: Path) -> tuple[NamedMotion, ...]:
    try:
        return (NamedMotion(path.stem, _with_contacts(convert_to_humanoid(bvh.read(path)))),)
    except FormatError as error:
        raise error if str(path) in str(error) else FormatError(f"{path}: {error}") from error


def _read_fbx(path: Path) -> tuple[NamedMotion, ...]:
    motion, rest_rotations = read_fbx_motion(path)
    try:
        return (NamedMotion(path.stem, _with_contacts(convert_to_humanoid(motion, rest_rotations=rest_rotations))),)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def _read_gltf(path: Path) -> tuple[NamedMotion, ...]:
    return tuple(
        NamedMotion(name, _with_contacts(motion), is_take=True) for name, motion in read_animations(path).items()
    )


_READERS: dict[str, Callable[[Path], tuple[NamedMotion, ...]]] = {
    ".npz": _read_performance,
    ".bvh": _read_bvh,
    ".fbx": _read_fbx,
    **dict.fromkeys((".glb", ".gltf", ".vrm", ".vrma"), _read_gltf),
}

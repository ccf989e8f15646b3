"""Motion files of any kind -> named motions of the 22 humanoid joints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bodydouble.characters.fbx_rig import read_fbx_motion
from bodydouble.characters.gltf_animation import read_animations
from bodydouble.characters.to_humanoid import convert_to_humanoid
from bodydouble.data import Face, Motion
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats import bvh, performance
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.floor.sole_contacts import sole_contact_probability
from bodydouble.motion.hands.merge import full_motion
from bodydouble.pipeline import motion_library


@dataclass(frozen=True, slots=True)
class NamedMotion:
    """Motion of the humanoid joints with the name of its person or animation."""

    name: str
    motion: Motion
    first_frame: int = 0
    """Frame of the clip at which the motion starts."""
    is_take: bool = False
    """Whether this is an animation of its own, and not one of several people of a clip at the same time."""
    is_loop: bool = False
    """Whether the last frame is the first one, moved by the net displacement of a cycle."""
    face: Face | None = None
    """The face over the same frames; None if there is none."""

    def __post_init__(self) -> None:
        frames = len(self.motion.rotations)
        if self.face is not None and len(self.face.observed) != frames:
            raise InvalidDataError(f"{self.name}: the motion has {frames} frames, the face {len(self.face.observed)}")


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


def load_all_motions(sources: Sequence[str | Path]) -> tuple[NamedMotion, ...]:
    """Loads the motions of one or several sources; those of several are takes, and their names become unique.

    Args:
        sources: names of the library of motions, or files as for ``load_motions``.

    Raises:
        FormatError: a source is neither, or a file is of another kind or damaged, or holds no humanoid motion.
    """
    motions = tuple(motion for source in sources for motion in _load_source(source))
    if len(sources) == 1:
        return motions
    used: set[str] = set()
    takes = []
    for motion in motions:
        names = (motion.name if n == 1 else f"{motion.name}_{n}" for n in range(1, len(motions) + 1))
        name = next(name for name in names if name not in used)
        used.add(name)
        takes.append(replace(motion, name=name, first_frame=0, is_take=True))
    return tuple(takes)


def _load_source(source: str | Path) -> tuple[NamedMotion, ...]:
    if str(source) in motion_library.names():
        entry, motion = motion_library.load(str(source))
        return (NamedMotion(entry.name, motion, is_take=True, is_loop=entry.is_loop),)
    path = Path(source)
    if not path.suffix and not path.exists():
        raise FormatError(f"unknown motion {str(source)!r}; `bodydouble motions` lists those of the library")
    return load_motions(path)


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
        NamedMotion(person.name, full_motion(person), int(person.track.frames[0]), face=person.face)
        for person in performance.load(path).people
    )


def _with_contacts(motion: Motion) -> Motion:
    """Adds estimated contacts of the soles to a motion from a file that holds none; the floor is at y = 0."""
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    return replace(motion, contacts=sole_contact_probability(soles, soles[..., 1], float(motion.fps)))


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

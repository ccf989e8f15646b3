"""Library of ready motions, which come with bodydouble: name -> ``Motion`` of the 22 humanoid joints.

``tools/make_motion_library.py`` makes the file.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np

from bodydouble.data import Motion, Skeleton
from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

LIBRARY_FILE = Path(__file__).parent / "motions.npz"
ROTATION_SCALE = 32767.0
"""Rotations are stored as 16-bit integers: components of quaternions times this."""
CONTACT_SCALE = 255.0
"""Contacts are stored as 8-bit integers: probabilities times this."""
POSITION_DECIMALS = 5
"""Decimals of positions in m."""


@dataclass(frozen=True, slots=True)
class LibraryMotion:
    """Description of a motion of the library."""

    name: str
    seconds: float
    is_loop: bool
    """Whether the last frame continues into the first."""
    description: str
    source: str
    licence: str


def list_motions() -> tuple[LibraryMotion, ...]:
    """Lists the motions of the library in alphabetical order."""
    with np.load(LIBRARY_FILE, allow_pickle=False) as stored:
        return tuple(
            LibraryMotion(
                str(name),
                (len(stored[f"{name}/root_position"]) - 1) / float(Fraction(*stored[f"{name}/fps"].tolist())),
                bool(stored[f"{name}/is_loop"]),
                *(str(stored[f"{name}/{key}"]) for key in ("description", "source", "licence")),
            )
            for name in stored["names"]
        )


@cache
def names() -> tuple[str, ...]:
    """Returns the names of the motions of the library."""
    with np.load(LIBRARY_FILE, allow_pickle=False) as stored:
        return tuple(stored["names"].tolist())


def load(name: str) -> tuple[LibraryMotion, Motion]:
    """Loads a motion of the library.

    Raises:
        InvalidDataError: there is no motion of that name.
    """
    if name not in names():
        raise InvalidDataError(f"there is no motion {name!r}; the library has {', '.join(names())}")
    entry = next(motion for motion in list_motions() if motion.name == name)
    with np.load(LIBRARY_FILE, allow_pickle=False) as stored:
        rotations = rotation.normalize(stored[f"{name}/rotations"] / ROTATION_SCALE)
        motion = Motion(
            skeleton=Skeleton(humanoid.JOINTS, humanoid.PARENTS, stored[f"{name}/rest_offsets"]),
            fps=Fraction(*stored[f"{name}/fps"].tolist()),
            rotations=rotation.make_continuous(rotations),
            root_position=stored[f"{name}/root_position"],
            contacts=stored[f"{name}/contacts"] / CONTACT_SCALE,
            joint_sigma=np.full(rotations.shape[:2], np.nan),
        )
    return entry, motion


def save(path: Path, motions: dict[LibraryMotion, Motion]) -> None:
    """Writes a library of motions of the 22 humanoid joints; raises OutputError if the file cannot be written."""
    ordered = sorted(motions.items(), key=lambda pair: pair[0].name)
    arrays = {"names": np.array([entry.name for entry, _ in ordered])}
    for entry, motion in ordered:
        content = {
            "is_loop": np.array(entry.is_loop),
            "description": np.array(entry.description),
            "source": np.array(entry.source),
            "licence": np.array(entry.licence),
            "fps": np.array([motion.fps.numerator, motion.fps.denominator]),
            "rest_offsets": np.round(motion.skeleton.rest_offsets, POSITION_DECIMALS),
            "rotations": np.round(motion.rotations * ROTATION_SCALE).astype(np.int16),
            "root_position": np.round(motion.root_position, POSITION_DECIMALS),
            "contacts": np.round(np.nan_to_num(motion.contacts) * CONTACT_SCALE).astype(np.uint8),
        }
        arrays |= {f"{entry.name}/{key}": array for key, array in content.items()}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)

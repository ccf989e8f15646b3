"""Sets of motion capture as files of rigs: BVH, ASF and AMC, FBX, GLB."""

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from bodydouble.characters.fbx_rig import read_fbx_motion
from bodydouble.characters.gltf_animation import read_animations
from bodydouble.characters.to_humanoid import convert_to_humanoid
from bodydouble.data import Motion
from bodydouble.formats import acclaim
from bodydouble.synthetic import mocap_files
from mocap.clips import Clip, DroppedClip, prepare_clip

CMU_FPS = Fraction(120)
STILL_POSES = ("Rest Pose", "T-Pose")
"""Animations that show one pose."""


def read_files(folder: Path) -> Iterator[Clip | DroppedClip]:
    """Yields the clips of all files of a folder."""
    for path in sorted(folder.iterdir()):
        if path.suffix in _READERS:
            for name, motion in _READERS[path.suffix](path).items():
                if name in STILL_POSES:
                    yield DroppedClip(name, "a single pose")
                else:
                    yield prepare_clip(name, find_subject(path), motion)


def find_subject(path: Path) -> str:
    """Returns the performer of a file: the number of the CMU database, the name at the end, or that of the file."""
    if cmu := re.match(r"(\d+)_\d+", path.name):
        return cmu[1]
    return path.stem.rsplit("-", 1)[-1] if path.suffix == ".bvh" else path.stem


def _read_bvh(path: Path) -> dict[str, Motion]:
    return {named.name: named.motion for named in mocap_files.read(path)}


def _read_amc(path: Path) -> dict[str, Motion]:
    (skeleton,) = path.parent.glob(f"{find_subject(path)}[.-]*asf")
    return {path.stem: convert_to_humanoid(acclaim.read(skeleton, path, CMU_FPS), scale=1.0)}


def _read_fbx(path: Path) -> dict[str, Motion]:
    motion, rest_rotations = read_fbx_motion(path)
    return {path.stem: convert_to_humanoid(motion, rest_rotations=rest_rotations)}


_READERS: dict[str, Callable[[Path], dict[str, Motion]]] = {
    ".bvh": _read_bvh,
    ".amc": _read_amc,
    ".fbx": _read_fbx,
    ".glb": read_animations,
}

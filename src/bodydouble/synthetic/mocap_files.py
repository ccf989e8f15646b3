"""Reader of motion capture: .bvh, DeepMimic .txt or .npz file -> `NamedMotion`s of the 22 humanoid joints."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.characters.to_humanoid import convert_to_humanoid
from bodydouble.data import CONTACT_POINTS, Motion, Skeleton
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats import bvh, performance
from bodydouble.geometry import rotation
from bodydouble.motion.resampling.motion import remove_jumps, slice_motion
from bodydouble.synthetic import deepmimic, motion_archive

Arrays = Mapping[str, NDArray[Any]]

SUFFIXES = (".bvh", ".txt", ".npz")
"""File name extensions of motion capture."""
REST_TOLERANCE = np.radians(1.0)
"""Maximum rotation in rad of all joints in a frame of the rest pose."""
MAX_FIRST_STEP = 0.5
"""Maximum distance in m or rad between the first two frames; beyond it the first is a calibration pose."""
ACTION_BONE_NAMES = {"lowerBackRoot": "spine", "lowerBack": "chest", "upperBack": "upperChest", "lowerNeck": "neck"}
"""Humanoid bones of the joints of an archive of action clips that have no VRM names."""


@dataclass(frozen=True, slots=True)
class NamedMotion:
    """Clip of motion capture with a name."""

    name: str
    """Name of the file, followed by that of the person or clip if the file holds several."""
    motion: Motion
    """Motion of the 22 humanoid joints."""


def read(path: Path) -> tuple[NamedMotion, ...]:
    """Reads the motions of a file, without calibration poses and isolated jumps.

    Args:
        path: a .bvh file of any humanoid, a DeepMimic .txt file, a performance.npz, an archive of ``motion_archive``,
            or an archive of action clips (.npz with joint_names, parents, offsets_m, fps, and NAME/root_m and
            NAME/quat_xyzw_int16 of each clip).

    Raises:
        FormatError: the file cannot be read or holds no humanoid motion.
    """
    readers = {".bvh": _read_bvh, ".txt": _read_deepmimic, ".npz": _read_npz}
    if path.suffix.lower() not in readers:
        raise FormatError(f"{path}: a motion must be a {', '.join(SUFFIXES)} file")
    try:
        return readers[path.suffix.lower()](path)
    except (FormatError, InvalidDataError) as error:
        raise error if str(path) in str(error) else FormatError(f"{path}: {error}") from error


def _read_bvh(path: Path) -> tuple[NamedMotion, ...]:
    return (NamedMotion(path.stem, _clean_humanoid_motion(bvh.read(path))),)


def _read_deepmimic(path: Path) -> tuple[NamedMotion, ...]:
    return (NamedMotion(path.stem, deepmimic.read_motion(path)),)


def _read_npz(path: Path) -> tuple[NamedMotion, ...]:
    arrays = _load_archive(path)
    if motion_archive.is_archive(arrays):
        return tuple(NamedMotion(name, motion) for name, motion in motion_archive.read(arrays).items())
    if "offsets_m" in arrays:
        return _read_action_clips(path, arrays)
    people = performance.load(path).people
    return tuple(NamedMotion(f"{path.stem}/{person.name}", person.motion) for person in people)


def _load_archive(path: Path) -> Arrays:
    """Loads the arrays of an archive of clips; none if the file is something else."""
    if not zipfile.is_zipfile(path):
        return {}
    try:
        with np.load(path, allow_pickle=False) as stored:
            is_archive = motion_archive.is_archive(stored) or "offsets_m" in stored.files
            return dict(stored) if is_archive else {}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path} is damaged ({error})") from error


def _read_action_clips(path: Path, arrays: Arrays) -> tuple[NamedMotion, ...]:
    try:
        names = [ACTION_BONE_NAMES.get(name, name) for name in arrays["joint_names"].tolist()]
        skeleton = Skeleton(tuple(names), tuple(arrays["parents"].tolist()), arrays["offsets_m"])
        fps = Fraction(*arrays["fps"].tolist())
        clips = [key.removesuffix("/root_m") for key in arrays if key.endswith("/root_m")]
        return tuple(
            NamedMotion(clip, _clean_humanoid_motion(_build_action_motion(arrays, clip, skeleton, fps)))
            for clip in clips
        )
    except (KeyError, TypeError, ZeroDivisionError) as error:
        raise FormatError(f"{path} is no archive of action clips: {error} is missing or wrong") from error


def _build_action_motion(arrays: Arrays, clip: str, skeleton: Skeleton, fps: Fraction) -> Motion:
    rotations = rotation.normalize(arrays[f"{clip}/quat_xyzw_int16"].astype(np.float64))
    return Motion(
        skeleton=skeleton,
        fps=fps,
        rotations=rotations,
        root_position=arrays[f"{clip}/root_m"].astype(np.float64),
        contacts=np.full((len(rotations), len(CONTACT_POINTS)), np.nan),
        joint_sigma=np.full(rotations.shape[:2], np.nan),
    )


def _clean_humanoid_motion(motion: Motion) -> Motion:
    """Converts a rig's motion to the humanoid, without a calibration pose at the beginning and without jumps."""
    humanoid = convert_to_humanoid(motion)
    if len(humanoid.rotations) > 1 and _is_at_rest(motion):
        humanoid = slice_motion(humanoid, slice(1, None))
    return clean_motion(humanoid)


def clean_motion(motion: Motion) -> Motion:
    """Returns a motion without a first frame that is far from the second, and without jumps.

    Raises:
        InvalidDataError: the motion jumps in nearly every frame.
    """
    if len(motion.rotations) > 1 and _first_step_size(motion) > MAX_FIRST_STEP:
        motion = slice_motion(motion, slice(1, None))
    return remove_jumps(motion)


def _is_at_rest(motion: Motion) -> bool:
    """Returns whether the first frame is the rest pose."""
    return bool(rotation.angle_between(motion.rotations[0], rotation.IDENTITY).max() < REST_TOLERANCE)


def _first_step_size(motion: Motion) -> float:
    """Returns the distance between the first two frames: the largest rotation in rad, or the root's step in m."""
    angle = rotation.angle_between(motion.rotations[1], motion.rotations[0]).max()
    return max(float(angle), float(np.linalg.norm(motion.root_position[1] - motion.root_position[0])))

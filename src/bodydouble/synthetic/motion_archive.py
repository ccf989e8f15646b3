"""Archives of motion capture: motions of the 22 humanoid joints by name <-> one compressed .npz file.

A clip NAME has the arrays ``NAME/fps`` (2,), numerator and denominator; ``NAME/rest_offsets`` (22, 3) m;
``NAME/rotations_int16`` (T, 22, 4), xyzw times 32767; and ``NAME/root`` (T, 3) m.
"""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import CONTACT_POINTS, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

QUATERNION_STEPS = 32767
"""Integer that stands for 1 in a quaternion."""
PARTS = ("fps", "rest_offsets", "rotations_int16", "root")
"""Ends of the keys of a clip's arrays."""
MARK = "/rotations_int16"
"""End of the key by which the clips of an archive are recognised."""


def write(path: Path, motions: Mapping[str, Motion]) -> None:
    """Writes motions of the 22 humanoid joints; contacts and joint_sigma are not kept.

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, motion in motions.items():
        arrays[f"{name}/fps"] = np.array([motion.fps.numerator, motion.fps.denominator], dtype=np.int32)
        arrays[f"{name}/rest_offsets"] = motion.skeleton.rest_offsets.astype(np.float32)
        arrays[name + MARK] = np.round(motion.rotations * QUATERNION_STEPS).astype(np.int16)
        arrays[f"{name}/root"] = motion.root_position.astype(np.float32)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def is_archive(arrays: Mapping[str, object]) -> bool:
    """Returns whether the arrays of a file are those of an archive of motions."""
    return any(key.endswith(MARK) for key in arrays)


def read(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Motion]:
    """Builds the motions from the arrays of an archive; contacts and joint_sigma are NaN.

    Raises:
        FormatError: an array is missing or wrong.
    """
    try:
        names = [key.removesuffix(MARK) for key in arrays if key.endswith(MARK)]
        return {name: _build_motion(*(arrays[f"{name}/{part}"] for part in PARTS)) for name in names}
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise FormatError(f"no archive of motions: {error} is missing or wrong") from error


def _build_motion(fps: NDArray[Any], rest_offsets: NDArray[Any], rotations: NDArray[Any], root: NDArray[Any]) -> Motion:
    return Motion(
        skeleton=Skeleton(humanoid.JOINTS, humanoid.PARENTS, rest_offsets.astype(np.float64)),
        fps=Fraction(*fps.tolist()),
        rotations=rotation.normalize(rotations.astype(np.float64)),
        root_position=root.astype(np.float64),
        contacts=np.full((len(rotations), len(CONTACT_POINTS)), np.nan),
        joint_sigma=np.full(rotations.shape[:2], np.nan),
    )

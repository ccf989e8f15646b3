"""JSON files of a motion, for scripts in any language: skeleton, rotations and joint positions, metres and xyzw."""

import json
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import kinematics

DECIMALS = 6


def write(path: Path, motion: Motion) -> None:
    """Writes a motion; axes are those of the world, +Y up.

    Raises:
        OutputError: the file cannot be written.
    """
    skeleton = motion.skeleton
    content = {
        "format": "bodydouble-motion 1",
        "fps": [motion.fps.numerator, motion.fps.denominator],
        "joint_names": list(skeleton.joint_names),
        "parents": list(skeleton.parents),
        "rest_offsets": _to_lists(skeleton.rest_offsets),
        "root_position": _to_lists(motion.root_position),
        "rotations": _to_lists(motion.rotations),
        "joints_world": _to_lists(kinematics.joint_positions(motion)),
    }
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def _to_lists(values: FloatArray) -> list[object]:
    rounded: list[object] = (np.round(values, DECIMALS) + 0.0).tolist()
    return rounded

"""Reader of Acclaim motion capture: .asf skeleton and .amc motion -> ``Motion``.

A bone of the file becomes the joint at its start. Rotations are about the axes that the skeleton declares for each
bone; at rest all joints have the axes of the file.

Source: J. Lander, "Working with motion capture file formats", Game Developer, January 1998.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import CONTACT_POINTS, FloatArray, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.geometry import rotation

ROOT = "root"
M_PER_INCH = 0.0254
AXES = {"rx": 0, "ry": 1, "rz": 2}
"""Rotational degrees of freedom -> index of the axis."""


@dataclass(frozen=True, slots=True)
class _Bone:
    """Bone of a skeleton file."""

    tip: FloatArray
    """(3,) m, from its start to its end at rest."""
    axes: FloatArray
    """(4,) xyzw, rotation of the axes about which it rotates."""
    freedom: tuple[str, ...]
    """Degrees of freedom in the order of the numbers in a motion file; they are applied in this order, too."""


@dataclass(frozen=True, slots=True)
class _Rig:
    """Skeleton file: bones and their parents, in the order of the joints."""

    bones: dict[str, _Bone]
    parents: dict[str, str]
    m_per_unit: float


def read(skeleton_path: Path, motion_path: Path, fps: Fraction) -> Motion:
    """Reads a motion and its skeleton.

    Args:
        skeleton_path: .asf file; lengths are in inches divided by its unit of length, angles in degrees.
        motion_path: .amc file.
        fps: frame rate, which the files do not hold.

    Returns:
        The motion in metres, in the axes of the files; contacts and joint_sigma are NaN.

    Raises:
        FormatError: a file cannot be read or is malformed.
    """
    try:
        rig = _parse_rig(_read_lines(skeleton_path))
    except (ValueError, KeyError, IndexError, StopIteration) as error:
        raise FormatError(f"{skeleton_path} is not an ASF skeleton ({error!r})") from error
    try:
        frames = _parse_frames(_read_lines(motion_path), rig)
    except (ValueError, KeyError, IndexError) as error:
        raise FormatError(f"{motion_path} is not an AMC motion of {skeleton_path.name} ({error!r})") from error
    return _build_motion(rig, frames, fps)


def _read_lines(path: Path) -> list[list[str]]:
    """Reads the words of each line without comments."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} cannot be read: {error}") from error
    lines = (line.split("#")[0].split() for line in text.splitlines())
    return [line for line in lines if line]


def _parse_rig(lines: list[list[str]]) -> _Rig:
    sections = _split_sections(lines)
    units = {line[0]: line[1] for line in sections[":units"]}
    if units["angle"] != "deg":
        raise ValueError(f"angles are in {units['angle']}, not in deg")
    m_per_unit = M_PER_INCH / float(units["length"])
    root = {line[0]: line[1:] for line in sections[":root"]}
    order = tuple(word.lower() for word in root["order"])
    bones = {ROOT: _Bone(np.zeros(3), _axis_rotation([*root["orientation"], *root["axis"]]), order)}
    for block in _split_blocks(sections[":bonedata"]):
        words = {line[0]: line[1:] for line in block}
        direction = rotation.normalize(np.array(words["direction"], dtype=np.float64))
        tip = direction * float(words["length"][0]) * m_per_unit
        bones[words["name"][0]] = _Bone(tip, _axis_rotation(words["axis"]), tuple(words.get("dof", ())))
    (hierarchy,) = _split_blocks(sections[":hierarchy"])
    children = {line[0]: line[1:] for line in hierarchy}
    parents = dict(_list_parents(children, ROOT))
    return _Rig({name: bones[name] for name in (ROOT, *parents)}, parents, m_per_unit)


def _split_sections(lines: list[list[str]]) -> dict[str, list[list[str]]]:
    current: list[list[str]] = []
    sections: dict[str, list[list[str]]] = {}
    for line in lines:
        if line[0].startswith(":"):
            sections[line[0]] = current = []
        else:
            current.append(line)
    return sections


def _split_blocks(lines: list[list[str]]) -> Iterator[list[list[str]]]:
    """Yields the lines between each "begin" and "end"."""
    block: list[list[str]] = []
    for line in lines:
        if line == ["end"]:
            yield block
        elif line == ["begin"]:
            block = []
        else:
            block.append(line)


def _list_parents(children: Mapping[str, list[str]], bone: str) -> Iterator[tuple[str, str]]:
    """Yields the bones below a bone with their parents, parents first."""
    for child in children.get(bone, ()):
        yield child, bone
        yield from _list_parents(children, child)


def _axis_rotation(words: list[str]) -> FloatArray:
    """Returns the rotation (4,) of three angles in degrees and the order of their axes, such as XYZ."""
    return _rotate_in_order(np.array([words[:3]], dtype=np.float64), ["r" + axis.lower() for axis in words[3]])[0]


def _rotate_in_order(angles_deg: FloatArray, freedom: tuple[str, ...] | list[str]) -> FloatArray:
    """Returns the rotations (T, 4) of angles (T, N), the first one applied first."""
    result = np.tile(rotation.IDENTITY, (len(angles_deg), 1))
    for angle, name in zip(np.radians(angles_deg).T, freedom, strict=True):
        result = rotation.multiply(rotation.from_rotvec(angle[:, None] * np.eye(3)[AXES[name]]), result)
    return result


def _parse_frames(lines: list[list[str]], rig: _Rig) -> dict[str, FloatArray]:
    """Parses the numbers (T, N) of each bone that moves."""
    values: dict[str, list[list[float]]] = {name: [] for name, bone in rig.bones.items() if bone.freedom}
    frames = 0
    for line in lines:
        if line[0].isdigit():
            frames += 1
        elif line[0] in values:
            values[line[0]].append([float(word) for word in line[1:]])
    for name, rows in values.items():
        if len(rows) != frames or {len(row) for row in rows} != {len(rig.bones[name].freedom)}:
            raise ValueError(f"{name} needs {len(rig.bones[name].freedom)} numbers in each of {frames} frames")
    return {name: np.array(rows) for name, rows in values.items()}


def _build_motion(rig: _Rig, frames: Mapping[str, FloatArray], fps: Fraction) -> Motion:
    names = tuple(rig.bones)
    count = len(frames[ROOT])
    rotations = np.tile(rotation.IDENTITY, (count, len(names), 1))
    for joint, (name, bone) in enumerate(rig.bones.items()):
        turning = [i for i, freedom in enumerate(bone.freedom) if freedom in AXES]
        if turning:
            about_axes = _rotate_in_order(frames[name][:, turning], [bone.freedom[i] for i in turning])
            rotations[:, joint] = rotation.multiply(
                bone.axes, rotation.multiply(about_axes, rotation.conjugate(bone.axes))
            )
    offsets = np.array([np.zeros(3), *(rig.bones[parent].tip for parent in rig.parents.values())])
    moving = [rig.bones[ROOT].freedom.index(axis) for axis in ("tx", "ty", "tz")]
    return Motion(
        skeleton=Skeleton(names, (-1, *(names.index(parent) for parent in rig.parents.values())), offsets),
        fps=fps,
        rotations=rotation.make_continuous(rotation.normalize(rotations)),
        root_position=frames[ROOT][:, moving] * rig.m_per_unit,
        contacts=np.full((count, len(CONTACT_POINTS)), np.nan),
        joint_sigma=np.full((count, len(names)), np.nan),
    )

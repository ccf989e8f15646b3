"""Biovision hierarchy (BVH): a skeleton and its motion as text, in centimetres and degrees.

Written so that every importer agrees: the root's OFFSET is zero and its position channels are positions in the world,
all joints rotate by ``Zrotation Xrotation Yrotation`` (matrix ``Rz @ Rx @ Ry``), and the tip of the toes lies on the
floor at rest, from which a reader knows how high the hips stand at rest.

Source: M. Meredith and S. Maddock, "Motion capture file formats explained", University of Sheffield, 2001.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import CONTACT_POINTS, FloatArray, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import kinematics, rotation

CM_PER_M = 100.0
NTSC = Fraction(1000, 1001)
GIMBAL_COSINE = 1e-7
AXES = "xyz"
STRETCH_TOLERANCE_M = 1e-3


def write(path: Path, motion: Motion) -> None:
    """Write a motion as BVH.

    Args:
        path: the file to write; it appears only when it is complete.
        motion: any motion with a tree of joints.

    Raises:
        OutputError: the file cannot be written.
    """
    order = _depth_first(motion.skeleton)
    rows = np.concatenate(
        [
            motion.root_position * CM_PER_M,
            _euler_zxy_deg(motion.rotations[:, order]).reshape(len(motion.rotations), -1),
        ],
        axis=1,
    )
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(_hierarchy(motion.skeleton)))
        file.write(f"\nMOTION\nFrames: {len(rows)}\nFrame Time: {float(1 / motion.fps):.10f}\n")
        # Adding zero turns the -0 that rounding leaves into 0.
        np.savetxt(file, np.round(rows, 6) + 0.0, fmt="%.6f")


def read(path: Path) -> Motion:
    """Read a BVH file whose unit is the centimetre.

    Joint names, channel orders and the shape of the tree are free. The root's position channels are positions in the
    world, as in Blender, MotionBuilder and Mixamo. When the root's OFFSET is zero, the rest pose is put on the floor.

    Args:
        path: the file to read.

    Returns:
        The motion, in the axes of the file; contacts and joint_sigma are NaN, since BVH does not hold them.

    Raises:
        FormatError: the file is not a BVH file or is malformed; the message names the line.
    """
    tokens = _Tokens(path, _text(path).splitlines())
    joints, ends = _parse_hierarchy(tokens)
    frames, fps = _parse_timing(tokens)
    rows = _parse_rows(tokens, frames, sum(len(joint.channels) for joint in joints))
    return _motion(path, joints, ends, fps, rows)


def _children(skeleton: Skeleton, joint: int) -> list[int]:
    return [child for child, parent in enumerate(skeleton.parents) if parent == joint]


def _depth_first(skeleton: Skeleton, joint: int = 0) -> list[int]:
    """Indices of the joints in the order in which a BVH file lists them."""
    return [joint, *(j for child in _children(skeleton, joint) for j in _depth_first(skeleton, child))]


def _hierarchy(skeleton: Skeleton) -> list[str]:
    ends = _end_sites(skeleton)

    def block(joint: int, depth: int) -> Iterator[str]:
        indent, inner = "\t" * depth, "\t" * (depth + 1)
        root = joint == 0
        yield f"{indent}{'ROOT' if root else 'JOINT'} {skeleton.joint_names[joint]}"
        yield indent + "{"
        yield inner + _offset(np.zeros(3) if root else skeleton.rest_offsets[joint])
        positions = "Xposition Yposition Zposition " if root else ""
        yield f"{inner}CHANNELS {6 if root else 3} {positions}Zrotation Xrotation Yrotation"
        if joint in ends:
            yield from (f"{inner}End Site", inner + "{", f"{inner}\t{_offset(ends[joint])}", inner + "}")
        for child in _children(skeleton, joint):
            yield from block(child, depth + 1)
        yield indent + "}"

    return ["HIERARCHY", *block(0, 0)]


def _offset(metres: FloatArray) -> str:
    x, y, z = np.round(metres * CM_PER_M, 6) + 0.0
    return f"OFFSET {x:.6f} {y:.6f} {z:.6f}"


def _end_sites(skeleton: Skeleton) -> dict[int, FloatArray]:
    """Where the last bones end, m from the joint: importers draw a bone from a leaf to its end site.

    The bone of a leaf goes on in its direction. The head ends upright above its joint; the toes end on the floor.
    """
    heights = kinematics.rest_positions(skeleton)[:, 1]
    ends: dict[int, FloatArray] = {}
    for joint, name in enumerate(skeleton.joint_names):
        if _children(skeleton, joint):
            continue
        offset = np.asarray(skeleton.rest_offsets[joint], dtype=np.float64)
        length = float(np.linalg.norm(offset))
        if name == "head":
            ends[joint] = np.array([0.0, 1.7 * length, 0.0])
        elif name.endswith("Toes"):
            ends[joint] = np.array([0.0, -heights[joint], 0.45 * length])
        else:
            ends[joint] = 0.7 * offset
    return ends


def _euler_zxy_deg(q: FloatArray) -> FloatArray:
    """Angles (T, J, 3) z, x, y in degrees, continuous over the frames, of quaternions (T, J, 4): R = Rz @ Rx @ Ry."""
    m = rotation.to_matrix(q)
    cosine = np.hypot(m[..., 0, 1], m[..., 1, 1])
    x = np.arctan2(m[..., 2, 1], cosine)
    # At x = 90 degrees only the sum of z and y is known: all of it goes to z.
    locked = cosine < GIMBAL_COSINE
    z = np.where(locked, np.arctan2(m[..., 1, 0], m[..., 0, 0]), np.arctan2(-m[..., 0, 1], m[..., 1, 1]))
    y = np.where(locked, 0.0, np.arctan2(-m[..., 2, 0], m[..., 2, 2]))
    return np.unwrap(np.degrees(np.stack([z, x, y], axis=-1)), period=360.0, axis=0)


@dataclass(slots=True)
class _Block:
    """A ROOT, JOINT or End Site of the file; the offset in m."""

    name: str
    parent: int
    index: int
    """Among the joints, or among the end sites."""
    offset: FloatArray = field(default_factory=lambda: np.zeros(3))
    channels: list[str] = field(default_factory=list)


class _Tokens:
    """The words of a text, with the number of the line that was reached."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        self.path, self.lines, self.line = path, lines, 0
        self._words = self._iterate()

    def _iterate(self) -> Iterator[str]:
        for number, text in enumerate(self.lines, start=1):
            self.line = number
            yield from text.split()

    def error(self, message: str) -> FormatError:
        """An error that names the file and the line."""
        return FormatError(f"{self.path}, line {self.line}: {message}")

    def next(self) -> str:
        """The next word."""
        word = next(self._words, None)
        if word is None:
            raise self.error("the file ends too early")
        return word

    def expect(self, *words: str) -> None:
        """Pass over the given words, whatever their case."""
        for expected in words:
            found = self.next()
            if found.upper() != expected.upper():
                raise self.error(f"expected {expected!r}, found {found!r}")

    def until(self, end: str) -> str:
        """All words before the word `end`, which is passed over."""
        return " ".join(iter(self.next, end))

    def number(self, word: str) -> float:
        """The value of a word that must be a finite number."""
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(f"expected a number, found {word!r}")
        return value

    def count(self) -> int:
        """The next word, which must be a whole number."""
        word = self.next()
        if not (word.isascii() and word.isdigit()):
            raise self.error(f"expected a whole number, found {word!r}")
        return int(word)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a BVH file: it is not text") from error


def _parse_hierarchy(tokens: _Tokens) -> tuple[list[_Block], list[_Block]]:
    """The joints in the order of the file, and the end sites. Reads up to the word MOTION."""
    tokens.expect("HIERARCHY")
    joints: list[_Block] = []
    ends: list[_Block] = []
    nested: list[_Block] = []
    while (word := tokens.next().upper()) != "MOTION" or nested:
        if word in ("ROOT", "JOINT", "END"):
            if (word == "ROOT") == bool(joints) or bool(joints) != bool(nested) or (ends and nested[-1] is ends[-1]):
                raise tokens.error("there must be one ROOT that holds all joints")
            group = ends if word == "END" else joints
            nested.append(_Block(tokens.until("{"), nested[-1].index if nested else -1, len(group)))
            group.append(nested[-1])
        elif not nested:
            raise tokens.error(f"unexpected {word!r}")
        elif word == "}":
            nested.pop()
        else:
            _parse_property(tokens, word, nested[-1])
    if not joints:
        raise tokens.error("there is no ROOT")
    return joints, ends


def _parse_property(tokens: _Tokens, word: str, block: _Block) -> None:
    if word == "OFFSET":
        block.offset = np.array([tokens.number(tokens.next()) for _ in range(3)]) / CM_PER_M
    elif word == "CHANNELS":
        block.channels = [tokens.next().lower() for _ in range(tokens.count())]
        unknown = [c for c in block.channels if c[:1] not in AXES or c[1:] not in ("position", "rotation")]
        if unknown:
            raise tokens.error(f"unknown channel {unknown[0]!r}")
    else:
        raise tokens.error(f"expected OFFSET, CHANNELS, JOINT, End Site or }}, found {word!r}")


def _parse_timing(tokens: _Tokens) -> tuple[int, Fraction]:
    """Number of frames and their rate."""
    tokens.expect("Frames:")
    frames = tokens.count()
    tokens.expect("Frame", "Time:")
    word = tokens.next()
    if frames == 0 or tokens.number(word) <= 0:
        raise tokens.error("the number of frames and the frame time must be greater than zero")
    return frames, _frame_rate(Decimal(word))


def _frame_rate(frame_time: Decimal) -> Fraction:
    """The whole, NTSC (n * 1000/1001) or simple rate whose frame time is the given one to its last digit.

    The limit for coarse digits is below the 0.1 percent between a whole rate and its NTSC neighbour.
    """
    exponent = frame_time.as_tuple().exponent
    last_digit = Fraction(10) ** exponent if isinstance(exponent, int) else Fraction(0)
    seconds = Fraction(frame_time)
    exact = 1 / seconds
    for rate in (Fraction(round(exact)), round(exact / NTSC) * NTSC, exact.limit_denominator(1001)):
        if rate > 0 and abs(1 / rate - seconds) <= min(last_digit, seconds / 5000):
            return rate
    return exact


def _parse_rows(tokens: _Tokens, frames: int, columns: int) -> FloatArray:
    """The numbers (frames, columns) on the lines after the current one."""
    rows: list[list[float]] = []
    for number, text in enumerate(tokens.lines[tokens.line :], start=tokens.line + 1):
        if words := text.split():
            tokens.line = number
            if len(words) != columns:
                raise tokens.error(f"expected {columns} numbers, found {len(words)}")
            rows.append([tokens.number(word) for word in words])
    if len(rows) != frames:
        raise tokens.error(f"the file says {frames} frames but holds {len(rows)}")
    return np.array(rows).reshape(frames, columns)


def _motion(path: Path, joints: list[_Block], ends: list[_Block], fps: Fraction, rows: FloatArray) -> Motion:
    first = np.cumsum([0] + [len(joint.channels) for joint in joints])
    values = [rows[:, first[j] : first[j + 1]] for j in range(len(joints))]
    positions = np.stack([_positions(joint, v) for joint, v in zip(joints, values, strict=True)], axis=1)
    rotations = np.stack([_rotations(joint, v) for joint, v in zip(joints, values, strict=True)], axis=1)
    stretch = np.ptp(positions[:, 1:], axis=0).max(axis=-1, initial=0.0)
    if np.any(stretch > STRETCH_TOLERANCE_M):
        name = joints[int(np.argmax(stretch)) + 1].name
        raise FormatError(f"{path}: joint {name} moves relative to its parent; only the root may have moving positions")
    rest_offsets = positions[0].copy()
    rest_offsets[0] = joints[0].offset
    if not np.any(joints[0].offset):
        rest_offsets[0, 1] = _height_above_lowest(joints, ends, rest_offsets)
    skeleton = Skeleton(tuple(j.name for j in joints), tuple(j.parent for j in joints), rest_offsets)
    return Motion(
        skeleton=skeleton,
        fps=fps,
        rotations=rotation.continuous(rotations),
        root_position=positions[:, 0],
        contacts=np.full((len(rows), len(CONTACT_POINTS)), np.nan),
        joint_sigma=np.full((len(rows), len(joints)), np.nan),
    )


def _positions(joint: _Block, values: FloatArray) -> FloatArray:
    """Positions (T, 3) m of a joint in the axes of its parent; position channels replace the offset."""
    positions = np.tile(joint.offset, (len(values), 1))
    columns = [i for i, channel in enumerate(joint.channels) if channel.endswith("position")]
    # Some programs write unused zeros below the root.
    if joint.parent < 0 or np.any(values[:, columns]):
        for i in columns:
            positions[:, AXES.index(joint.channels[i][0])] = values[:, i] / CM_PER_M
    return positions


def _rotations(joint: _Block, values: FloatArray) -> FloatArray:
    """Quaternions (T, 4): the rotation channels multiplied in their order."""
    q = np.tile(rotation.IDENTITY, (len(values), 1))
    for i, channel in enumerate(joint.channels):
        if channel.endswith("rotation"):
            axis = np.eye(3)[AXES.index(channel[0])]
            q = rotation.multiply(q, rotation.from_rotvec(np.radians(values[:, i, None]) * axis))
    return q


def _height_above_lowest(joints: list[_Block], ends: list[_Block], rest_offsets: FloatArray) -> float:
    """Height of the root, m, above the lowest joint or end site at rest."""
    heights = np.zeros(len(joints))
    for j, joint in enumerate(joints[1:], start=1):
        heights[j] = heights[joint.parent] + rest_offsets[j, 1]
    lowest = min([*heights, *(heights[end.parent] + end.offset[1] for end in ends)])
    return float(-lowest)

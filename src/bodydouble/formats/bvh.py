"""BVH (Biovision hierarchy) files: ``Motion`` <-> text with a skeleton and its motion, in centimetres and degrees.

Files are written so that all importers agree. The root's OFFSET is zero and its position channels are positions in the
world. The BVH channel order of all joints is ``Zrotation Xrotation Yrotation`` (matrix ``Rz @ Rx @ Ry``). The tip of
the toes lies on the floor at rest, which gives readers the height of the hips at rest.

Source: M. Meredith and S. Maddock, "Motion capture file formats explained", University of Sheffield, 2001.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import CONTACT_POINTS, FloatArray, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.formats import bvh_text
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.bvh_text import Tokens
from bodydouble.geometry import kinematics, rotation

CM_PER_M = 100.0
BLOCK_FRAMES = 6000
"""Number of frames that are converted at once."""
DECIMALS = 6
"""Decimals of centimetres and degrees in files."""
GIMBAL_LOCK_COSINE = 1e-7
"""Cosine of the x angle below which the z and y angles are not unique."""
AXES = "xyz"
POSITIONS, ANGLES = "Xposition Yposition Zposition ", "Zrotation Xrotation Yrotation"
"""Channels in the order in which they are written."""
ROOT_NAME = "root"
"""Name of a joint above the hips that carries the horizontal path."""
STRETCH_TOLERANCE_M = 1e-3
"""Maximum movement in m of a joint relative to its parent over the whole file."""


@dataclass(frozen=True, slots=True)
class BvhFile:
    """Content of a BVH file."""

    motion: Motion
    notes: tuple[str, ...]
    """Sentences on what was read differently than declared."""


def write(
    path: Path, motion: Motion, names: Mapping[str, str] | None = None, root_path: FloatArray | None = None
) -> None:
    """Writes a motion as BVH.

    Args:
        path: the file to write; it appears only when it is complete.
        motion: any motion with a tree of joints.
        names: joint -> name in the file, such as those of another rig; joints that it lacks keep their names.
        root_path: (T, 3) m, world, of a joint ``root`` above joint 0, which then moves relative to it.

    Raises:
        OutputError: the file cannot be written.
    """
    hierarchy = _hierarchy_lines(motion.skeleton, names or {})
    if root_path is not None:
        hierarchy = _add_root_joint(hierarchy)
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(hierarchy))
        frames = len(motion.rotations)
        file.write(f"\nMOTION\nFrames: {frames}\nFrame Time: {float(1 / motion.fps):.10f}\n")
        for rows in _value_rows(motion, root_path):
            # Adding zero turns the -0 that rounding leaves into 0.
            np.savetxt(file, np.round(rows, DECIMALS) + 0.0, fmt="%.6f")


def _value_rows(motion: Motion, root_path: FloatArray | None) -> Iterator[FloatArray]:
    """Yields the values (N, C) of the channels, some frames at a time, which bounds the memory."""
    joint_order = _depth_first_order(motion.skeleton)
    last: FloatArray | None = None
    for start in range(0, len(motion.rotations), BLOCK_FRAMES):
        rows = slice(start, start + BLOCK_FRAMES)
        angles = _to_euler_zxy_deg(motion.rotations[rows, joint_order], last)
        last = angles[-1]
        position, flat = motion.root_position[rows], angles.reshape(len(angles), -1)
        if root_path is None:
            columns = [position * CM_PER_M, flat]
        else:
            path = root_path[rows]
            columns = [path * CM_PER_M, np.zeros((len(path), 3)), (position - path) * CM_PER_M, flat]
        yield np.concatenate(columns, axis=1)


def read(path: Path) -> Motion:
    """Reads the motion of a BVH file, see read_file."""
    return read_file(path).motion


def read_file(path: Path) -> BvhFile:
    """Reads a BVH file as if its unit were the centimetre.

    Joint names, their encoding, channel orders and the hierarchy are free; rows may be wrapped. The root's position
    channels are positions in the world, as in Blender, MotionBuilder and Mixamo. If the root's OFFSET is zero, the rest
    pose is placed on the floor.

    Args:
        path: the file to read.

    Returns:
        The motion, in the axes of the file, and notes on what was read differently than declared; contacts and
        joint_sigma are NaN, since BVH does not hold them.

    Raises:
        FormatError: the file is not a BVH file or is malformed; the message names the line.
    """
    text, encoding = bvh_text.read_text(path)
    tokens = Tokens(path, text.splitlines())
    if encoding is not None:
        tokens.notes.append(f"names are not UTF-8; they are read as {encoding}")
    joints, ends = _parse_hierarchy(tokens)
    frames, fps = bvh_text.parse_timing(tokens)
    rows = bvh_text.parse_rows(tokens, frames, sum(len(joint.channels) for joint in joints))
    return BvhFile(_build_motion(path, joints, ends, fps, rows), tuple(tokens.notes))


def _children(skeleton: Skeleton, joint: int) -> list[int]:
    return [child for child, parent in enumerate(skeleton.parents) if parent == joint]


def _depth_first_order(skeleton: Skeleton, joint: int = 0) -> list[int]:
    """Returns the indices of the joints in the order of a BVH file: depth first."""
    return [joint, *(j for child in _children(skeleton, joint) for j in _depth_first_order(skeleton, child))]


def _hierarchy_lines(skeleton: Skeleton, names: Mapping[str, str]) -> list[str]:
    """Returns the lines of the HIERARCHY section."""
    ends = _end_sites(skeleton)

    def joint_lines(joint: int, depth: int) -> Iterator[str]:
        indent, inner_indent = "\t" * depth, "\t" * (depth + 1)
        root = joint == 0
        name = skeleton.joint_names[joint]
        yield f"{indent}{'ROOT' if root else 'JOINT'} {names.get(name, name)}"
        yield indent + "{"
        yield inner_indent + _offset_line(np.zeros(3) if root else skeleton.rest_offsets[joint])
        yield f"{inner_indent}CHANNELS {6 if root else 3} {POSITIONS if root else ''}{ANGLES}"
        if joint in ends:
            yield from (
                f"{inner_indent}End Site",
                inner_indent + "{",
                f"{inner_indent}\t{_offset_line(ends[joint])}",
                inner_indent + "}",
            )
        for child in _children(skeleton, joint):
            yield from joint_lines(child, depth + 1)
        yield indent + "}"

    return ["HIERARCHY", *joint_lines(0, 0)]


def _add_root_joint(hierarchy: list[str]) -> list[str]:
    """Returns the lines of a hierarchy below one more joint at the origin."""
    title, top, *lines = hierarchy
    joint = top.replace("ROOT", "JOINT")
    root = [f"ROOT {ROOT_NAME}", "{", "\t" + _offset_line(np.zeros(3)), f"\tCHANNELS 6 {POSITIONS}{ANGLES}"]
    return [title, *root, *("\t" + line for line in (joint, *lines)), "}"]


def _offset_line(metres: FloatArray) -> str:
    """Formats an offset (3,) m."""
    x, y, z = np.round(metres * CM_PER_M, DECIMALS) + 0.0
    return f"OFFSET {x:.6f} {y:.6f} {z:.6f}"


def _end_sites(skeleton: Skeleton) -> dict[int, FloatArray]:
    """Returns the end sites of leaf joints, (3,) m from the joint: importers draw a bone from a leaf to its end site.

    The bone of a leaf continues in its direction. The head ends upright above its joint; the toes end on the floor.
    """
    # Rounded as in the file, so that a file that is read and written again stays the same.
    offsets = np.round(skeleton.rest_offsets * CM_PER_M, DECIMALS) / CM_PER_M
    heights = kinematics.rest_positions(replace(skeleton, rest_offsets=offsets))[:, 1]
    ends: dict[int, FloatArray] = {}
    for joint, name in enumerate(skeleton.joint_names):
        if _children(skeleton, joint):
            continue
        offset = offsets[joint]
        length = float(np.linalg.norm(offset))
        if name == "head":
            ends[joint] = np.array([0.0, 1.7 * length, 0.0])
        elif name.endswith("Toes"):
            ends[joint] = np.array([0.0, -heights[joint], 0.45 * length])
        else:
            ends[joint] = 0.7 * offset
    return ends


def _to_euler_zxy_deg(q: FloatArray, before: FloatArray | None = None) -> FloatArray:
    """Converts quaternions (T, J, 4) to angles (T, J, 3) z, x, y in degrees, continuous in time: R = Rz @ Rx @ Ry.

    They continue the angles (J, 3) of the frame before, if those are given.
    """
    m = rotation.to_matrix(q)
    cosine = np.hypot(m[..., 0, 1], m[..., 1, 1])
    x = np.arctan2(m[..., 2, 1], cosine)
    # At x = 90 degrees only the sum of z and y is defined: all of it goes to z.
    locked = cosine < GIMBAL_LOCK_COSINE
    z = np.where(locked, np.arctan2(m[..., 1, 0], m[..., 0, 0]), np.arctan2(-m[..., 0, 1], m[..., 1, 1]))
    y = np.where(locked, 0.0, np.arctan2(-m[..., 2, 0], m[..., 2, 2]))
    angles = np.degrees(np.stack([z, x, y], axis=-1))
    if before is None:
        return np.unwrap(angles, period=360.0, axis=0)
    return np.unwrap(np.concatenate([before[None], angles]), period=360.0, axis=0)[1:]


@dataclass(slots=True)
class _HierarchyNode:
    """A ROOT, JOINT or End Site of the file."""

    name: str
    parent: int
    index: int
    """Position among the joints, or among the end sites."""
    offset: FloatArray = field(default_factory=lambda: np.zeros(3))
    """(3,) m from the parent."""
    channels: list[str] = field(default_factory=list)


def _parse_hierarchy(tokens: Tokens) -> tuple[list[_HierarchyNode], list[_HierarchyNode]]:
    """Reads up to the word MOTION; returns the joints in the order of the file, and the end sites."""
    tokens.expect("HIERARCHY")
    joints: list[_HierarchyNode] = []
    ends: list[_HierarchyNode] = []
    open_nodes: list[_HierarchyNode] = []
    while (word := tokens.next_word().upper()) != "MOTION" or open_nodes:
        if word in ("ROOT", "JOINT", "END"):
            if (
                (word == "ROOT") == bool(joints)
                or bool(joints) != bool(open_nodes)
                or (ends and open_nodes[-1] is ends[-1])
            ):
                raise tokens.error("there must be one ROOT that holds all joints")
            group = ends if word == "END" else joints
            open_nodes.append(
                _HierarchyNode(tokens.read_until("{"), open_nodes[-1].index if open_nodes else -1, len(group))
            )
            group.append(open_nodes[-1])
        elif not open_nodes:
            raise tokens.error(f"unexpected {word!r}")
        elif word == "}":
            open_nodes.pop()
        else:
            _parse_property(tokens, word, open_nodes[-1])
    if not joints:
        raise tokens.error("there is no ROOT")
    return joints, ends


def _parse_property(tokens: Tokens, word: str, node: _HierarchyNode) -> None:
    if word == "OFFSET":
        node.offset = np.array([tokens.parse_number(tokens.next_word()) for _ in range(3)]) / CM_PER_M
    elif word == "CHANNELS":
        node.channels = [tokens.next_word().lower() for _ in range(tokens.next_count())]
        unknown_channels = [c for c in node.channels if c[:1] not in AXES or c[1:] not in ("position", "rotation")]
        if unknown_channels:
            raise tokens.error(f"unknown channel {unknown_channels[0]!r}")
    else:
        raise tokens.error(f"expected OFFSET, CHANNELS, JOINT, End Site or }}, found {word!r}")


def _build_motion(
    path: Path, joints: list[_HierarchyNode], ends: list[_HierarchyNode], fps: Fraction, rows: FloatArray
) -> Motion:
    first_columns = np.cumsum([0] + [len(joint.channels) for joint in joints])
    values = [rows[:, first_columns[j] : first_columns[j + 1]] for j in range(len(joints))]
    positions = np.stack([_joint_positions(joint, v) for joint, v in zip(joints, values, strict=True)], axis=1)
    rotations = np.stack([_joint_rotations(joint, v) for joint, v in zip(joints, values, strict=True)], axis=1)
    if _has_moving_root(joints, positions):
        joints, ends, positions, rotations = _merge_root(joints, ends, positions, rotations)
    stretch = np.ptp(positions[:, 1:], axis=0).max(axis=-1, initial=0.0)
    if np.any(stretch > STRETCH_TOLERANCE_M):
        name = joints[int(np.argmax(stretch)) + 1].name
        raise FormatError(f"{path}: joint {name} moves relative to its parent; only the root may have moving positions")
    rest_offsets = positions[0].copy()
    rest_offsets[0] = joints[0].offset
    if not np.any(joints[0].offset):
        rest_offsets[0, 1] = _root_height(joints, ends, rest_offsets)
    skeleton = Skeleton(tuple(j.name for j in joints), tuple(j.parent for j in joints), rest_offsets)
    return Motion(
        skeleton=skeleton,
        fps=fps,
        rotations=rotation.make_continuous(rotations),
        root_position=positions[:, 0],
        contacts=np.full((len(rows), len(CONTACT_POINTS)), np.nan),
        joint_sigma=np.full((len(rows), len(joints)), np.nan),
    )


def _has_moving_root(joints: list[_HierarchyNode], positions: FloatArray) -> bool:
    """Returns whether the root has one child that branches and moves relative to it: hips below a root on the floor."""
    parents = [joint.parent for joint in joints]
    is_chain = parents.count(0) == 1 and parents.count(1) > 1
    return is_chain and bool(np.ptp(positions[:, 1], axis=0).max() > STRETCH_TOLERANCE_M)


def _merge_root(
    joints: list[_HierarchyNode], ends: list[_HierarchyNode], positions: FloatArray, rotations: FloatArray
) -> tuple[list[_HierarchyNode], list[_HierarchyNode], FloatArray, FloatArray]:
    """Makes the only child of the root the root: it gets the motion of both."""
    positions[:, 1] = positions[:, 0] + rotation.rotate(rotations[:, 0], positions[:, 1])
    rotations[:, 1] = rotation.multiply(rotations[:, 0], rotations[:, 1])
    nodes = [replace(joint, parent=joint.parent - 1, index=joint.index - 1) for joint in joints[1:]]
    moved_ends = [replace(end, parent=end.parent - 1) for end in ends]
    return nodes, moved_ends, positions[:, 1:], rotations[:, 1:]


def _joint_positions(joint: _HierarchyNode, values: FloatArray) -> FloatArray:
    """Returns positions (T, 3) m of a joint in the axes of its parent; position channels replace the offset."""
    positions = np.tile(joint.offset, (len(values), 1))
    columns = [i for i, channel in enumerate(joint.channels) if channel.endswith("position")]
    # Some programs write unused zeros below the root.
    if joint.parent < 0 or np.any(values[:, columns]):
        for i in columns:
            positions[:, AXES.index(joint.channels[i][0])] = values[:, i] / CM_PER_M
    return positions


def _joint_rotations(joint: _HierarchyNode, values: FloatArray) -> FloatArray:
    """Returns quaternions (T, 4): the rotation channels multiplied in their order."""
    q = np.tile(rotation.IDENTITY, (len(values), 1))
    for i, channel in enumerate(joint.channels):
        if channel.endswith("rotation"):
            axis = np.eye(3)[AXES.index(channel[0])]
            q = rotation.multiply(q, rotation.from_rotvec(np.radians(values[:, i, None]) * axis))
    return q


def _root_height(joints: list[_HierarchyNode], ends: list[_HierarchyNode], rest_offsets: FloatArray) -> float:
    """Returns the height of the root, m, above the lowest joint or end site at rest."""
    heights = np.zeros(len(joints))
    for j, joint in enumerate(joints[1:], start=1):
        heights[j] = heights[joint.parent] + rest_offsets[j, 1]
    lowest = min([*heights, *(heights[end.parent] + end.offset[1] for end in ends)])
    return float(-lowest)

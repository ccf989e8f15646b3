"""Scene of an FBX file: its objects in space, at rest, in the bind pose and over time.

Source of the transforms: Autodesk, "Computing transformation matrices", FBX SDK documentation.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, IntArray
from bodydouble.errors import FormatError
from bodydouble.formats.fbx import document, euler, text_document
from bodydouble.formats.fbx.objects import TICKS_PER_SECOND
from bodydouble.formats.fbx.scene_animation import Curve, Take, read_frame_rate, read_take
from bodydouble.formats.fbx.scene_objects import SceneObjects, read_properties
from bodydouble.geometry import rotation

RRSS, RSRS, RRS = 0, 1, 2
"""Values of InheritType: an object's rotation follows that of its parent before its scale, after it, or without the
scale of the parent itself."""
CM = 0.01
BONES = ("LimbNode", "Limb", "Root", "Effector")
"""Variants of objects that are bones."""
MAX_MODELS = 20_000
FRAME_BLOCK = 64
"""Number of frames whose matrices are computed at once."""


@dataclass(frozen=True)
class FbxScene:
    """Objects of a file in its own axes and unit; ``metres_from_file`` leads to metres and +Y up. N objects."""

    path: Path
    objects: SceneObjects
    models: tuple[int, ...]
    """Numbers of the N objects with a place in space, parents before children."""
    parents: tuple[int, ...]
    """Index of the parent of each, -1 at the top."""
    metres_from_file: FloatArray
    """(4, 4) rotation to +Y up, and scale."""
    fps: Fraction
    take: Take | None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the objects."""
        return tuple(self.objects.name(number) for number in self.models)

    @cached_property
    def index(self) -> dict[int, int]:
        """Number -> index of the objects."""
        return {number: i for i, number in enumerate(self.models)}

    def is_bone(self, index: int) -> bool:
        """Returns whether an object is declared as a bone."""
        return self.objects.subclass(self.models[index]) in BONES

    def is_empty(self, index: int) -> bool:
        """Returns whether an object is declared as one without a shape."""
        return self.objects.subclass(self.models[index]) == "Null"

    def rest_matrices(self) -> FloatArray:
        """Returns world from object (N, 4, 4) in metres, as the file stores the objects without animation."""
        return np.asarray(self._matrices(None)[0])

    def frame_matrices(self, first: int, last: int) -> FloatArray:
        """Returns world from object (T, N, 4, 4) in metres in a range of frames of the animation."""
        if self.take is None:
            raise FormatError(f"{self.path}: contains no animation")
        seconds_per_frame = TICKS_PER_SECOND / self.fps
        ticks = [self.take.start + round(frame * seconds_per_frame) for frame in range(first, last)]
        return self._matrices(np.array(ticks, np.int64))

    def bind_pose(self) -> dict[int, FloatArray]:
        """Returns world from object (4, 4) in metres of the objects in the bind poses of the file: index -> matrix."""
        matrices: dict[int, FloatArray] = {}
        for pose in self.objects.all_of("Pose"):
            node = self.objects.nodes[pose]
            for entry in node.find_all("PoseNode") if node.value("Type", "BindPose") == "BindPose" else ():
                index = self.index.get(int(entry.value("Node", 0)))
                if index is not None:
                    matrices.setdefault(index, self.to_metres(read_matrix(entry.value("Matrix"))))
        return matrices

    def to_metres(self, world_from_object: FloatArray) -> FloatArray:
        """Converts matrices (..., 4, 4) of the file to metres and +Y up; the axes of the objects stay unscaled."""
        scale = np.linalg.norm(self.metres_from_file[:3, 0])
        matrices = self.metres_from_file @ world_from_object
        matrices[..., :3, :3] /= scale
        return matrices

    def _matrices(self, ticks: IntArray | None) -> FloatArray:
        frames = 1 if ticks is None else len(ticks)
        world = np.tile(np.eye(4), (frames, len(self.models), 1, 1))
        rotations = np.tile(np.eye(3), (frames, len(self.models), 1, 1))
        scales = np.ones((frames, len(self.models), 3))
        for i, (number, parent) in enumerate(zip(self.models, self.parents, strict=True)):
            translation, local_rotation, scales[:, i] = self._local(number, ticks)
            if parent < 0:
                world[:, i, :3, :3], rotations[:, i] = local_rotation * scales[:, i, None], local_rotation
                world[:, i, :3, 3] = translation
                continue
            above, above_rotation = world[:, parent], rotations[:, parent]
            rotations[:, i] = above_rotation @ local_rotation
            inherit = int(self.objects.number(number, "InheritType", RRSS))
            if inherit == RSRS:
                linear = above[:, :3, :3] @ (local_rotation * scales[:, i, None])
            else:
                stretch = np.swapaxes(above_rotation, -1, -2) @ above[:, :3, :3]
                if inherit == RRS:
                    stretch = stretch / scales[:, parent, None]
                linear = rotations[:, i] @ stretch * scales[:, i, None]
            world[:, i, :3, :3] = linear
            world[:, i, :3, 3] = (above[:, :3, :3] @ translation[..., None])[..., 0] + above[:, :3, 3]
        return self.to_metres(world)

    def _local(self, number: int, ticks: IntArray | None) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Returns translation (T, 3), rotation (T, 3, 3) and scale (T, 3) of an object relative to its parent."""
        vector = self.objects.vector
        scale = self._channel(number, "Lcl Scaling", 1.0, ticks)
        angles = self._channel(number, "Lcl Rotation", 0.0, ticks)
        turn = self._rotation(number, angles)
        pivot, scale_pivot = vector(number, "RotationPivot"), vector(number, "ScalingPivot")
        inner = vector(number, "ScalingOffset") + scale_pivot - pivot - scale * scale_pivot
        translation = self._channel(number, "Lcl Translation", 0.0, ticks) + vector(number, "RotationOffset") + pivot
        return translation + (turn @ inner[..., None])[..., 0], turn, scale

    def _rotation(self, number: int, angles_deg: FloatArray) -> FloatArray:
        """Returns the rotation matrices (T, 3, 3) of an object, with what stands before and after its angles."""
        if not self.objects.number(number, "RotationActive", 0.0):
            return rotation.to_matrix(euler.to_quaternions(angles_deg))
        order = int(self.objects.number(number, "RotationOrder", 0.0))
        turn = euler.to_quaternions(angles_deg, order if 0 <= order < len(euler.ORDERS) else 0)
        before = euler.to_quaternions(self.objects.vector(number, "PreRotation"))
        after = euler.to_quaternions(self.objects.vector(number, "PostRotation"))
        return rotation.to_matrix(rotation.multiply(rotation.multiply(before, turn), rotation.conjugate(after)))

    def _channel(self, number: int, prop: str, default: float, ticks: IntArray | None) -> FloatArray:
        """Returns a property (T, 3) of an object."""
        static = self.objects.vector(number, prop, default)
        if not np.isfinite(static).all():
            raise FormatError("damaged FBX file: an object has a transform that is not finite")
        if ticks is None or self.take is None:
            return static[None]
        channel = self.take.channels.get((number, prop), (None, None, None))
        columns = [
            c.evaluate(ticks) if isinstance(c, Curve) else np.full(len(ticks), value if c is None else c)
            for c, value in zip(channel, static, strict=True)
        ]
        return np.stack(columns, axis=-1)


def read_scene(path: Path) -> FbxScene:
    """Reads the objects, the bind pose and the first animation of a binary or text FBX 7.x file.

    Raises:
        FormatError: the file is not such a file, or is damaged.
    """
    root = text_document.read(path) if text_document.is_text_file(path) else document.read(path)
    with document.damage_errors(path):
        objects = SceneObjects(root)
        models, parents = _order_models(objects)
        fps = read_frame_rate(root)
        return FbxScene(path, objects, models, parents, _metres_from_file(root), fps, read_take(objects, fps))


def _order_models(objects: SceneObjects) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns the objects with a place in space, parents first, and the index of the parent of each."""
    parent_of = {number: next(iter(objects.parents(number, "Model")), 0) for number in objects.all_of("Model")}
    children: dict[int, list[int]] = {}
    for number, parent in parent_of.items():
        children.setdefault(parent, []).append(number)
    order: list[int] = []
    waiting = list(reversed(children.get(0, [])))
    while waiting:
        order.append(waiting.pop())
        waiting += reversed(children.get(order[-1], []))
    if len(order) < len(parent_of):
        raise FormatError("damaged FBX file: its objects form a loop")
    if len(order) > MAX_MODELS:
        raise FormatError(f"its scene has {len(order)} objects; at most {MAX_MODELS} are read")
    index = {number: i for i, number in enumerate(order)}
    return tuple(order), tuple(index.get(parent_of[number], -1) for number in order)


def _metres_from_file(root: document.Node) -> FloatArray:
    """Returns the matrix (4, 4) from the axes and the unit of a file to metres, +X left, +Y up, +Z forward."""
    settings = read_properties(root.find("GlobalSettings") or document.Node(""))

    def number(name: str, default: float) -> float:
        return float((settings.get(name) or [default])[0])

    rows = np.zeros((3, 3))
    for row, (name, axis) in enumerate((("Coord", 0), ("Up", 1), ("Front", 2))):
        rows[row, int(number(f"{name}Axis", axis))] = np.sign(number(f"{name}AxisSign", 1.0))
    if not np.isclose(np.linalg.det(rows), 1.0):
        raise FormatError("its axes are not those of a right-handed frame")
    unit = number("UnitScaleFactor", 1.0) * CM
    if not (np.isfinite(unit) and unit > 0):
        raise FormatError("its unit is not above 0")
    matrix = np.eye(4)
    matrix[:3, :3] = unit * rows
    return matrix


def read_matrix(values: FloatArray | None) -> FloatArray:
    """Returns a matrix (4, 4) whose columns a file stores one after the other.

    Raises:
        FormatError: there are not 16 finite values.
    """
    if not isinstance(values, np.ndarray) or values.size != 16 or not np.isfinite(values).all():
        raise FormatError("damaged FBX file: a matrix has not 16 finite values")
    return values.reshape(4, 4).T.astype(np.float64)

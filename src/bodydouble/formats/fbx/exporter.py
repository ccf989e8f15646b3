"""Export of animated characters as FBX 7.4: centimetres, +Y up, one root bone per character, keys in every frame.

Source: B. Montagne, "FBX file structure", https://wiki.blender.org/index.php/User:Mont29/Foundation/FBX_File_Structure
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import Character, FloatArray, IntArray, MorphWeights
from bodydouble.errors import InvalidDataError
from bodydouble.formats.fbx import document, euler
from bodydouble.formats.fbx.mesh_objects import add_meshes
from bodydouble.formats.fbx.objects import SCENE, Objects, add_properties, sections, to_ticks
from bodydouble.formats.fbx.skeleton_objects import (
    CM_PER_M,
    BoneNaming,
    Group,
    SkeletonObjects,
    add_bind_pose,
    add_model,
    add_skeleton,
    to_local,
)
from bodydouble.geometry import kinematics, rotation

LINEAR_KEY = 4
"""Attribute of a key: linear interpolation to the next one."""
KEY_VERSION = 4009
DEFORM_PERCENT = "DeformPercent"
"""Property of the channel of a morph target: its weight in percent."""
STATIC_WEIGHT_TOLERANCE = 1e-6
"""A morph target whose weight stays this close to 0 gets no curve."""
STATIC_ROTATION_TOLERANCE = 1e-6
"""A joint whose quaternion stays this close to its rest rotation gets no curve."""


@dataclass(frozen=True, slots=True)
class AnimatedModel:
    """A character and its motion over T frames."""

    name: str
    """Name of the mesh, and of the namespace if there are several characters in a file."""
    character: Character
    rotations: FloatArray
    """(T, J, 4) xyzw, rotation of every joint, local to its parent."""
    hips_translation: FloatArray
    """(T, 3) m, translation of the hips, local to their parent."""
    first_frame: int = 0
    """Frame of the clip in which the motion begins; the character stands still before and after it."""
    root_translation: FloatArray | None = None
    """(T, 3) m, of the root bone, from the origin; None: it stands still."""
    weights: MorphWeights | None = None
    """(T, K) weights of the morph targets of each mesh; None: the face stands still."""

    def __post_init__(self) -> None:
        frames, joints = len(self.rotations), len(self.character.skeleton.joint_names)
        if frames == 0 or self.rotations.shape != (frames, joints, 4) or self.hips_translation.shape != (frames, 3):
            raise InvalidDataError(
                f"animation of {self.name}: rotations {self.rotations.shape} and hips_translation "
                f"{self.hips_translation.shape}, expected (frames, {joints}, 4) and (frames, 3)"
            )
        if not (np.isfinite(self.rotations).all() and np.isfinite(self.hips_translation).all()):
            raise InvalidDataError(f"animation of {self.name}: there are values that are not finite")


def write(
    path: Path,
    models: Sequence[AnimatedModel],
    fps: Fraction,
    take: str,
    naming: BoneNaming = BoneNaming.CHARACTER,
) -> None:
    """Writes animated characters into one file with one take.

    Args:
        path: the .fbx file to write; it appears only when it is complete.
        models: at least one character.
        fps: rate of the frames; frame i is shown at i / fps seconds.
        take: name of the animation.
        naming: names of the bones.

    Raises:
        OutputError: the file cannot be written.
    """
    objects = Objects()
    layer = _add_take(objects, fps, max(model.first_frame + len(model.rotations) for model in models), take)
    for model in models:
        group = _add_group(objects, model.name) if len(models) > 1 else Group(SCENE, "")
        _add_model(objects, model, fps, layer, naming, group)
    frames = max(model.first_frame + len(model.rotations) for model in models)
    document.write(path, sections(objects, fps, frames, take))


def _add_take(objects: Objects, fps: Fraction, frames: int, take: str) -> np.int64:
    """Adds the animation stack and its layer; returns the number of the layer."""
    stack, node = objects.add("AnimationStack", take, "AnimStack", "")
    span = [("Start", np.int64(0)), ("Stop", to_ticks(frames - 1, fps))]
    add_properties(node, {f"{kind}{end}": ("KTime", ticks) for kind in ("Local", "Reference") for end, ticks in span})
    layer, node = objects.add("AnimationLayer", "BaseLayer", "AnimLayer", "")
    add_properties(node, {"Weight": ("Number", 100.0)})
    objects.connect(layer, stack)
    return layer


def _add_group(objects: Objects, name: str) -> Group:
    """Adds an empty object above the bones and the mesh of a character, by which importers tell characters apart."""
    number = add_model(objects, name, "Null", np.zeros(3), np.zeros(3))
    objects.connect(number, SCENE)
    return Group(number, f"{name}:")


def _add_model(
    objects: Objects, model: AnimatedModel, fps: Fraction, layer: np.int64, naming: BoneNaming, group: Group
) -> None:
    character = model.character
    skeleton = add_skeleton(objects, character, naming, group)
    bind_pose = skeleton.bind_pose()
    channels: dict[str, np.int64] = {}
    if character.meshes:
        name = f"{group.namespace}mesh" if group.namespace else model.name
        mesh, channels = add_meshes(objects, character, skeleton, name, group.number)
        bind_pose[mesh] = np.eye(4)
    add_bind_pose(objects, bind_pose)
    times = np.array([to_ticks(model.first_frame + i, fps) for i in range(len(model.rotations))])
    curves = _Curves(objects, layer, times)
    curves.add_motion(model, skeleton)
    curves.add_weights(model, channels)


class _Curves:
    """Writer of the curves of a character; all have keys at the same times."""

    def __init__(self, objects: Objects, layer: np.int64, times: IntArray) -> None:
        self._objects, self._layer, self._times = objects, layer, times
        self._flags = np.array([LINEAR_KEY], np.int32)
        self._tangents = np.zeros(4, np.float32)
        self._counts = np.array([len(times)], np.int32)

    def add_motion(self, model: AnimatedModel, skeleton: SkeletonObjects) -> None:
        """Adds curves for the translation of the hips and the rotation of every joint that leaves its rest pose."""
        character = model.character
        hips = character.humanoid["hips"]
        rest = rotation.normalize(kinematics.local_rotations(character.skeleton.parents, character.rest_rotations))
        rotations, translation = rotation.normalize(model.rotations), model.hips_translation * CM_PER_M
        path, rotations[:, 0] = to_local(skeleton.top, translation, rotations[:, 0])
        rest[0] = to_local(skeleton.top, translation[0], rest[0])[1]
        # The signs of two quaternions of the same rotation may differ.
        difference = np.minimum(np.abs(rotations - rest).max(axis=-1), np.abs(rotations + rest).max(axis=-1))
        moving = np.flatnonzero(difference.max(axis=0) > STATIC_ROTATION_TOLERANCE)
        angles = euler.from_quaternions(np.concatenate([rest[None, moving], rotations[:, moving]]))[1:]
        for k, joint in enumerate(moving):
            self._add_vector_curve(skeleton.bones[joint], "Lcl Rotation", "R", angles[:, k])
        self._add_vector_curve(skeleton.bones[hips], "Lcl Translation", "T", path if hips == 0 else translation)
        if model.root_translation is not None:
            root = skeleton.bones[0] if skeleton.added_root is None else skeleton.added_root
            self._add_vector_curve(root, "Lcl Translation", "T", model.root_translation * CM_PER_M)

    def add_weights(self, model: AnimatedModel, channels: Mapping[str, np.int64]) -> None:
        """Adds a curve, in percent, for each channel of a morph target whose weight changes."""
        values = {
            target.name: weights[:, k]
            for mesh, weights in zip(model.character.meshes, model.weights or (), strict=False)
            if weights is not None
            for k, target in enumerate(mesh.morph_targets)
        }
        for name, weights in values.items():
            if np.abs(weights).max() > STATIC_WEIGHT_TOLERANCE:
                number, node = self._objects.add("AnimationCurveNode", DEFORM_PERCENT, "AnimCurveNode", "")
                add_properties(node, {f"d|{DEFORM_PERCENT}": ("Number", 100.0 * float(weights[0]))})
                self._objects.connect(number, self._layer)
                self._objects.connect(number, channels[name], DEFORM_PERCENT)
                self._objects.connect(self._add_curve(100.0 * weights), number, f"d|{DEFORM_PERCENT}")

    def _add_vector_curve(self, bone: np.int64, prop: str, name: str, values: FloatArray) -> None:
        """Adds the curves of a property of a bone, (T, 3)."""
        number, node = self._objects.add("AnimationCurveNode", name, "AnimCurveNode", "")
        add_properties(node, {f"d|{axis}": ("Number", float(values[0, k])) for k, axis in enumerate("XYZ")})
        self._objects.connect(number, self._layer)
        self._objects.connect(number, bone, prop)
        for k, axis in enumerate("XYZ"):
            self._objects.connect(self._add_curve(values[:, k]), number, f"d|{axis}")

    def _add_curve(self, values: FloatArray) -> np.int64:
        number, node = self._objects.add("AnimationCurve", "", "AnimCurve", "")
        node.add("Default", float(values[0]))
        node.add("KeyVer", KEY_VERSION)
        node.add("KeyTime", self._times)
        node.add("KeyValueFloat", values.astype(np.float32))
        node.add("KeyAttrFlags", self._flags)
        node.add("KeyAttrDataFloat", self._tangents)
        node.add("KeyAttrRefCount", self._counts)
        return number

"""Skeletons of an FBX file that is being written: bones with their rest pose, and the bind pose."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bodydouble.data import Character, FloatArray
from bodydouble.formats.fbx import euler
from bodydouble.formats.fbx.objects import Objects, add_properties
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons.rigs.export_names import BONE_NAMES

CM_PER_M = 100.0
ROOT_NAME = "root"
"""Name of the bone at the origin, which Unreal expects."""
Z_UP = np.array([-np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)])
"""Rotation (4,) of an added root bone: its z axis points up, as in Unreal. Blender shows it flat on the floor; it would
connect an upright one to the hips, which then could not move."""
CONTAINER_NAME = re.compile(r"armature", re.IGNORECASE)
"""Name of an object that Unreal leaves out above the bones, or takes for the root bone."""
ORIGIN_TOLERANCE = 1e-4
"""Maximum distance in m from the origin of a joint that serves as the root bone."""
MATRIX_SCALE = np.array([1.0, 1.0, 1.0, CM_PER_M])


class BoneNaming(StrEnum):
    """Names of the bones in the file."""

    CHARACTER = "character"
    MIXAMO = "mixamo"
    UNREAL = "unreal"


@dataclass(frozen=True, slots=True)
class Group:
    """Object above the bones and the mesh of a character."""

    number: np.int64
    namespace: str
    """Text before the names of the bones; it tells those of several characters apart."""


@dataclass(frozen=True, slots=True)
class SkeletonObjects:
    """Numbers of the bones of a character with J joints."""

    bones: tuple[np.int64, ...]
    """J objects, one per joint."""
    added_root: np.int64 | None
    """The bone at the origin that was added above joint 0, if one was."""
    top: FloatArray
    """(4,) xyzw, rotation of the object above joint 0."""
    bind: FloatArray
    """(J, 4, 4) world from joint in the bind pose, with translations in cm."""

    def bind_pose(self) -> dict[np.int64, FloatArray]:
        """Returns the matrix (4, 4) of every bone in the bind pose, with translations in cm."""
        matrices = dict(zip(self.bones, self.bind, strict=True))
        if self.added_root is not None:
            matrices[self.added_root] = np.eye(4)
            matrices[self.added_root][:3, :3] = rotation.to_matrix(self.top)
        return matrices


def add_skeleton(objects: Objects, character: Character, naming: BoneNaming, group: Group) -> SkeletonObjects:
    """Adds the bones of a character in its rest pose, below one root bone at the origin.

    Joint 0 serves as the root bone if it is at the origin and not the hips; otherwise a bone is added above it.
    Characters of Mixamo have no root bone.

    Args:
        objects: receives the bones.
        character: a character with J joints.
        naming: names of the bones.
        group: object above the bones.
    """
    skeleton, names = character.skeleton, bone_names(character, naming)
    top, added_root = rotation.IDENTITY, None
    if naming is not BoneNaming.MIXAMO and not has_root_bone(character):
        top = Z_UP
        added_root = _add_bone(objects, group.namespace + _unused_name(ROOT_NAME, names), np.zeros(3), top)
        objects.connect(added_root, group.number)
    top_bone = group.number if added_root is None else added_root
    rest = kinematics.local_rotations(skeleton.parents, character.rest_rotations)
    offsets = skeleton.rest_offsets * CM_PER_M
    offsets[0], rest[0] = to_local(top, offsets[0], rest[0])
    bones: list[np.int64] = []
    for j, parent in enumerate(skeleton.parents):
        bones.append(_add_bone(objects, group.namespace + names[j], offsets[j], rest[j]))
        objects.connect(bones[j], top_bone if parent < 0 else bones[parent])
    bind = kinematics.bind_matrices(character) * MATRIX_SCALE
    bind[:, 3, 3] = 1.0
    return SkeletonObjects(tuple(bones), added_root, top, bind)


def to_local(top: FloatArray, positions: FloatArray, rotations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Expresses positions (..., 3) and rotations (..., 4) of joint 0 relative to the object above it."""
    inverse = rotation.conjugate(top)
    return rotation.rotate(inverse, positions), rotation.multiply(inverse, rotations)


def has_root_bone(character: Character) -> bool:
    """Returns whether joint 0 is a root bone: at the origin, and not the hips."""
    at_origin = np.linalg.norm(character.skeleton.rest_offsets[0]) < ORIGIN_TOLERANCE
    return bool(character.humanoid["hips"] != 0 and at_origin)


def bone_names(character: Character, naming: BoneNaming) -> list[str]:
    """Returns the names of the J bones, each different."""
    table = BONE_NAMES.get(naming, {})
    renamed = {j: table[bone] for bone, j in character.humanoid.items() if bone in table}
    if has_root_bone(character) and (naming is BoneNaming.UNREAL or _is_container(character.skeleton.joint_names[0])):
        renamed[0] = ROOT_NAME
    names = list(renamed.values())
    result = []
    for j, joint_name in enumerate(character.skeleton.joint_names):
        if j not in renamed:
            renamed[j] = _unused_name(joint_name, names)
            names.append(renamed[j])
        result.append(renamed[j])
    return result


def _is_container(name: str) -> bool:
    return CONTAINER_NAME.fullmatch(name) is not None


def _unused_name(name: str, used: Sequence[str]) -> str:
    """Returns a name, with a number if it is used already."""
    numbered = (name if n == 0 else f"{name}_{n}" for n in range(len(used) + 1))
    return next(candidate for candidate in numbered if candidate not in used)


def _add_bone(objects: Objects, name: str, translation: FloatArray, quaternion: FloatArray) -> np.int64:
    attribute_number, attribute = objects.add("NodeAttribute", name, "NodeAttribute", "LimbNode")
    add_properties(attribute, {"Size": ("double", 3.0)})
    attribute.add("TypeFlags", "Skeleton")
    number = add_model(objects, name, "LimbNode", translation, euler.from_quaternions(quaternion[None, None])[0, 0])
    objects.connect(attribute_number, number)
    return number


def add_model(objects: Objects, name: str, subclass: str, translation: FloatArray, angles_deg: FloatArray) -> np.int64:
    """Adds an object of the scene with a translation (3,) in cm and Euler angles (3,); returns its number."""
    number, model = objects.add("Model", name, "Model", subclass)
    model.add("Version", 232)
    add_properties(
        model,
        {
            "RotationActive": ("bool", 1),
            "InheritType": ("enum", 1),
            "DefaultAttributeIndex": ("int", 0),
            "Lcl Translation": ("Lcl Translation", translation),
            "Lcl Rotation": ("Lcl Rotation", angles_deg),
            "Lcl Scaling": ("Lcl Scaling", (1.0, 1.0, 1.0)),
        },
    )
    model.add("Shading", True)
    model.add("Culling", "CullingOff")
    return number


def add_bind_pose(objects: Objects, matrices: Mapping[np.int64, FloatArray]) -> None:
    """Adds the bind pose: the matrix (4, 4) of each object, in cm."""
    _, pose = objects.add("Pose", "BindPose", "Pose", "BindPose")
    pose.add("Type", "BindPose")
    pose.add("Version", 100)
    pose.add("NbPoseNodes", len(matrices))
    for number, matrix in matrices.items():
        node = pose.add("PoseNode")
        node.add("Node", number)
        node.add("Matrix", to_stored_matrix(matrix))


def to_stored_matrix(matrix: FloatArray) -> FloatArray:
    """Returns the 16 values of a matrix (4, 4) in the order of the file: its columns."""
    return np.ascontiguousarray(matrix.T, dtype=np.float64).ravel()

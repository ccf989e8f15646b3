"""VRMA files (VRM animation): a motion -> glTF with the humanoid in a T-pose, for any VRM character.

Source: https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm_animation-1.0
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib

from bodydouble.data import Character, FloatArray, Motion
from bodydouble.errors import InvalidDataError
from bodydouble.formats import gltf
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import rotation
from bodydouble.geometry.gaze import gaze_rotations
from bodydouble.skeletons import humanoid


@dataclass(frozen=True, slots=True)
class FaceTracks:
    """Face of a VRM animation over T frames."""

    presets: Mapping[str, FloatArray] = field(default_factory=dict)
    """Preset expression -> weights (T,), 0 to 1; those of looks are not allowed."""
    customs: Mapping[str, FloatArray] = field(default_factory=dict)
    """Custom expression -> weights (T,), 0 to 1."""
    gaze: FloatArray | None = None
    """(T, 2) rad, direction of the eyes relative to the head: towards the person's left, and up."""


def write(path: Path, motion: Motion, name: str, face: FaceTracks | None = None) -> None:
    """Writes a motion of the humanoid joints.

    Args:
        path: the .vrma file to write; it appears only when it is complete.
        motion: T frames of the 22 humanoid joints, and of the fingers if it has them.
        name: name of the animation.
        face: T frames of the face.

    Raises:
        InvalidDataError: a joint is no humanoid bone.
        OutputError: the file cannot be written.
    """
    joints = motion.skeleton.joint_names
    if unknown := set(joints) - {*humanoid.JOINTS, *humanoid.FINGERS}:
        raise InvalidDataError(f"a VRM animation has humanoid bones only, not {', '.join(sorted(unknown))}")
    bones = {joint: j for j, joint in enumerate(joints)}
    rest = np.tile(rotation.IDENTITY, (len(joints), 1))
    skeleton = Character(name, motion.skeleton, rest, bones, meshes=())
    write_of_character(path, skeleton, (motion.rotations, motion.root_position), motion.fps, name, face=face)


def write_of_character(
    path: Path,
    character: Character,
    animation: tuple[FloatArray, FloatArray],
    fps: Fraction,
    name: str,
    t_pose: gltf.NodePose | None = None,
    face: FaceTracks | None = None,
) -> None:
    """Writes the motion of a character, without its mesh.

    Args:
        path: the .vrma file to write; it appears only when it is complete.
        character: a character with J joints.
        animation: rotations (T, J, 4) xyzw of all joints and translations (T, 3) m of the hips, local to the parent.
        fps: rate of the frames.
        name: name of the animation.
        t_pose: the pose in which the character stands in the T-pose; its rest pose if not given.
        face: T frames of the face.

    Raises:
        InvalidDataError: the arrays do not fit the character.
        OutputError: the file cannot be written.
    """
    document = gltf.Document(replace(character, meshes=()), t_pose)
    document.add_skeleton()
    target = document.add_animation(name)
    document.add_all_tracks(target, gltf.NamedAnimation(name, *animation, fps))
    human_bones = {bone: {"node": joint} for bone, joint in character.humanoid.items()}
    extension = {"specVersion": "1.0", "humanoid": {"humanBones": human_bones}}
    if face is not None:
        extension |= _add_face(document, target, face, fps)
    document.add_extensions({"VRMC_vrm_animation": extension})
    with atomic_write(path) as temporary:
        document.write_to(temporary)


def _add_face(
    document: gltf.Document, target: pygltflib.Animation, face: FaceTracks, fps: Fraction
) -> dict[str, dict[str, Any]]:
    """Adds a node per expression, whose x is its weight, and one for the gaze; returns the objects that name them."""
    expressions: dict[str, dict[str, Any]] = {}
    for kind, tracks in (("preset", face.presets), ("custom", face.customs)):
        for name, weights in tracks.items():
            values = np.clip(weights, 0.0, 1.0)[:, None] * np.array([1.0, 0.0, 0.0])
            node = document.add_animated_node(target, name, pygltflib.TRANSLATION, values, fps)
            expressions.setdefault(kind, {})[name] = {"node": node}
    described = {"expressions": expressions} if expressions else {}
    if face.gaze is None:
        return described
    looks = rotation.make_continuous(gaze_rotations(face.gaze))
    node = document.add_animated_node(target, "lookAt", pygltflib.ROTATION, looks, fps)
    return described | {"lookAt": {"node": node}}

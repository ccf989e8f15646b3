"""VRMA files (VRM animation): a motion -> glTF with the humanoid in a T-pose, for any VRM character.

Source: https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm_animation-1.0
"""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import Character, FloatArray, Motion
from bodydouble.errors import InvalidDataError
from bodydouble.formats import gltf
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid


def write(path: Path, motion: Motion, name: str) -> None:
    """Writes a motion of the humanoid joints.

    Args:
        path: the .vrma file to write; it appears only when it is complete.
        motion: T frames of the 22 humanoid joints.
        name: name of the animation.

    Raises:
        InvalidDataError: a joint is no humanoid bone.
        OutputError: the file cannot be written.
    """
    joints = motion.skeleton.joint_names
    if unknown := [joint for joint in joints if joint not in humanoid.INDEX]:
        raise InvalidDataError(f"a VRM animation has humanoid bones only, not {', '.join(unknown)}")
    bones = {joint: j for j, joint in enumerate(joints)}
    rest = np.tile(rotation.IDENTITY, (len(joints), 1))
    skeleton = Character(name, motion.skeleton, rest, bones, meshes=())
    write_of_character(path, skeleton, (motion.rotations, motion.root_position), motion.fps, name)


def write_of_character(
    path: Path,
    character: Character,
    animation: tuple[FloatArray, FloatArray],
    fps: Fraction,
    name: str,
    t_pose: gltf.NodePose | None = None,
) -> None:
    """Writes the motion of a character, without its mesh.

    Args:
        path: the .vrma file to write; it appears only when it is complete.
        character: a character with J joints.
        animation: rotations (T, J, 4) xyzw of all joints and translations (T, 3) m of the hips, local to the parent.
        fps: rate of the frames.
        name: name of the animation.
        t_pose: the pose in which the character stands in the T-pose; its rest pose if not given.

    Raises:
        InvalidDataError: the arrays do not fit the character.
        OutputError: the file cannot be written.
    """
    human_bones = {bone: {"node": joint} for bone, joint in character.humanoid.items()}
    extension = {"specVersion": "1.0", "humanoid": {"humanBones": human_bones}}
    gltf.write(
        path,
        replace(character, meshes=()),
        *animation,
        fps,
        name,
        extensions={"VRMC_vrm_animation": extension},
        node_pose=t_pose,
    )

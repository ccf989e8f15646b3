"""VRMA files (VRM animation): ``Motion`` -> glTF with the humanoid in a T-pose, for any VRM character.

Source: https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm_animation-1.0
"""

from pathlib import Path

import numpy as np

from bodydouble.data import Character, Motion
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
    human_bones = {bone: {"node": node} for bone, node in bones.items()}
    extension = {"specVersion": "1.0", "humanoid": {"humanBones": human_bones}}
    gltf.write(
        path,
        skeleton,
        motion.rotations,
        motion.root_position,
        motion.fps,
        name,
        extensions={"VRMC_vrm_animation": extension},
    )

"""Root motion: the horizontal path of the hips stays there, moves to a root bone on the floor, or is removed."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np

from bodydouble.data import Character, FloatArray, Motion, Skeleton
from bodydouble.formats.fbx.skeleton_objects import ROOT_NAME, has_root_bone
from bodydouble.geometry import kinematics, rotation
from bodydouble.pipeline.animated_characters import AnimatedCharacter

JOINT_REFERENCES = ("node", "source", "center")
"""Properties of VRM content that are joints; constraints have joints as keys."""
HORIZONTAL = np.array([1.0, 0.0, 1.0])


class RootMotion(StrEnum):
    """Part of a file that carries the horizontal path."""

    HIPS = "hips"
    ROOT = "root"
    IN_PLACE = "in-place"


def compute_travel(hips_path: FloatArray, is_loop: bool = False) -> FloatArray:
    """Computes the horizontal path of a root bone on the floor.

    Args:
        hips_path: (T, 3) m, world, of the hips.
        is_loop: whether the motion is a cycle; its root bone has a constant velocity, and the hips keep their sway.

    Returns:
        (T, 3) m, with y = 0.
    """
    path = hips_path * HORIZONTAL
    if is_loop:
        path = path[0] + np.linspace(0.0, 1.0, len(path))[:, None] * (path[-1] - path[0])
    return np.asarray(path)


def keep_in_place(motion: Motion, is_loop: bool = False) -> Motion:
    """Removes the horizontal path of a motion: the hips stay above the point where they start."""
    travel = compute_travel(motion.root_position, is_loop)
    return replace(motion, root_position=motion.root_position - (travel - travel[0]))


def keep_character_in_place(animated: AnimatedCharacter, is_loop: bool = False) -> AnimatedCharacter:
    """Removes the horizontal path of a character, as ``keep_in_place`` does of a motion."""
    travel = compute_travel(_hips_path(animated), is_loop)
    return _shift_hips(animated, travel[0] - travel)


def separate_travel(animated: AnimatedCharacter, is_loop: bool = False) -> tuple[AnimatedCharacter, FloatArray]:
    """Separates the horizontal path of a character from the rest of the translation of its hips.

    Args:
        animated: T frames of a character.
        is_loop: as for ``compute_travel``.

    Returns:
        The character without the path, and the path (T, 3) m, which a root bone carries from the origin.
    """
    travel = compute_travel(_hips_path(animated), is_loop)
    return _shift_hips(animated, -travel), travel


def add_root_bone(animated: AnimatedCharacter) -> AnimatedCharacter:
    """Adds a joint at the origin above joint 0, unless that is a root bone already."""
    if has_root_bone(animated.character):
        return animated
    identity = np.tile(rotation.IDENTITY, (len(animated.rotations), 1, 1))
    return replace(
        animated,
        character=_insert_root(animated.character),
        rotations=np.concatenate([identity, animated.rotations], axis=1),
    )


def _hips_path(animated: AnimatedCharacter) -> FloatArray:
    """Returns the positions (T, 3) m of the hips in the world."""
    hips = animated.character.humanoid["hips"]
    positions, _ = kinematics.forward_kinematics(
        animated.character.skeleton, animated.rotations, animated.hips_translation, hips
    )
    return np.asarray(positions[:, hips])


def _shift_hips(animated: AnimatedCharacter, shift: FloatArray) -> AnimatedCharacter:
    """Moves the hips by (T, 3) m in the world."""
    parents = animated.character.skeleton.parents
    above = parents[animated.character.humanoid["hips"]]
    if above >= 0:
        world = kinematics.world_rotations(parents, animated.rotations)
        shift = rotation.rotate(rotation.conjugate(world[:, above]), shift)
    return replace(animated, hips_translation=animated.hips_translation + shift)


def _insert_root(character: Character) -> Character:
    skeleton = character.skeleton
    name = next(name for name in (ROOT_NAME, f"{ROOT_NAME}_bone", "_") if name not in skeleton.joint_names)
    return replace(
        character,
        skeleton=Skeleton(
            (name, *skeleton.joint_names),
            (-1, *(parent + 1 for parent in skeleton.parents)),
            np.concatenate([np.zeros((1, 3)), skeleton.rest_offsets]),
        ),
        rest_rotations=np.concatenate([rotation.IDENTITY[None], character.rest_rotations]),
        humanoid={bone: joint + 1 for bone, joint in character.humanoid.items()},
        meshes=tuple(replace(mesh, joints=mesh.joints + 1) for mesh in character.meshes),
        vrm=_shift_joints(character.vrm),
    )


def _shift_joints(content: Any, is_joint: bool = False) -> Any:
    """Returns content of a VRM file whose joints have one more joint before them."""
    if isinstance(content, Mapping):
        return {
            _shift_joints(key, isinstance(key, int)): _shift_joints(value, key in JOINT_REFERENCES)
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [_shift_joints(value) for value in content]
    return content + 1 if is_joint and isinstance(content, int) else content

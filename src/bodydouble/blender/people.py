"""People of a capture in Blender: characters from GLB files, or armatures of the captured skeleton."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .actions import Channel, animate, move_keys, vector_curves
from .axes import Floats
from .capture import CapturedPerson, CaptureError

MIN_BONE_LENGTH = 0.02
"""Length in m of a bone that would otherwise vanish: Blender removes bones without length."""


def import_character(path: Path, person: CapturedPerson, fps: Fraction, collection: Any) -> Any:
    """Imports the animated character of a person at the time of the person; returns its armature.

    Args:
        path: the .glb file; its first key is the person's first frame.
        person: name and first frame.
        fps: frame rate of the scene.
        collection: collection of the new objects.

    Raises:
        CaptureError: the file cannot be imported or holds no armature.
    """
    before = set(bpy.data.objects)
    with _frames_of_seconds() as frames_per_second:
        try:
            bpy.ops.import_scene.gltf(filepath=str(path), disable_bone_shape=True, bone_heuristic="TEMPERANCE")
        except RuntimeError as error:
            raise CaptureError(f"{path} cannot be imported: {' '.join(str(error).split())}") from error
    things = [thing for thing in bpy.data.objects if thing not in before]
    for thing in things:
        for owner in thing.users_collection:
            owner.objects.unlink(thing)
        collection.objects.link(thing)
    armature = next((thing for thing in things if thing.type == "ARMATURE"), None)
    if armature is None:
        raise CaptureError(f"{path} holds no armature")
    armature.name = person.name
    _settle_animation(things, float(fps / frames_per_second), person.first_frame)
    return armature


@contextmanager
def _frames_of_seconds() -> Iterator[int]:
    """Gives the scene a whole frame rate for the time of an import, and returns it.

    The importer places keys by seconds, and misplaces them where the rate of the scene is not a whole number.
    """
    render = bpy.context.scene.render
    rate = render.fps, render.fps_base
    render.fps_base = 1.0
    try:
        yield render.fps
    finally:
        render.fps, render.fps_base = rate


def _settle_animation(things: Sequence[Any], scale: float, first_frame: int) -> None:
    """Leaves objects and their morph targets with one action, with its frames scaled and moved to the first frame.

    The importer adds an NLA track of every action. Armature and morph targets may share an action.
    """
    shapes = [thing.data.shape_keys for thing in things if thing.type == "MESH" and thing.data.shape_keys]
    animations = [owner.animation_data for owner in (*things, *shapes) if owner.animation_data is not None]
    for animation in animations:
        for track in list(animation.nla_tracks):
            animation.nla_tracks.remove(track)
    for action in {animation.action for animation in animations if animation.action is not None}:
        move_keys(action, scale, first_frame)


def build_armature(person: CapturedPerson, collection: Any) -> Any:
    """Builds the captured skeleton of a person as an animated armature; returns it."""
    armature = bpy.data.objects.new(person.name, bpy.data.armatures.new(person.name))
    collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bones = [armature.data.edit_bones.new(name) for name in person.joint_names]
    for joint, bone in enumerate(bones):
        bone.head, bone.tail = person.rest_positions[joint], _tail(person, joint)
        if joint:
            bone.parent = bones[person.parents[joint]]
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    animate(armature, person.name, person.first_frame, _bone_curves(armature, person))
    return armature


def _tail(person: CapturedPerson, joint: int) -> Floats:
    """Returns the end (3,) m of a bone: its first child, or else a continuation of the parent's bone."""
    head = person.rest_positions[joint]
    child = next((j for j, parent in enumerate(person.parents) if parent == joint), None)
    bone = (
        0.7 * (head - person.rest_positions[person.parents[joint]])
        if child is None
        else person.rest_positions[child] - head
    )
    return np.asarray(head + (bone if np.linalg.norm(bone) > MIN_BONE_LENGTH else [0.0, 0.0, MIN_BONE_LENGTH]))


def _bone_curves(armature: Any, person: CapturedPerson) -> dict[Channel, Floats]:
    """Returns the channels of all bones: rotations and hips position in the axes of the resting bones."""
    curves: dict[Channel, Floats] = {}
    for joint, name in enumerate(person.joint_names):
        bone_axes = np.array(armature.data.bones[name].matrix_local)[:3, :3]
        path = f'pose.bones["{bpy.utils.escape_identifier(name)}"]'
        turned = person.rotations[:, joint, 1:] @ bone_axes
        rotations = np.concatenate([person.rotations[:, joint, :1], turned], axis=1)
        curves |= vector_curves(f"{path}.rotation_quaternion", rotations)
        if joint == 0:
            moved = (person.hips_positions - person.rest_positions[0]) @ bone_axes
            curves |= vector_curves(f"{path}.location", moved)
    return curves

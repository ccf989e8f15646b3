"""Exchange of an armature with bodydouble: its rest pose out, its animation in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from .blender.actions import Channel, animate, vector_curves
from .blender.axes import Floats, convert_positions, convert_quaternions
from .blender.capture import CaptureError
from .glb_motion import GlbNodes, NodePose, conjugate, multiply, rotate

PROXY_SIZE_M = 0.01
PLACE_TOLERANCE = 1e-3
"""Distance of a joint from its place in its parent, relative to the longest bone, below which it is rounding."""


def export_rig(armature: Any, path: Path) -> None:
    """Writes an armature with its meshes in the rest pose as .glb, without materials and morph targets.

    Raises:
        CaptureError: Blender's exporter fails.
    """
    if bpy.context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    with _selected_rig(armature):
        try:
            bpy.ops.export_scene.gltf(
                filepath=str(path),
                export_format="GLB",
                use_selection=True,
                # Without it, things that are selected in other scenes would be exported.
                use_active_scene=True,
                export_animations=False,
                export_materials="NONE",
                export_texcoords=False,
                export_morph=False,
            )
        except RuntimeError as error:
            raise CaptureError(f"the armature cannot be exported: {' '.join(str(error).split())}") from error


@contextmanager
def _selected_rig(armature: Any) -> Iterator[None]:
    """Selects an armature and its meshes alone; an armature without a mesh gets one for the time of the block."""
    selected, active = list(bpy.context.selected_objects), bpy.context.view_layer.objects.active
    things = bpy.context.view_layer.objects
    meshes = [t for t in things if t.type == "MESH" and t.find_armature() == armature and t.visible_get()]
    proxy = None if meshes else _add_proxy(armature)
    bpy.ops.object.select_all(action="DESELECT")
    for thing in [armature, *meshes, *([proxy] if proxy else [])]:
        thing.select_set(True)
    try:
        yield
    finally:
        if proxy:
            bpy.data.meshes.remove(proxy.data)
        bpy.ops.object.select_all(action="DESELECT")
        for thing in selected:
            thing.select_set(True)
        things.active = active


def _add_proxy(armature: Any) -> Any:
    """Adds a mesh with a triangle per bone: only as the joints of a mesh are the bones of a file a rig."""
    mesh = bpy.data.meshes.new("proxy")
    heads = [np.array(bone.head_local) for bone in armature.data.bones]
    corners = PROXY_SIZE_M * np.eye(3)
    triangles = [(3 * i, 3 * i + 1, 3 * i + 2) for i in range(len(heads))]
    mesh.from_pydata([tuple(head + corner) for head in heads for corner in corners], [], triangles)
    proxy = bpy.data.objects.new("proxy", mesh)
    bpy.context.scene.collection.objects.link(proxy)
    proxy.parent = armature
    proxy.modifiers.new("Armature", "ARMATURE").object = armature
    for i, bone in enumerate(armature.data.bones):
        proxy.vertex_groups.new(name=bone.name).add([3 * i, 3 * i + 1, 3 * i + 2], 1.0, "REPLACE")
    return proxy


def apply_animation(armature: Any, rig: Path, animated: Path, name: str, first_frame: int) -> None:
    """Gives an armature a new action that moves its bones as the joints of a file.

    Args:
        armature: the armature.
        rig: its file by ``export_rig``.
        animated: file of the same rig with an animation.
        name: name of the action.
        first_frame: frame of the first key.
    """
    for bone in armature.pose.bones:
        bone.matrix_basis = Matrix()
        bone.rotation_mode = "QUATERNION"
    if armature.animation_data is not None and armature.animation_data.action is not None:
        # An action that nothing uses would not be saved.
        armature.animation_data.action.use_fake_user = True
    curves = _RigMotion(armature, GlbNodes(rig).poses(), GlbNodes(animated).poses()).curves()
    animate(armature, name, first_frame, curves)


class _RigMotion:
    """Motion of the bones of an armature, from the world rotations of the joints of the same name.

    A bone turns in the world as its joint turns away from its rest pose in the rig, so the axes of bones may differ
    from those of joints. All rotations here are quaternions xyzw.
    """

    def __init__(self, armature: Any, rig: dict[str, NodePose], animated: dict[str, NodePose]) -> None:
        self._armature, self._rig, self._animated = armature, rig, animated
        self._object_rotation = _quaternion(armature.matrix_world)
        self._scale = _size_ratio(armature, rig, animated)
        self._length = max(bone.length for bone in armature.data.bones)
        self._pose_rotations: dict[str, Floats] = {}
        self._pose_heads: dict[str, Floats] = {}

    def curves(self) -> dict[Channel, Floats]:
        """Returns the channels of all bones that have a joint."""
        found: dict[Channel, Floats] = {}
        for bone in sorted(self._armature.data.bones, key=lambda bone: len(bone.parent_recursive)):
            rotation, head = self._follow_parent(bone)
            path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"]'
            joint = self._animated.get(bone.name)
            if joint is not None and bone.name in self._rig:
                place = self._place(joint)
                if np.abs(place - head).max() > PLACE_TOLERANCE * self._length:
                    found |= vector_curves(f"{path}.location", rotate(conjugate(rotation), place - head))
                    head = place
                posed = self._turn_as_joint(bone, joint)
                basis = multiply(conjugate(rotation), posed)
                found |= vector_curves(f"{path}.rotation_quaternion", _to_keys(basis))
                rotation = posed
            self._pose_rotations[bone.name], self._pose_heads[bone.name] = rotation, head
        frames = max(len(values) for values in found.values())
        return {channel: np.broadcast_to(values, frames) for channel, values in found.items()}

    def _follow_parent(self, bone: Any) -> tuple[Floats, Floats]:
        """Returns rotation and head of a bone that rests in its parent, in the axes of the armature."""
        rest, head = _quaternion(bone.matrix_local)[None], np.array([bone.head_local])
        if bone.parent is None:
            return rest, head
        turn = multiply(self._pose_rotations[bone.parent.name], conjugate(_quaternion(bone.parent.matrix_local)))
        offset = head - np.array(bone.parent.head_local)
        return multiply(turn, rest), self._pose_heads[bone.parent.name] + rotate(turn, offset)

    def _turn_as_joint(self, bone: Any, joint: NodePose) -> Floats:
        """Returns the rotation of a bone in the axes of the armature."""
        turn = multiply(joint.rotations, conjugate(self._rig[bone.name].rotations))
        in_blender = np.roll(convert_quaternions(turn), -1, axis=-1)
        at_rest = multiply(self._object_rotation, _quaternion(bone.matrix_local))
        return multiply(conjugate(self._object_rotation), multiply(in_blender, at_rest))

    def _place(self, joint: NodePose) -> Floats:
        """Returns the positions of a joint in the axes of the armature."""
        armature_from_world = np.array(self._armature.matrix_world.inverted())
        places = convert_positions(joint.positions / self._scale)
        return np.asarray(places @ armature_from_world[:3, :3].T + armature_from_world[:3, 3])


def _quaternion(matrix: Any) -> Floats:
    """Returns the rotation xyzw of a matrix of Blender."""
    return np.roll(np.array(matrix.to_quaternion()), -1)


def _to_keys(rotations: Floats) -> Floats:
    """Converts quaternions (T, 4) xyzw to Blender's order wxyz, without changes of sign between frames."""
    signs = np.where(np.sum(rotations[1:] * rotations[:-1], axis=1) < 0, -1.0, 1.0)
    signs = np.concatenate([[1.0], np.cumprod(signs)])
    return np.roll(rotations * signs[:, None], 1, axis=1)


def _size_ratio(armature: Any, rig: dict[str, NodePose], animated: dict[str, NodePose]) -> float:
    """Returns the size of the animated file relative to the armature: bodydouble brings characters to human height."""
    ratios = [
        _distance(animated, bone) / _distance(rig, bone)
        for bone in armature.data.bones
        if bone.parent is not None and all({bone.name, bone.parent.name} <= poses.keys() for poses in (rig, animated))
        if _distance(rig, bone) > 0
    ]
    if not ratios:
        raise CaptureError("the armature has no bones that the motion could move")
    # Bones that are no children of the limb that they follow, such as targets of feet, are far from their parents.
    return float(np.median(ratios))


def _distance(poses: dict[str, NodePose], bone: Any) -> float:
    """Returns the distance of a joint from its parent in the first frame."""
    return float(np.linalg.norm(poses[bone.name].positions[0] - poses[bone.parent.name].positions[0]))

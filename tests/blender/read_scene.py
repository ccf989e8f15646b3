"""Descriptions of scenes in Blender, for the scripts beside this module. Needs the package bpy."""

from typing import Any

import bpy
from bpy_extras.object_utils import world_to_camera_view


def project_joints(scene: Any, armature: Any) -> dict[str, list[float]]:
    """Returns joint -> x, y of the image and distance from the camera in the current frame."""
    return {
        bone.name: list(world_to_camera_view(scene, scene.camera, armature.matrix_world @ bone.head))
        for bone in armature.pose.bones
    }


def describe_scene() -> dict[str, Any]:
    """Describes settings, background and floor of the current scene, and the joints of all armatures per frame."""
    scene = bpy.context.scene
    floor = next(thing for thing in scene.objects if thing.name.startswith("Floor"))
    armatures: dict[str, list[Any]] = {thing.name: [] for thing in scene.objects if thing.type == "ARMATURE"}
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        for name, frames in armatures.items():
            frames.append(project_joints(scene, scene.objects[name]))
    return {
        "fps": scene.render.fps / scene.render.fps_base,
        "frames": [scene.frame_start, scene.frame_end],
        "image_size": [scene.render.resolution_x, scene.render.resolution_y],
        "backgrounds": [
            {"video": background.clip.filepath, "first_frame": background.clip.frame_start}
            for background in scene.camera.data.background_images
            if scene.camera.data.show_background_images
        ],
        "floor": [list(floor.matrix_world @ vertex.co) for vertex in floor.data.vertices],
        "meshes": [thing.find_armature().name for thing in scene.objects if thing.find_armature()],
        "armatures": armatures,
    }

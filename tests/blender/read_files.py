"""Imports files into Blender and describes what it shows: ``read_files REQUEST.json ANSWER.json``.

Runs in an environment with the package bpy. The request maps a label to ``{"importer", "path", "frames"}``, the frames
of Blender's timeline. The answer maps it to the frame rate and, per armature, to the positions of its joints and the
bounds of its meshes at those frames, in metres and Blender's axes.
"""

import json
import sys
from pathlib import Path
from typing import Any

import bpy

FPS = 30


def _import_gltf(path: str) -> None:
    bpy.ops.import_scene.gltf(filepath=path, disable_bone_shape=True)


def _import_fbx(path: str) -> None:
    bpy.ops.wm.fbx_import(filepath=path)


def _import_fbx_by_add_on(path: str) -> None:
    bpy.ops.import_scene.fbx(filepath=path)


def _import_bvh(path: str) -> None:
    bpy.ops.import_anim.bvh(filepath=path, global_scale=0.01, update_scene_fps=True)


def _import_usd(path: str) -> None:
    bpy.ops.wm.usd_import(filepath=path)


def _import_vrm(path: str) -> None:
    import addon_utils  # Only the import of bpy makes it known.

    # Registration alone leaves the add-on without the preferences that it reads.
    addon_utils.enable("io_scene_vrm", default_set=True)
    bpy.ops.import_scene.vrm(filepath=path)
    bpy.context.view_layer.objects.active = _armatures()[0]
    bpy.ops.import_scene.vrma(filepath=str(Path(path).with_suffix(".vrma")))


IMPORTERS = {
    "gltf": _import_gltf,
    "fbx": _import_fbx,
    "fbx add-on": _import_fbx_by_add_on,
    "bvh": _import_bvh,
    "usd": _import_usd,
    "vrm": _import_vrm,
}


def _armatures() -> list[Any]:
    return [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]


def _joints(armature: Any) -> dict[str, list[float]]:
    return {bone.name: list(armature.matrix_world @ bone.head) for bone in armature.pose.bones}


def _bounds(armature: Any) -> list[list[float]]:
    """Returns the smallest and the largest coordinates of the vertices that an armature moves."""
    graph = bpy.context.evaluated_depsgraph_get()
    points = [
        thing.matrix_world @ vertex.co
        for thing in bpy.data.objects
        if thing.type == "MESH" and thing.find_armature() == armature
        for vertex in thing.evaluated_get(graph).data.vertices
    ]
    return [[bound(p[i] for p in points) for i in range(3)] for bound in (min, max)] if points else []


def _describe(request: dict[str, Any]) -> dict[str, Any]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = FPS
    IMPORTERS[request["importer"]](request["path"])
    armatures: dict[str, Any] = {a.name: {"joints": [], "bounds": []} for a in _armatures()}
    for frame in request["frames"]:
        scene.frame_set(frame)
        for armature in _armatures():
            armatures[armature.name]["joints"].append(_joints(armature))
            armatures[armature.name]["bounds"].append(_bounds(armature))
    return {"fps": scene.render.fps / scene.render.fps_base, "armatures": armatures}


if __name__ == "__main__":
    requests = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps({label: _describe(request) for label, request in requests.items()}))

"""A capture as a scene of Blender: camera with the video, people, floor, frame rate and frame range.

Frame i of the clip is frame i of the timeline, which starts at 0.
"""

from collections.abc import Collection
from itertools import pairwise
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from .actions import animate, vector_curves
from .axes import Floats
from .capture import Capture, CaptureError, find_video, read_capture
from .people import build_armature, import_character

SENSOR_WIDTH_MM = 36.0
FAR_M = 1000.0
FLOOR_MARGIN_M = 1.0
RATE_TOLERANCE = 0.002
"""Relative difference of the frame rates of video and capture up to which they are shown together."""


def open_capture(
    path: Path, *, video: Path | None = None, characters: Path | None = None, people: Collection[str] | None = None
) -> list[str]:
    """Adds a capture to the current scene and sets its frame rate, frame range, resolution and camera.

    Args:
        path: a performance.npz or its folder.
        video: the captured video; default: the one beside the folder ``VIDEO_bodydouble`` of the capture.
        characters: folder of ``NAME.glb``, the animated characters; default: that of the capture. People without a
            character there become armatures of their own skeleton.
        people: names of the people to add; default: all.

    Returns:
        Sentences on what the scene lacks.

    Raises:
        CaptureError: the capture or a character cannot be read, or the video does not exist.
    """
    capture = read_capture(path)
    if video is not None and not video.is_file():
        raise CaptureError(f"{video}: there is no such video")
    _set_timing(capture)
    folder = capture.path.parent if characters is None else characters
    collection = bpy.data.collections.new(capture.path.resolve().parent.name)
    bpy.context.scene.collection.children.link(collection)
    for person in capture.people:
        if people is None or person.name in people:
            character = folder / f"{person.name}.glb"
            if character.is_file():
                import_character(character, person, capture.fps, collection)
            else:
                build_armature(person, collection)
    camera = _add_camera(capture, collection)
    _add_floor(capture, collection)
    _add_sun(collection)
    bpy.context.scene.frame_set(0)
    _look_through_camera()
    return _add_background(camera, capture, video or find_video(capture.path))


def _set_timing(capture: Capture) -> None:
    """Sets frame rate and range."""
    scene = bpy.context.scene
    scene.render.fps = max(1, round(capture.fps))
    scene.render.fps_base = float(scene.render.fps / capture.fps)
    scene.frame_start, scene.frame_end = 0, capture.frame_count - 1


def _add_camera(capture: Capture, collection: Any) -> Any:
    """Adds the camera of the clip and makes it the scene's; returns it. It has keys only if it moves."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    collection.objects.link(camera)
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = capture.image_size
    scene.render.resolution_percentage = 100
    _set_lens(camera.data, capture)
    camera.rotation_mode = "QUATERNION"
    locations, rotations = _camera_path(capture.camera_matrices)
    camera.location, camera.rotation_quaternion = locations[0], rotations[0]
    if np.ptp(capture.camera_matrices, axis=0).max() > 0:
        curves = vector_curves("location", locations) | vector_curves("rotation_quaternion", rotations)
        animate(camera, "Camera", 0, curves)
    return camera


def _set_lens(lens: Any, capture: Capture) -> None:
    """Sets focal length and shift; Blender counts the shift in widths of the image, to the right and up."""
    width, height = capture.image_size
    lens.sensor_fit, lens.sensor_width = "HORIZONTAL", SENSOR_WIDTH_MM
    lens.lens = SENSOR_WIDTH_MM * capture.intrinsics[0, 0] / width
    lens.shift_x = (width / 2 - capture.intrinsics[0, 2]) / width
    lens.shift_y = (capture.intrinsics[1, 2] - height / 2) / width
    lens.clip_end = FAR_M


def _camera_path(matrices: Floats) -> tuple[Floats, Floats]:
    """Splits matrices (F, 4, 4) into locations (F, 3) and quaternions (F, 4) wxyz in consecutive hemispheres."""
    quaternions = [Matrix(matrix.tolist()).to_quaternion() for matrix in matrices]
    for previous, current in pairwise(quaternions):
        current.make_compatible(previous)
    return matrices[:, :3, 3], np.array(quaternions)


def _add_background(camera: Any, capture: Capture, video: Path | None) -> list[str]:
    """Shows the video behind the scene in the view of the camera, if its frames are those of the capture."""
    if video is None:
        return ["no video of the capture was found; choose it to see it behind the scene"]
    try:
        clip = bpy.data.movieclips.load(str(video.resolve()))
    except RuntimeError:
        return [f"{video.name} is not shown: Blender cannot read it"]
    reason = _find_difference(clip, capture)
    if reason:
        bpy.data.movieclips.remove(clip)
        return [f"{video.name} is not shown: {reason}"]
    clip.frame_start = 0
    background = camera.data.background_images.new()
    background.source, background.clip, background.alpha = "MOVIE_CLIP", clip, 1.0
    camera.data.show_background_images = True
    return []


def _find_difference(clip: Any, capture: Capture) -> str:
    """Says why the frames of a movie clip do not fit those of a capture; empty if they do."""
    size, fps = tuple(clip.size), float(capture.fps)
    if size != capture.image_size:
        return "it has {} x {} px, the capture {} x {} px".format(*size, *capture.image_size)
    if abs(clip.fps / fps - 1) > RATE_TOLERANCE:
        return f"it has {clip.fps:.6g} frames/s, the capture {fps:.6g}"
    return ""


def _add_floor(capture: Capture, collection: Any) -> None:
    """Adds the floor below all people as a grid of 1 m, which catches shadows and hides nothing of the video."""
    people = [person.body_positions.reshape(-1, 3) for person in capture.people]
    points = np.concatenate([np.zeros((1, 3)), *people])[:, :2]
    first = np.floor(points.min(axis=0) - FLOOR_MARGIN_M).astype(int)
    columns, rows = (np.ceil(points.max(axis=0) + FLOOR_MARGIN_M).astype(int) - first + 1).tolist()
    vertices = [(first[0] + c, first[1] + r, 0.0) for r in range(rows) for c in range(columns)]
    corners = [r * columns + c for r in range(rows - 1) for c in range(columns - 1)]
    mesh = bpy.data.meshes.new("Floor")
    mesh.from_pydata(vertices, [], [(i, i + 1, i + columns + 1, i + columns) for i in corners])
    floor = bpy.data.objects.new("Floor", mesh)
    floor.display_type = "WIRE"
    floor.is_shadow_catcher = True
    collection.objects.link(floor)


def _add_sun(collection: Any) -> None:
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy = 3.0
    sun.rotation_euler = (0.6, 0.3, 0.0)
    collection.objects.link(sun)


def _look_through_camera() -> None:
    for screen in bpy.data.screens:
        for area in screen.areas:
            if area.type == "VIEW_3D":
                area.spaces.active.region_3d.view_perspective = "CAMERA"

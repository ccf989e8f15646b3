"""Uses the add-on as a person would: ``use_add_on REQUEST.json ANSWER.json``. Needs bpy.

The request has the add-on's zip file, programs in place of bodydouble, a video, a capture, a rig and a .blend file.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy

from tests.blender.read_scene import describe_scene

PACKAGE = "bl_ext.user_default.bodydouble"
RIG_SCALE = 2.0
"""Scale of the object of the rig in the scene, which is moved and turned as well."""


def _new_scene() -> Any:
    bpy.ops.scene.new(type="NEW")
    return bpy.context.scene.bodydouble


def _choose_program(program: str) -> None:
    bpy.context.preferences.addons[PACKAGE].preferences.program = program


def _error_of(operator: Any) -> str:
    """Returns the message of an operator that must fail."""
    try:
        operator()
    except RuntimeError as error:
        return str(error).strip()
    return "no error"


def _capture_video(request: dict[str, Any]) -> dict[str, Any]:
    settings = _new_scene()
    settings.video = request["video"]
    bpy.ops.bodydouble.capture_video()
    return describe_scene() | {"performance": settings.performance}


def _import_rig(request: dict[str, Any], *, has_mesh: bool) -> Any:
    """Imports a character in its rest pose, as an object that is turned, moved and scaled."""
    before = set(bpy.data.objects)
    bpy.ops.import_scene.gltf(filepath=request["rig"], disable_bone_shape=True)
    things = [thing for thing in bpy.data.objects if thing not in before]
    armature = next(thing for thing in things if thing.type == "ARMATURE")
    if not has_mesh:
        for thing in things:
            if thing.type == "MESH":
                bpy.data.objects.remove(thing)
    armature.rotation_mode = "XYZ"
    armature.location, armature.rotation_euler, armature.scale = (3, 4, 0), (0, 0, 1.2), [RIG_SCALE] * 3
    bpy.context.view_layer.objects.active = armature
    bpy.context.view_layer.update()
    return armature


def _apply(request: dict[str, Any], *, has_mesh: bool) -> list[dict[str, list[float]]]:
    """Applies the second person to a rig; returns the places of its joints in all frames of the capture."""
    settings = _new_scene()
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = request["fps"]
    armature = _import_rig(request, has_mesh=has_mesh)
    settings.performance, settings.person = request["capture"], "person2"
    bpy.ops.bodydouble.apply_performance()
    frames = []
    for frame in range(request["frames"]):
        scene.frame_set(frame)
        frames.append({bone.name: list(armature.matrix_world @ bone.head) for bone in armature.pose.bones})
    return frames


def _run_in_a_window(program: str, *event_types: str) -> list[list[str]]:
    """Sends events to an operator while a program runs, as a window would; returns its answers until it ends."""
    operators = importlib.import_module(f"{PACKAGE}.operators")
    process = importlib.import_module(f"{PACKAGE}.process")

    class Operator(operators.RunsBodydouble):  # type: ignore[misc, name-defined]
        _timer = None

        def finish(self, _context: Any) -> None:
            self.report({"INFO"}, "used the files")

        def report(self, kinds: set[str], message: str) -> None:
            answers.append([*kinds, message])

    window = SimpleNamespace(
        screen=SimpleNamespace(areas=[]), window_manager=SimpleNamespace(event_timer_remove=lambda _timer: None)
    )
    answers: list[list[str]] = []
    operators.RunsBodydouble.current_job = process.Job(program, ["animate"])
    types = iter(event_types)
    while operators.RunsBodydouble.current_job is not None:
        answer = Operator().modal(window, SimpleNamespace(type=next(types, "TIMER")))
        answers += [] if answer == {"PASS_THROUGH"} else [list(answer)]
        time.sleep(0.02)
    return answers


class _Layout:
    """Stands in for a layout, which only a window has: refuses what Blender does not know, and notes the buttons."""

    def __init__(self) -> None:
        self.buttons: list[str] = []

    def column(self) -> "_Layout":
        return self

    def prop(self, settings: Any, name: str) -> None:
        getattr(settings, name)

    def operator(self, name: str, **options: str) -> None:
        bpy.types.UILayout.bl_rna.functions["operator"].parameters["icon"].enum_items[options["icon"]]
        category, _, operator = name.partition(".")
        self.buttons.append(getattr(getattr(bpy.ops, category), operator).get_rna_type().name)

    def __getattr__(self, name: str) -> Any:
        parameters = bpy.types.UILayout.bl_rna.functions[name].parameters
        return lambda **options: [parameters[option] for option in options]


def _draw_panel() -> list[str]:
    """Draws the panel during a run; returns its buttons."""
    panel = importlib.import_module(f"{PACKAGE}.panel")
    layout = _Layout()
    panel.operators.RunsBodydouble.current_job = SimpleNamespace(progress="perception: 1 of 2", fraction=0.5)
    panel.BODYDOUBLE_PT_sidebar.draw(SimpleNamespace(layout=layout), bpy.context)
    panel.operators.RunsBodydouble.current_job = None
    return layout.buttons


def _errors(request: dict[str, Any]) -> dict[str, str]:
    settings = _new_scene()
    operators = bpy.ops.bodydouble
    found = {"no file": _error_of(operators.open_capture)}
    settings.performance = request["rig"]
    found["not a capture"] = _error_of(operators.open_capture)
    settings.video = request["video"]
    _choose_program("/nowhere/bodydouble")
    found["not installed"] = _error_of(operators.capture_video)
    _choose_program(request["failing_program"])
    found["failure"] = _error_of(operators.capture_video)
    _import_rig(request, has_mesh=True)
    settings.performance, settings.person = request["capture"], "nobody"
    found["nobody"] = _error_of(operators.apply_performance)
    return found


def main() -> None:
    """Installs the add-on, does each thing once, and removes it."""
    request = json.loads(Path(sys.argv[1]).read_text())
    bpy.ops.extensions.package_install_files(filepath=request["zip"], repo="user_default", enable_on_install=True)
    _choose_program(request["program"])
    answer: dict[str, Any] = {
        "captured": _capture_video(request),
        "applied": [_apply(request, has_mesh=has_mesh) for has_mesh in (True, False)],
        "in a window": {
            "done": _run_in_a_window("true"),
            "failed": _run_in_a_window(request["failing_program"]),
            "cancelled": _run_in_a_window(request["endless_program"], "TIMER", "MOUSEMOVE", "ESC"),
        },
        "buttons": _draw_panel(),
        "errors": _errors(request),
    }
    bpy.ops.preferences.addon_disable(module=PACKAGE)
    answer["is_removed"] = not hasattr(bpy.types.Scene, "bodydouble")
    bpy.ops.wm.open_mainfile(filepath=request["blend"])
    answer["blend"] = describe_scene()
    Path(sys.argv[2]).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()

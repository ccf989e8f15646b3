"""Operators: capture a video, open a capture, apply a performance to an armature."""

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import bpy

from . import retargeting
from .blender.capture import FILE_NAME, FOLDER_ENDING, CapturedPerson, CaptureError, read_capture
from .blender.scene import open_capture
from .process import Job, ProgramError

TIMER_SECONDS = 0.2
ERRORS = (CaptureError, ProgramError)


def _path(text: str) -> Path:
    """Returns the path that a field of the panel holds."""
    if not text:
        raise CaptureError("choose a file in the panel first")
    return Path(bpy.path.abspath(text))


def _open_capture(operator: bpy.types.Operator, settings: bpy.types.PropertyGroup) -> None:
    """Opens the capture of the panel and reports what the scene lacks."""
    path = _path(settings.performance)
    video = Path(bpy.path.abspath(settings.video)) if settings.video else None
    for note in open_capture(path, video=video):
        operator.report({"WARNING"}, note)


class RunsBodydouble:
    """Base of operators that run bodydouble while Blender stays usable, and finish when it has ended."""

    current_job: ClassVar[Job | None] = None

    def start(self, context: bpy.types.Context) -> list[str]:
        """Prepares the run; returns the arguments of bodydouble."""
        raise NotImplementedError

    def finish(self, context: bpy.types.Context) -> None:
        """Uses the files that bodydouble wrote."""
        raise NotImplementedError

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Allows one run at a time."""
        return RunsBodydouble.current_job is None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Starts bodydouble; without a window, waits for its end."""
        program = context.preferences.addons[__package__].preferences.program
        try:
            job = Job(program, self.start(context))
        except ERRORS as error:
            return self._fail(error)
        if bpy.app.background:
            return self._end(context, job)
        RunsBodydouble.current_job = job
        self._timer = context.window_manager.event_timer_add(TIMER_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Shows the progress, ends with the process, and cancels it on Esc."""
        job = RunsBodydouble.current_job
        if event.type == "ESC":
            job.cancel()
            self._release(context)
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        for area in context.screen.areas:
            area.tag_redraw()
        if job.is_running:
            return {"PASS_THROUGH"}
        self._release(context)
        return self._end(context, job)

    def _release(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        RunsBodydouble.current_job = None

    def _end(self, context: bpy.types.Context, job: Job) -> set[str]:
        try:
            job.wait()
            self.finish(context)
        except ERRORS as error:
            return self._fail(error)
        return {"FINISHED"}

    def _fail(self, error: Exception) -> set[str]:
        self.report({"ERROR"}, str(error))
        return {"CANCELLED"}


class BODYDOUBLE_OT_capture_video(RunsBodydouble, bpy.types.Operator):  # noqa: N801 - Blender demands such names
    """Capture the people in the video and open the result as a scene."""

    bl_idname = "bodydouble.capture_video"
    bl_label = "Capture Video"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    def start(self, context: bpy.types.Context) -> list[str]:
        """Returns the arguments of a capture into the folder beside the video."""
        settings = context.scene.bodydouble
        video = _path(settings.video)
        self._folder = video.with_name(video.stem + FOLDER_ENDING)
        options = ["--quality", settings.quality, "--character", settings.character, "--no-preview"]
        return ["animate", str(video), "-o", str(self._folder), *options]

    def finish(self, context: bpy.types.Context) -> None:
        """Opens the capture."""
        settings = context.scene.bodydouble
        settings.performance = str(self._folder / FILE_NAME)
        _open_capture(self, settings)


class BODYDOUBLE_OT_open_capture(bpy.types.Operator):  # noqa: N801 - Blender demands such names
    """Add camera, video, people and floor of a finished capture to the scene."""

    bl_idname = "bodydouble.open_capture"
    bl_label = "Open Capture"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Opens the capture of the panel."""
        try:
            _open_capture(self, context.scene.bodydouble)
        except CaptureError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class BODYDOUBLE_OT_apply_performance(RunsBodydouble, bpy.types.Operator):  # noqa: N801 - Blender demands such names
    """Animate the selected armature with the motion of a captured person."""

    bl_idname = "bodydouble.apply_performance"
    bl_label = "Apply to Selected Armature"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Demands a selected armature."""
        return super().poll(context) and context.object is not None and context.object.type == "ARMATURE"

    def start(self, context: bpy.types.Context) -> list[str]:
        """Writes the armature as a file; returns the arguments that put the motion on it."""
        settings = context.scene.bodydouble
        capture = read_capture(_path(settings.performance))
        self._armature_name = context.object.name
        self._person = _find_person(capture.people, settings.person)
        rate = Fraction(context.scene.render.fps) / Fraction(context.scene.render.fps_base).limit_denominator(10000)
        self._first_frame = round(self._person.first_frame * rate / capture.fps)
        self._folder = tempfile.TemporaryDirectory()
        self._rig, self._animated = (Path(self._folder.name) / name for name in ("rig.glb", "animated.glb"))
        retargeting.export_rig(context.object, self._rig)
        options = ["-o", str(self._animated), "--people", self._person.name, "--fps", str(rate)]
        return ["retarget", str(capture.path), str(self._rig), *options]

    def finish(self, _context: bpy.types.Context) -> None:
        """Gives the armature an action with the motion."""
        # A person may undo or delete things while bodydouble runs, which ends the life of references to them.
        armature = bpy.data.objects.get(self._armature_name)
        if armature is None:
            raise CaptureError(f"the armature '{self._armature_name}' no longer exists")
        with self._folder:
            retargeting.apply_animation(armature, self._rig, self._animated, self._person.name, self._first_frame)


def _find_person(people: tuple[CapturedPerson, ...], name: str) -> CapturedPerson:
    for person in people:
        if person.name == name:
            return person
    raise CaptureError(f"there is no person '{name}'; the capture has {', '.join(person.name for person in people)}")


CLASSES = (BODYDOUBLE_OT_capture_video, BODYDOUBLE_OT_open_capture, BODYDOUBLE_OT_apply_performance)


def register() -> None:
    """Registers the operators."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)


def unregister() -> None:
    """Removes the operators."""
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)

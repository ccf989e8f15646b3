"""Preferences of the add-on and settings in the panel."""

from pathlib import Path

import bpy

from .blender.capture import CaptureError, read_capture


class BodydoublePreferences(bpy.types.AddonPreferences):
    """Preferences of the add-on."""

    bl_idname = __package__

    program: bpy.props.StringProperty(
        name="Program", description="Command or path of the installed bodydouble", default="bodydouble"
    )

    def draw(self, _context: bpy.types.Context) -> None:
        """Draws the preferences."""
        self.layout.prop(self, "program")


def _list_people(settings: "BodydoubleSettings", _context: bpy.types.Context, _typed: str) -> list[str]:
    try:
        return [person.name for person in read_capture(Path(bpy.path.abspath(settings.performance))).people]
    except CaptureError:
        return []


class BodydoubleSettings(bpy.types.PropertyGroup):
    """Settings of the panel, stored in the scene."""

    video: bpy.props.StringProperty(name="Video", description="Video of people in motion", subtype="FILE_PATH")
    quality: bpy.props.EnumProperty(
        name="Quality",
        description="Speed or accuracy of the capture",
        items=[("fast", "Fast", ""), ("balanced", "Balanced", ""), ("best", "Best", "")],
        default="balanced",
    )
    character: bpy.props.StringProperty(
        name="Character",
        description="Name of a built-in character, or a .glb, .vrm or .fbx file",
        default="mannequin",
    )
    performance: bpy.props.StringProperty(
        name="Capture", description="performance.npz of a finished capture, or its folder", subtype="FILE_PATH"
    )
    person: bpy.props.StringProperty(
        name="Person", description="Person whose motion is applied", default="person1", search=_list_people
    )


CLASSES = (BodydoublePreferences, BodydoubleSettings)


def register() -> None:
    """Registers preferences and settings."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.bodydouble = bpy.props.PointerProperty(type=BodydoubleSettings)


def unregister() -> None:
    """Removes preferences and settings."""
    del bpy.types.Scene.bodydouble
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)

"""Panel in the sidebar of the 3D view."""

import bpy

from . import operators


class BODYDOUBLE_PT_sidebar(bpy.types.Panel):  # noqa: N801 - Blender demands such names
    """Panel with the steps from a video to an animated armature."""

    bl_label = "bodydouble"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "bodydouble"

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the panel."""
        settings = context.scene.bodydouble
        column = self.layout.column()
        column.prop(settings, "video")
        column.prop(settings, "quality")
        column.prop(settings, "character")
        column.operator("bodydouble.capture_video", icon="RENDER_ANIMATION")
        column.separator()
        column.prop(settings, "performance")
        column.operator("bodydouble.open_capture", icon="FILE_FOLDER")
        column.separator()
        column.prop(settings, "person")
        column.operator("bodydouble.apply_performance", icon="ARMATURE_DATA")
        job = operators.RunsBodydouble.current_job
        if job is not None:
            column.progress(factor=job.fraction, text=job.progress)
            column.label(text="Esc cancels")


def register() -> None:
    """Registers the panel."""
    bpy.utils.register_class(BODYDOUBLE_PT_sidebar)


def unregister() -> None:
    """Removes the panel."""
    bpy.utils.unregister_class(BODYDOUBLE_PT_sidebar)

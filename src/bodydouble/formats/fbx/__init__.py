"""Binary FBX 7.x: export of animated characters, and reading of scenes."""

from bodydouble.formats.fbx.exporter import AnimatedModel, write
from bodydouble.formats.fbx.skeleton_objects import BoneNaming

__all__ = ["AnimatedModel", "BoneNaming", "write"]

"""FBX 7.x: export of animated characters as binary files, and reading of scenes from binary and text files."""

from bodydouble.formats.fbx.exporter import AnimatedModel, write
from bodydouble.formats.fbx.skeleton_objects import BoneNaming

__all__ = ["AnimatedModel", "BoneNaming", "write"]

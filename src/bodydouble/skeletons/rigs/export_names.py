"""Names that exported files can give to the humanoid bones, one table per program."""

from collections.abc import Mapping

from bodydouble.skeletons.rigs import cmu, mixamo, unreal

BONE_NAMES: dict[str, Mapping[str, str]] = {
    "vrm": {},
    "mixamo": {bone: f"mixamorig:{name}" for bone, name in mixamo.NAMES.items()},
    "unreal": unreal.NAMES,
    "cmu": cmu.NAMES,
}
"""Naming -> humanoid bone -> name; "vrm" keeps the names of the VRM humanoid."""

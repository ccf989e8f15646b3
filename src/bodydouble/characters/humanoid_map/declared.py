"""Humanoid bones that a file declares: the VRM extensions of glTF."""

from collections.abc import Mapping
from typing import Any

from bodydouble.skeletons.rigs import vrm


def from_extensions(extensions: Mapping[str, Any]) -> dict[str, int]:
    """Returns humanoid bone -> node from the VRM extension of a glTF file; empty without one.

    Bones whose node is -1 or absent are optional bones that the character lacks. An entry that is no mapping is
    ignored, so that a damaged declaration leaves the decision to names and shape.

    Sources: https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/humanoid.md,
    https://github.com/vrm-c/vrm-specification/blob/master/specification/0.0/README.md and
    https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm_animation-1.0
    """
    for name in ("VRMC_vrm", "VRMC_vrm_animation"):
        if name in extensions:
            bones = _human_bones(extensions[name])
            return _valid_nodes(bones.items()) if isinstance(bones, Mapping) else {}
    if "VRM" in extensions:
        bones = _human_bones(extensions["VRM"])
        entries = [entry for entry in bones if isinstance(entry, Mapping)] if isinstance(bones, list) else []
        return _valid_nodes((vrm.VRM0_THUMB_BONES.get(name := str(e.get("bone")), name), e) for e in entries)
    return {}


def _human_bones(extension: object) -> object:
    humanoid = extension.get("humanoid") if isinstance(extension, Mapping) else None
    return humanoid.get("humanBones") if isinstance(humanoid, Mapping) else None


def _valid_nodes(entries: Any) -> dict[str, int]:
    """Returns bone -> node of the entries that name a node."""
    nodes = {str(bone): entry.get("node") for bone, entry in entries if isinstance(entry, Mapping)}
    return {bone: node for bone, node in nodes.items() if isinstance(node, int) and node >= 0}

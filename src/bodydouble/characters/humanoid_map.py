"""Maps the joints of a rig to the bones of the VRM humanoid, by VRM extensions or by joint names."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bodydouble.errors import FormatError
from bodydouble.skeletons.rigs import biovision, biped, cmu, daz, generic, mixamo, rigify, unreal, vrm

RIGS: tuple[Mapping[str, str], ...] = tuple(
    MappingProxyType(rig.NAMES) for rig in (vrm, mixamo, unreal, rigify, biped, cmu, daz, biovision)
)
NAME_PREFIX = re.compile(r"^(.*:|mixamorig\d*_?|def-|bip0*1?[ _]|armature_)", re.IGNORECASE)
SIDE_PATTERN = re.compile(r"^(?P<a>left|right|[lr](?=[._\s-]))|(?P<b>left|right|(?<=[._\s-])[lr])$", re.IGNORECASE)


def from_extensions(extensions: Mapping[str, Any]) -> dict[str, int]:
    """Returns humanoid bone -> node from the VRM extension of a glTF file; empty without one."""
    if "VRMC_vrm" in extensions:
        bones = extensions["VRMC_vrm"]["humanoid"]["humanBones"]
        return {bone: int(entry["node"]) for bone, entry in bones.items()}
    if "VRM" in extensions:
        bones = extensions["VRM"]["humanoid"]["humanBones"]
        return {vrm.VRM0_THUMB_BONES.get(entry["bone"], entry["bone"]): int(entry["node"]) for entry in bones}
    return {}


def from_names(names: Sequence[str]) -> dict[str, int]:
    """Returns humanoid bone -> index of the joint, by the names of the joints.

    The known rig that matches most joints is used; if none has all required bones, the names are matched by words.

    Args:
        names: joint names, in any order.

    Raises:
        FormatError: a required bone is missing.
    """
    joint_of_name = {_normalize_name(name): i for i, name in reversed(list(enumerate(names)))}
    tables = [
        {
            bone: joint_of_name[_normalize_name(name)]
            for bone, name in rig.items()
            if _normalize_name(name) in joint_of_name
        }
        for rig in RIGS
    ]
    complete = [table for table in tables if not missing_bones(table)]
    bones = max(complete, key=len) if complete else _match_by_words(names)
    if missing_bones(bones):
        raise FormatError(
            f"no humanoid skeleton found: no joint for {', '.join(missing_bones(bones))}; "
            "name the joints as in VRM, Mixamo, Unreal or Rigify"
        )
    return bones


def missing_bones(bones: Mapping[str, int]) -> list[str]:
    """Returns the required bones that a mapping lacks."""
    return [bone for bone in vrm.REQUIRED_BONES if bone not in bones]


def _normalize_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", NAME_PREFIX.sub("", name).lower())


def _match_by_words(names: Sequence[str]) -> dict[str, int]:
    """Matches the words of rigs.common, separately for the left, the right and the middle."""
    words: dict[str, dict[str, int]] = {"": {}, "left": {}, "right": {}}
    for i, name in enumerate(names):
        stem = NAME_PREFIX.sub("", name)
        match = SIDE_PATTERN.search(stem)
        side = "" if match is None else "left" if match.group()[0] in "lL" else "right"
        words[side].setdefault(_normalize_name(SIDE_PATTERN.sub("", stem)), i)
    bones = _assign_words(generic.CENTRAL_BONES, words[""], "")
    for side in ("left", "right"):
        bones |= _assign_words(generic.SIDED_BONES, words[side], side)
    return bones


def _assign_words(table: Mapping[str, tuple[str, ...]], words: Mapping[str, int], side: str) -> dict[str, int]:
    unassigned = dict(words)
    bones = {}
    for bone, synonyms in table.items():
        word = next((word for word in synonyms if word in unassigned), None)
        if word is not None:
            bones[side + bone] = unassigned.pop(word)
    return bones

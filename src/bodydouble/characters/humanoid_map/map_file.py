"""Maps that a person writes: a TOML file of humanoid bone = "joint name"."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from bodydouble.characters.humanoid_map.faults import LEG_BONES, find_faults, mapped_parent
from bodydouble.characters.humanoid_map.rig_description import RigDescription, RigTree
from bodydouble.errors import FormatError
from bodydouble.skeletons import humanoid
from bodydouble.skeletons.rigs import vrm

BONES = humanoid.JOINTS + humanoid.FINGERS


def read_map_file(path: Path) -> dict[str, str]:
    """Reads humanoid bone -> joint name; an empty name declares that the character lacks the bone.

    Raises:
        FormatError: the file is no such table, or a key is no humanoid bone.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is not a TOML file ({str(error).splitlines()[0]})") from error
    for bone, name in table.items():
        if bone not in BONES:
            raise FormatError(f"{path}: {bone!r} is no humanoid bone; the bones are {', '.join(BONES)}")
        if not isinstance(name, str):
            raise FormatError(f"{path}: {bone} must be the name of a joint in quotes")
    return table


def apply_overrides(rig: RigDescription, automatic: Mapping[str, int], names: Mapping[str, str]) -> dict[str, int]:
    """Returns an automatic map with the bones that a person has named replaced.

    Raises:
        FormatError: a joint is unknown, or the map cannot be right.
    """
    chosen = {bone: _find_joint(rig, bone, name) for bone, name in names.items() if name}
    taken = set(chosen.values())
    free = {bone: joint for bone, joint in automatic.items() if bone not in names and joint not in taken}
    bones = _drop_displaced(rig, free | chosen, chosen)
    if faults := find_faults(rig, bones, strict=chosen):
        raise FormatError(f"the map cannot be right: {'; '.join(faults)}")
    return bones


def _drop_displaced(rig: RigDescription, bones: Mapping[str, int], chosen: Mapping[str, int]) -> dict[str, int]:
    """Returns the bones without automatic ones that a person's choice has moved away from the bone above them.

    A chosen hand loses the fingers of the automatic one; required bones stay, so that their fault is reported.
    """
    tree = RigTree(rig.parents)
    kept: dict[str, int] = {}
    for bone in (bone for bone in BONES if bone in bones):
        above = mapped_parent(bone, kept)
        fits = above is None or tree.is_below(bones[bone], kept[above])
        if fits or bone in chosen or bone in LEG_BONES or bone in vrm.REQUIRED_BONES:
            kept[bone] = bones[bone]
    return kept


def _find_joint(rig: RigDescription, bone: str, name: str) -> int:
    joints = [joint for joint, other in enumerate(rig.names) if other == name]
    if not joints:
        raise FormatError(f"the map cannot be right: {bone} = {name!r}, but there is no such joint")
    if len(joints) > 1:
        raise FormatError(f"the map cannot be right: {bone} = {name!r}, but {len(joints)} joints have that name")
    return joints[0]

"""Mapping of the joints of any rig to the bones of the VRM humanoid."""

from collections.abc import Iterator, Mapping

from bodydouble.characters.humanoid_map.faults import LEG_BONES, PARENT, find_faults
from bodydouble.characters.humanoid_map.map_file import apply_overrides
from bodydouble.characters.humanoid_map.names import map_by_tables, map_by_words
from bodydouble.characters.humanoid_map.rig_description import HumanoidMap, RigDescription, RigTree, missing_bones
from bodydouble.characters.humanoid_map.shape import map_by_shape
from bodydouble.errors import FormatError
from bodydouble.skeletons import humanoid

BY_DECLARATION = "VRM humanoid"
BY_WORDS = "words in the names"
BY_SHAPE = "shape of the skeleton"
BY_HAND = "map file"
TRUNK = ("spine", "chest", "upperChest")

Attempt = tuple[str, dict[str, int], list[str]]
"""Source of a map, humanoid bone -> joint, and notes."""


def map_humanoid(rig: RigDescription, overrides: Mapping[str, str] | None = None) -> HumanoidMap:
    """Finds the humanoid bones of a rig.

    The VRM declaration is tried first, then the names of known rigs, then words in names, then the shape of the
    skeleton. The first map that has all required bones and fits the tree is taken.

    Args:
        rig: the joints.
        overrides: humanoid bone -> joint name, chosen by a person; an empty name removes a bone.

    Raises:
        FormatError: no such map exists, or the overrides cannot be right.
    """
    notes: list[str] = []
    best: Attempt = ("", {}, [])
    for attempt in _attempts(rig):
        source, bones, remarks = attempt
        reasons = _reject(rig, bones)
        if bones and not reasons:
            best = attempt
            break
        if source == BY_DECLARATION:
            notes.append(f"the {source} of the file is ignored: {'; '.join(reasons)}")
        if len(missing_bones(bones)) < len(missing_bones(best[1])):
            best = source, bones, [*remarks, *reasons]
    source, bones, remarks = best
    if overrides:
        source, bones = _join_sources(source), apply_overrides(rig, bones, overrides)
        remarks = []
    elif bones and not missing_bones(bones) and remarks and _reject(rig, bones):
        raise FormatError(f"no humanoid skeleton found: {'; '.join(remarks)}")
    if missing := missing_bones(bones):
        raise FormatError(
            f"no humanoid skeleton found: no joint for {', '.join(missing)}; "
            "name the joints as in VRM, Mixamo, Unreal or Rigify, or give the joints with --map"
        )
    lacking = tuple(bone for bone in humanoid.JOINTS if bone not in bones)
    return HumanoidMap(bones, source, lacking, (*notes, *remarks, *_note_detached(rig, bones)))


def _attempts(rig: RigDescription) -> Iterator[Attempt]:
    if rig.declared:
        yield BY_DECLARATION, {b: j for b, j in rig.declared.items() if b in PARENT or b == "hips"}, []
    for label, bones in map_by_tables(rig):
        yield f"names of {label}", complete_spine(bones), []
    yield BY_WORDS, complete_spine(map_by_words(rig)), []
    bones, notes = map_by_shape(rig)
    yield BY_SHAPE, bones, notes


def complete_spine(bones: Mapping[str, int]) -> dict[str, int]:
    """Returns a map in which the lowest joint of the trunk is the spine, as VRM demands."""
    joints = [bones[bone] for bone in TRUNK if bone in bones]
    others = {bone: joint for bone, joint in bones.items() if bone not in TRUNK}
    return others | dict(zip(TRUNK, joints, strict=False))


def _reject(rig: RigDescription, bones: Mapping[str, int]) -> list[str]:
    if missing := missing_bones(bones):
        return [f"it lacks {', '.join(missing)}"]
    if any(not 0 <= joint < len(rig.names) for joint in bones.values()):
        return ["it names a joint that does not exist"]
    return find_faults(rig, bones)


def _join_sources(automatic: str) -> str:
    return f"{BY_HAND}, then {automatic}" if automatic else BY_HAND


def _note_detached(rig: RigDescription, bones: Mapping[str, int]) -> list[str]:
    tree = RigTree(rig.parents)
    apart = [
        bone
        for bone in bones
        if bone in LEG_BONES and PARENT[bone] in bones and not tree.is_below(bones[bone], bones[PARENT[bone]])
    ]
    return [f"{', '.join(apart)} not below the bone above: attached to it"] if apart else []

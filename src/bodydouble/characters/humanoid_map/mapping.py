"""Mapping of the joints of any rig to the bones of the VRM humanoid."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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

BONES = humanoid.JOINTS + humanoid.FINGERS
NOTHING_FOUND = "neither names nor shape show two legs with knees and two arms with elbows"
ADVICE = "name the joints as in VRM, Mixamo, Unreal or Rigify, or give the joints with --map"


@dataclass(frozen=True)
class Attempt:
    """Map from one kind of evidence."""

    source: str
    bones: dict[str, int]
    faults: tuple[str, ...] = ()
    """Reasons why it is not taken."""
    notes: tuple[str, ...] = ()


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
    best, ignored = _find_best_attempt(rig)
    source, bones = best.source, best.bones
    if overrides:
        source = f"{BY_HAND}, then {source}" if source else BY_HAND
        bones = apply_overrides(rig, bones, overrides)
    elif bones and not missing_bones(bones) and best.faults:
        raise FormatError(f"no humanoid skeleton found: {'; '.join(best.faults)}; {ADVICE}")
    if missing := missing_bones(bones):
        reason = f"no joint for {', '.join(missing)}" if bones else NOTHING_FOUND
        raise FormatError(f"no humanoid skeleton found: {reason}; {ADVICE}")
    bones = {bone: bones[bone] for bone in BONES if bone in bones}
    lacking = tuple(bone for bone in humanoid.JOINTS if bone not in bones)
    return HumanoidMap(bones, source, lacking, (*ignored, *best.notes, *_note_detached(rig, bones)))


def _find_best_attempt(rig: RigDescription) -> tuple[Attempt, list[str]]:
    """Returns the first attempt without faults, or the one that lacks fewest bones; and notes on declarations."""
    ignored: list[str] = []
    best = Attempt("", {})
    for attempt in _attempts(rig):
        if not attempt.faults:
            return attempt, ignored
        if attempt.source == BY_DECLARATION:
            ignored.append(f"the {attempt.source} of the file is ignored: {'; '.join(attempt.faults)}")
        if len(missing_bones(attempt.bones)) < len(missing_bones(best.bones)):
            best = attempt
    return best, ignored


def _attempts(rig: RigDescription) -> Iterator[Attempt]:
    def attempt(source: str, bones: Mapping[str, int], notes: Sequence[str] = ()) -> Attempt:
        return Attempt(source, dict(bones), tuple(_find_reasons(rig, bones)), tuple(notes))

    if rig.declared:
        yield attempt(BY_DECLARATION, {b: j for b, j in rig.declared.items() if b in BONES and 0 <= j < len(rig.names)})
    for label, bones in map_by_tables(rig):
        yield attempt(f"names of {label}", complete_spine(bones))
    yield attempt(BY_WORDS, complete_spine(map_by_words(rig)))
    yield attempt(BY_SHAPE, *map_by_shape(rig))


def complete_spine(bones: Mapping[str, int]) -> dict[str, int]:
    """Returns a map in which the lowest joint of the trunk is the spine, as VRM demands."""
    joints = [bones[bone] for bone in TRUNK if bone in bones]
    others = {bone: joint for bone, joint in bones.items() if bone not in TRUNK}
    return others | dict(zip(TRUNK, joints, strict=False))


def _find_reasons(rig: RigDescription, bones: Mapping[str, int]) -> list[str]:
    """Returns the reasons why a map is not taken."""
    if missing := missing_bones(bones):
        return [f"it lacks {', '.join(missing)}"]
    return find_faults(rig, bones)


def _note_detached(rig: RigDescription, bones: Mapping[str, int]) -> list[str]:
    tree = RigTree(rig.parents)
    apart = [
        bone
        for bone in bones
        if bone in LEG_BONES and PARENT[bone] in bones and not tree.is_below(bones[bone], bones[PARENT[bone]])
    ]
    return [f"{', '.join(apart)} not below the bone above: attached to it"] if apart else []

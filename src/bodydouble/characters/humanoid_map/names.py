"""Mapping by the names of joints: tables of known rigs, with any prefix and suffix, and common words."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from bodydouble.characters.humanoid_map.fingers import name_joints
from bodydouble.characters.humanoid_map.resolve import count_bones, resolve_candidates
from bodydouble.characters.humanoid_map.rig_description import RigDescription, RigTree
from bodydouble.skeletons.rigs import generic
from bodydouble.skeletons.rigs.families import FAMILIES, Family

COUNTER = re.compile(r"[._ ]\d+$")
"""Number that some exporters append to every name."""
NAME_PREFIX = re.compile(r"^(.*:|mixamorig\d*_?|(def|org)-|bip0*1?[ _]|armature_|character\d*_)", re.IGNORECASE)
SIDE_PATTERN = re.compile(r"^(?P<a>left|right|[lr](?=[._\s-]))|(?P<b>left|right|(?<=[._\s-])[lr])$", re.IGNORECASE)
HELPER_WORDS = frozenset(
    {"twist", "roll", "helper", "share", "half", "corrective", "jiggle"}
    | {"ik", "fk", "pole", "target", "ctrl", "control", "c", "mch", "tweak"}
    | {"end", "tip", "nub", "leaf", "socket", "slot", "dummy", "weapon", "prop"}
)
"""Words of joints that are no main bones: twist, roll, control and inverse kinematics joints, ends and sockets."""
MAX_AFFIXES = 50
"""Maximum number of pairs of prefix and suffix that are tried."""
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def map_by_tables(rig: RigDescription) -> list[tuple[str, dict[str, int]]]:
    """Returns the families whose names occur, each with its humanoid bone -> joint; most bones first."""
    tree = RigTree(rig.parents)
    found = []
    for names in _name_variants(rig.names):
        index = _index_names(normalize_name(name) for name in names)
        for family in FAMILIES:
            bones = max(
                (resolve_candidates(rig, tree, c) for c in _candidates(family, index)), key=count_bones, default={}
            )  # fmt: skip
            if bones:
                found.append((family.label, bones))
    return sorted(found, key=lambda entry: count_bones(entry[1]), reverse=True)


def map_by_words(rig: RigDescription) -> dict[str, int]:
    """Returns humanoid bone -> joint by the words of `rigs.generic`, for the left, the right and the middle."""
    words: dict[str, dict[str, list[int]]] = {"": {}, "left": {}, "right": {}}
    for joint, name in enumerate(rig.names):
        stem = NAME_PREFIX.sub("", name)
        match = SIDE_PATTERN.search(stem)
        side = "" if match is None else "left" if match.group()[0] in "lL" else "right"
        stem = SIDE_PATTERN.sub("", stem)
        if not HELPER_WORDS & {word.lower() for word in WORD.findall(stem)}:
            words[side].setdefault(normalize_name(stem), []).append(joint)
    tree = RigTree(rig.parents)
    candidates = {bone: _joints_of(words[""], names) for bone, names in generic.CENTRAL_BONES.items()}
    for side in ("left", "right"):
        candidates |= {side + bone: _joints_of(words[side], names) for bone, names in generic.SIDED_BONES.items()}
    bones = resolve_candidates(rig, tree, candidates)
    return bones | _fingers_by_words(tree, bones, words)


def normalize_name(name: str) -> str:
    """Returns the letters and digits of a name in lower case; full-width characters become normal ones."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", name).lower())


def _name_variants(names: Sequence[str]) -> list[Sequence[str]]:
    """Returns the names, and the names without their counters if most have one."""
    numbered = [name for name in names if COUNTER.search(name)]
    if 2 * len(numbered) < len(names):
        return [names]
    return [names, [COUNTER.sub("", name) for name in names]]


def _index_names(names: Iterable[str]) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for joint, name in enumerate(names):
        index.setdefault(name, []).append(joint)
    return index


def _candidates(family: Family, index: Mapping[str, list[int]]) -> list[dict[str, list[int]]]:
    """Returns the joints of each bone for every prefix and suffix that the name of the head has."""
    tables = {bone: [normalize_name(name) for name in names] for bone, names in family.names.items()}
    affixes = {tuple(name.split(head, 1)) for head in tables["head"] for name in index if head in name}
    shortest = sorted(affixes, key=lambda affix: (len(affix[0] + affix[1]), affix))[:MAX_AFFIXES]
    return [
        {
            bone: [joint for name in names for joint in index.get(prefix + name + suffix, ())]
            for bone, names in tables.items()
        }
        for prefix, suffix in shortest
    ]


def _joints_of(words: Mapping[str, list[int]], names: Sequence[str]) -> list[int]:
    return [joint for name in names for joint in words.get(name, ())]


def _fingers_by_words(
    tree: RigTree, bones: Mapping[str, int], words: Mapping[str, Mapping[str, Sequence[int]]]
) -> dict[str, int]:
    """Returns the fingers of hands that have at least two: joints below a hand that are named after a finger."""
    fingers: dict[str, int] = {}
    for side in ("left", "right"):
        hand = bones.get(f"{side}Hand")
        chains = {} if hand is None else _finger_chains(tree, hand, words[side])
        if len(chains) > 1:
            for finger, chain in chains.items():
                fingers |= {side + bone: joint for bone, joint in name_joints(finger, chain).items()}
    return fingers


def _finger_chains(tree: RigTree, hand: int, words: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """Returns finger -> at least two joints below a hand whose names contain its word, from the palm outward."""
    chains = {}
    for finger, synonyms in generic.FINGERS.items():
        fitting = [w for w in words if any(s in w for s in synonyms) and "metacarpal" not in w]
        joints = [joint for word in fitting for joint in words[word] if tree.is_below(joint, hand)]
        if len(joints) > 1:
            chains[finger] = sorted(joints, key=lambda joint: len(tree.ancestors(joint)))
    return chains

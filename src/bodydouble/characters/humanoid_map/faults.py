"""Faults of a map of humanoid bones: joints that are used twice, out of order in the tree, or on the wrong side."""

from collections.abc import Collection, Mapping

import numpy as np

from bodydouble.characters.humanoid_map.facing import STRONG_EVIDENCE, evidence_of_sides
from bodydouble.characters.humanoid_map.rig_description import RigDescription, RigTree
from bodydouble.skeletons import humanoid

LEG_BONES = frozenset(side + bone for side in ("left", "right") for bone in ("UpperLeg", "LowerLeg", "Foot", "Toes"))
"""Bones that control rigs keep beside the bone above them."""
PARENT: dict[str, str] = {bone: parent for bone, parent in humanoid.PARENT.items() if parent is not None}
"""Bone -> the bone above it, fingers included."""

for _finger in humanoid.FINGERS:
    _side = "left" if _finger.startswith("left") else "right"
    _stem = _finger.removesuffix("Distal").removesuffix("Intermediate").removesuffix("Proximal")
    _parts = [bone for bone in humanoid.FINGERS if bone.startswith(_stem.removesuffix("Metacarpal"))]
    _place = _parts.index(_finger)
    PARENT[_finger] = _parts[_place - 1] if _place else f"{_side}Hand"


def mapped_parent(bone: str, bones: Mapping[str, object]) -> str | None:
    """Returns the nearest bone above a bone that a map has; None for the hips."""
    above = PARENT.get(bone)
    while above is not None and above not in bones:
        above = PARENT.get(above)
    return above


def find_faults(rig: RigDescription, bones: Mapping[str, int], strict: Collection[str] = ()) -> list[str]:
    """Returns the reasons why a map cannot be right; empty if there are none.

    Args:
        rig: the joints.
        bones: humanoid bone -> joint.
        strict: bones that must lie below the bone above them, although control rigs may keep legs apart.
    """
    faults = _find_duplicates(rig, bones) + _find_misplaced(rig, bones, strict)
    return faults or _find_exchanged_sides(rig, bones)


def _find_duplicates(rig: RigDescription, bones: Mapping[str, int]) -> list[str]:
    first: dict[int, str] = {}
    faults = []
    for bone, joint in bones.items():
        if joint in first:
            faults.append(f"{first[joint]} and {bone} are the same joint, {rig.names[joint]}")
        first.setdefault(joint, bone)
    return faults


def _find_misplaced(rig: RigDescription, bones: Mapping[str, int], strict: Collection[str]) -> list[str]:
    tree = RigTree(rig.parents)
    faults = []
    for bone, joint in bones.items():
        above = mapped_parent(bone, bones)
        if above is None or tree.is_below(joint, bones[above]):
            continue
        if bone in strict or bone not in LEG_BONES or tree.is_below(bones[above], joint):
            faults.append(f"{bone} ({rig.names[joint]}) is not below {above} ({rig.names[bones[above]]})")
    return faults


def _find_exchanged_sides(rig: RigDescription, bones: Mapping[str, int]) -> list[str]:
    """Returns the fault of sides that cross, or that contradict feet, knees and elbows."""
    needed = {side + bone for side in ("left", "right") for bone in ("UpperLeg", "LowerLeg", "UpperArm", "LowerArm")}
    if not needed | {"head"} <= set(bones):
        return []
    positions = {bone: rig.rest_positions[joint] for bone, joint in bones.items()}
    legs = positions["leftUpperLeg"] - positions["rightUpperLeg"]
    arms = positions["leftUpperArm"] - positions["rightUpperArm"]
    if legs @ arms < -0.5 * np.linalg.norm(legs) * np.linalg.norm(arms):
        return ["left and right are exchanged between arms and legs"]
    if evidence_of_sides(positions) < -STRONG_EVIDENCE:
        return ["left and right are exchanged: feet, knees and elbows point backward"]
    return []

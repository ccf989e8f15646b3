"""Choice among joints whose names fit a humanoid bone: the one that fits the tree."""

from collections.abc import Mapping, Sequence

import numpy as np

from bodydouble.characters.humanoid_map.faults import LEG_BONES, mapped_parent
from bodydouble.characters.humanoid_map.rig_description import RigDescription, RigTree
from bodydouble.skeletons import humanoid

Candidates = Mapping[str, Sequence[int]]
"""Humanoid bone -> joints, the best name first."""
BONES = humanoid.JOINTS + humanoid.FINGERS


def resolve_candidates(rig: RigDescription, tree: RigTree, candidates: Candidates) -> dict[str, int]:
    """Returns humanoid bone -> joint, each below the joint of the bone above it.

    A file may hold several skeletons, and a name may occur twice. Each joint that may be the hips is tried; the one
    from which most bones follow is taken, then the one that moves most of the skin, then the largest.
    """
    maps = [_resolve_below(tree, hips, candidates) for hips in candidates.get("hips", ())]
    return max(maps, key=lambda bones: (*count_bones(bones), _skin_share(rig, bones), _extent(rig, bones)), default={})


def count_bones(bones: Mapping[str, object]) -> tuple[int, int]:
    """Returns the number of bones of the body and of all bones; maps are compared by the body first."""
    return sum(bone in humanoid.INDEX for bone in bones), len(bones)


def _skin_share(rig: RigDescription, bones: Mapping[str, int]) -> float:
    return 0.0 if rig.skin_weights is None else round(float(np.sum(rig.skin_weights[list(bones.values())])), 6)


def _extent(rig: RigDescription, bones: Mapping[str, int]) -> float:
    points = np.asarray(rig.rest_positions)[list(bones.values())]
    return round(float(np.linalg.norm(np.ptp(points, axis=0))), 9)


def _resolve_below(tree: RigTree, hips: int, candidates: Candidates) -> dict[str, int]:
    bones = {"hips": hips}
    used = {hips}
    for bone in BONES[1:]:
        above = mapped_parent(bone, bones)
        free = [joint for joint in candidates.get(bone, ()) if joint not in used]
        below = [joint for joint in free if above is not None and tree.is_below(joint, bones[above])]
        # Control rigs keep feet, or whole legs, beside the hips.
        if not below and bone in LEG_BONES and above is not None:
            below = [joint for joint in free if not tree.is_below(bones[above], joint)]
        if below:
            bones[bone] = below[0]
            used.add(below[0])
    return bones

"""Mapping by the shape of the tree, rest positions, symmetry and skin weights alone, without any name."""

import numpy as np

from bodydouble.characters.humanoid_map.body_search import Body, search_body
from bodydouble.characters.humanoid_map.facing import Positions, evidence_of_sides
from bodydouble.characters.humanoid_map.fingers import find_fingers
from bodydouble.characters.humanoid_map.limbs import LimbFinder
from bodydouble.characters.humanoid_map.rig_description import RigDescription, RigTree
from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

LIMBS = {
    "legs": {"upper": "UpperLeg", "lower": "LowerLeg", "end": "Foot"},
    "arms": {"upper": "UpperArm", "lower": "LowerArm", "end": "Hand"},
}
MAX_JOINTS = 4096
"""Maximum number of joints of a rig that is mapped by shape."""
HEAD_HEIGHT = 0.27
"""Height of the head's joint above the shoulders, relative to the distance from hip joints to shoulders."""
MAX_HEAD_HEIGHT = 0.6
"""Maximum height of the head's joint; higher joints mark the top of the head."""
ZERO_LENGTH = 1e-3
"""Length relative to the trunk below which two joints are at one place."""
WEAK_EVIDENCE = 0.02
"""Evidence of left and right below which it is a guess."""
SHIN_COSINE = 0.8
"""Minimum cosine between the thigh and the shin of a foot that is not below its leg."""
SHIN_RANGE = (0.5, 2.0)
"""Range of the length of such a shin, relative to the thigh."""
GUESS = "left and right are a guess: neither feet, knees, elbows nor thumbs show where the character looks"


def map_by_shape(rig: RigDescription) -> tuple[dict[str, int], list[str]]:
    """Returns humanoid bone -> joint and notes; no bones if the rig has no legs and arms.

    Two pairs of equal chains are taken as legs and arms (`body_search`). Their common ancestor is the hips, the joints
    between them are the spine, and the joint that leaves between the arms leads to the head. Toes, knees, elbows and
    thumbs show where forward is, and the right-handed frame then tells left from right.
    """
    if len(rig.names) > MAX_JOINTS:
        return {}, []
    finder = LimbFinder(rig, RigTree(rig.parents))
    body = search_body(finder)
    if body is None:
        return {}, []
    trunk = _trunk_bones(finder, rig, body)
    sides = _keep_common_bones([_limb_bones(finder, rig, body, side) for side in (0, 1)])
    left, note = _find_left(rig, trunk, sides)
    bones = trunk | {f"left{bone}": j for bone, j in sides[left].items()}
    bones |= {f"right{bone}": j for bone, j in sides[1 - left].items()}
    return bones, note


def _keep_common_bones(sides: list[dict[str, int]]) -> list[dict[str, int]]:
    """Returns the bones of both sides without those that only one of them has."""
    for side, other in ((0, 1), (1, 0)):
        lacking = [bone for bone in sides[side] if bone not in sides[other]]
        sides[side] = {bone: joint for bone, joint in sides[side].items() if bone not in lacking}
    return sides


def _limb_bones(finder: LimbFinder, rig: RigDescription, body: Body, side: int) -> dict[str, int]:
    """Returns bone without its side -> joint, of one leg, one arm, shoulder, toes and fingers."""
    bones = {
        LIMBS[pair][name]: joint for pair in LIMBS for name, joint in body.joints(pair, side).items()
    }  # fmt: skip
    arm, leg = body.arms.chains[side].joints, body.legs.chains[side].joints
    if body.arm_division.upper > 0:
        bones["Shoulder"] = arm[0]
    if body.leg_division.end is not None and body.leg_division.end + 1 < len(leg):
        bones["Toes"] = leg[body.leg_division.end + 1]
    if "Foot" not in bones and (foot := _detached_foot(finder, rig, bones)) is not None:
        bones["Foot"] = foot
    if "Hand" in bones:
        bones |= find_fingers(finder, bones["Hand"], finder.step(bones["LowerArm"], bones["Hand"]))
    return bones


def _detached_foot(finder: LimbFinder, rig: RigDescription, bones: dict[str, int]) -> int | None:
    """Returns the joint at the end of a shin that a control rig keeps beside the leg."""
    hip, knee = finder.positions[bones["UpperLeg"]], finder.positions[bones["LowerLeg"]]
    above = set(finder.tree.ancestors(bones["UpperLeg"]))
    others = [j for j in range(len(rig.names)) if j not in above and j not in bones.values()]
    if rig.skin_weights is not None:
        others = [j for j in others if rig.skin_weights[j] > 0]
    thigh = float(np.linalg.norm(knee - hip))
    steps = {j: finder.positions[j] - knee for j in others}
    shins = [j for j, step in steps.items() if SHIN_RANGE[0] < np.linalg.norm(step) / thigh < SHIN_RANGE[1]]
    cosines = {j: float(rotation.normalize(steps[j]) @ (knee - hip)) / thigh for j in shins}
    foot = max(shins, key=lambda j: cosines[j], default=None)
    return foot if foot is not None and cosines[foot] > SHIN_COSINE else None


def _trunk_bones(finder: LimbFinder, rig: RigDescription, body: Body) -> dict[str, int]:
    """Returns hips, spine, chest, upper chest, neck and head."""
    tree = finder.tree
    hips = tree.common_ancestor(body.legs.base, body.arms.base)
    assert hips is not None
    low = finder.points(body.legs, body.leg_division.upper).mean(axis=0)
    high = finder.points(body.arms, body.arm_division.upper).mean(axis=0)
    spine = tree.path(hips, body.arms.base)
    if len(spine) > 1 and _holds_the_hips(finder, rig, hips, spine[0], (low, high)):
        hips, spine = spine[0], spine[1:]
    bones = {"hips": hips} | _spine_bones(spine)
    limb_roots = {chain.joints[0] for pair in (body.legs, body.arms) for chain in pair.chains}
    to_legs = {body.legs.base, *tree.ancestors(body.legs.base)}
    necks = [c for c in tree.children[body.arms.base] if c not in limb_roots | to_legs]
    chains = [_neck_chain(finder, neck, has_tips=_has_tips(body)) for neck in necks]
    return bones | _head_bones(finder, rig, chains, low, high)


def _has_tips(body: Body) -> bool:
    """Returns whether chains of the rig end with joints that mark the tips of bones, as those of its feet do."""
    division = body.leg_division
    return division.end is not None and len(body.legs.chains[0].joints) > division.end + 2


def _holds_the_hips(
    finder: LimbFinder, rig: RigDescription, hips: int, first: int, trunk: tuple[FloatArray, FloatArray]
) -> bool:
    """Returns whether the pelvis moves with the first joint of the spine, as in rigs with legs beside the hips."""
    if rig.skin_weights is None or rig.skin_weights[hips] > 0 or rig.skin_weights[first] <= 0:
        return False
    low, high = trunk
    return float((finder.positions[first] - low) @ (high - low)) <= 0


def _spine_bones(spine: list[int]) -> dict[str, int]:
    """Returns the spine's bones: the first joint, one in the middle, and the last, which carries the arms."""
    names = ("spine", "chest") if len(spine) == 2 else ("spine", "chest", "upperChest")
    places = (0, len(spine) // 2, len(spine) - 1)
    return {name: spine[place] for name, place in zip(names[: len(spine)], places, strict=False)}


def _head_bones(
    finder: LimbFinder, rig: RigDescription, chains: list[list[int]], low: FloatArray, high: FloatArray
) -> dict[str, int]:
    """Returns neck and head, of the chains of joints that leave between the arms."""
    trunk = max(float(np.linalg.norm(high - low)), 1e-9)
    up = (high - low) / trunk
    if not chains:
        return {}

    def off_axis(joint: int) -> float:
        step = finder.positions[joint] - high
        return float(np.linalg.norm(step - (step @ up) * up)) / trunk

    best = max(chains, key=lambda c: 2 * finder.weights[c[0]] - off_axis(c[-1]) + _rise(finder, c[-1], high, up, trunk))
    heights = [_rise(finder, joint, high, up, trunk) for joint in best]
    skinned = [rig.skin_weights is not None and bool(rig.skin_weights[j] > 0) for j in best]
    head = _head_place(heights, skinned)
    below = [j for j in best[:head] if finder.step(finder.tree.parents[j], j) > ZERO_LENGTH * trunk] or best[:head]
    return {"head": best[head]} | ({"neck": below[0]} if below else {})


def _head_place(heights: list[float], skinned: list[bool]) -> int:
    """Returns the place of the head in a chain of joints of relative heights.

    Of skinned joints it is the one whose height is most usual. Without a skin it is the last joint, unless that is the
    top of the head.
    """
    if any(skinned):
        places = [i for i, is_skinned in enumerate(skinned) if is_skinned]
        return min(places, key=lambda i: abs(np.log(max(heights[i], 0.01) / HEAD_HEIGHT)))
    return max((i for i, height in enumerate(heights) if height < MAX_HEAD_HEIGHT), default=0)


def _neck_chain(finder: LimbFinder, joint: int, *, has_tips: bool) -> list[int]:
    """Returns a joint and those above it, up to one from which the face or hair leaves; single helpers are passed.

    If the chains of the rig end with tips, that of the head is left out.
    """
    chain = [joint]
    while below := finder.tree.children[chain[-1]]:
        long = [child for child in below if finder.sizes[child] >= 2]
        if len(below) > 1 and len(long) != 1:
            break
        chain.append((long or below)[0])
    ends_with_tip = has_tips and len(chain) > 1 and not finder.tree.children[chain[-1]]
    return chain[:-1] if ends_with_tip else chain


def _rise(finder: LimbFinder, joint: int, high: FloatArray, up: FloatArray, trunk: float) -> float:
    return float((finder.positions[joint] - high) @ up) / trunk


def _find_left(rig: RigDescription, trunk: dict[str, int], sides: list[dict[str, int]]) -> tuple[int, list[str]]:
    """Returns which of the two sides is the left one, and a note if that is a guess."""
    positions: Positions = {bone: rig.rest_positions[j] for bone, j in trunk.items()} | {
        name + bone: rig.rest_positions[j]
        for name, side in zip(("left", "right"), sides, strict=True)
        for bone, j in side.items()
    }
    if "head" not in positions:
        return 0, [GUESS]
    evidence = evidence_of_sides(positions)
    if abs(evidence) < WEAK_EVIDENCE:
        return _guess_left(positions), [GUESS]
    return (0 if evidence > 0 else 1), []


def _guess_left(positions: Positions) -> int:
    """Returns the side that is left if the character looks as characters of files with its up axis do."""
    across = positions["leftUpperArm"] - positions["rightUpperArm"]
    return 0 if across.sum() >= 0 else 1

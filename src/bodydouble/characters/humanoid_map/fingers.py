"""Fingers of a hand by the directions and places of the chains of joints that leave it."""

import numpy as np

from bodydouble.characters.humanoid_map.limbs import ZERO_LENGTH, LimbFinder
from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

FINGERS = ("Index", "Middle", "Ring", "Little")
"""Fingers in the order in which they lie beside the thumb; hands with fewer lack the last ones."""
THUMB_PARTS = ("Metacarpal", "Proximal", "Distal")
FINGER_PARTS = ("Proximal", "Intermediate", "Distal")
MIN_JOINTS = 2
"""Minimum number of joints of a finger."""
MAX_FINGERS = 5
METACARPAL_RATIO = 0.8
"""Distance of a metacarpal's joint from the wrist relative to the length of the metacarpal, at most."""
THUMB_ANGLE = np.radians(30)
"""Angle between the thumb and the other fingers that weighs as much as a thumb of half their reach."""


def find_fingers(finder: LimbFinder, hand: int, forearm: float) -> dict[str, int]:
    """Returns finger bone without its side -> joint; empty for a hand of fewer than two fingers.

    Args:
        finder: the measured rig.
        hand: joint of the hand.
        forearm: length of the forearm; longer chains are no fingers.
    """
    chains = [_longest_branch(finder, child) for child in finder.tree.children[_find_palm(finder, hand, forearm)]]
    chains = [c for c in chains if len(c) >= MIN_JOINTS and finder.step(hand, c[-1]) < forearm]
    if len(chains) < 2:
        return {}
    chains = sorted(chains, key=len, reverse=True)[:MAX_FINGERS]
    thumb = max(range(len(chains)), key=lambda i: _thumb_likeness(finder, hand, chains, i))
    bones = name_joints("Thumb", chains[thumb])
    others = [chain for i, chain in enumerate(chains) if i != thumb]
    for finger, chain in zip(FINGERS, _order_from_thumb(finder, hand, chains[thumb], others), strict=False):
        bones |= name_joints(finger, _without_metacarpal(finder, hand, chain))
    return bones


def _find_palm(finder: LimbFinder, hand: int, forearm: float) -> int:
    """Returns the joint that the fingers leave: the hand, or one below it at the same place."""
    while len(long := [c for c in finder.tree.children[hand] if finder.sizes[c] >= MIN_JOINTS]) == 1:
        if finder.step(hand, long[0]) > ZERO_LENGTH * forearm:
            break
        hand = long[0]
    return hand


def name_joints(finger: str, chain: list[int]) -> dict[str, int]:
    """Returns finger bone without its side -> joint, of the joints of a finger from the palm outward.

    A thumb of two joints has no metacarpal; joints beyond the third are tips.
    """
    parts = FINGER_PARTS if finger != "Thumb" else THUMB_PARTS if len(chain) > 2 else THUMB_PARTS[1:]
    return {finger + part: joint for part, joint in zip(parts, chain, strict=False)}


def _longest_branch(finder: LimbFinder, child: int) -> list[int]:
    """Returns the longest chain of joints below a hand that starts with a child."""
    chain = [child]
    while below := finder.tree.children[chain[-1]]:
        chain.append(max(below, key=lambda c: finder.sizes[c]))
    return chain


def _without_metacarpal(finder: LimbFinder, hand: int, chain: list[int]) -> list[int]:
    if len(chain) <= len(FINGER_PARTS):
        return chain
    is_metacarpal = finder.step(hand, chain[0]) < METACARPAL_RATIO * finder.step(chain[0], chain[1])
    return chain[1:] if is_metacarpal else chain


def _direction(finder: LimbFinder, hand: int, chain: list[int]) -> FloatArray:
    chain = _without_metacarpal(finder, hand, chain)
    return rotation.normalize(finder.positions[chain[-1]] - finder.positions[chain[0]])


def _thumb_likeness(finder: LimbFinder, hand: int, chains: list[list[int]], i: int) -> float:
    """Returns the evidence that a chain is the thumb: another direction than the others, and a shorter reach."""
    others = [chain for j, chain in enumerate(chains) if j != i]
    mean = rotation.normalize(np.sum([_direction(finder, hand, chain) for chain in others], axis=0))
    angle = float(np.arccos(np.clip(_direction(finder, hand, chains[i]) @ mean, -1, 1)))
    reach = finder.step(hand, chains[i][-1]) / max(finder.step(hand, chain[-1]) for chain in others)
    farthest_base = max(finder.step(hand, chain[0]) for chain in others)
    base = finder.step(hand, chains[i][0]) / max(farthest_base, 1e-9)
    return angle / float(THUMB_ANGLE) - 2 * reach - 0.5 * min(base, 2.0)


def _order_from_thumb(finder: LimbFinder, hand: int, thumb: list[int], others: list[list[int]]) -> list[list[int]]:
    """Returns the other fingers, the nearest to the thumb across the palm first."""
    mean = rotation.normalize(np.sum([_direction(finder, hand, chain) for chain in others], axis=0))
    knuckles = [finder.positions[_without_metacarpal(finder, hand, chain)[0]] for chain in others]
    centre = np.mean(knuckles, axis=0)
    across = finder.positions[thumb[1]] - centre
    across = across - (across @ mean) * mean
    # Knuckles lie on a line across the palm; the thumb tells from which end to count.
    line = np.linalg.svd(np.array(knuckles) - centre)[2][0] if len(others) > 1 else across
    line = line if line @ across >= 0 else -line
    return [others[i] for i in sorted(range(len(others)), key=lambda i: -float((knuckles[i] - centre) @ line))]

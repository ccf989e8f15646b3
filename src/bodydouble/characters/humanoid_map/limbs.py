"""Pairs of limbs in a tree of joints: two chains of equal lengths that leave one joint, and their division.

Nothing here depends on names, axes or scale.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from bodydouble.characters.humanoid_map.rig_description import RigDescription, RigTree
from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

MAX_CHAIN = 12
"""Maximum number of joints of a chain that are examined."""
LENGTH_TOLERANCE = 0.15
"""Maximum relative difference of the lengths of two limbs of a pair."""
MIN_RELATIVE_LENGTH = 0.2
"""Minimum length of a limb, relative to the longest one of the rig."""
FINGER_COUNT = 3
"""Number of chains of at least two joints that make a joint a hand."""
SKIP_PENALTY = 0.2
"""Penalty of each joint between the ends of a bone: a twist joint."""
MAX_LIMBS_PER_JOINT = 48
"""Maximum number of chains that leave one joint and are compared with each other."""
MAX_PAIRS_PER_JOINT = 12
"""Maximum number of pairs that leave one joint; skirts and hair have many more chains than bodies have limbs."""
ZERO_LENGTH = 0.02
"""Length of a bone relative to the one before it below which it is only a second joint at one place."""
MISSING_END_PENALTY = 1.5
"""Penalty of a limb without a hand or foot."""


@dataclass(frozen=True)
class LimbKind:
    """Proportions of arms or legs."""

    log_ratio: float
    """Logarithm of the length of the lower bone relative to the upper one."""
    min_width: float
    """Minimum distance between the left and the right upper joint, relative to the length of the limb."""
    max_root: float
    """Maximum length of the joints in front of the upper one, relative to the upper bone."""
    max_end: float
    """Maximum length of hand or foot, relative to the limb."""


ARM = LimbKind(float(np.log(0.92)), 0.2, 0.9, 0.5)
LEG = LimbKind(0.0, 0.06, 0.7, 0.45)


@dataclass(frozen=True)
class Chain:
    """Joints of one limb from the trunk outward."""

    joints: tuple[int, ...]
    fan: int | None
    """Place in the chain of the joint from which fingers leave."""


@dataclass(frozen=True)
class LimbPair:
    """Two limbs that leave the same joint."""

    base: int
    chains: tuple[Chain, Chain]
    length: float
    """Mean length of the chains."""


@dataclass(frozen=True)
class LimbDivision:
    """Places of the upper, lower and end joint in the chains of a pair; the end is None if it is missing."""

    upper: int
    lower: int
    end: int | None
    penalty: float


class LimbFinder:
    """Finds pairs of limbs in a rig."""

    def __init__(self, rig: RigDescription, tree: RigTree) -> None:
        """Measures the tree: the longest path below each joint, its fingers and whether it is skinned."""
        self.tree, self.positions = tree, np.asarray(rig.rest_positions, dtype=np.float64)
        joints = len(rig.names)
        self.has_skin = rig.skin_weights is not None and bool(np.any(rig.skin_weights > 0))
        weights = np.asarray(rig.skin_weights) if self.has_skin else np.ones(joints)
        self.weights = tree.sums(weights) / weights.sum()
        """(J,) share of the skin that each joint moves, with all joints below it."""
        self.sizes = tree.sums(np.ones(joints))
        self.reach = np.zeros(joints)
        """(J,) length of the longest path below each joint, of skinned joints where there are any."""
        for joint in reversed(tree.order):
            self.reach[joint] = max((self.step(joint, c) + self.reach[c] for c in self._skinned(joint)), default=0.0)
        self.fingers = [sum(1 for c in tree.children[j] if self.sizes[c] >= 2) for j in range(joints)]

    def step(self, a: int, b: int) -> float:
        """Returns the distance between two joints."""
        return float(np.linalg.norm(self.positions[a] - self.positions[b]))

    def _skinned(self, joint: int) -> list[int]:
        children = self.tree.children[joint]
        return [child for child in children if self.weights[child] > 0] or children

    def longest_chain(self, joint: int) -> list[int]:
        """Returns a joint and the longest path below it."""
        chain = [joint]
        while len(chain) < MAX_CHAIN and (below := self._skinned(chain[-1])):
            chain.append(max(below, key=lambda c: self.step(chain[-1], c) + self.reach[c]))
        return chain

    def limb_chain(self, joint: int) -> Chain:
        """Returns the chain of a limb: through the joint with fingers, if there is one, else the longest path."""
        below = [j for j in self._descendants(joint) if self.fingers[j] >= FINGER_COUNT]
        if not below:
            return Chain(tuple(self.longest_chain(joint)), None)
        fan = max(below, key=lambda j: (self.fingers[j], -len(self.tree.ancestors(j))))
        head = [joint, *self.tree.path(joint, fan)] if fan != joint else [joint]
        chain = (head + self.longest_chain(self._central_child(fan)))[:MAX_CHAIN]
        place = len(head) - 1
        # Xsens has a carpus at the place of the hand.
        while place > 1 and self.step(head[place - 1], fan) < ZERO_LENGTH * self.step(head[place - 2], fan):
            place -= 1
        return Chain(tuple(chain), place if len(head) <= len(chain) else None)

    def _central_child(self, fan: int) -> int:
        """Returns the child of a hand whose chain points most nearly as the others do, the thumb left out."""
        children = [child for child in self.tree.children[fan] if self.sizes[child] >= 2]
        tips = [self.positions[self.longest_chain(child)[-1]] - self.positions[fan] for child in children]
        directions = rotation.normalize(np.array(tips))
        fingers = np.delete(np.arange(len(children)), np.argmin(directions @ directions.sum(axis=0)))
        likeness = directions[fingers] @ directions[fingers].sum(axis=0)
        return children[int(fingers[np.argmax(likeness)])]

    def _descendants(self, joint: int) -> list[int]:
        found = [joint]
        for j in found:
            found.extend(self.tree.children[j])
        return found

    def find_pairs(self) -> list[LimbPair]:
        """Returns all pairs of chains of similar lengths, without those that are short compared with the longest."""
        pairs = [pair for base in self.tree.order for pair in self._best_pairs_at(base)]
        longest = max((pair.length for pair in pairs), default=0.0)
        return [pair for pair in pairs if pair.length > MIN_RELATIVE_LENGTH * longest]

    def _best_pairs_at(self, base: int) -> list[LimbPair]:
        """Returns the pairs that leave a joint; of many, those that move most of the skin, or else the longest."""

        def rate(pair: LimbPair) -> float:
            if not self.has_skin:
                return pair.length
            return sum(float(self.weights[chain.joints[0]]) for chain in pair.chains)

        return sorted(self._pairs_at(base), key=rate, reverse=True)[:MAX_PAIRS_PER_JOINT]

    def _pairs_at(self, base: int) -> Iterator[LimbPair]:
        limbs = [c for c in self.tree.children[base] if self.sizes[c] >= 2 and self.weights[c] > 0]
        if len(limbs) < 2:
            return
        limbs = sorted(limbs, key=lambda c: self.weights[c] if self.has_skin else self.reach[c])[-MAX_LIMBS_PER_JOINT:]
        chain_of = {limb: self.limb_chain(limb) for limb in limbs}
        for a, b in combinations(limbs, 2):
            chains = (chain_of[a], chain_of[b])
            lengths = [self.chain_length(chain.joints) for chain in chains]
            count = min(len(chain.joints) for chain in chains)
            if abs(lengths[0] - lengths[1]) <= LENGTH_TOLERANCE * max(lengths) and self._have_equal_steps(chains):
                trimmed = tuple(Chain(c.joints[:count], c.fan if c.fan is not None else None) for c in chains)
                yield LimbPair(base, (trimmed[0], trimmed[1]), sum(lengths) / 2)

    def _have_equal_steps(self, chains: tuple[Chain, Chain]) -> bool:
        """Returns whether the first bones of two chains have similar lengths."""
        if chains[0].fan != chains[1].fan or abs(len(chains[0].joints) - len(chains[1].joints)) > 1:
            return False
        steps = [np.array([self.step(*ab) for ab in pairwise(c.joints)][:3]) for c in chains]
        count = min(len(s) for s in steps)
        scale = max(float(s.max(initial=0.0)) for s in steps)
        return bool(np.all(np.abs(steps[0][:count] - steps[1][:count]) <= 2 * LENGTH_TOLERANCE * scale))

    def chain_length(self, joints: tuple[int, ...]) -> float:
        """Returns the length of a path."""
        return sum(self.step(a, b) for a, b in pairwise(joints))

    def divide(self, pair: LimbPair, kind: LimbKind) -> LimbDivision | None:
        """Returns the most plausible upper, lower and end joint of a pair of limbs; None if it is too short."""
        count = min(len(chain.joints) for chain in pair.chains)
        divisions = [self._rate_division(pair, kind, *places) for places in combinations(range(count), 3)]
        if count <= 3 and pair.chains[0].fan is None:
            divisions += [
                LimbDivision(i, j, None, self._rate_root(pair, kind, i, j) + MISSING_END_PENALTY)
                for i, j in combinations(range(count), 2)
            ]
        return min(divisions, key=lambda d: d.penalty, default=None)

    def _rate_division(self, pair: LimbPair, kind: LimbKind, upper: int, lower: int, end: int) -> LimbDivision:
        penalty = self._rate_root(pair, kind, upper, lower) + SKIP_PENALTY * (end - upper - 2)
        fan = pair.chains[0].fan
        if fan is not None and end != fan:
            penalty += 0.3 if end == fan + 1 else 10.0
        for chain in pair.chains:
            u, e, h = (chain.joints[i] for i in (upper, lower, end))
            lengths = max(self.step(u, e), 1e-9), max(self.step(e, h), 1e-9)
            penalty += 0.5 * abs(float(np.log(lengths[1] / lengths[0])) - kind.log_ratio)
            after = 0.0 if fan is not None else self.chain_length(chain.joints[end:])
            penalty += max(after / sum(lengths) - kind.max_end, 0.0)
            penalty += 1.5 * (self._bend(chain.joints[upper : lower + 1]) + self._bend(chain.joints[lower : end + 1]))
        return LimbDivision(upper, lower, end, penalty)

    def _rate_root(self, pair: LimbPair, kind: LimbKind, upper: int, lower: int) -> float:
        """Returns the penalty of an upper joint: too near its counterpart, or too far from the trunk."""
        a, b = pair.chains
        length = max(self.step(a.joints[upper], a.joints[lower]), 1e-9)
        width = self.step(a.joints[upper], b.joints[upper]) / (2 * length)
        before = self.chain_length(a.joints[: upper + 1]) / length
        return 4 * max(kind.min_width - width, 0.0) + max(before - kind.max_root, 0.0)

    def _bend(self, joints: tuple[int, ...]) -> float:
        """Returns the relative detour of a path from its first to its last joint: 0 if straight."""
        return self.chain_length(joints) / max(self.step(joints[0], joints[-1]), 1e-9) - 1.0

    def points(self, pair: LimbPair, place: int) -> FloatArray:
        """Returns the positions (2, 3) of the joints of both limbs at a place of the chain."""
        return self.positions[[chain.joints[place] for chain in pair.chains]]

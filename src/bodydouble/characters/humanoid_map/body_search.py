"""Search of the two pairs of limbs of a humanoid that are its legs and its arms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.characters.humanoid_map.limbs import ARM, LEG, LimbDivision, LimbFinder, LimbKind, LimbPair
from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

LEG_TRUNK_RATIO = 1.6
"""Length of the legs of an adult relative to the distance from hip joints to shoulders."""
ARM_TRUNK_RATIO = 1.0
PROPORTION_SIGMA = 0.7
"""Standard deviation of the logarithm of both ratios, cartoon characters included."""
MAX_PAIRS = 60
"""Maximum number of pairs that are tried as legs, and as arms."""
MIN_SCORE = -0.5
"""Minimum score of a body: humanoids of common files score 0.3 to 6, rigs without legs or arms below -5."""
FOOT_BEND_COSINE = 0.75
"""Maximum cosine of the angle between shin and foot."""


@dataclass(frozen=True)
class Body:
    """Legs and arms of a humanoid, not yet told left from right; limb 0 of both pairs is on the same side."""

    legs: LimbPair
    leg_division: LimbDivision
    arms: LimbPair
    arm_division: LimbDivision
    score: float

    def joints(self, pair: str, side: int) -> dict[str, int]:
        """Returns upper, lower and end joint of "legs" or "arms" on a side."""
        limbs, division = (self.legs, self.leg_division) if pair == "legs" else (self.arms, self.arm_division)
        chain = limbs.chains[side].joints
        places = {"upper": division.upper, "lower": division.lower, "end": division.end}
        return {name: chain[place] for name, place in places.items() if place is not None}


def search_body(finder: LimbFinder) -> Body | None:
    """Returns the most plausible body of a rig; None if there is no pair of legs and arms."""
    pairs = finder.find_pairs()
    longest = max((pair.length for pair in pairs), default=1.0)
    legs, arms = (_divide_pairs(finder, pairs, kind) for kind in (LEG, ARM))
    bodies = [
        _rate_body(finder, leg, arm, longest) for leg in legs for arm in arms if _are_separate(finder, leg[0], arm[0])
    ]
    best = max(bodies, key=lambda body: body.score, default=None)
    return best if best is not None and best.score > MIN_SCORE else None


def _divide_pairs(finder: LimbFinder, pairs: Sequence[LimbPair], kind: LimbKind) -> list[tuple[LimbPair, LimbDivision]]:
    """Returns the pairs that can be limbs of a kind, each with its division; of many, the most plausible ones."""
    divided = [(pair, division) for pair in pairs if (division := finder.divide(pair, kind)) is not None]
    return sorted(divided, key=lambda limb: limb[1].penalty - float(np.log(limb[0].length)))[:MAX_PAIRS]


def _are_separate(finder: LimbFinder, legs: LimbPair, arms: LimbPair) -> bool:
    """Returns whether two pairs share no joint and belong to one tree."""
    if finder.tree.common_ancestor(legs.base, arms.base) is None:
        return False
    roots = {chain.joints[0] for chain in legs.chains}, {chain.joints[0] for chain in arms.chains}
    if roots[0] & roots[1]:
        return False
    above = [{base, *finder.tree.ancestors(base)} for base in (legs.base, arms.base)]
    return not (roots[1] & above[0] or roots[0] & above[1])


def _rate_body(
    finder: LimbFinder, legs: tuple[LimbPair, LimbDivision], arms: tuple[LimbPair, LimbDivision], longest: float
) -> Body:
    (leg_pair, leg), (arm_pair, arm) = legs, arms
    arm_pair = _match_sides(finder, leg_pair, leg, arm_pair, arm)
    hips = finder.points(leg_pair, leg.upper).mean(axis=0)
    shoulders = finder.points(arm_pair, arm.upper).mean(axis=0)
    trunk = max(float(np.linalg.norm(shoulders - hips)), 1e-9)
    up = (shoulders - hips) / trunk
    score = -leg.penalty - arm.penalty
    score -= _rate_proportions(finder, legs, arms, trunk)
    score += 2 * (_side_cosine(finder, leg_pair, leg, arm_pair, arm) - 1)
    score += _rate_topology(finder, leg_pair, arm_pair)
    score += _rate_leg_direction(finder, leg_pair, leg, up) + _rate_foot(finder, leg_pair, leg)
    score += 1.5 * (arm_pair.chains[0].fan is not None) - 1.5 * (leg_pair.chains[0].fan is not None)
    score += float(np.log((leg_pair.length + arm_pair.length) / (2 * longest)))
    score += sum(float(finder.weights[c.joints[0]]) for pair in (leg_pair, arm_pair) for c in pair.chains)
    return Body(leg_pair, leg, arm_pair, arm, score)


def _match_sides(finder: LimbFinder, legs: LimbPair, leg: LimbDivision, arms: LimbPair, arm: LimbDivision) -> LimbPair:
    """Returns the arms in the order in which arm 0 is on the side of leg 0."""
    across = [_side_vector(finder, pair, d) for pair, d in ((legs, leg), (arms, arm))]
    return arms if across[0] @ across[1] >= 0 else LimbPair(arms.base, (arms.chains[1], arms.chains[0]), arms.length)


def _side_vector(finder: LimbFinder, pair: LimbPair, division: LimbDivision) -> FloatArray:
    points = finder.points(pair, division.upper)
    return rotation.normalize(points[0] - points[1])


def _side_cosine(finder: LimbFinder, legs: LimbPair, leg: LimbDivision, arms: LimbPair, arm: LimbDivision) -> float:
    return float(_side_vector(finder, legs, leg) @ _side_vector(finder, arms, arm))


def _rate_proportions(
    finder: LimbFinder, legs: tuple[LimbPair, LimbDivision], arms: tuple[LimbPair, LimbDivision], trunk: float
) -> float:
    lengths = [_limb_length(finder, *limb) for limb in (legs, arms)]
    expected = LEG_TRUNK_RATIO, ARM_TRUNK_RATIO
    z = [np.log(length / trunk / e) / PROPORTION_SIGMA for length, e in zip(lengths, expected, strict=True)]
    return float(0.5 * (z[0] ** 2 + z[1] ** 2))


def _limb_length(finder: LimbFinder, pair: LimbPair, division: LimbDivision) -> float:
    end = len(pair.chains[0].joints) - 1 if division.end is None else division.end
    return max(finder.chain_length(pair.chains[0].joints[division.upper : end + 1]), 1e-9)


def _rate_topology(finder: LimbFinder, legs: LimbPair, arms: LimbPair) -> float:
    """Returns the evidence of the tree: arms leave above the legs, and a neck leaves between the arms."""
    tree = finder.tree
    score = float(tree.is_below(arms.base, legs.base)) - float(tree.is_below(legs.base, arms.base))
    limb_roots = {chain.joints[0] for pair in (legs, arms) for chain in pair.chains}
    to_legs = {legs.base, *tree.ancestors(legs.base)}
    necks = [c for c in tree.children[arms.base] if c not in limb_roots and c not in to_legs]
    return score + (1.0 if necks else -1.0) - float(arms.base == legs.base)


def _rate_leg_direction(finder: LimbFinder, legs: LimbPair, leg: LimbDivision, up: FloatArray) -> float:
    """Returns 1 for thighs that point away from the arms, -1 for the contrary."""
    upper, lower = (finder.points(legs, place).mean(axis=0) for place in (leg.upper, leg.lower))
    return float(-rotation.normalize(lower - upper) @ up)


def _rate_foot(finder: LimbFinder, legs: LimbPair, leg: LimbDivision) -> float:
    """Returns a bonus for limbs that end at an angle, as feet do."""
    if leg.end is None or leg.end + 1 >= len(legs.chains[0].joints):
        return 0.0
    points = [finder.points(legs, place) for place in (leg.lower, leg.end, leg.end + 1)]
    shin, foot = rotation.normalize(points[1] - points[0]), rotation.normalize(points[2] - points[1])
    return 0.7 if np.sum(shin * foot, axis=1).max() < FOOT_BEND_COSINE else 0.0

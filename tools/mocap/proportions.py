"""Lengths of the segments of a skeleton in relation to anthropometry."""

import numpy as np

from bodydouble.data import Skeleton
from bodydouble.geometry import kinematics
from bodydouble.skeletons import adult_template, humanoid

SEGMENTS = {
    "thigh": ("leftLowerLeg", 24.5),
    "shank": ("leftFoot", 24.6),
    "upper arm": ("leftLowerArm", 18.6),
    "forearm": ("leftHand", 14.6),
}
"""Segment -> joint at its end, and its length in per cent of the stature.

Source: Drillis and Contini (1966), in D. Winter, Biomechanics and Motor Control of Human Movement, figure 4.1.
"""


def estimate_stature(skeleton: Skeleton) -> float:
    """Returns the height in m of a person whose head is above its joint as far as the template's is."""
    adult = adult_template.REST_OFFSETS
    template = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult))
    head = humanoid.INDEX["head"]
    heights = [kinematics.rest_positions(s)[head, 1] for s in (skeleton, template)]
    return adult_template.STATURE * heights[0] / heights[1]


def describe_proportions(skeleton: Skeleton) -> str:
    """Describes the stature and the segments in per cent of it, with those of anthropometry in brackets."""
    stature = estimate_stature(skeleton)
    parts = [
        f"{name} {100 * np.linalg.norm(skeleton.rest_offsets[humanoid.INDEX[joint]]) / stature:.1f} ({expected})"
        for name, (joint, expected) in SEGMENTS.items()
    ]
    return f"stature {stature:.2f} m, in per cent of it: {', '.join(parts)}"

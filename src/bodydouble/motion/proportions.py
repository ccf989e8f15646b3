"""How long a person's bones are."""

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.motion import body
from bodydouble.skeletons import humanoid

PRIOR_FRAMES = 150.0
"""The adult template counts as much as this many frames of clear sight."""
RATIO_RANGE = (0.8, 1.25)
LONG = 0.6
"""Quantile of the lengths seen that is taken for the true one: foreshortening only makes segments look shorter."""
BROADSIDE = 0.8
"""A segment shows its length when this share of it lies across the line of sight."""

_SEGMENT_OF_JOINT: dict[str, str] = {
    "spine": "spine",
    "chest": "spine",
    "upperChest": "spine",
    "Shoulder": "shoulders",
    "UpperArm": "shoulders",
    "LowerArm": "upper_arm",
    "Hand": "forearm",
    "UpperLeg": "pelvis",
    "LowerLeg": "thigh",
    "Foot": "shank",
    "Toes": "instep",
}
"""Joint (without its side) -> the segment (without its side) whose length scales the joint's offset."""


def _without_side(name: str) -> str:
    for side in ("left_", "right_", "left", "right"):
        name = name.removeprefix(side)
    return name


_KINDS: tuple[str, ...] = tuple(dict.fromkeys(_without_side(s.name) for s in body.SEGMENTS))


def segment_ratios(across: FloatArray, directions: FloatArray, weights: FloatArray) -> FloatArray:
    """How much longer than on the template each segment is; left and right alike.

    Args:
        across: (T, S) m, length seen across the line of sight, at the person's depth.
        directions: (T, S, 3) unit, camera axes, rough.
        weights: (T, S) confidence.

    Returns:
        (S,) ratios, drawn towards 1 by the template.
    """
    share = np.linalg.norm(directions[..., :2], axis=-1)
    clear = weights * (share > BROADSIDE)
    template = body.segment_lengths(body.template_skeleton())
    kinds = np.array([_KINDS.index(_without_side(s.name)) for s in body.SEGMENTS])
    ratios = np.ones(len(kinds))
    for kind in range(len(_KINDS)):
        members = np.flatnonzero(kinds == kind)
        samples = (across[:, members] / template[members]).ravel()
        weight = clear[:, members].ravel()
        if np.any(weight > 0):
            longest = weighted_quantile(samples, weight, LONG)
            trust = weight.sum() / (weight.sum() + PRIOR_FRAMES)
            ratios[members] = 1 + trust * (np.clip(longest, *RATIO_RANGE) - 1)
    return ratios


def weighted_quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """The value (N,) at which that share of the weight (N,) is reached."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, share * total[-1])])


def scaled_skeleton(ratios: FloatArray) -> Skeleton:
    """The template with each bone's length multiplied by the ratio (S,) of its segment, standing on the floor."""
    template = body.template_skeleton()
    by_kind = {_without_side(s.name): r for s, r in zip(body.SEGMENTS, ratios, strict=True)}
    scale = np.array([by_kind.get(_SEGMENT_OF_JOINT.get(_without_side(j), ""), 1.0) for j in humanoid.JOINTS])
    offsets = template.rest_offsets * scale[:, None]
    feet = [humanoid.INDEX[f"left{part}"] for part in ("UpperLeg", "LowerLeg", "Foot")]
    grown = offsets[feet, 1].sum() - template.rest_offsets[feet, 1].sum()
    offsets[0] = template.rest_offsets[0] - np.array([0.0, grown, 0.0])
    return Skeleton(template.joint_names, template.parents, offsets)


def resized(skeleton: Skeleton, scale: float) -> Skeleton:
    """The skeleton, scale times as large."""
    return Skeleton(skeleton.joint_names, skeleton.parents, skeleton.rest_offsets * scale)

"""Directions of a humanoid from the positions of its joints: up, left, forward, and the evidence for left and right."""

from collections.abc import Mapping

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation

SIDES = ("left", "right")
TOES_EVIDENCE = 6.0
"""Evidence of toes ahead of the ankles, per length of the leg."""
KNEE_EVIDENCE = 10.0
ELBOW_EVIDENCE = 4.0
THUMB_EVIDENCE = 3.0
HEAD_EVIDENCE = 1.0
STRONG_EVIDENCE = 0.25
"""Sum of evidence beyond which names that exchange left and right are rejected: feet of a quarter of normal length."""

Positions = Mapping[str, FloatArray]
"""Humanoid bone -> position (3,)."""


def up_and_left(positions: Positions) -> tuple[FloatArray, FloatArray]:
    """Returns the directions (3,) up, from the legs to the arms, and left, perpendicular to it; zero if unknown."""
    legs = (positions["leftUpperLeg"] + positions["rightUpperLeg"]) / 2
    arms = (positions["leftUpperArm"] + positions["rightUpperArm"]) / 2
    up = rotation.normalize(arms - legs)
    left = rotation.normalize(positions["leftUpperLeg"] - positions["rightUpperLeg"])
    left = left + rotation.normalize(positions["leftUpperArm"] - positions["rightUpperArm"])
    return up, rotation.normalize(left - (left @ up) * up)


def forward_direction(positions: Positions) -> FloatArray:
    """Returns the direction (3,) in which a humanoid with these sides looks: left x up."""
    up, left = up_and_left(positions)
    return np.cross(left, up)


def evidence_of_sides(positions: Positions) -> float:
    """Returns the evidence that left is left (> 0) or that the sides are exchanged (< 0).

    In a right-handed frame a person looks along left x up. Toes lie ahead of ankles, knees bend forward, elbows
    backward, thumbs point forward, and the head is ahead of the line through hips and neck.
    """
    up, _ = up_and_left(positions)
    forward = forward_direction(positions)
    total = 0.0
    for side in SIDES:
        total += _leg_evidence(positions, side, forward, up) + _arm_evidence(positions, side, forward)
    if "neck" in positions:
        lean = _offset_from_line(positions["head"], positions["hips"], positions["neck"])
        total += HEAD_EVIDENCE * float(lean @ forward) / _distance(positions["hips"], positions["neck"])
    return total


def _leg_evidence(positions: Positions, side: str, forward: FloatArray, up: FloatArray) -> float:
    hip, knee = positions[side + "UpperLeg"], positions[side + "LowerLeg"]
    foot, toes = positions.get(side + "Foot"), positions.get(side + "Toes")
    if foot is None:
        return 0.0
    length = _distance(hip, knee) + _distance(knee, foot)
    total = KNEE_EVIDENCE * float(_offset_from_line(knee, hip, foot) @ forward) / length
    if toes is not None:
        step = toes - foot
        total += TOES_EVIDENCE * float((step - (step @ up) * up) @ forward) / length
    return total


def _arm_evidence(positions: Positions, side: str, forward: FloatArray) -> float:
    shoulder, elbow = positions[side + "UpperArm"], positions[side + "LowerArm"]
    hand = positions.get(side + "Hand")
    if hand is None:
        return 0.0
    length = _distance(shoulder, elbow) + _distance(elbow, hand)
    total = -ELBOW_EVIDENCE * float(_offset_from_line(elbow, shoulder, hand) @ forward) / length
    middle, thumb = positions.get(side + "MiddleProximal"), positions.get(side + "ThumbDistal")
    if middle is not None and thumb is not None:
        total += THUMB_EVIDENCE * float(_offset_from_line(thumb, hand, middle) @ forward) / length
    return total


def _offset_from_line(point: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Returns the vector (3,) from the line through start and end to a point, perpendicular to it."""
    along = rotation.normalize(end - start)
    step = point - start
    return np.asarray(step - (step @ along) * along)


def _distance(a: FloatArray, b: FloatArray) -> float:
    return max(float(np.linalg.norm(a - b)), 1e-9)

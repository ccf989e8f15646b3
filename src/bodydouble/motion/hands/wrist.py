"""Joins a hand to the forearm: the rotation of the palm -> rotations of forearm and hand.

The forearm turns about its own axis with the palm, as radius and ulna do. Half of that turn is given to the forearm and
half to the hand, so that neither the elbow nor the wrist of a character's skin is wrung. Positions do not change.
"""

from dataclasses import replace

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Motion
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.hands.hand_model import mirror_rotations, mirror_vectors
from bodydouble.motion.hands.hand_views import nearest_observed

FOREARM_SHARE = 0.5
"""Fraction of the turn of the forearm that the forearm's joint gets."""
TURN_RANGE_DEG = (-170.0, 60.0)
"""Range of the turn of the left forearm from the palm down, in the T-pose: supination is negative."""
FLEXION_RANGE_DEG = (-85.0, 85.0)
"""Range of the wrist about the axis across the palm; flexion is negative."""
DEVIATION_RANGE_DEG = (-35.0, 45.0)
"""Range of the wrist about the axis out of the back of the hand; towards the little finger is positive."""
HOLD_TIME, RETURN_TIME = 0.2, 0.4
"""Time for which an unseen hand keeps its rotation, and time in which it then returns to that of the body, s."""


def join_hand(motion: Motion, side: str, world_from_hand: FloatArray, observed: BoolArray) -> Motion:
    """Returns the motion with the observed rotation of a hand.

    Args:
        motion: T frames of the body.
        side: "left" or "right".
        world_from_hand: (T, 4) xyzw, of the palm.
        observed: (T,) where the hand was observed.
    """
    skeleton = motion.skeleton
    forearm, hand = skeleton.index(f"{side}LowerArm"), skeleton.index(f"{side}Hand")
    world = kinematics.world_rotations(skeleton.parents, motion.rotations)[:, forearm]
    axis = rotation.normalize(skeleton.rest_offsets[hand])
    local = rotation.multiply(rotation.conjugate(world), world_from_hand)
    if side == "right":
        axis, local = mirror_vectors(axis), mirror_rotations(local)
    turn, bend = split_turn(local, axis)
    turn = np.clip(turn, *np.radians(TURN_RANGE_DEG))
    forearm_turn = rotation.from_rotvec(FOREARM_SHARE * turn[:, None] * axis)
    hand_turn = rotation.from_rotvec((1 - FOREARM_SHARE) * turn[:, None] * axis)
    new_hand = rotation.multiply(hand_turn, limit_bend(bend))
    if side == "right":
        forearm_turn, new_hand = mirror_rotations(forearm_turn), mirror_rotations(new_hand)
    rotations = motion.rotations.copy()
    weight = observation_weight(observed, float(motion.fps))
    rotations[:, forearm] = _blend(
        rotations[:, forearm], rotation.multiply(rotations[:, forearm], forearm_turn), weight
    )
    rotations[:, hand] = _blend(rotations[:, hand], new_hand, weight)
    return replace(motion, rotations=rotation.make_continuous(rotation.normalize(rotations)))


def split_turn(local: FloatArray, axis: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Splits rotations of a left hand into a turn of the forearm, and a bend of the wrist after it.

    Args:
        local: (T, 4) xyzw, of the hand relative to the forearm.
        axis: (3,) unit vector along the forearm.

    Returns:
        Angles (T,) rad about the axis, within half a turn of the middle of their range, and the bends (T, 4), which do
        not turn about the axis.
    """
    middle = np.radians(np.mean(TURN_RANGE_DEG))
    angle = 2 * np.arctan2(local[:, :3] @ axis, local[:, 3])
    angle = (angle - middle + np.pi) % (2 * np.pi) - np.pi + middle
    turn = rotation.from_rotvec(angle[:, None] * axis)
    return angle, rotation.multiply(rotation.conjugate(turn), local)


def limit_bend(bend: FloatArray) -> FloatArray:
    """Limits bends (T, 4) of a left wrist to the range of motion."""
    vector = rotation.to_rotvec(bend)
    vector[:, 1] = np.clip(vector[:, 1], *np.radians(DEVIATION_RANGE_DEG))
    vector[:, 2] = np.clip(vector[:, 2], *np.radians(FLEXION_RANGE_DEG))
    return rotation.from_rotvec(vector)


def observation_weight(observed: BoolArray, fps: float) -> FloatArray:
    """Returns weights (T,), 1 where a hand was observed lately and 0 where it was not seen for long."""
    distance = np.abs(np.arange(len(observed)) - nearest_observed(observed)) / fps
    return np.asarray(np.clip(1 - (distance - HOLD_TIME) / RETURN_TIME, 0.0, 1.0))


def _blend(start: FloatArray, end: FloatArray, weight: FloatArray) -> FloatArray:
    """Interpolates rotations (T, 4) with weights (T,) of the end."""
    between = rotation.to_rotvec(rotation.multiply(rotation.conjugate(start), end))
    return rotation.multiply(start, rotation.from_rotvec(weight[:, None] * between))

"""Hands of rendered people: `Body` -> knuckles where a person's are, skinning weights to match, and fingertips.

MakeHuman's first finger joints lie between the fingers, a third of a finger bone in front of the knuckles. They are
moved to where an adult's proportions put them, and the palm is skinned accordingly.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import HAND_LANDMARK_COUNT, FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.hands.hand_model import (
    BONES_PER_FINGER,
    FINGER_COUNT,
    FINGER_LANDMARKS,
    THUMB_REST,
    finger_rotations,
    mirror_rotations,
    mirror_vectors,
)
from bodydouble.motion.hands.hand_size import ADULT
from bodydouble.skeletons import humanoid
from bodydouble.synthetic.bodies import JOINTS, Body, load_topology

SIDES = ("left", "right")
TIP_VERTICES = 12
"""Number of the farthest vertices of a last finger bone whose mean is the fingertip."""
MIN_TIP_WEIGHT = 0.9
"""Minimum weight of the last bone at the vertices of a fingertip."""
KNUCKLE_BLEND = (-0.008, 0.010)
"""Range in m along a finger about its knuckle in which the skin changes from the hand to the finger."""


@dataclass(frozen=True, slots=True)
class HandRig:
    """Joints and skinning of a body with both hands."""

    joints: FloatArray
    """(52, 3) m, positions of bodies.JOINTS at rest."""
    weights: FloatArray
    """(V, 52) skinning weights."""
    tips: FloatArray
    """(2, 5, 3) m, fingertips of both hands relative to the last joints, at rest."""
    thumb_correction: FloatArray
    """(4,) xyzw, rotation of the left thumb from its rest to that of the hand model."""

    @property
    def rest_offsets(self) -> FloatArray:
        """(30, 3) m, position of each finger bone relative to its parent at rest, as ``Hands`` holds it."""
        fingers = self.joints[len(humanoid.JOINTS) :].reshape(2, FINGER_COUNT, BONES_PER_FINGER, 3)
        wrists = self.joints[[humanoid.INDEX[f"{side}Hand"] for side in SIDES]]
        offsets = np.diff(fingers, axis=2, prepend=np.broadcast_to(wrists[:, None, None], (2, FINGER_COUNT, 1, 3)))
        return np.asarray(offsets.reshape(-1, 3))


def build_hand_rig(body: Body) -> HandRig:
    """Builds the rig of the hands of a body."""
    tips = np.stack([_fingertips(body, side) for side in SIDES])
    joints, weights = body.joints.copy(), dense_weights()
    for side, side_tips in zip(SIDES, tips, strict=True):
        joints = _move_knuckles(joints, side, side_tips)
        weights = _move_weights(body, joints, weights, side)
    lasts = joints[[_bone(side, finger, 2) for side in SIDES for finger in range(FINGER_COUNT)]]
    return HandRig(joints, weights, tips - lasts.reshape(2, FINGER_COUNT, 3), _thumb_correction(joints, tips[0, 0]))


def dense_weights() -> FloatArray:
    """Returns the skinning weights (V, 52) of all bodies."""
    topology = load_topology()
    weights = np.zeros((len(topology.joint_indices), len(JOINTS)))
    np.add.at(weights, (np.arange(len(weights))[:, None], topology.joint_indices), topology.joint_weights)
    return weights


def finger_motion(rig: HandRig, angles: FloatArray) -> FloatArray:
    """Returns the local rotations (T, 30, 4) xyzw of all finger bones.

    Args:
        rig: the rig of the body.
        angles: (T, 2, 21) rad, of the degrees of freedom of the hand model of both hands.
    """
    bones = np.stack([finger_rotations(angles[:, side]) for side in range(2)], axis=1)
    correction = rig.thumb_correction
    back = rotation.conjugate(correction)
    bones[:, :, 0] = rotation.multiply(bones[:, :, 0], correction)
    for bone in range(1, BONES_PER_FINGER):
        bones[:, :, bone] = rotation.multiply(back, rotation.multiply(bones[:, :, bone], correction))
    bones[:, 1] = mirror_rotations(bones[:, 1])
    return rotation.make_continuous(bones.reshape(len(angles), -1, 4))


def hand_landmarks(rig: HandRig, positions: FloatArray, world: FloatArray) -> FloatArray:
    """Returns the landmarks (T, 2, 21, 3) m of both hands in the world.

    Args:
        rig: the rig of the body.
        positions: (T, 52, 3) m, of the joints in the world.
        world: (T, 52, 4) xyzw, world rotations of the joints.
    """
    landmarks = np.empty((len(positions), 2, HAND_LANDMARK_COUNT, 3))
    for index, side in enumerate(SIDES):
        landmarks[:, index, 0] = positions[:, humanoid.INDEX[f"{side}Hand"]]
        for finger in range(FINGER_COUNT):
            bones = [_bone(side, finger, bone) for bone in range(BONES_PER_FINGER)]
            landmarks[:, index, FINGER_LANDMARKS[finger, :3]] = positions[:, bones]
            tip = positions[:, bones[2]] + rotation.rotate(world[:, bones[2]], rig.tips[index, finger])
            landmarks[:, index, FINGER_LANDMARKS[finger, 3]] = tip
    return landmarks


def _bone(side: str, finger: int, bone: int) -> int:
    first = len(humanoid.JOINTS) + SIDES.index(side) * FINGER_COUNT * BONES_PER_FINGER
    return first + finger * BONES_PER_FINGER + bone


def _fingertips(body: Body, side: str) -> FloatArray:
    """Returns the fingertips (5, 3) m of a hand at rest."""
    weights = dense_weights()
    tips = []
    for finger in range(FINGER_COUNT):
        joint = _bone(side, finger, 2)
        points = body.positions[weights[:, joint] > MIN_TIP_WEIGHT]
        distances = np.linalg.norm(points - body.joints[joint], axis=1)
        tips.append(points[np.argsort(distances)[-TIP_VERTICES:]].mean(axis=0))
    return np.stack(tips)


def _move_knuckles(joints: FloatArray, side: str, tips: FloatArray) -> FloatArray:
    """Returns the joints with the first ones of all fingers where an adult's proportions put them."""
    moved = joints.copy()
    for finger in range(1, FINGER_COUNT):
        first, second, third = (joints[_bone(side, finger, bone)] for bone in range(BONES_PER_FINGER))
        outer_length = np.linalg.norm(third - second) + np.linalg.norm(tips[finger] - third)
        length = outer_length * ADULT.lengths[finger, 0] / ADULT.lengths[finger, 1:].sum()
        moved[_bone(side, finger, 0)] = second + length * rotation.normalize(first - second)
    wrist = joints[humanoid.INDEX[f"{side}Hand"]]
    palm_length = np.linalg.norm(moved[_bone(side, 2, 0)] - wrist)
    root = ADULT.knuckles[0] * palm_length
    moved[_bone(side, 0, 0)] = wrist + (root if side == "left" else mirror_vectors(root))
    return moved


def _move_weights(body: Body, joints: FloatArray, weights: FloatArray, side: str) -> FloatArray:
    """Returns the weights in which the skin in front of the knuckles belongs to the fingers."""
    hand = humanoid.INDEX[f"{side}Hand"]
    knuckles = joints[[_bone(side, finger, 0) for finger in range(1, FINGER_COUNT)]]
    points = body.positions
    across = np.interp(points[:, 2], knuckles[::-1, 2], np.arange(FINGER_COUNT - 1)[::-1].astype(float))
    knuckle = np.stack([np.interp(across, np.arange(FINGER_COUNT - 1), knuckles[:, axis]) for axis in range(3)], axis=1)
    beyond = np.abs(points[:, 0]) - np.abs(knuckle[:, 0])
    low, high = KNUCKLE_BLEND
    fraction = _smooth_step((beyond - low) / (high - low))
    result = weights.copy()
    share = weights[:, hand] * fraction
    result[:, hand] -= share
    for finger in range(1, FINGER_COUNT):
        result[:, _bone(side, finger, 0)] += share * _smooth_step(1.0 - np.abs(across - (finger - 1)))
    return result


def _smooth_step(x: FloatArray) -> FloatArray:
    """Returns a smooth step from 0 at 0 to 1 at 1."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3 - 2 * x))


def _thumb_correction(joints: FloatArray, tip: FloatArray) -> FloatArray:
    """Returns the rotation (4,) of the left thumb from its rest to that of the hand model, about which it bends."""
    points = np.stack([*(joints[_bone("left", 0, bone)] for bone in range(BONES_PER_FINGER)), tip])
    axis = rotation.normalize(np.cross(points[2] - points[1], points[3] - points[2]))
    along = rotation.normalize(points[3] - points[1])
    own = rotation.from_axes(along, axis)
    model = rotation.from_axes(THUMB_REST, np.array([0.0, 1.0, 0.0]))
    return rotation.from_matrix(model @ own.T)

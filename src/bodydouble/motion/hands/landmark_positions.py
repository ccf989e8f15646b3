"""Positions of the 21 hand landmarks of captured hands."""

import numpy as np

from bodydouble.data import HAND_LANDMARK_COUNT, FloatArray, Hands
from bodydouble.geometry import rotation
from bodydouble.motion.hands.hand_model import BONES_PER_FINGER, FINGER_COUNT, FINGER_LANDMARKS
from bodydouble.motion.hands.hand_size import ADULT


def hand_landmark_positions(hands: Hands) -> FloatArray:
    """Returns the positions (T, 2, 21, 3) m of the landmarks, relative to the wrist, in the axes of each hand.

    Hands have no length of the last bones; fingertips are as far from the last joints as an adult's are.
    """
    frames = len(hands.rotations)
    shape = (2, FINGER_COUNT, BONES_PER_FINGER)
    offsets, rotations = hands.rest_offsets.reshape(*shape, 3), hands.rotations.reshape(frames, *shape, 4)
    tips = offsets[:, :, -1] * (ADULT.lengths[:, 2] / ADULT.lengths[:, 1])[:, None]
    positions = np.zeros((frames, 2, HAND_LANDMARK_COUNT, 3))
    world = np.broadcast_to(rotation.IDENTITY, (frames, 2, FINGER_COUNT, 4))
    joint = np.zeros((frames, 2, FINGER_COUNT, 3))
    for bone, step in enumerate((*np.moveaxis(offsets, 2, 0), tips)):
        joint = joint + rotation.rotate(world, step)
        positions[:, :, FINGER_LANDMARKS[:, bone]] = joint
        if bone < BONES_PER_FINGER:
            world = rotation.multiply(world, rotations[:, :, :, bone])
    return positions

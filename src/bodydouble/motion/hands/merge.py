"""Joins the motion of the body and that of the fingers: one ``Motion`` of 52 joints for files and characters."""

from dataclasses import replace

import numpy as np

from bodydouble.data import Hands, Motion, Person, Skeleton
from bodydouble.motion.hands.hand_model import BONES_PER_FINGER
from bodydouble.skeletons import humanoid

HAND_OF_FINGER: tuple[str, ...] = tuple(
    "leftHand" if name.startswith("left") else "rightHand" for name in humanoid.FINGERS
)
"""Hand of each finger bone."""
FINGER_PARENTS: tuple[str, ...] = tuple(
    hand if index % BONES_PER_FINGER == 0 else humanoid.FINGERS[index - 1] for index, hand in enumerate(HAND_OF_FINGER)
)
"""Parent of each finger bone."""


def full_motion(person: Person) -> Motion:
    """Returns the motion of a person with the fingers, if they were captured."""
    return person.motion if person.hands is None else merge_hands(person.motion, person.hands)


def merge_hands(motion: Motion, hands: Hands) -> Motion:
    """Returns the motion of J joints with the 30 finger bones after them; both have T frames."""
    body = motion.skeleton
    names = (*body.joint_names, *humanoid.FINGERS)
    parents = (*body.parents, *(names.index(parent) for parent in FINGER_PARENTS))
    skeleton = Skeleton(names, parents, np.concatenate([body.rest_offsets, hands.rest_offsets]))
    wrists = [body.index(hand) for hand in HAND_OF_FINGER]
    return Motion(
        skeleton,
        motion.fps,
        np.concatenate([motion.rotations, hands.rotations], axis=1),
        motion.root_position,
        motion.contacts,
        np.concatenate([motion.joint_sigma, motion.joint_sigma[:, wrists]], axis=1),
    )


def without_fingers(motion: Motion) -> Motion:
    """Returns the motion of the joints that are no finger bones, which stand before the fingers."""
    body = [j for j, name in enumerate(motion.skeleton.joint_names) if name not in humanoid.FINGERS]
    skeleton = Skeleton(
        tuple(motion.skeleton.joint_names[j] for j in body),
        tuple(motion.skeleton.parents[j] for j in body),
        motion.skeleton.rest_offsets[body],
    )
    return replace(
        motion, skeleton=skeleton, rotations=motion.rotations[:, body], joint_sigma=motion.joint_sigma[:, body]
    )

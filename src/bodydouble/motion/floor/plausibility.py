"""Plausibility of the height of a person above the floor: a ``Person`` -> messages for the user."""

import numpy as np

from bodydouble.data import Person
from bodydouble.motion.floor.contacts import are_feet_ever_seen, landmark_confidence, sole_positions
from bodydouble.motion.floor.floor import MAX_STEP_HEIGHT


def describe_doubts(person: Person) -> list[str]:
    """Returns one line for each reason to doubt the height of a person above the floor."""
    doubts = []
    if not are_feet_ever_seen(landmark_confidence(person.track), float(person.motion.fps)):
        doubts.append(
            f"{person.name}: the feet are never visible; contacts are not estimated, and the height above the floor "
            "is assumed"
        )
    depth = _depth_below_floor(person)
    if depth > MAX_STEP_HEIGHT:
        doubts.append(
            f"{person.name}: the feet are {depth:.1f} m below the floor; the floor or the person's size is wrong. "
            "Show the feet and the floor, or set --height"
        )
    return doubts


def _depth_below_floor(person: Person) -> float:
    """Returns the median depth, m, of the lowest point of the soles below the floor."""
    motion = person.motion
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    return -float(np.median(soles[..., 1].min(axis=1)))

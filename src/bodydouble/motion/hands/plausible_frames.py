"""Selects the frames in which the palm was seen plausibly: in motion blur the network may turn a hand over."""

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry import rotation

MAX_SPEED = np.radians(700.0)
"""Maximum angular speed of a palm, rad/s; a waving hand has 500 degrees per second."""
TOLERANCE = np.radians(30.0)
"""Angle by which two views of the same palm may differ, rad."""
MIN_SUPPORT = 0.05
"""Weight of a frame whose confidence is 0.5 or less. The network turns a hand over that it takes for the other one."""
JUMP_COST = 2.0
"""Number of sure frames that must support a jump to another rotation."""
MAX_PREDECESSORS = 15
"""Number of preceding frames among which the last plausible one is searched for."""


def select_plausible(palms: FloatArray, times: FloatArray, confidence: FloatArray) -> BoolArray:
    """Selects the largest set of frames, weighted by their confidence, in which a palm turns at a possible speed.

    Args:
        palms: (N, 4) xyzw, rotations of the palm in the frames in which it was observed.
        times: (N,) s, ascending.
        confidence: (N,).

    Returns:
        (N,) True for the selected frames.
    """
    support = np.clip(2 * confidence - 1, MIN_SUPPORT, 1.0)
    scores, predecessors = support.copy(), np.full(len(palms), -1)
    for row in range(1, len(palms)):
        earlier = np.arange(max(row - MAX_PREDECESSORS, 0), row)
        angle = rotation.angle_between(palms[earlier], palms[row])
        # Frames that are left out give no time for a turn, else leaving out some would explain any jump.
        is_jump = angle > TOLERANCE + MAX_SPEED * (times[row] - times[row - 1])
        gains = scores[earlier] - np.where(is_jump, JUMP_COST, 0.0)
        best = int(np.argmax(gains))
        if gains[best] > 0:
            scores[row] += gains[best]
            predecessors[row] = earlier[best]
    selected = np.zeros(len(palms), dtype=bool)
    row = int(np.argmax(scores))
    while row >= 0:
        selected[row] = True
        row = int(predecessors[row])
    return selected

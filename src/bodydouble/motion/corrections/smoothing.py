"""Smoothing of a motion in a span by hand; resting feet stay where they are."""

from dataclasses import replace

import numpy as np

from bodydouble.data import FloatArray, Person
from bodydouble.data.corrections import Smoothing
from bodydouble.geometry import rotation
from bodydouble.motion.corrections.contacts import RESTING, sole_targets
from bodydouble.motion.corrections.deformation import deform
from bodydouble.motion.corrections.keyframes import KEPT_SIGMA
from bodydouble.motion.corrections.measurements import span_rows
from bodydouble.motion.fit.kinematics import BLOCK_COUNT
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.resampling.smoothing import smooth_rotations, whittaker

RAMP_SECONDS = 0.2
"""Maximum time in s inside of a span over which smoothing sets in."""


def smooth_person(person: Person, smoothing: Smoothing) -> Person:
    """Smooths the motion of a person in a span; frames outside stay the same."""
    motion, fps = person.motion, float(person.motion.fps)
    rows = span_rows(person, smoothing.first_frame, smoothing.last_frame)
    weight = _weights(rows.stop - rows.start, len(motion.rotations), rows, fps)
    smooth = smooth_rotations(motion.rotations, fps, smoothing.cutoff)[rows]
    path = whittaker(motion.root_position, np.ones((len(motion.rotations), 1)), fps, smoothing.cutoff)[rows]
    rotations, root_position = motion.rotations.copy(), motion.root_position.copy()
    turns = rotation.to_rotvec(rotation.multiply(rotation.conjugate(rotations[rows]), smooth))
    rotations[rows] = rotation.multiply(rotations[rows], rotation.from_rotvec(weight[:, None, None] * turns))
    root_position[rows] += weight[:, None] * (path - root_position[rows])
    smoothed = replace(motion, rotations=rotation.make_continuous(rotations), root_position=root_position)
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    is_free = np.zeros(len(rotations), dtype=bool)
    is_free[rows] = True
    resting, columns = np.nonzero((motion.contacts >= RESTING) & is_free[:, None])
    places = soles[resting, columns]
    is_own = np.zeros((len(rotations), BLOCK_COUNT), dtype=bool)
    targets = sole_targets(motion.skeleton, resting, columns, places, np.full(len(resting), KEPT_SIGMA))
    return replace(person, motion=deform(smoothed, targets, is_free, is_own))


def _weights(count: int, total: int, rows: slice, fps: float) -> FloatArray:
    """Returns the weight of smoothing (count,) in a span of a motion of a total of frames: it rises from the ends."""
    ramp = max(1, min(round(RAMP_SECONDS * fps), count // 4))
    index = np.arange(count)
    from_start = np.full(count, ramp) if rows.start == 0 else index + 1
    from_end = np.full(count, ramp) if rows.stop == total else count - index
    fraction = np.clip(np.minimum(from_start, from_end) / (ramp + 1), 0.0, 1.0)
    return np.asarray(np.where(np.minimum(from_start, from_end) >= ramp, 1.0, fraction))

"""Motions at another rate, and without the frames in which motion capture jumps."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import binary_dilation

from bodydouble.data import FloatArray, IntArray, Motion
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import rotation

FASTEST_HIPS = 8.0
"""m/s; nobody's hips are faster in a capture studio."""
FASTEST_JOINT = 50.0
"""rad/s; a throwing shoulder is faster, but hardly any joint for a whole frame."""
JUMP_MARGIN = 1 / 40
"""s around a jump that are not believed either."""


def motion_at(motion: Motion, fps: Fraction) -> Motion:
    """The motion at another rate: frame i is shown at i / fps seconds, as long as there is motion.

    Args:
        motion: T frames.
        fps: exact.

    Returns:
        The first frame and all others that do not lie after the last one. Rotations follow the shortest way, the hips
        a cubic spline.
    """
    step = motion.fps / fps
    count = int((len(motion.rotations) - 1) / step) + 1
    times = np.array([float(i * step) for i in range(count)])
    return replace(interpolated(motion, np.arange(len(motion.rotations)), times), fps=fps)


def without_jumps(motion: Motion) -> Motion:
    """The motion with the frames about a jump of the hips or a joint interpolated; cut off at the beginning and end.

    Args:
        motion: T frames.

    Returns:
        At most T frames.

    Raises:
        InvalidDataError: it jumps nearly all the time.
    """
    hips = np.linalg.norm(np.diff(motion.root_position, axis=0), axis=1)
    turns = rotation.angle_between(motion.rotations[1:], motion.rotations[:-1]).max(axis=1)
    too_fast = (hips * float(motion.fps) > FASTEST_HIPS) | (turns * float(motion.fps) > FASTEST_JOINT)
    if not too_fast.any():
        return motion
    jumping = np.append(too_fast, False) | np.insert(too_fast, 0, False)
    around = max(round(JUMP_MARGIN * motion.fps), 1)
    steady = np.flatnonzero(~binary_dilation(jumping, iterations=around))
    if len(steady) < 2:
        raise InvalidDataError("the motion jumps in nearly every frame; is its unit or its frame rate wrong?")
    return interpolated(motion, steady, np.arange(steady[0], steady[-1] + 1.0))


def interpolated(motion: Motion, keys: IntArray, times: FloatArray) -> Motion:
    """The motion at any times, from some of its frames.

    Args:
        motion: T frames.
        keys: (K,) ascending frames that are kept.
        times: (N,) in frames, from the first key to the last.

    Returns:
        N frames.
    """
    if len(keys) == 1:
        return rows(motion, np.repeat(keys, len(times)))
    before = np.clip(np.searchsorted(keys, times, side="right") - 1, 0, len(keys) - 2)
    share = ((times - keys[before]) / (keys[before + 1] - keys[before]))[:, None]
    start, end = keys[before], keys[before + 1]
    way = rotation.multiply(rotation.conjugate(motion.rotations[start]), motion.rotations[end])
    turned = rotation.from_rotvec(share[..., None] * rotation.to_rotvec(way))
    return replace(
        motion,
        rotations=rotation.continuous(rotation.normalize(rotation.multiply(motion.rotations[start], turned))),
        root_position=CubicSpline(keys, motion.root_position[keys])(times),
        contacts=motion.contacts[start] + share * (motion.contacts[end] - motion.contacts[start]),
        joint_sigma=motion.joint_sigma[start] + share * (motion.joint_sigma[end] - motion.joint_sigma[start]),
    )


def rows(motion: Motion, frames: IntArray | slice) -> Motion:
    """The given frames of a motion."""
    return replace(
        motion,
        rotations=motion.rotations[frames],
        root_position=motion.root_position[frames],
        contacts=motion.contacts[frames],
        joint_sigma=motion.joint_sigma[frames],
    )

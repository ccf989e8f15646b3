"""Resampling of a ``Motion`` to another frame rate, and removal of jumps of motion capture."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import binary_dilation

from bodydouble.data import FloatArray, IntArray, Motion, Track
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import rotation

MAX_HIPS_SPEED = 8.0
"""Maximum speed in m/s of the hips in a capture studio."""
MAX_JOINT_SPEED = 50.0
"""Maximum angular speed in rad/s of a joint. A throwing shoulder is faster, but hardly for a whole frame."""
JUMP_MARGIN = 1 / 40
"""Time in s around a jump that is interpolated, too."""


def resample_motion(motion: Motion, fps: Fraction) -> Motion:
    """Resamples a motion to another frame rate: frame i is at i / fps seconds.

    Args:
        motion: T frames.
        fps: exact.

    Returns:
        The frames from the first to the last frame of the motion. Rotations are interpolated spherically, the hips by
        a cubic spline.
    """
    step = motion.fps / fps
    count = int((len(motion.rotations) - 1) / step) + 1
    times = np.array([float(i * step) for i in range(count)])
    return replace(interpolate_motion(motion, np.arange(len(motion.rotations)), times), fps=fps)


def remove_jumps(motion: Motion) -> Motion:
    """Interpolates the frames around jumps of the hips or a joint; jumps at the beginning and the end are cut off.

    Args:
        motion: T frames.

    Returns:
        At most T frames.

    Raises:
        InvalidDataError: the motion jumps in nearly every frame.
    """
    hips_steps = np.linalg.norm(np.diff(motion.root_position, axis=0), axis=1)
    rotation_steps = rotation.angle_between(motion.rotations[1:], motion.rotations[:-1]).max(axis=1)
    too_fast = (hips_steps * float(motion.fps) > MAX_HIPS_SPEED) | (
        rotation_steps * float(motion.fps) > MAX_JOINT_SPEED
    )
    if not too_fast.any():
        return motion
    is_jump = np.append(too_fast, False) | np.insert(too_fast, 0, False)
    margin_frames = max(round(JUMP_MARGIN * motion.fps), 1)
    steady = np.flatnonzero(~binary_dilation(is_jump, iterations=margin_frames))
    if len(steady) < 2:
        raise InvalidDataError("the motion jumps in nearly every frame; is its unit or its frame rate wrong?")
    return interpolate_motion(motion, steady, np.arange(steady[0], steady[-1] + 1.0))


def interpolate_motion(motion: Motion, keys: IntArray, times: FloatArray) -> Motion:
    """Interpolates a motion at any times from some of its frames.

    Args:
        motion: T frames.
        keys: (K,) ascending frames to interpolate between.
        times: (N,) in frames, from the first key to the last.

    Returns:
        N frames.
    """
    if len(keys) == 1:
        return slice_motion(motion, np.repeat(keys, len(times)))
    previous = np.clip(np.searchsorted(keys, times, side="right") - 1, 0, len(keys) - 2)
    fraction = ((times - keys[previous]) / (keys[previous + 1] - keys[previous]))[:, None]
    start, end = keys[previous], keys[previous + 1]
    rotation_between = rotation.multiply(rotation.conjugate(motion.rotations[start]), motion.rotations[end])
    partial_rotation = rotation.from_rotvec(fraction[..., None] * rotation.to_rotvec(rotation_between))
    return replace(
        motion,
        rotations=rotation.make_continuous(
            rotation.normalize(rotation.multiply(motion.rotations[start], partial_rotation))
        ),
        root_position=CubicSpline(keys, motion.root_position[keys])(times),
        contacts=motion.contacts[start] + fraction * (motion.contacts[end] - motion.contacts[start]),
        joint_sigma=motion.joint_sigma[start] + fraction * (motion.joint_sigma[end] - motion.joint_sigma[start]),
    )


def slice_track(track: Track, rows: IntArray | slice, frames: IntArray | None = None) -> Track:
    """Returns the given rows of a track, with other source frames (T,) on request."""
    return Track(
        track.frames[rows] if frames is None else frames,
        track.observed[rows],
        track.boxes[rows],
        track.keypoints[rows],
        track.landmarks_3d[rows],
    )


def slice_motion(motion: Motion, frames: IntArray | slice) -> Motion:
    """Returns the given frames of a motion."""
    return replace(
        motion,
        rotations=motion.rotations[frames],
        root_position=motion.root_position[frames],
        contacts=motion.contacts[frames],
        joint_sigma=motion.joint_sigma[frames],
    )

"""Smoothness of the unknowns of a hand over time: terms of first and second differences, adapted to the speed.

A hand that rests is held still by its first differences. A hand that moves is bound by its second differences only, and
the less the faster it is, so that fast motion is not smeared.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from bodydouble.data import BoolArray, FloatArray
from bodydouble.motion.fit.normal_equations import NormalEquations

IMAGE, DEPTH = slice(3, 5), 5
"""Unknowns of the position of the wrist; all others are angles."""
BLOCK = 3
"""Size of the blocks of unknowns that frames two apart couple."""
SPEED_WINDOW = 0.1
"""Time before and after a frame over which its speed is measured, s."""
REFERENCE_FPS = 30.0


@dataclass(frozen=True, slots=True)
class SmoothnessOptions:
    """Standard deviations of changes per frame at 30 frames per second."""

    still_speed: float = np.radians(0.35)
    """Speed of an angle per frame up to which it counts as resting."""
    rest_step: float = np.radians(0.1)
    """Of an angle at rest."""
    rest_bend: float = np.radians(0.2)
    """Of the speed of an angle at rest."""
    moving_step: float = 4.0
    """Of an angle in motion, relative to its speed."""
    moving_bend: float = 0.4
    """Of the speed of an angle in motion, relative to its speed."""
    gap_step: float = np.radians(2.0)
    """Minimum for an angle where the hand is not observed."""
    first_step: float = np.radians(4.0)
    """Of an angle before its speed is known."""
    image_step: float = 0.05
    """Of the wrist's position on the plane z = 1."""
    depth_step: float = 0.02
    """Of the logarithm of the depth."""


@dataclass(frozen=True, slots=True)
class Smoothness:
    """Standard deviations of N unknowns in T frames."""

    step: FloatArray
    """(T, N) of the change to the next frame."""
    bend: FloatArray
    """(T, N) of the change of that change."""

    def add_to(self, diagonal: FloatArray, gradient: FloatArray, changes: FloatArray) -> NormalEquations:
        """Adds the terms to those of each frame.

        Args:
            diagonal: J'J (T, N, N) of the other terms; changed in place.
            gradient: J'r (T, N) of the other terms; changed in place.
            changes: (T - 1, N) of the unknowns from frame to frame.
        """
        frames, unknowns = gradient.shape
        index = np.arange(unknowns)
        first = 2 / (self.step[1:] ** 2 + self.step[:-1] ** 2)
        second = self.bend[1:-1] ** -2.0
        bends = np.diff(changes, axis=0)
        for offset, sign in ((0, -1.0), (1, 1.0)):
            rows = slice(offset, frames - 1 + offset)
            diagonal[rows, index, index] += first
            gradient[rows] += sign * first * changes
        for offset, factor in ((0, 1.0), (1, -2.0), (2, 1.0)):
            rows = slice(offset, frames - 2 + offset)
            diagonal[rows, index, index] += factor**2 * second
            gradient[rows] += factor * second * bends
        next_frame = np.zeros((frames - 1, unknowns, unknowns))
        next_frame[:, index, index] -= first
        for rows in (slice(0, frames - 2), slice(1, frames - 1)):
            next_frame[rows, index, index] -= 2 * second
        after_next = np.zeros((max(frames - 2, 0), unknowns // BLOCK, BLOCK, BLOCK))
        after_next[..., range(BLOCK), range(BLOCK)] = second.reshape(-1, unknowns // BLOCK, BLOCK)
        return NormalEquations(np.triu(diagonal), next_frame, after_next, gradient)


def uniform_smoothness(frames: int, unknowns: int, options: SmoothnessOptions, fps: float) -> Smoothness:
    """Returns the smoothness of T frames of N unknowns before their speed is known."""
    step = np.full((frames, unknowns), options.first_step * np.sqrt(REFERENCE_FPS / fps))
    return _with_position(step, step.copy(), options, fps)


def adapt_smoothness(values: FloatArray, observed: BoolArray, options: SmoothnessOptions, fps: float) -> Smoothness:
    """Returns the smoothness that fits the speed of unknowns (T, N), observed in some of the frames (T,)."""
    slower = REFERENCE_FPS / fps
    speed = _speed(values, max(round(SPEED_WINDOW * fps), 1))
    speed = np.sqrt(np.maximum(speed**2 - (options.still_speed * slower) ** 2, 0.0))
    step = np.hypot(options.rest_step * np.sqrt(slower), options.moving_step * speed)
    bend = np.hypot(options.rest_bend * slower**1.5, options.moving_bend * slower * speed)
    gap_step = np.where(observed[:, None], 0.0, options.gap_step * np.sqrt(slower))
    return _with_position(np.maximum(step, gap_step), np.maximum(bend, gap_step), options, fps)


def _speed(values: FloatArray, reach: int) -> FloatArray:
    """Returns the largest speed (T, N) per frame of values (T, N) within some frames of each."""
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    speed = np.abs(padded[2 * reach :] - padded[: -2 * reach]) / (2 * reach)
    return np.asarray(maximum_filter1d(speed, 2 * reach + 1, axis=0, mode="nearest"))


def _with_position(step: FloatArray, bend: FloatArray, options: SmoothnessOptions, fps: float) -> Smoothness:
    """Returns the smoothness with the standard deviations of the wrist's position."""
    for values in (step, bend):
        values[:, IMAGE] = options.image_step * np.sqrt(REFERENCE_FPS / fps)
        values[:, DEPTH] = options.depth_step * np.sqrt(REFERENCE_FPS / fps)
    return Smoothness(step, bend)

"""Physical plausibility of a motion: force and torque that no contact explains, and balance, without a simulator.

In: a ``Motion`` with contacts. Out: ``PhysicsMeasures`` of each frame. ``motion/physics/`` computes the
forces that a motion needs and those that the floor can give.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Motion
from bodydouble.data.windows import shift, split_into_windows
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.physics.dynamics import CUTOFF_HZ, MIN_FRAMES, required_forces
from bodydouble.motion.physics.mass_distribution import distribute_mass, leg_length, mass_positions
from bodydouble.motion.physics.support import imbalance_m, support_points, unexplained_forces

WINDOW_FRAMES = 3000
"""Number of frames whose forces are in memory at once."""
MARGIN_SECONDS = 1.0
"""Duration in s of the frames before and after a window that are smoothed with it."""
END_SECONDS = 1 / (2 * CUTOFF_HZ)
"""Duration in s at either end of a motion whose accelerations are too uncertain to be measured."""


@dataclass(frozen=True, slots=True)
class PhysicsMeasures:
    """Measures of T frames; NaN where they could not be measured."""

    unexplained_force: FloatArray
    """(T,) force in body weights that no contact explains."""
    unexplained_torque: FloatArray
    """(T,) torque in body weights times the length of the legs that no contact explains."""
    imbalance_m: FloatArray
    """(T,) m, distance of the extrapolated centre of mass from the support of a person who stands still."""
    is_supported: BoolArray
    """(T,) True where a point of the feet rests on the floor."""

    @classmethod
    def unknown(cls, frames: int) -> Self:
        """Returns measures of frames of which nothing is known."""
        nothing = np.full(frames, np.nan)
        return cls(nothing, nothing, nothing, np.zeros(frames, dtype=bool))


def measure_physics(motion: Motion, is_known: BoolArray | None = None) -> PhysicsMeasures:
    """Measures the physical plausibility of a motion.

    Args:
        motion: T frames of the 22 humanoid joints in the world, +Y up, with contacts.
        is_known: (T,) frames whose contacts are known; None for all. The others are not measured.
    """
    frames, fps = len(motion.rotations), float(motion.fps)
    if frames < MIN_FRAMES:
        return PhysicsMeasures.unknown(frames)
    force, torque, imbalance, is_supported = np.empty((4, frames))
    for inner, outer in split_into_windows(frames, WINDOW_FRAMES, round(MARGIN_SECONDS * fps)):
        measures, rows = _measure_window(motion, outer), shift(inner, outer)
        force[inner], torque[inner] = measures.unexplained_force[rows], measures.unexplained_torque[rows]
        imbalance[inner], is_supported[inner] = measures.imbalance_m[rows], measures.is_supported[rows]
    is_measured = np.isfinite(motion.contacts).all(axis=1) & _inner_frames(frames, fps)
    is_measured &= True if is_known is None else is_known
    force, torque, imbalance = (np.where(is_measured, values, np.nan) for values in (force, torque, imbalance))
    return PhysicsMeasures(force, torque, imbalance, is_supported > 0)


def _measure_window(motion: Motion, frames: slice) -> PhysicsMeasures:
    skeleton, fps = motion.skeleton, float(motion.fps)
    rotations = np.asarray(motion.rotations[frames], dtype=np.float64)
    root_position = np.asarray(motion.root_position[frames], dtype=np.float64)
    body = distribute_mass(skeleton)
    required = required_forces(mass_positions(body, skeleton, rotations, root_position), body.masses, fps)
    support = support_points(sole_positions(skeleton, rotations, root_position), motion.contacts[frames], fps)
    force, torque = unexplained_forces(required, support, leg_length(skeleton))
    is_supported = np.asarray(support.is_resting.any(axis=1))
    return PhysicsMeasures(force, torque, imbalance_m(required, support), is_supported)


def _inner_frames(frames: int, fps: float) -> BoolArray:
    """Returns the frames (T,) that are not at the ends of a motion."""
    seconds_from_end = np.minimum(np.arange(frames), np.arange(frames)[::-1]) / fps
    return np.asarray(seconds_from_end >= END_SECONDS)

"""Physical plausibility of a motion: force and torque that no contact explains, and balance, without a simulator.

In: a ``Motion`` with contacts. Out: ``PhysicsMeasures`` of each frame. ``motion/physics/`` computes the
forces that a motion needs and those that the floor can give.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Motion
from bodydouble.motion.physics.dynamics import CUTOFF_HZ, MIN_FRAMES
from bodydouble.motion.physics.mass_distribution import leg_length
from bodydouble.motion.physics.support import imbalance_m, unexplained_forces
from bodydouble.motion.physics.windows import forces_in_windows

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
    force, torque, imbalance = np.empty((3, frames))
    is_supported, legs = np.empty(frames, dtype=bool), leg_length(motion.skeleton)
    for inner, rows, required, support in forces_in_windows(motion):
        forces, torques = unexplained_forces(required, support, legs)
        force[inner], torque[inner] = forces[rows], torques[rows]
        imbalance[inner] = imbalance_m(required, support)[rows]
        is_supported[inner] = support.is_resting[rows].any(axis=1)
    is_measured = np.isfinite(motion.contacts).all(axis=1) & _inner_frames(frames, fps)
    is_measured &= True if is_known is None else is_known
    force, torque, imbalance = (np.where(is_measured, values, np.nan) for values in (force, torque, imbalance))
    return PhysicsMeasures(force, torque, imbalance, is_supported)


def _inner_frames(frames: int, fps: float) -> BoolArray:
    """Returns the frames (T,) that are not at the ends of a motion."""
    seconds_from_end = np.minimum(np.arange(frames), np.arange(frames)[::-1]) / fps
    return np.asarray(seconds_from_end >= END_SECONDS)

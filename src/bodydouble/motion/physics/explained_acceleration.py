"""Acceleration of the hips that gravity and contacts explain: a motion with contacts -> a target of the last fit.

The acceleration of a captured motion contains errors that no force of the floor explains. They are removed, while the
motion of the limbs relative to the hips and the contacts stay.
"""

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.motion.physics.dynamics import GRAVITY, MIN_FRAMES, smooth_paths
from bodydouble.motion.physics.mass_distribution import leg_length
from bodydouble.motion.physics.support import residual_forces
from bodydouble.motion.physics.windows import forces_in_windows

TORQUE_WEIGHT = 5.0
"""Weight of unexplained torque relative to unexplained force: only a force can be removed by moving the hips."""


def explained_acceleration(motion: Motion) -> FloatArray:
    """Returns the acceleration (T, 3) m/s^2 of the hips that is left without the unexplained force.

    It is NaN where nothing rests on the floor, and in very short motions.

    Args:
        motion: T frames of the 22 humanoid joints in the world, +Y up, with contacts.
    """
    fps, length = float(motion.fps), leg_length(motion.skeleton) / TORQUE_WEIGHT
    acceleration = np.full(motion.root_position.shape, np.nan)
    if len(acceleration) < MIN_FRAMES:
        return acceleration
    path = smooth_paths(np.asarray(motion.root_position, dtype=np.float64), fps)
    acceleration[1:-1] = np.diff(path, n=2, axis=0) * fps**2
    for inner, rows, required, support in forces_in_windows(motion):
        acceleration[inner] -= GRAVITY * residual_forces(required, support, length)[rows, :3]
        acceleration[inner][~support.is_resting[rows].any(axis=1)] = np.nan
    return acceleration

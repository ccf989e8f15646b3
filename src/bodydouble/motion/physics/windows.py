"""Forces of a motion of any length, some frames at a time: ``Motion`` -> ``RequiredForces`` and ``Support``."""

from collections.abc import Iterator

import numpy as np

from bodydouble.data import Motion
from bodydouble.data.windows import shift, split_into_windows
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.physics.dynamics import RequiredForces, required_forces
from bodydouble.motion.physics.mass_distribution import distribute_mass, mass_positions
from bodydouble.motion.physics.support import Support, support_points

WINDOW_FRAMES = 300
"""Number of frames whose forces are in memory at once."""
MARGIN_SECONDS = 1.0
"""Duration in s of the frames before and after a window that are smoothed with it."""


def forces_in_windows(motion: Motion) -> Iterator[tuple[slice, slice, RequiredForces, Support]]:
    """Yields windows of the frames of a motion with the forces that it needs and its support.

    Args:
        motion: T frames of the 22 humanoid joints in the world, +Y up, with contacts; at least dynamics.MIN_FRAMES.

    Yields:
        The frames of the window, the rows of the results that belong to them, and the results.
    """
    skeleton, fps = motion.skeleton, float(motion.fps)
    body = distribute_mass(skeleton)
    for inner, outer in split_into_windows(len(motion.rotations), WINDOW_FRAMES, round(MARGIN_SECONDS * fps)):
        rotations, root_position = (
            np.asarray(values[outer], dtype=np.float64) for values in (motion.rotations, motion.root_position)
        )
        required = required_forces(mass_positions(body, skeleton, rotations, root_position), body.masses, fps)
        support = support_points(sole_positions(skeleton, rotations, root_position), motion.contacts[outer], fps)
        yield inner, shift(inner, outer), required, support

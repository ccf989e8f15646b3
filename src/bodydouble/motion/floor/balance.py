"""Up direction from people's balance: who stands or walks has the centre of mass above the feet that bear the weight.

In: ``FitInput`` of a person. Out: axes from the feet to the centre of mass, and their weights, in every frame. Steps
and swings of the trunk move the axis of a frame; over some steps they cancel out.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from bodydouble.data import FloatArray
from bodydouble.data.windows import split_into_windows
from bodydouble.geometry import rotation
from bodydouble.motion.fit.kinematics import pose_skeleton
from bodydouble.motion.fit.solve import slice_state
from bodydouble.motion.floor.contacts import SOLE_LANDMARKS, sole_confidence
from bodydouble.motion.lifting.fit_input import FitInput
from bodydouble.motion.physics.mass_distribution import center_of_mass, distribute_mass

MIN_HEIGHT = 0.9
"""Distance of the centre of mass from the soles, relative to the height of the hips at rest, at which a person stands
with half the probability; who sits or crawls is supported by more than the feet."""
HEIGHT_SCALE = 0.04
"""Logistic scale of that transition."""
MAX_LEAN, LEAN_SCALE = np.radians(45.0), np.radians(3.0)
"""Angle in rad between the axis and the lifter's up direction at which a stretched person lies with half the
probability, and logistic scale of that transition. Cameras are not rolled so far."""
MIN_WEIGHT = 1e-6
"""Weight of a frame without contact, so that a mean exists."""
WINDOW_FRAMES = 3000
"""Number of frames whose landmarks are in memory at once."""


@dataclass(frozen=True, slots=True)
class BalanceAxes:
    """Axes from the feet to the centre of mass in T frames."""

    axes: FloatArray
    """(T, 3) unit, axes of the reference."""
    weights: FloatArray
    """(T,) probability that the feet are seen and bear the person."""

    @classmethod
    def of(cls, person: FitInput) -> "BalanceAxes":
        """Computes the axes of a lifted person."""
        count = len(person.start.root)
        axes, weights = np.empty((count, 3)), np.empty(count)
        for rows, _ in split_into_windows(count, WINDOW_FRAMES, 0):
            axes[rows], weights[rows] = _balance_of_frames(person, rows)
        return cls(axes, weights)


def _balance_of_frames(person: FitInput, rows: slice) -> tuple[FloatArray, FloatArray]:
    """Returns axes (N, 3) and weights (N,) of some frames."""
    state = slice_state(person.start, rows)
    pose = pose_skeleton(person.skeleton, state.rotations, state.root, SOLE_LANDMARKS)
    contacts = np.asarray(person.targets.contacts[rows], np.float64)
    bearing = (contacts + MIN_WEIGHT)[..., None]
    support = (bearing * pose.landmarks).sum(axis=1) / bearing.sum(axis=1)
    lever = center_of_mass(distribute_mass(person.skeleton), pose.joints, pose.rotations) - support
    height = np.linalg.norm(lever, axis=-1) / person.skeleton.rest_offsets[0, 1]
    axes = rotation.normalize(lever)
    lean = np.arccos(np.clip((axes * np.asarray(person.up[rows], np.float64)).sum(axis=-1), -1.0, 1.0))
    is_standing = expit((height - MIN_HEIGHT) / HEIGHT_SCALE) * expit((MAX_LEAN - lean) / LEAN_SCALE)
    seen = contacts * sole_confidence(person.confidence[rows])
    return axes, is_standing * seen.max(axis=1) + MIN_WEIGHT

"""``FitInput``: one person as the fit over the whole clip starts."""

from dataclasses import dataclass

from bodydouble.data import FloatArray, Skeleton
from bodydouble.motion.fit.terms import FitTargets, State


@dataclass(frozen=True, slots=True)
class FitInput:
    """One person as the fit over the whole clip starts. Long clips are stored in float32, see ``long_clips``."""

    skeleton: Skeleton
    targets: FitTargets
    start: State
    confidence: FloatArray
    """(T, 33) of the landmarks; 0 where not observed."""
    joint_sigma: FloatArray
    """(T, 22) m, standard deviation per axis."""
    up: FloatArray
    """(T, 3) unit vector opposite to gravity as the lifter estimates it, axes of the reference."""

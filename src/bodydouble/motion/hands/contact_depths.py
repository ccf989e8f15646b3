"""Steps along the line of sight that bring a surface of spheres to another one, so that both touch.

What lies in the same place of the picture touches at a few depths only. They follow from the spheres alone: two of them
intersect in an interval of depths.
"""

from collections.abc import Iterator

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.motion.hands.surfaces import Spheres

CHUNK_FRAMES = 200
"""Number of frames that are computed at once, which bounds the memory."""
MAX_ROUNDS = 30
"""Maximum number of intervals that a step crosses."""


def steps_in_front(moved: Spheres, fixed: Spheres) -> FloatArray:
    """Returns the steps (T,) m in z that bring one surface in front of another one, so that both touch.

    The step is NaN where they do not meet at any depth. Both are in camera axes, over T frames.
    """
    return np.concatenate([np.full(0, np.nan), *(_front(low) for low, _ in _intervals(moved, fixed))])


def nearest_free_steps(moved: Spheres, fixed: Spheres) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Returns the nearest steps in z at which two surfaces touch without intersecting.

    Args:
        moved: spheres that are moved, over T frames, camera axes.
        fixed: spheres that are not.

    Returns:
        The steps (T,) m towards the camera (negative) and away from it, NaN where there is none, and whether (T,) the
        surfaces intersect.
    """
    nearer, farther, inside = [], [], []
    for low, high in _intervals(moved, fixed):
        is_inside = ((low < 0) & (high > 0)).any(axis=1)
        away, near = _next_free(low, high), -_next_free(-high, -low)
        following = np.where(low >= 0, low, np.inf).min(axis=1)
        preceding = np.where(high <= 0, high, -np.inf).max(axis=1)
        farther.append(_finite(np.where(is_inside, away, following)))
        nearer.append(_finite(np.where(is_inside, near, preceding)))
        inside.append(is_inside)
    return np.concatenate(nearer), np.concatenate(farther), np.concatenate(inside)


def _front(low: FloatArray) -> FloatArray:
    """Returns the first depths (T,) of intervals; NaN without one."""
    return _finite(low.min(axis=1))


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.nan)


def _intervals(moved: Spheres, fixed: Spheres) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yields, chunk by chunk, the steps (C, P) from which and up to which two spheres intersect; infinity if never."""
    reach = (moved.radii[:, None] + fixed.radii).ravel()
    for start in range(0, len(moved.centers), CHUNK_FRAMES):
        rows = slice(start, start + CHUNK_FRAMES)
        steps = (fixed.centers[rows, None] - moved.centers[rows, :, None]).reshape(-1, len(reach), 3)
        square = reach**2 - (steps[..., :2] ** 2).sum(axis=-1)
        half = np.sqrt(np.maximum(square, 0.0))
        meets = square > 0
        yield np.where(meets, steps[..., 2] - half, np.inf), np.where(meets, steps[..., 2] + half, -np.inf)


def _next_free(low: FloatArray, high: FloatArray) -> FloatArray:
    """Returns the smallest steps (C,) above 0 that lie in no interval (C, P)."""
    step = np.zeros(len(low))
    for _ in range(MAX_ROUNDS):
        inside = (low < step[:, None] + 1e-9) & (high > step[:, None] + 1e-9)
        if not inside.any():
            break
        step = np.maximum(step, np.where(inside, high, -np.inf).max(axis=1))
    return step

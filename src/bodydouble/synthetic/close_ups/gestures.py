"""Gestures of the fingers: random generator -> angles of both hands over time, with holds and transitions.

Angles are those of the degrees of freedom of the hand model (`motion.hands.hand_model`), within their limits.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.motion.hands.hand_model import DEGREES_OF_FREEDOM, DOF_COUNT, LIMITS, RELAXED

STRAIGHT, CURLED = (2.0, 4.0, 2.0), (78.0, 98.0, 62.0)
"""Bends in degrees of the three joints of a straight and of a curled finger."""
THUMB_OUT, THUMB_UP, THUMB_ACROSS = (-12.0, 5.0, 0.0, 0.0, 0.0), (-28.0, -5.0, 0.0, -5.0, -8.0), (
    32.0, 55.0, 0.0, 35.0, 40.0)  # fmt: skip
"""Angles in degrees of the thumb: beside the palm, held up, and across curled fingers."""
NO_SPREAD, SPREAD, VICTORY = (0.0, 0.0, 0.0, 0.0), (-14.0, -4.0, 6.0, 14.0), (-10.0, 8.0, 0.0, 0.0)
"""Spread in degrees of the four fingers; positive towards the little finger."""
VARIATION_DEG = 5.0
"""Standard deviation in degrees by which a gesture varies from one time to the next."""
HOLD_TIME, MOVE_TIME = (0.4, 0.9), (0.2, 0.5)
"""Ranges in s of the time for which a gesture is held, and of the time of a transition."""
MAX_FINGER_LAG = 0.08
"""Maximum time in s by which a finger starts later than the first one."""


def _gesture(
    thumb: tuple[float, ...], bends: tuple[tuple[float, ...], ...], spread: tuple[float, ...] = NO_SPREAD
) -> FloatArray:
    fingers = [angle for side, three in zip(spread, bends, strict=True) for angle in (side, *three)]
    return np.radians([*thumb, *fingers])


GESTURES: dict[str, FloatArray] = {
    "relaxed": RELAXED,
    "open": _gesture(THUMB_OUT, (STRAIGHT,) * 4),
    "spread": _gesture((-20.0, 0.0, 0.0, -5.0, -5.0), (STRAIGHT,) * 4, SPREAD),
    "fist": _gesture(THUMB_ACROSS, (CURLED,) * 4),
    "point": _gesture(THUMB_ACROSS, (STRAIGHT, CURLED, CURLED, CURLED)),
    "pinch": _gesture(
        (12.0, 52.0, 0.0, 18.0, 22.0), ((48.0, 52.0, 28.0), (40.0, 45.0, 25.0), (34.0, 40.0, 22.0), (28.0, 34.0, 20.0))
    ),
    "thumbs up": _gesture(THUMB_UP, (CURLED,) * 4),
    "two": _gesture(THUMB_ACROSS, (STRAIGHT, STRAIGHT, CURLED, CURLED), VICTORY),
    "three": _gesture(THUMB_ACROSS, (STRAIGHT, STRAIGHT, STRAIGHT, CURLED), (-10.0, 0.0, 8.0, 0.0)),
    "four": _gesture((20.0, 60.0, 0.0, 30.0, 25.0), (STRAIGHT,) * 4, SPREAD),
    "claw": _gesture((-5.0, 30.0, 0.0, 20.0, 25.0), ((10.0, 60.0, 42.0),) * 4, (-8.0, -2.0, 4.0, 8.0)),
}
"""Angles (21,) rad of each gesture."""


@dataclass(frozen=True, slots=True)
class HandGestures:
    """Angles of one hand over time."""

    angles: FloatArray
    """(T, 21) rad."""
    is_held: BoolArray
    """(T,) where no angle changes."""


def sample_gestures(frame_count: int, fps: float, rng: np.random.Generator) -> HandGestures:
    """Draws the gestures of one hand, each held for a while; the fingers move to the next one after the other."""
    seconds = np.arange(frame_count) / fps
    fingers = np.array([dof.finger for dof in DEGREES_OF_FREEDOM])
    angles = np.tile(_vary(_draw_gesture(rng), rng), (frame_count, 1))
    is_held = np.ones(frame_count, dtype=np.bool_)
    start = rng.uniform(*HOLD_TIME)
    while start < seconds[-1]:
        target, duration = _vary(_draw_gesture(rng), rng), rng.uniform(*MOVE_TIME)
        lags = rng.uniform(0.0, MAX_FINGER_LAG, fingers.max() + 1)[fingers]
        progress = np.clip((seconds[:, None] - start - lags) / duration, 0.0, 1.0)
        angles += (progress**3 * (10 - 15 * progress + 6 * progress**2)) * (target - angles[-1])
        end = start + duration + float(lags.max())
        is_held &= (seconds <= start) | (seconds >= end)
        start = end + rng.uniform(*HOLD_TIME)
    return HandGestures(np.clip(angles, *LIMITS.T), is_held)


def _draw_gesture(rng: np.random.Generator) -> FloatArray:
    return list(GESTURES.values())[int(rng.integers(len(GESTURES)))]


def _vary(gesture: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Returns a gesture that differs a little, within the limits of the joints."""
    return np.clip(gesture + np.radians(rng.normal(0.0, VARIATION_DEG, DOF_COUNT)), *LIMITS.T)

"""Expressions: random generator -> `Face` of a person over time: brows, eyelids, gaze, mouth, jaw and cheeks."""

import numpy as np

from bodydouble.data import BLENDSHAPE_COUNT, Face, FloatArray
from bodydouble.geometry.gaze import set_eye_directions
from bodydouble.skeletons.arkit import INDEX

CHANNELS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (
        ("browDownLeft", "browDownRight"),
        ("browInnerUp",),
        ("browOuterUpLeft", "browOuterUpRight"),
        ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    ),
    (("eyeSquintLeft", "eyeSquintRight"), ("eyeWideLeft", "eyeWideRight"), ("cheekSquintLeft", "cheekSquintRight")),
    (
        ("mouthSmileLeft", "mouthSmileRight"),
        ("mouthSmileLeft", "mouthSmileRight"),
        ("mouthSmileLeft",),
        ("mouthSmileRight",),
        ("mouthFrownLeft", "mouthFrownRight"),
        ("mouthPucker",),
        ("mouthFunnel",),
        ("mouthStretchLeft", "mouthStretchRight"),
        ("mouthPressLeft", "mouthPressRight"),
        ("mouthDimpleLeft", "mouthDimpleRight"),
        ("mouthLeft",),
        ("mouthRight",),
        ("mouthRollLower", "mouthRollUpper"),
        ("mouthUpperUpLeft", "mouthUpperUpRight"),
        ("mouthLowerDownLeft", "mouthLowerDownRight"),
        ("mouthShrugLower", "mouthShrugUpper"),
    ),
    (("jawOpen",), ("jawOpen",), ("jawOpen",), ("jawLeft",), ("jawRight",), ("jawForward",)),
    (("cheekPuff",), ("noseSneerLeft", "noseSneerRight")),
)
"""Groups of shapes that move together, by channels; one group of each channel is shown at a time."""
PAUSES = (0.5, 0.8, 0.4, 0.4, 1.2)
"""Mean pause in s between two events of each channel."""
EVENT_TIMES = ((0.12, 0.35), (0.15, 0.8), (0.15, 0.45))
"""Ranges in s of the rise, the hold and the fall of an event."""
PEAKS = (0.4, 1.0)
"""Range of the weight of an event."""
BLINK_TIMES, BLINK_PAUSE = (0.08, 0.04, 0.14), (0.6, 2.2)
"""Times in s in which lids close, stay closed and open, and range of the pauses between blinks."""
FIXATION_TIME, SACCADE_TIME = (0.3, 1.1), 0.05
"""Range of the time in s of a fixation, and time of the movement to the next one."""
GAZE_SIGMA, MAX_GAZE = np.radians([10.0, 7.0]), np.radians([24.0, 16.0])
"""Standard deviation and maximum of the gaze in rad to the side and up."""


def sample_face(frame_count: int, fps: float, rng: np.random.Generator) -> Face:
    """Draws the face of a person over time; the same seed gives the same face at every frame rate."""
    seconds = np.arange(frame_count) / fps
    weights = np.zeros((frame_count, BLENDSHAPE_COUNT))
    for groups, pause in zip(CHANNELS, PAUSES, strict=True):
        for shapes, values in _sample_events(groups, pause, seconds, rng):
            indices = [INDEX[shape] for shape in shapes]
            weights[:, indices] = np.maximum(weights[:, indices], values[:, None])
    blinks = _sample_blinks(seconds, rng)
    weights[:, [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]] = blinks[:, None]
    weights[:, [INDEX["eyeWideLeft"], INDEX["eyeWideRight"]]] *= (1 - blinks)[:, None]
    gaze = _sample_gaze(seconds, rng)
    observed = np.ones(frame_count, dtype=np.bool_)
    return Face(observed, set_eye_directions(weights, np.stack([gaze, gaze], axis=1)), gaze)


def _sample_events(
    groups: tuple[tuple[str, ...], ...], pause: float, seconds: FloatArray, rng: np.random.Generator
) -> list[tuple[tuple[str, ...], FloatArray]]:
    """Draws events of a channel: shapes, and their weight (T,)."""
    events: list[tuple[tuple[str, ...], FloatArray]] = []
    start = rng.exponential(pause)
    while start < seconds[-1]:
        rise, hold, fall = (rng.uniform(*bounds) for bounds in EVENT_TIMES)
        knots = start + np.cumsum([0.0, rise, hold, fall])
        level = np.interp(seconds, knots, [0.0, 1.0, 1.0, 0.0])
        shapes = groups[int(rng.integers(len(groups)))]
        events.append((shapes, rng.uniform(*PEAKS) * level * level * (3 - 2 * level)))
        start = knots[-1] + rng.exponential(pause)
    return events


def _sample_blinks(seconds: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draws the weight (T,) of closed eyes."""
    closed, start = np.zeros(len(seconds)), rng.uniform(*BLINK_PAUSE)
    while start < seconds[-1]:
        knots = start + np.cumsum([0.0, *BLINK_TIMES])
        closed = np.maximum(closed, np.interp(seconds, knots, [0.0, 1.0, 1.0, 0.0]))
        start = knots[-1] + rng.uniform(*BLINK_PAUSE)
    return closed


def _sample_gaze(seconds: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draws the gaze (T, 2) rad: fixations with fast movements between them."""
    gaze, start, last = np.zeros((len(seconds), 2)), 0.0, np.zeros(2)
    while start < seconds[-1]:
        target = np.clip(rng.normal(0.0, GAZE_SIGMA), -MAX_GAZE, MAX_GAZE)
        progress = np.clip((seconds - start) / SACCADE_TIME, 0.0, 1.0)[:, None]
        gaze = np.where(seconds[:, None] >= start, last + progress * (target - last), gaze)
        start, last = start + SACCADE_TIME + rng.uniform(*FIXATION_TIME), target
    return gaze

"""Recognition of clips that repeat others, by the angles of both knees over time.

The same recording read from files of two rigs has knee angles that differ by an offset and a scale, so that their
correlation is compared. Among CMU's clips it is above 0.998 for the same recording and below 0.996 for others.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

RATE = 120.0
"""Rate in Hz at which angles are compared."""
MIN_CORRELATION = 0.998
"""Minimum correlation of the angles of a repeated clip."""
MIN_MOVEMENT = np.radians(5.0)
"""Minimum standard deviation in rad of the angles of a clip that can be recognised."""
MIN_SECONDS = 1.0
"""Minimum duration in s of a clip that can be recognised."""
TRIMMED = 8
"""Samples at each end of the shorter clip that are not compared, since versions are cut differently."""
KNEES = [humanoid.INDEX[side + "LowerLeg"] for side in ("left", "right")]


@dataclass(frozen=True)
class Match:
    """The most similar clip."""

    name: str
    correlation: float
    """Mean over both knees."""


def knee_angles(motion: Motion) -> FloatArray:
    """Returns the angles (N, 2) in rad of both knees at RATE."""
    angles = rotation.angle_between(motion.rotations[:, KNEES], rotation.IDENTITY)
    times = np.arange(len(angles)) / float(motion.fps)
    wanted = np.arange(0.0, times[-1], 1 / RATE)
    return np.stack([np.interp(wanted, times, angle) for angle in angles.T], axis=1)


def find_most_similar(angles: FloatArray, others: Mapping[str, FloatArray]) -> Match | None:
    """Returns the clip that contains the angles (N, 2) best, or is contained in them; None if none can."""
    if not is_recognisable(angles):
        return None
    matches = [
        Match(name, slide_over(*sorted((angles, other), key=len)))
        for name, other in others.items()
        if is_recognisable(other)
    ]
    return max(matches, key=lambda match: match.correlation, default=None)


def is_recognisable(angles: FloatArray) -> bool:
    """Returns whether a clip is long enough and its knees move enough."""
    return len(angles) >= MIN_SECONDS * RATE and float(angles.std(axis=0).max()) > MIN_MOVEMENT


def slide_over(short: FloatArray, long: FloatArray) -> float:
    """Returns the largest correlation of angles (N, 2), without their ends, with rows of others (M, 2), M >= N."""
    short = short[TRIMMED:-TRIMMED]
    centered = short - short.mean(axis=0)
    window = np.ones_like(short)
    sums = fftconvolve(long, window, mode="valid", axes=0)
    variance = fftconvolve(long**2, window, mode="valid", axes=0) - sums**2 / len(short)
    products = fftconvolve(long, centered[::-1], mode="valid", axes=0)
    noise = len(short) * np.radians(0.5) ** 2
    correlations = products / np.sqrt(np.maximum(variance, noise) * np.maximum((centered**2).sum(axis=0), noise))
    return float(correlations.mean(axis=1).max())


def find_repeats(clips: Mapping[str, Motion], known: Mapping[str, FloatArray]) -> dict[str, Match]:
    """Returns the clips that repeat a known one or an earlier clip."""
    seen, repeats = dict(known), {}
    for name, motion in clips.items():
        angles = knee_angles(motion)
        match = find_most_similar(angles, seen)
        if match and match.correlation > MIN_CORRELATION:
            repeats[name] = match
        seen[name] = angles
    return repeats

"""Sounds made in code: vowels of a source-filter model, tones, noise, drums and chords."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

RATE = 16000
FORMANTS_HZ = {
    "aa": (750, 1250, 2600),
    "E": (550, 1900, 2600),
    "ih": (300, 2250, 3000),
    "oh": (480, 850, 2500),
    "ou": (330, 700, 2300),
}
"""Formants of vowels of an adult, after G. Peterson and H. Barney, Control methods used in a study of the vowels
(1952)."""
BANDWIDTH_HZ = 80.0

Samples = NDArray[np.float64]


def silence(seconds: float, rate: int = RATE) -> Samples:
    """Zeros."""
    return np.zeros(round(seconds * rate))


def vowels(
    names: Sequence[str], seconds: float = 0.2, pitch_hz: float = 125.0, rate: int = RATE, tract: float = 1.0
) -> Samples:
    """Vowels one after the other: pulses of a gliding pitch through resonators, with a dip between two vowels.

    Args:
        names: Vowels of FORMANTS_HZ.
        seconds: Duration of each.
        pitch_hz: Mean pitch.
        rate: Samples per second.
        tract: Factor of the formants; above 1 for a shorter vocal tract.
    """
    length = round(seconds * rate)
    times = np.arange(length * len(names)) / rate
    phase = np.cumsum(pitch_hz * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * times))) / rate
    source = lfilter([1.0], [1.0, -0.95], np.diff(np.floor(phase), prepend=0.0))
    parts = []
    for index, name in enumerate(names):
        part = source[index * length : (index + 1) * length] * np.hanning(length) ** 0.3
        for formant in (*FORMANTS_HZ[name], 3500):
            radius = np.exp(-np.pi * BANDWIDTH_HZ / rate)
            middle, end = -2 * radius * np.cos(2 * np.pi * formant * tract / rate), radius**2
            part = lfilter([1 + middle + end], [1.0, middle, end], part)
        parts.append(part / np.abs(part).max())
    return np.asarray(0.4 * np.concatenate(parts))


def tone(seconds: float, hz: float = 440.0) -> Samples:
    """A sine."""
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def noise(seconds: float, color: float = 0.9, seed: int = 0) -> Samples:
    """Noise; colour 0 is white, towards 1 it is darker."""
    colored = lfilter([1.0], [1.0, -color], np.random.default_rng(seed).normal(size=round(seconds * RATE)))
    return np.asarray(0.1 * colored / colored.std())


def drums(seconds: float, seed: int = 0) -> Samples:
    """Four strokes per second."""
    hits, random = silence(seconds), np.random.default_rng(seed)
    for start in range(0, len(hits), RATE // 4):
        count = min(3000, len(hits) - start)
        hits[start : start + count] += 0.4 * np.exp(-np.arange(count) / 400) * random.normal(size=count)
    return hits


def chords(seconds: float) -> Samples:
    """Two plucked major chords per second."""
    times = np.arange(round(seconds * RATE)) / RATE
    roots = np.array([220.0, 261.6, 196.0, 174.6, 246.9])[(times * 2).astype(int) % 5]
    overtones = [(third * k, k) for third in (1.0, 1.26, 1.5) for k in range(1, 8)]
    waves = [np.sin(2 * np.pi * np.cumsum(roots * ratio) / RATE) / k for ratio, k in overtones]
    return np.asarray(0.05 * np.sum(waves, axis=0) * np.exp(-2 * (times % 0.5)))

"""Recordings: sound as it comes out of a room and a microphone."""

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

RATE = 16000


def degrade(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns samples as if recorded in a room, by a microphone, with noise."""
    tilt = random.uniform(-0.6, 0.6)
    samples = lfilter([1.0, -tilt], [1.0], samples)
    if random.random() < 0.5:
        center, width = random.uniform(300, 4000), random.uniform(200, 1500)
        band = butter(1, [max(center - width / 2, 60), center + width / 2], "band", fs=RATE, output="sos")
        samples = samples + random.uniform(-0.5, 1.5) * sosfilt(band, samples)
    if random.random() < 0.5:
        decay = random.uniform(0.03, 0.25)
        tail = random.normal(size=int(2 * decay * RATE)) * np.exp(
            -np.arange(int(2 * decay * RATE)) / (decay * RATE / 3)
        )
        tail *= random.uniform(0.05, 0.4) / np.linalg.norm(tail)
        samples = samples + np.convolve(samples, tail)[: len(samples)]
    if random.random() < 0.25:
        samples = sosfilt(butter(6, random.uniform(3200, 6500), fs=RATE, output="sos"), samples)
    color = random.uniform(0.0, 0.97)
    noise = lfilter([1.0], [1.0, -color], random.normal(size=len(samples)))
    ratio = 10 ** (-random.uniform(8, 60) / 20)
    return np.asarray(samples + noise * ratio * samples.std() / noise.std())

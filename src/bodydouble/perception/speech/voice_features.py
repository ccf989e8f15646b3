"""Features of voice activity: ``Sound`` -> mel bands, periodicity, pitch and steadiness, independent of gain.

Source: E. Scheirer and M. Slaney, Construction and Evaluation of a Robust Multifeature Speech/Music Discriminator
(1997), for means and deviations over a long window; the rest are usual features of speech.
"""

import numpy as np

from bodydouble.data import SPEECH_RATE, FloatArray, Sound
from bodydouble.perception.speech.log_mel import BANDS, mel_filters, power_spectra

FEATURES = BANDS + 4
CONTEXT = (-50, -38, -28, -20, -13, -8, -4, 0, 4, 8, 13, 20, 28, 38, 50)
"""Steps whose features are seen, relative to the one that is told."""
LONG = 100
"""Steps to each side over which mean and standard deviation are taken."""
LOUD_QUANTILE = 0.95
"""Quantile of the power of all steps that counts as the level of a sound."""
RANGE = 1e-5
"""Power relative to that level that is added, so that silence does not depend on the noise of the recorder."""
LOW_HZ, HIGH_HZ = 70.0, 400.0
"""Range of the pitch."""
LAG_COST = 0.02
"""Periodicity by which a pitch may be less clear than the one an octave below."""
VOICED_HZ = 2000.0
"""Frequency above which sound does not count for the periodicity."""
WINDOW_TIME, FFT_SIZE = 0.04, 2048
"""Window in s of the periodicity, and samples with the zeros after it."""
STEADY_STEPS = (3, 8)
"""Steps before and after a step whose spectra are compared: those of notes stay, those of voices glide."""
STEADY_SIZE, STEADY_HZ, ENVELOPE_BINS = 1024, 4000.0, 9
"""Window in samples of these spectra, frequency up to which they count, and bins over which their shape is removed."""
_CHUNK = 4096


def voice_features(sound: Sound) -> FloatArray:
    """Returns the features (S, 30) of each step: log-mel bands, periodicity, pitch and steadiness, each about -2 to 2.

    Args:
        sound: Sound at 16 kHz.
    """
    bands = power_spectra(sound) @ mel_filters(sound.rate).T
    level = max(float(np.quantile(bands.mean(axis=1), LOUD_QUANTILE)), 1e-20)
    logarithms = np.log(bands / level + RANGE)
    return np.column_stack([(logarithms + 6.0) / 3.0, periodicity(sound, level), steadiness(sound, level)])


def periodicity(sound: Sound, level: float) -> FloatArray:
    """Returns periodicity, 0 to 1, and pitch in octaves from 170 Hz (S, 2), by autocorrelation.

    Args:
        sound: Sound at 16 kHz.
        level: Power of loud steps; much less than that is not periodic.
    """
    hop, size = sound.rate // SPEECH_RATE, round(WINDOW_TIME * sound.rate)
    steps = -(-len(sound.samples) // hop)
    padded = np.pad(sound.samples, (size // 2, size + hop))
    window = np.hanning(size)
    of_window = _autocorrelation(window[None], sound.rate)[0]
    low, high = int(sound.rate / HIGH_HZ), int(sound.rate / LOW_HZ)
    found = np.empty((steps, 2))
    for start in range(0, steps, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, steps)) * hop
        products = _autocorrelation(padded[rows[:, None] + np.arange(size)] * window, sound.rate)
        curves = products / (products[:, :1] + RANGE * level) / (of_window / of_window[0])
        lags = low + (curves[:, low:high] - LAG_COST * np.log2(np.arange(low, high))).argmax(axis=1)
        found[start : start + _CHUNK, 0] = np.clip(curves[np.arange(len(rows)), lags], 0.0, 1.0)
        found[start : start + _CHUNK, 1] = np.log2(sound.rate / lags / 170.0)
    return found


def steadiness(sound: Sound, level: float) -> FloatArray:
    """Returns the correlation (S, 2) of the harmonics before and after each step.

    Args:
        sound: Sound at 16 kHz.
        level: Power of loud steps; much less than that has no harmonics.
    """
    lines = _harmonic_lines(sound, level)
    steps = np.arange(len(lines))
    pairs = [(np.maximum(steps - k, 0), np.minimum(steps + k, len(lines) - 1)) for k in STEADY_STEPS]
    return np.stack([np.einsum("sf,sf->s", lines[before], lines[after]) for before, after in pairs], axis=1)


def _harmonic_lines(sound: Sound, level: float) -> FloatArray:
    """Returns logarithmic spectra (S, F) without their smooth shape, each of norm 1 at most."""
    hop, bins = sound.rate // SPEECH_RATE, round(STEADY_HZ * STEADY_SIZE / sound.rate)
    steps = -(-len(sound.samples) // hop)
    padded = np.pad(sound.samples, (STEADY_SIZE // 2, STEADY_SIZE + hop))
    window = np.hanning(STEADY_SIZE)
    lines = np.empty((steps, bins), np.float32)
    for start in range(0, steps, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, steps)) * hop
        spectra = np.fft.rfft(padded[rows[:, None] + np.arange(STEADY_SIZE)] * window)[:, :bins]
        logarithms = np.log(np.abs(spectra) ** 2 + RANGE * level)
        sums = np.cumsum(np.pad(logarithms, ((0, 0), (ENVELOPE_BINS // 2 + 1, ENVELOPE_BINS // 2)), "edge"), axis=1)
        shape = (sums[:, ENVELOPE_BINS:] - sums[:, :-ENVELOPE_BINS]) / ENVELOPE_BINS
        found = logarithms - shape
        lines[start : start + _CHUNK] = found / (np.linalg.norm(found, axis=1, keepdims=True) + 1.0)
    return lines


def stack(features: FloatArray) -> FloatArray:
    """Returns features (S, 30) around each step with long means and deviations (S, 30 * 17); the ends are repeated."""
    steps = np.arange(len(features))
    rows = np.clip(steps[:, None] + np.array(CONTEXT), 0, len(features) - 1)
    padded = np.pad(features, ((LONG + 1, LONG), (0, 0)), "edge")
    mean, square = (_moving_mean(values) for values in (padded, padded**2))
    deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
    return np.concatenate([features[rows].reshape(len(features), -1), mean, deviation], axis=1).astype(np.float32)


def _moving_mean(padded: FloatArray) -> FloatArray:
    sums = np.cumsum(padded, axis=0)
    return np.asarray((sums[2 * LONG + 1 :] - sums[: -2 * LONG - 1]) / (2 * LONG + 1))


def _autocorrelation(frames: FloatArray, rate: int) -> FloatArray:
    power = np.abs(np.fft.rfft(frames, FFT_SIZE)) ** 2
    power[:, round(VOICED_HZ * FFT_SIZE / rate) :] = 0.0
    return np.asarray(np.fft.irfft(power)[:, : round(rate / LOW_HZ) + 1])

"""Features of speech: ``Sound`` -> logarithms of the power in mel bands, independent of gain.

Source: the mel scale of D. O'Shaughnessy, Speech Communication: Human and Machine (1987).
"""

import numpy as np

from bodydouble.data import SPEECH_RATE, FloatArray, Sound

BANDS = 26
"""Number of mel bands."""
LOW_HZ, HIGH_HZ = 60.0, 7600.0
"""Range of all bands."""
WINDOW_TIME = 0.025
"""Duration of the window of one step in s."""
LOUD_QUANTILE = 0.95
"""Quantile of the power of all steps of speech that counts as its level."""
RANGE = 1e-5
"""Power relative to that level that is added, so that silence does not depend on the noise of the recorder."""
FFT_SIZE = 512
_CHUNK = 4096


def power_spectra(sound: Sound) -> FloatArray:
    """Returns the power spectra (S, 257), one per step at ``SPEECH_RATE``, of a window that the step is the middle of.

    Args:
        sound: Sound at 16 kHz.
    """
    hop, size = sound.rate // SPEECH_RATE, round(WINDOW_TIME * sound.rate)
    steps = -(-len(sound.samples) // hop)
    padded = np.pad(sound.samples, (size // 2, size + hop))
    window = np.hanning(size)
    spectra = np.empty((steps, FFT_SIZE // 2 + 1))
    for start in range(0, steps, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, steps)) * hop
        frames = padded[rows[:, None] + np.arange(size)] * window
        spectra[start : start + _CHUNK] = np.abs(np.fft.rfft(frames, FFT_SIZE)) ** 2
    return spectra


def log_mel(spectra: FloatArray, activity: FloatArray, rate: int) -> FloatArray:
    """Returns the logarithm (S, 26) of the power in mel bands, relative to the level of loud speech.

    Args:
        spectra: (S, 257), as ``power_spectra`` returns them.
        activity: (S,) probability of speech, at 0.5 at least in one step.
        rate: Samples per second of the sound.
    """
    bands = spectra @ mel_filters(rate).T
    level = np.quantile(bands.mean(axis=1)[activity >= 0.5], LOUD_QUANTILE)
    return np.asarray(np.log(bands / max(level, 1e-20) + RANGE))


def mel_filters(rate: int) -> FloatArray:
    """Returns the triangular filters (26, 257) of the bands."""
    edges = _from_mel(np.linspace(_to_mel(LOW_HZ), _to_mel(HIGH_HZ), BANDS + 2))
    frequencies = np.arange(FFT_SIZE // 2 + 1) * rate / FFT_SIZE
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.clip(np.minimum(rising, falling), 0.0, None))


def _to_mel(hz: float) -> float:
    return 2595.0 * float(np.log10(1.0 + hz / 700.0))


def _from_mel(mel: FloatArray) -> FloatArray:
    return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))

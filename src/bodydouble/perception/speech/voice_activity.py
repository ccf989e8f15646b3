"""Voice activity: ``Sound`` -> probability that somebody speaks, by a small network of our own.

It was trained on synthetic speech, and on music and noise made in code (``tools/train_voice_activity.py``).
"""

import numpy as np

from bodydouble.data import FloatArray, Sound
from bodydouble.networks import Network
from bodydouble.perception.protocols import MODELS
from bodydouble.perception.speech.voice_features import stack, voice_features

SMOOTHING = 20
"""Steps to each side of the median of the probabilities: speech lasts longer than a stroke, and pauses in it count."""

HANGOVER = 8
"""Steps by which speech is made longer at both ends, where it is quiet."""


class VoiceActivity:
    """Detector of speech."""

    def __init__(self) -> None:
        """Loads the network. Raises ModelError if that is not possible."""
        self._network = Network(MODELS / "voice_activity.onnx", ("speech",))

    def detect(self, sound: Sound) -> FloatArray:
        """Returns the probability (S,) of speech at ``SPEECH_RATE``.

        Args:
            sound: Sound at 16 kHz, at least one sample.
        """
        (speech,) = self._network(stack(voice_features(sound)))
        return smooth(speech[:, 1].astype(np.float64))


def smooth(probabilities: FloatArray) -> FloatArray:
    """Returns the moving median (S,) of probabilities (S,), made longer at both ends of speech."""
    medians = np.median(_windows(probabilities, SMOOTHING), axis=1)
    return np.asarray(_windows(medians, HANGOVER).max(axis=1))


def _windows(values: FloatArray, side: int) -> FloatArray:
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, side, "edge"), 2 * side + 1)

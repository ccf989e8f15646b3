"""Voice activity: ``Sound`` -> probability that somebody speaks, by a network that knows music and noise.

Source: Silero VAD 6.2.3, https://github.com/snakers4/silero-vad, MIT.
"""

import numpy as np

from bodydouble.data import SPEECH_RATE, FloatArray, Sound
from bodydouble.networks import Network
from bodydouble.perception.protocols import MODELS

BLOCK, CONTEXT = 512, 64
"""Samples of a block, and those before it, that the network sees at once."""
LEVEL = 0.1
"""Root mean square of loud speech to which the sound is brought, so that its gain does not matter."""
LOUD_QUANTILE = 0.95
"""Quantile of the power of all blocks that counts as loud."""
MAX_GAIN = 300.0
"""Maximum factor of the gain; anything that is quieter is silence."""


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
        count = -(-len(sound.samples) // BLOCK)
        padded = np.pad(np.asarray(sound.samples, np.float32), (CONTEXT, count * BLOCK - len(sound.samples)))
        rows = np.arange(count)[:, None] * BLOCK + np.arange(CONTEXT + BLOCK)
        blocks = padded[rows]
        (speech,) = self._network((blocks * _gain(blocks)).astype(np.float32))
        middles = (np.arange(count) + 0.5) * BLOCK / sound.rate
        times = np.arange(-(-len(sound.samples) * SPEECH_RATE // sound.rate)) / SPEECH_RATE
        return np.interp(times, middles, speech.reshape(-1))


def _gain(blocks: FloatArray) -> float:
    loud = float(np.sqrt(np.quantile(np.mean(blocks**2, axis=1), LOUD_QUANTILE)))
    return min(LEVEL / max(loud, 1e-12), MAX_GAIN)

"""``SpeechModel``: ``Sound`` -> ``Speech``."""

import numpy as np

from bodydouble.data import SPEECH_RATE, FloatArray, Sound, Speech
from bodydouble.perception.speech.log_mel import log_mel, power_spectra
from bodydouble.perception.speech.viseme_network import VisemeNetwork, normalize
from bodydouble.perception.speech.voice_activity import VoiceActivity

MIN_SPEECH_TIME = 0.2
"""Minimum time in s for which somebody must speak."""
ACTIVE = 0.5
"""Probability of speech from which on somebody speaks."""


class SpeechModel:
    """Observes speech. Its result does not depend on the gain of the sound."""

    def __init__(self) -> None:
        """Loads the networks. Raises ModelError if that is not possible."""
        self._voice_activity = VoiceActivity()
        self._viseme_network = VisemeNetwork()

    def observe(self, sound: Sound) -> Speech | None:
        """Observes the speech in a sound at 16 kHz; None if there is none."""
        if not np.any(sound.samples):
            return None
        activity = self._voice_activity.detect(sound)
        if np.count_nonzero(activity >= ACTIVE) < MIN_SPEECH_TIME * SPEECH_RATE:
            return None
        return Speech(activity, self._classify(sound, activity))

    def _classify(self, sound: Sound, activity: FloatArray) -> FloatArray:
        features = log_mel(power_spectra(sound), activity, sound.rate)
        return self._viseme_network.classify(normalize(features, activity))

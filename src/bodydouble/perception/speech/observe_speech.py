"""``SpeechModel``: ``Sound`` -> ``Speech``."""

import numpy as np

from bodydouble.data import SPEECH_RATE, VISEMES, FloatArray, Sound, Speech
from bodydouble.data.windows import shift, split_into_windows
from bodydouble.perception.speech.log_mel import log_mel, power_spectra
from bodydouble.perception.speech.viseme_network import VisemeNetwork, normalize
from bodydouble.perception.speech.voice_activity import VoiceActivity

MIN_SPEECH_TIME = 0.2
"""Minimum time in s for which somebody must speak."""
WINDOW_STEPS, MARGIN_STEPS = 600 * SPEECH_RATE, 5 * SPEECH_RATE
"""Length of the windows in which long sounds are processed, each with its own level, and their overlap on each side."""
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
        hop = sound.rate // SPEECH_RATE
        steps = -(-len(sound.samples) // hop)
        activity, visemes = np.zeros(steps), np.full((steps, len(VISEMES)), 1 / len(VISEMES))
        for inner, outer in split_into_windows(steps, WINDOW_STEPS, MARGIN_STEPS):
            part = Sound(sound.samples[outer.start * hop : outer.stop * hop], sound.rate)
            if np.any(part.samples):
                rows = shift(inner, outer)
                part_activity = self._voice_activity.detect(part)
                activity[inner] = part_activity[rows]
                if _has_speech(part_activity):
                    visemes[inner] = self._classify(part, part_activity)[rows]
        return Speech(activity, visemes) if _has_speech(activity) else None

    def _classify(self, sound: Sound, activity: FloatArray) -> FloatArray:
        features = log_mel(power_spectra(sound), activity, sound.rate)
        return self._viseme_network.classify(normalize(features, activity))


def _has_speech(activity: FloatArray) -> bool:
    return bool(np.count_nonzero(activity >= ACTIVE) >= MIN_SPEECH_TIME * SPEECH_RATE)

"""Sound of a clip, and the speech that perception observes in it."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data.arrays import FloatArray, check_shape
from bodydouble.errors import InvalidDataError

VISEMES = ("sil", "PP", "FF", "TT", "kk", "SS", "CH", "RR", "aa", "E", "ih", "oh", "ou", "uh")
"""Classes of mouth shapes: silence; lips closed (p b m); lip at the teeth (f v); tongue at the teeth (t d n l th);
tongue at the palate (k g); s z; sh ch; r; and the vowels of father, bed, see, law, boot and the neutral one."""
SPEECH_RATE = 100
"""Rate of ``Speech`` in steps per second."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound of a clip in one channel. Time 0 is that of the first frame."""

    samples: FloatArray
    """(N,) -1 to 1."""
    rate: int
    """Samples per second."""

    def __post_init__(self) -> None:
        check_shape(self, "samples", (None,))
        if self.rate <= 0:
            raise InvalidDataError(f"Sound: rate is {self.rate}, it must be above 0")


@dataclass(frozen=True, slots=True)
class Speech:
    """Speech in the sound of a clip, at SPEECH_RATE: step s is at s / 100 seconds after the first frame. S steps."""

    activity: FloatArray
    """(S,) probability that somebody speaks."""
    visemes: FloatArray
    """(S, 14) probabilities of the mouth shapes ``VISEMES``, which sum to 1."""

    def __post_init__(self) -> None:
        steps = len(self.activity)
        check_shape(self, "activity", (steps,))
        check_shape(self, "visemes", (steps, len(VISEMES)))

    @property
    def times(self) -> FloatArray:
        """(S,) s after the first frame."""
        return np.arange(len(self.activity)) / SPEECH_RATE

"""Mouth shapes: mel features of speech -> probabilities of the ``VISEMES``, by a small network of our own.

It was trained on synthetic speech in many languages (``tools/train_visemes.py``) and knows no words.
"""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.networks import Network
from bodydouble.perception.protocols import MODELS

CONTEXT = (-14, -10, -7, -5, -3, -2, -1, 0, 1, 2, 3, 5, 7, 10, 14)
"""Steps that the network sees, relative to the one whose mouth shape it tells."""
TYPICAL_SPECTRUM = np.array([
    -3.87, -2.6, -2.43, -2.71, -3.11, -3.73, -4.39, -4.71, -5.09, -5.46, -5.7, -5.85, -6.02, -6.07,
    -5.88, -5.59, -5.36, -5.31, -5.4, -5.7, -6.16, -6.71, -7.17, -7.45, -7.5, -7.48,
])  # fmt: skip
"""(26,) mean feature of speech, for clips that hold too little of it."""
PRIOR_STEPS = 200.0
"""Number of steps of speech as which the typical spectrum counts."""


def normalize(features: FloatArray, activity: FloatArray) -> FloatArray:
    """Subtracts the mean feature of the speech, which is that of microphone and voice.

    Args:
        features: (S, 26), as ``log_mel`` returns them.
        activity: (S,) probability of speech.
    """
    mean = (activity @ features + PRIOR_STEPS * TYPICAL_SPECTRUM) / (activity.sum() + PRIOR_STEPS)
    return np.asarray(features - mean)


def stack_context(features: FloatArray) -> FloatArray:
    """Returns features (S, 26) with those around each step, (S, 26 * 15); the first and the last one are repeated."""
    steps = np.arange(len(features))
    rows = np.clip(steps[:, None] + np.array(CONTEXT), 0, len(features) - 1)
    return np.asarray(features[rows].reshape(len(features), -1), np.float32)


class VisemeNetwork:
    """Classifier of mouth shapes."""

    def __init__(self) -> None:
        """Loads the network. Raises ModelError if that is not possible."""
        self._network = Network(MODELS / "visemes.onnx", ("visemes",))

    def classify(self, features: FloatArray) -> FloatArray:
        """Returns the probabilities (S, 14) of the mouth shapes from normalized features (S, 26)."""
        (visemes,) = self._network(stack_context(features))
        return visemes.astype(np.float64)

"""Mouth of a speaker: ``Speech`` -> weights of the mouth's blend shapes at any times, with coarticulation."""

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import gaussian_filter1d

from bodydouble.data import BLENDSHAPE_COUNT, SPEECH_RATE, VISEMES, FloatArray, Speech
from bodydouble.skeletons.arkit import BLENDSHAPES, INDEX

COARTICULATION_TIME = 0.035
"""Standard deviation in s of the kernel that blends neighbouring mouth shapes."""
CLOSURE_TIME = 0.02
"""Standard deviation in s of that of closed lips, which are short."""
ANTICIPATION_TIME = 0.03
"""Time in s by which the mouth moves before the sound."""
CLOSED_RANGE = (0.25, 0.6)
"""Probabilities of closed lips at which the mouth begins to close and is closed."""
ACTIVE_RANGE = (0.3, 0.6)
"""Probabilities of speech at which the mouth begins to move and moves fully."""


def _both(shape: str, weight: float) -> dict[str, float]:
    return {f"{shape}Left": weight, f"{shape}Right": weight}


VISEME_SHAPES: dict[str, dict[str, float]] = {
    "sil": {},
    "PP": _both("mouthPress", 0.3) | {"mouthRollLower": 0.25, "mouthRollUpper": 0.2},
    "FF": {"mouthRollLower": 0.5, "jawOpen": 0.08} | _both("mouthUpperUp", 0.15),
    "TT": {"jawOpen": 0.16} | _both("mouthStretch", 0.1),
    "kk": {"jawOpen": 0.2} | _both("mouthStretch", 0.1),
    "SS": {"jawOpen": 0.06} | _both("mouthStretch", 0.3) | _both("mouthSmile", 0.1),
    "CH": {"jawOpen": 0.1, "mouthFunnel": 0.5, "mouthPucker": 0.15},
    "RR": {"jawOpen": 0.16, "mouthFunnel": 0.35},
    "aa": {"jawOpen": 0.65},
    "E": {"jawOpen": 0.32} | _both("mouthSmile", 0.25) | _both("mouthStretch", 0.15),
    "ih": {"jawOpen": 0.14} | _both("mouthStretch", 0.5) | _both("mouthSmile", 0.15),
    "oh": {"jawOpen": 0.38, "mouthFunnel": 0.65, "mouthPucker": 0.1},
    "ou": {"jawOpen": 0.1, "mouthFunnel": 0.3, "mouthPucker": 0.75},
    "uh": {"jawOpen": 0.3},
}
"""Mouth shape -> weights of ARKit's blend shapes. Source: the pictures of Oculus' reference of visemes,
https://developers.meta.com/horizon/documentation/unity/audio-ovrlipsync-viseme-reference, and ``PRESET_RECIPES``."""
MOUTH: tuple[int, ...] = tuple(
    i for i, name in enumerate(BLENDSHAPES) if name.startswith(("jaw", "mouth")) or name == "tongueOut"
)
"""Blend shapes of jaw and mouth."""
_OPENING = INDEX["jawOpen"]
_CLOSED = VISEMES.index("PP")


def _shape_matrix(shapes: Mapping[str, Mapping[str, float]]) -> FloatArray:
    matrix = np.zeros((len(VISEMES), BLENDSHAPE_COUNT))
    for row, viseme in enumerate(VISEMES):
        for shape, weight in shapes[viseme].items():
            matrix[row, INDEX[shape]] = weight
    return matrix


_SHAPES = _shape_matrix(VISEME_SHAPES)


def speak(speech: Speech, times: FloatArray) -> FloatArray:
    """Returns the weights (T, 52) of a speaker's mouth; all others are 0.

    Args:
        speech: Speech in the sound of the clip.
        times: (T,) s after the first frame, ascending and evenly spaced.
    """
    active = _ramp(gaussian_filter1d(speech.activity, COARTICULATION_TIME * SPEECH_RATE), *ACTIVE_RANGE)
    closed = _ramp(gaussian_filter1d(speech.visemes[:, _CLOSED], CLOSURE_TIME * SPEECH_RATE), *CLOSED_RANGE)
    blended = gaussian_filter1d(speech.visemes, COARTICULATION_TIME * SPEECH_RATE, axis=0)
    weights = (1 - closed)[:, None] * (blended @ _SHAPES) + closed[:, None] * _SHAPES[_CLOSED]
    return _sample(active[:, None] * weights, times + ANTICIPATION_TIME)


def measure_opening(weights: FloatArray) -> FloatArray:
    """Returns the opening (T,) of the mouth by weights (T, 52)."""
    return np.asarray(weights[:, _OPENING] + 0.3 * weights[:, INDEX["mouthFunnel"]])


def _ramp(values: FloatArray, low: float, high: float) -> FloatArray:
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0))


def _sample(weights: FloatArray, times: FloatArray) -> FloatArray:
    """Samples weights (S, 52) at times (T,) by linear interpolation; outside they are 0."""
    position = times * SPEECH_RATE
    before = np.clip(np.floor(position).astype(int), 0, len(weights) - 1)
    after = np.minimum(before + 1, len(weights) - 1)
    fraction = np.clip(position - before, 0.0, 1.0)[:, None]
    sampled = (1 - fraction) * weights[before] + fraction * weights[after]
    inside = (position >= 0) & (position <= len(weights) - 1)
    return np.asarray(np.where(inside[:, None], sampled, 0.0))

"""Completes what is seen of a person of whom only 2D keypoints from elsewhere are known, as the lifter expects it.

The lifter knows the answers of our landmark network: 33 landmarks and their rough 3D. Of such keypoints some landmarks
and all depths are missing; a small network says what they may be. ``tools/train_completion.py`` made it.
"""

from functools import cache
from pathlib import Path

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.motion.lifting.lifter import MIRROR, RATE, interpolated
from bodydouble.motion.lifting.person_view import crop
from bodydouble.networks import Network
from bodydouble.skeletons import blazepose

MODEL = Path(__file__).parent / "models" / "completion.onnx"
USUAL_CONFIDENCE = 0.9
"""Of landmarks in a frame in which nothing is known."""


@cache
def _network() -> Network:
    return Network(MODEL, ("points", "rough"))


def completed(rays: FloatArray, confidence: FloatArray, fps: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What the lifter reads of a person.

    The answer for a mirrored person is the mirror image: the network is asked both ways.

    Args:
        rays: (T, 33, 2) landmarks on the plane z = 1 of the camera, gaps filled.
        confidence: (T, 33), 0 for landmarks of which nothing is known.
        fps: frames per second.

    Returns:
        The rays, with likely places of what is not known; confidences, there those usual for the others; and
        (T, 33, 3) m rough joints, in axes of a camera that looks straight at the person.

    Raises:
        ModelError: the network cannot be loaded.
    """
    view, known, swap = crop(rays, confidence), confidence > 0, list(blazepose.MIRROR)
    points, rough = _asked(view.points, known, fps)
    mirrored = _asked(view.points[:, swap] * MIRROR[:2], known[:, swap], fps)
    points, rough = (points + mirrored[0][:, swap] * MIRROR[:2]) / 2, (rough + mirrored[1][:, swap] * MIRROR) / 2
    ahead = np.concatenate([points * view.size, np.ones((*known.shape, 1))], axis=-1)
    likely = ahead @ np.swapaxes(view.camera_from_crop, -1, -2)
    likely = likely[..., :2] / np.maximum(likely[..., 2:], 0.05)
    return np.where(known[..., None], rays, likely), np.where(known, confidence, _usual(confidence)), rough


def _usual(confidence: FloatArray) -> FloatArray:
    """(T, 1) the median confidence of what is known in a frame."""
    seen = np.where(confidence > 0, confidence, np.nan)
    seen[~np.isfinite(seen).any(axis=1)] = USUAL_CONFIDENCE
    return np.asarray(np.nanmedian(seen, axis=1, keepdims=True))


def _asked(points: FloatArray, known: BoolArray, fps: float) -> tuple[FloatArray, FloatArray]:
    """Points (T, 33, 2) and rough joints (T, 33, 3) that the network believes in, at the rate that it knows."""
    told = np.concatenate([(points * known[..., None]).reshape(len(points), -1), known], axis=-1)
    frames = np.arange(len(told), dtype=np.float64)
    moments = np.arange(1 + np.ceil((len(frames) - 1) * RATE / fps)) * fps / RATE
    nearest = told[np.round(moments).astype(int).clip(max=len(told) - 1)]
    answers = _network()(nearest[None].astype(np.float32))
    found = (interpolated(frames, moments, answer[0].astype(np.float64)) for answer in answers)
    points, rough = (values.reshape(len(frames), known.shape[1], -1) for values in found)
    return points, rough

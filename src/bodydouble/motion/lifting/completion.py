"""Completes what is seen of a person of whom only 2D keypoints from elsewhere are known, as the lifter expects it.

The lifter knows the answers of our landmark network: 33 landmarks and their rough 3D. Of such keypoints some landmarks
and all depths are missing; a small network says what they may be. ``tools/train_completion.py`` made it.
"""

from functools import cache
from pathlib import Path

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.motion.lifting.lifter import MIRROR_SIGNS, NETWORK_FPS, interpolate_linear
from bodydouble.motion.lifting.person_view import view_straight_at
from bodydouble.networks import Network
from bodydouble.skeletons import blazepose

MODEL = Path(__file__).parent / "models" / "completion.onnx"
DEFAULT_CONFIDENCE = 0.9
"""Of landmarks in a frame in which nothing is known."""


@cache
def _network() -> Network:
    return Network(MODEL, ("points", "rough"))


def complete_landmarks(
    image_points: FloatArray, confidence: FloatArray, fps: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What the lifter reads of a person.

    The answer for a mirrored person is the mirror image: the network is asked both ways.

    Args:
        image_points: (T, 33, 2) landmarks on the plane z = 1 of the camera, gaps filled.
        confidence: (T, 33), 0 for landmarks of which nothing is known.
        fps: frames per second.

    Returns:
        The rays, with likely places of what is not known; confidences, there those usual for the others; and
        (T, 33, 3) m rough joints, in axes of a camera that looks straight at the person.

    Raises:
        ModelError: the network cannot be loaded.
    """
    view, known, swap = view_straight_at(image_points, confidence), confidence > 0, list(blazepose.MIRROR)
    points, landmarks_3d = _run_network(view.points, known, fps)
    mirrored = _run_network(view.points[:, swap] * MIRROR_SIGNS[:2], known[:, swap], fps)
    points, landmarks_3d = (
        (points + mirrored[0][:, swap] * MIRROR_SIGNS[:2]) / 2,
        (landmarks_3d + mirrored[1][:, swap] * MIRROR_SIGNS) / 2,
    )
    ahead = np.concatenate([points * view.scale, np.ones((*known.shape, 1))], axis=-1)
    completed_points = ahead @ np.swapaxes(view.camera_from_view, -1, -2)
    completed_points = completed_points[..., :2] / np.maximum(completed_points[..., 2:], 0.05)
    return (
        np.where(known[..., None], image_points, completed_points),
        np.where(known, confidence, _median_confidence(confidence)),
        landmarks_3d,
    )


def _median_confidence(confidence: FloatArray) -> FloatArray:
    """(T, 1) the median confidence of what is known in a frame."""
    seen = np.where(confidence > 0, confidence, np.nan)
    seen[~np.isfinite(seen).any(axis=1)] = DEFAULT_CONFIDENCE
    return np.asarray(np.nanmedian(seen, axis=1, keepdims=True))


def _run_network(points: FloatArray, known: BoolArray, fps: float) -> tuple[FloatArray, FloatArray]:
    """Points (T, 33, 2) and rough joints (T, 33, 3) that the network believes in, at the rate that it knows."""
    network_input = np.concatenate([(points * known[..., None]).reshape(len(points), -1), known], axis=-1)
    frames = np.arange(len(network_input), dtype=np.float64)
    network_times = np.arange(1 + np.ceil((len(frames) - 1) * NETWORK_FPS / fps)) * fps / NETWORK_FPS
    nearest = network_input[np.round(network_times).astype(int).clip(max=len(network_input) - 1)]
    outputs = _network()(nearest[None].astype(np.float32))
    resampled = (interpolate_linear(frames, network_times, answer[0].astype(np.float64)) for answer in outputs)
    points, landmarks_3d = (values.reshape(len(frames), known.shape[1], -1) for values in resampled)
    return points, landmarks_3d

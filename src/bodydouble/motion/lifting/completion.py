"""Completion network: imputes the landmarks and 3D landmarks that external 2D keypoints lack.

In: 2D landmarks (T, 33, 2) of which some are unknown (confidence 0). Out: the three inputs of ``lifter.run_lifter``.
The lifter expects what BlazePose predicts: 33 landmarks in 2D and 3D. External keypoints lack some landmarks and all
depths. ``tools/train_completion.py`` trained the network.
"""

from functools import cache
from pathlib import Path

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.motion.lifting.lifter import MIRROR_SIGNS, interpolate_linear, network_times
from bodydouble.motion.lifting.person_view import image_points_from_view, view_straight_at
from bodydouble.networks import Network
from bodydouble.skeletons import blazepose

MODEL = Path(__file__).parent / "models" / "completion.onnx"
DEFAULT_CONFIDENCE = 0.9
"""Confidence of imputed landmarks in a frame without any known landmark."""


@cache
def _network() -> Network:
    return Network(MODEL, ("points", "landmarks_3d"))


def complete_landmarks(
    image_points: FloatArray, confidence: FloatArray, fps: float, scale: float | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Completes the inputs of the lifter.

    Runs the network with the flip test: the output is averaged with that of the mirrored person.

    Args:
        image_points: (T, 33, 2) landmarks on the plane z = 1 of the camera, gaps interpolated.
        confidence: (T, 33), 0 for unknown landmarks.
        fps: frames per second.
        scale: that of the view, as ``person_view.view_straight_at`` takes it.

    Returns:
        The image points with imputed unknown ones, the confidences, and the 3D landmarks (T, 33, 3) m in the axes of
        the person view. Unknown landmarks get the median confidence of the frame.

    Raises:
        ModelError: the network cannot be loaded.
    """
    view, known, order = view_straight_at(image_points, confidence, scale), confidence > 0, list(blazepose.MIRROR)
    points, landmarks_3d = _run_network(view.points, known, fps)
    mirrored = _run_network(view.points[:, order] * MIRROR_SIGNS[:2], known[:, order], fps)
    points = (points + mirrored[0][:, order] * MIRROR_SIGNS[:2]) / 2
    landmarks_3d = (landmarks_3d + mirrored[1][:, order] * MIRROR_SIGNS) / 2
    completed = np.where(known[..., None], image_points, image_points_from_view(view, points))
    return completed, np.where(known, confidence, _median_confidence(confidence)), landmarks_3d


def _median_confidence(confidence: FloatArray) -> FloatArray:
    """Returns the median (T, 1) of the confidences of known landmarks in each frame."""
    known = np.where(confidence > 0, confidence, np.nan)
    known[~np.isfinite(known).any(axis=1)] = DEFAULT_CONFIDENCE
    return np.asarray(np.nanmedian(known, axis=1, keepdims=True))


def _run_network(points: FloatArray, known: BoolArray, fps: float) -> tuple[FloatArray, FloatArray]:
    """Runs the network at its frame rate: 2D landmarks (T, 33, 2) and 3D landmarks (T, 33, 3) of the view."""
    network_input = np.concatenate([(points * known[..., None]).reshape(len(points), -1), known], axis=-1)
    frames, times = np.arange(len(network_input), dtype=np.float64), network_times(len(network_input), fps)
    nearest = network_input[np.round(times).astype(int).clip(max=len(network_input) - 1)]
    outputs = _network()(nearest[None].astype(np.float32))
    resampled = (interpolate_linear(frames, times, output[0].astype(np.float64)) for output in outputs)
    points, landmarks_3d = (values.reshape(len(frames), known.shape[1], -1) for values in resampled)
    return points, landmarks_3d

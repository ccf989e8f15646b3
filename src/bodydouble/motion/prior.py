"""Learned depths: a temporal network corrects those of the landmark network.

It reads the landmarks in the picture over time, how sure they are, and their rough 3D, in a view straight at the
person (``crop``), and answers with the depth of each landmark and how unsure it is. Trained by ``bodydouble.training``;
docs/models.md has its card.
"""

from functools import cache
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

from bodydouble.data import FloatArray
from bodydouble.motion.crop import Crop, crop, relative_points
from bodydouble.networks import Network
from bodydouble.skeletons import blazepose

MODEL = Path(__file__).parent / "models" / "depth_prior.onnx"
RATE = 30.0
"""Frames per second that the network knows."""
ROUGH_SIZE = 0.42
"""m; mean distance from the hips of the landmark network's rough joints, whose people are all alike."""
MIRROR = np.array([-1.0, 1.0, 1.0])


@cache
def _network() -> Network:
    return Network(MODEL, ("depths",))


def corrected(rays: FloatArray, confidence: FloatArray, rough: FloatArray, fps: float) -> FloatArray:
    """Landmarks in space with the depths that the network believes in.

    The answer for a mirrored person is the mirror image: the network is asked both ways.

    Args:
        rays: (T, 33, 2) landmarks on the plane z = 1 of the camera, gaps filled.
        confidence: (T, 33).
        rough: (T, 33, 3) m of the landmark network, gaps filled.
        fps: frames per second.

    Returns:
        (T, 33, 3) from the middle of the hips, camera axes; of the size that rough joints have, roughly metres.

    Raises:
        ModelError: the network cannot be loaded.
    """
    view = crop(rays, confidence)
    parts = (view.points, confidence, rough, view.direction)
    swap = list(blazepose.MIRROR)
    direct, reflected = (_depths(*seen, view, fps) for seen in (parts, mirrored(*parts)))
    return ROUGH_SIZE * relative_points((direct + reflected[:, swap]) / 2, view)


def _depths(
    points: FloatArray, confidence: FloatArray, rough: FloatArray, direction: FloatArray, view: Crop, fps: float
) -> FloatArray:
    """(T, 33) depths in units of the person's size."""
    inputs = features(points, confidence, rough, direction, np.array(view.size))
    frames = np.arange(len(inputs), dtype=np.float64)
    moments = np.arange(max(1, round(len(inputs) * RATE / fps))) * fps / RATE
    (depths,) = _network()(_at(moments, frames, inputs).astype(np.float32)[None])
    return _at(frames, moments, depths[0].astype(np.float64))


def _at(wanted: FloatArray, given: FloatArray, values: FloatArray) -> FloatArray:
    """Values (N, C) at times given (N,), interpolated to times wanted (M,)."""
    if np.array_equal(wanted, given):
        return values
    if len(given) < 2:
        return np.repeat(values, len(wanted), axis=0)
    inside = np.clip(wanted, given[0], given[-1])
    return np.asarray(CubicSpline(given, values)(inside))


def features(
    points: FloatArray, confidence: FloatArray, rough: FloatArray, direction: FloatArray, size: FloatArray
) -> FloatArray:
    """What the network reads (..., T, F): landmarks, confidence, rough 3D, where and how large the person is.

    Args:
        points: (..., T, 33, 2) of a Crop.
        confidence: (..., T, 33).
        rough: (..., T, 33, 3) m.
        direction: (..., T, 2) of a Crop.
        size: (...) of the Crop.
    """
    lead = points.shape[:-2]
    large = np.broadcast_to(np.log(size)[..., None, None], (*lead, 1))
    return np.concatenate(
        [points.reshape(*lead, -1), confidence, 2 * rough.reshape(*lead, -1), direction, large], axis=-1
    )


def mirrored(
    points: FloatArray, confidence: FloatArray, rough: FloatArray, direction: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """What is seen of the mirror image of a person."""
    swap = list(blazepose.MIRROR)
    flip = MIRROR[:2]
    return points[:, swap] * flip, confidence[:, swap], rough[:, swap] * MIRROR, direction * flip

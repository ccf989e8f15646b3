"""Resampling of a ``Face`` to another frame rate."""

from fractions import Fraction

import numpy as np

from bodydouble.data import Face, FloatArray


def resample_face(face: Face, rate: Fraction, fps: Fraction) -> Face:
    """Resamples a face from one frame rate to another, linearly, as it changes too fast for splines.

    Args:
        face: T frames.
        rate: exact, of the face.
        fps: exact, of the result: frame i is at i / fps seconds.

    Returns:
        The frames from the first to the last one. A frame is observed if both frames around it were.
    """
    step = rate / fps
    count = int((len(face.observed) - 1) / step) + 1
    return interpolate_face(face, np.array([float(i * step) for i in range(count)]))


def interpolate_face(face: Face, times: FloatArray) -> Face:
    """Interpolates a face linearly at times (N,) in frames; a frame is observed if both frames around it were."""
    rows = np.arange(len(face.observed))
    before, after = np.floor(times).astype(int), np.ceil(times).astype(int)
    weights, gaze = (
        np.stack([np.interp(times, rows, column) for column in values.T], axis=1)
        for values in (face.weights, face.gaze)
    )
    return Face(face.observed[before] & face.observed[after], weights, gaze)

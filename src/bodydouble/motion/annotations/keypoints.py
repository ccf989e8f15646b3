"""Annotated keypoints in a track: ``Track`` and ``AnnotatedTrack`` -> the ``Track`` to which the motion is fitted."""

from dataclasses import replace

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Track
from bodydouble.motion.annotations.annotated_track import AnnotatedTrack
from bodydouble.motion.lifting.lifter import interpolate_linear
from bodydouble.motion.lifting.lifter_input import interpolate_gaps

KEYED_CONFIDENCE, INTERPOLATED_CONFIDENCE = 1.0, 0.7
"""Confidence of annotated keypoints, visible or hidden, in keyed frames and between them."""
MIN_LANDMARKS = 4
"""Minimum number of places in a frame in which the person was not observed, so that the person counts as observed."""


def annotate_track(track: Track, annotated: AnnotatedTrack) -> Track:
    """Replaces keypoints of a track by annotated ones.

    Args:
        track: one person in T frames.
        annotated: landmarks in the same frames.

    Returns:
        The track. 3D landmarks move along with their keypoints. Absent landmarks are interpolated over time and have no
        confidence. Frames in which the person was not observed are filled in if enough landmarks have a place.
    """
    placed = annotated.is_placed
    track = _fill_unobserved(track, placed & ~track.observed[:, None])
    placed = placed & track.observed[:, None]
    keypoints, landmarks = track.keypoints.copy(), track.landmarks_3d.copy()
    shifts = annotated.pixels - keypoints[..., :2]
    metres = _metres_per_pixel(track)[:, None, None] * shifts
    landmarks[..., :2] += np.where(placed[..., None], metres, 0.0)
    keypoints[placed, :2] = annotated.pixels[placed]
    keypoints[placed, 2] = np.where(annotated.is_keyed[placed], KEYED_CONFIDENCE, INTERPOLATED_CONFIDENCE)
    absent = annotated.is_absent & track.observed[:, None]
    _bridge(keypoints, absent)
    _bridge(landmarks, absent)
    keypoints[absent, 2] = 0.0
    return replace(track, keypoints=keypoints, landmarks_3d=landmarks)


def _fill_unobserved(track: Track, placed: BoolArray) -> Track:
    """Fills in frames that are not observed and in which enough landmarks (T, 33) have a place."""
    rows = np.flatnonzero(placed.sum(axis=1) >= MIN_LANDMARKS)
    if not len(rows) or not track.observed.any():
        return track
    observed, boxes = track.observed.copy(), track.boxes.copy()
    keypoints, landmarks = track.keypoints.copy(), track.landmarks_3d.copy()
    keypoints[rows] = interpolate_gaps(track.keypoints, track.observed)[rows]
    landmarks[rows] = interpolate_gaps(track.landmarks_3d, track.observed)[rows]
    boxes[rows] = interpolate_gaps(track.boxes, track.observed)[rows]
    keypoints[rows, :, 2] = 0.0
    observed[rows] = True
    return replace(track, observed=observed, boxes=boxes, keypoints=keypoints, landmarks_3d=landmarks)


def _metres_per_pixel(track: Track) -> FloatArray:
    """Returns the size (T,) m of a pixel at the person: the spread of 3D landmarks relative to that of keypoints."""
    spreads = [np.std(values[..., :2], axis=1).sum(axis=-1) for values in (track.landmarks_3d, track.keypoints)]
    return np.asarray(spreads[0] / np.maximum(spreads[1], 1e-6))


def _bridge(values: FloatArray, mask: BoolArray) -> None:
    """Interpolates values (T, 33, N) linearly over the frames of a mask (T, 33); landmarks without others stay."""
    rows = np.arange(len(values))
    for column in np.flatnonzero(mask.any(axis=0)):
        known = np.flatnonzero(~mask[:, column] & np.isfinite(values[:, column]).all(axis=-1))
        if len(known):
            gap = mask[:, column]
            values[gap, column] = interpolate_linear(rows[gap], known, values[known, column])

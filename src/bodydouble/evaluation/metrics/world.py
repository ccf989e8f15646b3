"""Errors of the trajectory in the world, after the alignments that the literature allows."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.evaluation.metrics.pose import joint_errors_mm
from bodydouble.geometry.alignment import fit_similarity

SEGMENT_FRAMES = 100
"""Number of frames that share one alignment."""
MIN_PATH_LENGTH_M = 0.5
"""Minimum length in m of a true path for a relative error; on a shorter path the person stands still."""


def world_aligned_errors_mm(
    predicted: FloatArray, truth: FloatArray, segment_frames: int = SEGMENT_FRAMES
) -> FloatArray:
    """Returns WA-MPJPE: errors (T, J) mm after one similarity alignment per segment of frames.

    Args:
        predicted: (T, J, 3) m, world, without the frames that were not observed.
        truth: (T, J, 3) m, world.
        segment_frames: number of frames that share an alignment.

    Source: V. Ye et al., "Decoupling human and camera motion from videos in the wild" (SLAHMR), CVPR 2023; segments of
    100 frames as in WHAM and GVHMR.
    """
    return _segment_errors(predicted, truth, segment_frames, segment_frames)


def first_aligned_errors_mm(
    predicted: FloatArray, truth: FloatArray, segment_frames: int = SEGMENT_FRAMES
) -> FloatArray:
    """Returns W-MPJPE: as world_aligned_errors_mm, but aligned on the first two frames of each segment."""
    return _segment_errors(predicted, truth, segment_frames, 2)


def _segment_errors(predicted: FloatArray, truth: FloatArray, segment_frames: int, aligned_frames: int) -> FloatArray:
    errors = np.full(predicted.shape[:-1], np.nan)
    for start in range(0, len(predicted), segment_frames):
        predicted_segment, true_segment = (
            predicted[start : start + segment_frames],
            truth[start : start + segment_frames],
        )
        alignment = fit_similarity(
            predicted_segment[:aligned_frames].reshape(-1, 3), true_segment[:aligned_frames].reshape(-1, 3)
        )
        errors[start : start + segment_frames] = joint_errors_mm(alignment.apply(predicted_segment), true_segment)
    return errors


def path_length_m(root: FloatArray) -> float:
    """Returns the length of the path through positions (T, 3) m; steps to and from NaN do not count."""
    return float(np.nansum(np.linalg.norm(np.diff(root, axis=0), axis=-1)))


def root_translation_errors_percent(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Returns RTE: distance of the trajectories after one rigid alignment, in percent of the true path's length.

    Args:
        predicted: (T, 3) m, world.
        truth: (T, 3) m, world.

    Returns:
        (T,) percent; NaN if the true path is shorter than 0.5 m, where the ratio is meaningless.

    Source: WHAM (S. Shin et al., CVPR 2024).
    """
    length = path_length_m(truth)
    if length < MIN_PATH_LENGTH_M:
        return np.full(len(truth), np.nan)
    aligned = fit_similarity(predicted, truth, scaled=False).apply(predicted)
    return np.asarray(100 * np.linalg.norm(aligned - truth, axis=-1) / length)

"""Errors of the path through the world, after the alignments that the literature allows."""

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.evaluation.metrics.align import fit_similarity
from bodydouble.evaluation.metrics.pose import joint_errors_mm

SEGMENT_FRAMES = 100
SHORTEST_PATH_M = 0.5
"""Errors in percent of a shorter path say nothing: the person stands on the spot."""


def world_aligned_errors_mm(predicted: FloatArray, truth: FloatArray, segment: int = SEGMENT_FRAMES) -> FloatArray:
    """WA-MPJPE: errors (T, J) mm after one similarity transform for each segment of frames.

    Args:
        predicted: (T, J, 3) m, world. Frames that were not observed are to be left out before.
        truth: (T, J, 3) m, world.
        segment: frames that share an alignment.

    Source: V. Ye et al., "Decoupling human and camera motion from videos in the wild" (SLAHMR), CVPR 2023; segments of
    100 frames as in WHAM and GVHMR.
    """
    return _segment_errors(predicted, truth, segment, segment)


def first_aligned_errors_mm(predicted: FloatArray, truth: FloatArray, segment: int = SEGMENT_FRAMES) -> FloatArray:
    """W-MPJPE: as world_aligned_errors_mm, but aligned on the first two frames of each segment."""
    return _segment_errors(predicted, truth, segment, 2)


def _segment_errors(predicted: FloatArray, truth: FloatArray, segment: int, aligned: int) -> FloatArray:
    errors = np.full(predicted.shape[:-1], np.nan)
    for start in range(0, len(predicted), segment):
        part, goal = predicted[start : start + segment], truth[start : start + segment]
        fit = fit_similarity(part[:aligned].reshape(-1, 3), goal[:aligned].reshape(-1, 3))
        errors[start : start + segment] = joint_errors_mm(fit.apply(part), goal)
    return errors


def path_length_m(root: FloatArray) -> float:
    """Length of the path through positions (T, 3) m; steps to and from NaN do not count."""
    return float(np.nansum(np.linalg.norm(np.diff(root, axis=0), axis=-1)))


def root_translation_errors_percent(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """RTE: distance between the paths after one rigid transform, in percent of the length of the true path.

    Args:
        predicted: (T, 3) m, world.
        truth: (T, 3) m, world.

    Returns:
        (T,) percent; NaN if the true path is shorter than half a metre, where the ratio has no meaning.

    Source: WHAM (S. Shin et al., CVPR 2024).
    """
    length = path_length_m(truth)
    if length < SHORTEST_PATH_M:
        return np.full(len(truth), np.nan)
    moved = fit_similarity(predicted, truth, scaled=False).apply(predicted)
    return np.asarray(100 * np.linalg.norm(moved - truth, axis=-1) / length)

"""Rotations of a camera that does not travel, from the corners of the background.

In: ``Background`` of F frames and intrinsics. Out: rotations (F, 3, 3) and the fraction (F,) of inlier corners. Each
frame is aligned with the keyframe before it by RANSAC.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import Background, BoolArray, FloatArray, IntArray
from bodydouble.geometry import camera, rotation

REFERENCE_LONG_SIDE = 480.0
"""Long side in px of the image in which lengths of options are measured."""
REFINEMENT_ROUNDS = 5
"""Number of reweighted alignments after RANSAC."""


@dataclass(frozen=True, slots=True)
class RotationOptions:
    """Options of the rotation estimate. Lengths are in px of an image of REFERENCE_LONG_SIDE."""

    tolerance: float = 1.0
    """Reprojection error at which the weight of a corner is a quarter (Geman-McClure); inliers are within twice it."""
    min_inliers: int = 10
    """Minimum number of inliers of a frame; with fewer, the rotation of the frame before is kept."""
    min_inlier_fraction: float = 0.3
    """Minimum fraction of inliers of a frame; below it, the rotation of the frame before is kept."""
    hypothesis_count: int = 64
    """Number of RANSAC hypotheses, each from a pair of corners."""
    cell_size: float = 60.0
    """Side of a square cell; the corners of one cell have the weight of one corner."""
    min_rotation: float = 0.15
    """Rotation since the last keyframe below which the camera counts as not rotated."""


@dataclass(frozen=True, slots=True)
class _Matches:
    """M corners that are observed both in a frame and in the keyframe before it."""

    keyframes: IntArray
    """(F,) keyframe that a frame is aligned with."""
    frames: IntArray
    """(M,) ascending, frame of each match."""
    keyframe_rays: FloatArray
    """(M, 3) unit, in the keyframe's camera axes."""
    frame_rays: FloatArray
    """(M, 3) unit, in the frame's camera axes."""


def pixel_angle(intrinsics: FloatArray) -> float:
    """Returns the angle in rad that one px covers in the middle of an image of REFERENCE_LONG_SIDE."""
    return float(2 * intrinsics[:2, 2].max() / REFERENCE_LONG_SIDE / intrinsics[0, 0])


def estimate_rotations(
    background: Background, intrinsics: FloatArray, options: RotationOptions
) -> tuple[FloatArray, FloatArray]:
    """Estimates the rotations of a camera that does not travel.

    Args:
        background: F frames.
        intrinsics: (3, 3) px.
        options: options of the estimate.

    Returns:
        Rotations first_from_camera (F, 3, 3) and the fraction (F,) of inlier corners. The fraction is 0 where there
        are too few inliers and the rotation of the frame before is kept.
    """
    matches = _match_keyframes(background, intrinsics)
    starts = np.searchsorted(matches.frames, np.arange(background.frame_count + 1))
    radians_per_pixel = pixel_angle(intrinsics)
    rotations = np.tile(np.eye(3), (background.frame_count, 1, 1))
    inlier_fractions = np.zeros(background.frame_count)
    inlier_fractions[:1] = 1.0
    keyframe_from_frame: FloatArray = np.eye(3)
    for frame in range(1, background.frame_count):
        keyframe, rows = matches.keyframes[frame], slice(starts[frame], starts[frame + 1])
        target, source = matches.keyframe_rays[rows], matches.frame_rays[rows]
        guess = np.eye(3) if keyframe == frame - 1 else keyframe_from_frame
        weights = cell_weights(source, options.cell_size * radians_per_pixel)
        keyframe_from_frame, inliers = ransac_rotation(target, source, weights, guess, radians_per_pixel, options)
        fraction = float(weights @ inliers) / max(float(weights.sum()), 1.0)
        if inliers.sum() < options.min_inliers or fraction < options.min_inlier_fraction:
            rotations[frame] = rotations[frame - 1]
            continue
        if _is_small(keyframe_from_frame, options.min_rotation * radians_per_pixel):
            keyframe_from_frame = np.eye(3)
        rotations[frame], inlier_fractions[frame] = rotations[keyframe] @ keyframe_from_frame, fraction
    return rotations, inlier_fractions


def _is_small(matrix: FloatArray, angle: float) -> bool:
    """Whether a rotation matrix (3, 3) rotates by less than an angle in rad."""
    # The Frobenius distance of a rotation by an angle from the identity is sqrt(8) sin(angle / 2).
    return bool(np.linalg.norm(matrix - np.eye(3)) < np.sqrt(8) * np.sin(angle / 2))


def _match_keyframes(background: Background, intrinsics: FloatArray) -> _Matches:
    """Finds the corners that are observed both in a frame and in the keyframe before it."""
    frames = np.arange(background.frame_count)
    previous = np.searchsorted(background.keyframes, frames, side="left") - 1
    keyframes = background.keyframes[np.maximum(previous, 0)] if len(background.keyframes) else np.zeros_like(frames)
    keys = background.frames.astype(np.int64) * (1 << 32) + background.corner_ids
    keyframe_keys = keyframes[background.frames].astype(np.int64) * (1 << 32) + background.corner_ids
    rows = np.minimum(np.searchsorted(keys, keyframe_keys), len(keys) - 1)
    matched = (keys[rows] == keyframe_keys) & (keys != keyframe_keys)
    rays = rotation.normalize(camera.rays(intrinsics, background.points.astype(np.float64)))
    return _Matches(keyframes, background.frames[matched], rays[rows[matched]], rays[matched])


def cell_weights(rays: FloatArray, cell_size: float) -> FloatArray:
    """Returns the weights (M,) of corners, so that each occupied cell has weight 1 and dense regions do not dominate.

    Args:
        rays: (M, 3) in camera axes.
        cell_size: side of a cell in rad.
    """
    column, row = np.floor(rays[:, :2] / rays[:, 2:] / cell_size).astype(int).T
    _, cell_ids, count = np.unique(column * 4096 + row, return_inverse=True, return_counts=True)
    return np.asarray(1 / count[cell_ids])


def ransac_rotation(
    target: FloatArray,
    source: FloatArray,
    weights: FloatArray,
    guess: FloatArray,
    radians_per_pixel: float,
    options: RotationOptions,
) -> tuple[FloatArray, BoolArray]:
    """Estimates the rotation between two sets of rays by RANSAC and reweighted Kabsch alignment.

    Args:
        target: (M, 3) unit rays.
        source: (M, 3) unit rays to the same corners in another camera's axes.
        weights: (M,) of the corners.
        guess: (3, 3) target_from_source, tried as another hypothesis.
        radians_per_pixel: angle in rad that one px covers.
        options: number of hypotheses and inlier tolerance.

    Returns:
        Rotation target_from_source (3, 3) and a mask (M,) of the inliers.

    Source: consensus of Fischler and Bolles 1981, refined with the Geman-McClure loss.
    """
    if len(source) < 2:
        return guess, np.zeros(len(source), dtype=bool)
    limit = (options.tolerance * radians_per_pixel) ** 2
    first, second = np.random.default_rng(0).integers(0, len(source), (2, options.hypothesis_count))
    both = np.stack([target, source])
    triads = rotation.from_axes(both[:, first], both[:, second] - both[:, first])
    hypotheses = np.concatenate([np.eye(3)[None], guess[None], triads[0] @ np.swapaxes(triads[1], -1, -2)])
    # |H s - t|^2 = 2 - 2 t'H s for unit vectors: one product for all corners and hypotheses.
    products = (target[:, :, None] * source[:, None]).reshape(-1, 9)
    distance = 2 - 2 * hypotheses.reshape(-1, 9) @ products.T
    best = hypotheses[np.argmin(np.minimum(distance, 4 * limit) @ weights)]
    for _ in range(REFINEMENT_ROUNDS):
        distance = np.sum((source @ best.T - target) ** 2, axis=-1)
        best = kabsch(target, source, weights * (limit / (limit + distance)) ** 2)
    return best, np.sum((source @ best.T - target) ** 2, axis=-1) < 4 * limit


def kabsch(target: FloatArray, source: FloatArray, weights: FloatArray) -> FloatArray:
    """Returns the rotation target_from_source (3, 3) that aligns vectors (M, 3) in the weighted least-squares sense.

    Source: W. Kabsch, "A solution for the best rotation to relate two sets of vectors", Acta Crystallographica 1976.
    """
    return rotation.nearest_rotation_by_determinant((target * weights[:, None]).T @ source)

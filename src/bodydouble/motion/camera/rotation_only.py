"""Rotations of a camera that does not travel, from the corners of the background.

In: ``Background`` of F frames and intrinsics. Out: rotations (F, 3, 3) and the fraction (F,) of inlier corners. Each
frame is aligned with the keyframe before it by RANSAC.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bodydouble.data import Background, BoolArray, FloatArray, IntArray
from bodydouble.geometry import camera, rotation

REFERENCE_LONG_SIDE = 480.0
"""Long side in px of the image in which lengths of options are measured."""
REFINEMENT_ROUNDS = 5
"""Number of reweighted alignments after RANSAC."""
MIN_CORNERS = 2
"""Minimum number of corners from which a rotation is estimated; with fewer, the guess is returned."""
FRAMES_PER_BATCH = 100
"""Number of frames that are aligned at once, which bounds the memory."""


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
    keyframes = _find_keyframes(background)
    radians_per_pixel = pixel_angle(intrinsics)
    keyframe_from_frame, inlier_fractions = _align_with_keyframes(background, keyframes, intrinsics, options)
    keyframe_from_frame[_are_small(keyframe_from_frame, options.min_rotation * radians_per_pixel)] = np.eye(3)
    rotations = np.tile(np.eye(3), (background.frame_count, 1, 1))
    for frame in range(1, background.frame_count):
        is_aligned = inlier_fractions[frame] > 0
        rotations[frame] = (
            rotations[keyframes[frame]] @ keyframe_from_frame[frame] if is_aligned else rotations[frame - 1]
        )
    return rotations, inlier_fractions


def _align_with_keyframes(
    background: Background, keyframes: IntArray, intrinsics: FloatArray, options: RotationOptions
) -> tuple[FloatArray, FloatArray]:
    """Aligns each frame with its keyframe (F,).

    Returns:
        Rotations keyframe_from_frame (F, 3, 3) and the fraction (F,) of inlier corners, 0 where there are too few.
    """
    frame_count, radians_per_pixel = background.frame_count, pixel_angle(intrinsics)
    keyframe_from_frame = np.tile(np.eye(3), (frame_count, 1, 1))
    fractions = np.zeros(frame_count)
    cell_size = options.cell_size * radians_per_pixel
    for start in range(0, frame_count, FRAMES_PER_BATCH):
        stop = min(start + FRAMES_PER_BATCH, frame_count)
        matches = _match_keyframes(background, keyframes, intrinsics, range(start, stop))
        starts = np.searchsorted(matches.frames, np.arange(start, stop + 1))
        frames = [slice(*rows) for rows in pairwise(starts)]
        target, source = (_pad([rays[rows] for rows in frames]) for rays in (matches.keyframe_rays, matches.frame_rays))
        weights = _pad([cell_weights(matches.frame_rays[rows], cell_size) for rows in frames])
        guess = kabsch(target, source, weights)
        matrices, inliers = ransac_rotation(target, source, weights, guess, radians_per_pixel, options)
        fraction = (weights * inliers).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)
        is_aligned = (inliers.sum(axis=1) >= options.min_inliers) & (fraction >= options.min_inlier_fraction)
        keyframe_from_frame[start:stop] = np.where(is_aligned[:, None, None], matrices, np.eye(3))
        fractions[start:stop] = np.where(is_aligned, fraction, 0.0)
    fractions[:1] = 1.0
    return keyframe_from_frame, fractions


def _pad(rows: list[FloatArray]) -> FloatArray:
    """Stacks arrays (M_i, ...) to (F, M, ...), filled up with zeros, M at least 1."""
    stacked = np.zeros((len(rows), max(1, *map(len, rows)), *rows[0].shape[1:]))
    for filled, values in zip(stacked, rows, strict=True):
        filled[: len(values)] = values
    return stacked


def _are_small(matrices: FloatArray, angle: float) -> BoolArray:
    """Returns which rotation matrices (F, 3, 3) rotate by less than an angle in rad."""
    # The Frobenius distance of a rotation by an angle from the identity is sqrt(8) sin(angle / 2).
    distance = np.linalg.norm(matrices - np.eye(3), axis=(-2, -1))
    return np.asarray(distance < np.sqrt(8) * np.sin(angle / 2))


def _find_keyframes(background: Background) -> IntArray:
    """Returns the keyframe (F,) before each frame."""
    frames = np.arange(background.frame_count)
    previous = np.searchsorted(background.keyframes, frames, side="left") - 1
    return background.keyframes[np.maximum(previous, 0)] if len(background.keyframes) else np.zeros_like(frames)


def _match_keyframes(background: Background, keyframes: IntArray, intrinsics: FloatArray, batch: range) -> _Matches:
    """Finds the corners that are observed both in a frame of a batch and in its keyframe, of those (F,) of the clip."""
    earlier = np.unique(keyframes[batch.start : batch.stop])
    earlier = earlier[earlier < batch.start]
    own = background.rows(batch.start, batch.stop)
    ranges = [*(background.rows(frame, frame + 1) for frame in earlier.tolist()), own]
    observed = np.concatenate([np.arange(rows.start, rows.stop) for rows in ranges])
    frames = background.frames[observed].astype(np.int64)
    keys = frames * (1 << 32) + background.corner_ids[observed]
    rays = rotation.normalize(camera.rays(intrinsics, background.points[observed].astype(np.float64)))
    new = slice(len(observed) - (own.stop - own.start), None)
    keyframe_keys = keyframes[frames[new]].astype(np.int64) * (1 << 32) + background.corner_ids[observed[new]]
    rows = np.minimum(np.searchsorted(keys, keyframe_keys), len(keys) - 1)
    matched = (keys[rows] == keyframe_keys) & (keys[new] != keyframe_keys)
    return _Matches(frames[new][matched], rays[rows[matched]], rays[new][matched])


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
    """Estimates rotations between two sets of rays each, by RANSAC and reweighted Kabsch alignment.

    Args:
        target: (..., M, 3) unit rays.
        source: (..., M, 3) unit rays to the same corners in another camera's axes.
        weights: (..., M) of the corners; those of weight 0 come last and do not count.
        guess: (..., 3, 3) target_from_source, tried as another hypothesis.
        radians_per_pixel: angle in rad that one px covers.
        options: number of hypotheses and inlier tolerance.

    Returns:
        Rotations target_from_source (..., 3, 3) and masks (..., M) of the inliers.

    Source: consensus of Fischler and Bolles 1981, refined with the Geman-McClure loss.
    """
    count = np.count_nonzero(weights, axis=-1)[..., None]
    limit = (options.tolerance * radians_per_pixel) ** 2
    draws = np.random.default_rng(0).random((2, options.hypothesis_count))
    pairs = [np.floor(draw * count).astype(int)[..., None] for draw in draws]
    triads = [_triads(*(np.take_along_axis(rays, pair, axis=-2) for pair in pairs)) for rays in (target, source)]
    identity = np.broadcast_to(np.eye(3), guess.shape)
    hypotheses = np.concatenate(
        [np.stack([identity, guess], axis=-3), triads[0] @ np.swapaxes(triads[1], -1, -2)], axis=-3
    )
    # |H s - t|^2 = 2 - 2 t'H s for unit vectors: one product for all corners and hypotheses.
    products = (target[..., :, None] * source[..., None, :]).reshape(*target.shape[:-1], 9)
    distance = 2 - 2 * hypotheses.reshape(*hypotheses.shape[:-2], 9) @ np.swapaxes(products, -1, -2)
    best_index = np.argmin(np.minimum(distance, 4 * limit) @ weights[..., None], axis=-2)
    best: FloatArray = np.take_along_axis(hypotheses, best_index[..., None, None], axis=-3)[..., 0, :, :]
    for _ in range(REFINEMENT_ROUNDS):
        error = _squared_distance(target, source, best)
        best = kabsch(target, source, weights * (limit / (limit + error)) ** 2)
    best = np.where(count[..., None] < MIN_CORNERS, guess, best)
    is_inlier = (_squared_distance(target, source, best) < 4 * limit) & (weights > 0) & (count >= MIN_CORNERS)
    return best, is_inlier


def _triads(first: FloatArray, second: FloatArray) -> FloatArray:
    """Returns axes (..., 3, 3) of pairs of unit rays (..., 3)."""
    return rotation.from_axes(first, second - first)


def _squared_distance(target: FloatArray, source: FloatArray, matrices: FloatArray) -> FloatArray:
    """Returns the squared distances (..., M) of rays (..., M, 3) to rotated ones."""
    return np.asarray(np.sum((source @ np.swapaxes(matrices, -1, -2) - target) ** 2, axis=-1))


def kabsch(target: FloatArray, source: FloatArray, weights: FloatArray) -> FloatArray:
    """Returns the rotations target_from_source (..., 3, 3) that align vectors (..., M, 3) by weighted least squares.

    Source: W. Kabsch, "A solution for the best rotation to relate two sets of vectors", Acta Crystallographica 1976.
    """
    return rotation.nearest_rotation_by_determinant(np.swapaxes(target * weights[..., None], -1, -2) @ source)

"""How a camera turns, from the corners of the background that it sees."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import Background, BoolArray, FloatArray, IntArray
from bodydouble.geometry import camera, rotation

REFERENCE_LONG_SIDE = 480.0
"""px; lengths in options are measured in a picture whose longer side is this long."""


@dataclass(frozen=True, slots=True)
class RotationOptions:
    """What counts as one rotation of the whole background. Lengths are in px of a picture of LONG_SIDE."""

    tolerance: float = 1.0
    """A corner that is this far from where a rotation takes it has its weight reduced to a quarter."""
    min_inliers: int = 10
    """A frame in which fewer corners agree says nothing ..."""
    min_inlier_fraction: float = 0.3
    """... nor does one in which a smaller part of the corners agrees."""
    hypotheses: int = 64
    """Pairs of corners that are asked for the rotation of a frame."""
    cell_size: float = 60.0
    """Corners within a square of this side share one vote."""
    min_rotation: float = 0.15
    """A camera that has turned by less since the last keyframe has not turned."""


@dataclass(frozen=True, slots=True)
class _Matches:
    """The same corners in a frame and in the keyframe before it."""

    keyframes: IntArray
    """(F,) the keyframe against which a frame is measured."""
    frames: IntArray
    """(M,) ascending."""
    before: FloatArray
    """(M, 3) unit, in the keyframe's camera."""
    now: FloatArray
    """(M, 3) unit, in the frame's camera."""


def pixel_angle(intrinsics: FloatArray) -> float:
    """Rad in the middle of the picture that one px of a picture of LONG_SIDE covers."""
    return float(2 * intrinsics[:2, 2].max() / REFERENCE_LONG_SIDE / intrinsics[0, 0])


def estimate_rotations(
    background: Background, intrinsics: FloatArray, options: RotationOptions
) -> tuple[FloatArray, FloatArray]:
    """The rotations of a camera that does nothing but turn.

    Args:
        background: of F frames.
        intrinsics: (3, 3) px.
        options: what counts as a rotation.

    Returns:
        first_from_camera (F, 3, 3), and the part (F,) of the corners that agree; 0 where too few do, and the rotation
        of the frame before is kept.
    """
    matches = _match_keyframes(background, intrinsics)
    starts = np.searchsorted(matches.frames, np.arange(background.frame_count + 1))
    radians_per_pixel = pixel_angle(intrinsics)
    rotations = np.tile(np.eye(3), (background.frame_count, 1, 1))
    inlier_fractions = np.zeros(background.frame_count)
    inlier_fractions[:1] = 1.0
    keyframe_from_frame: FloatArray = np.eye(3)
    for frame in range(1, background.frame_count):
        rows, keyframe = slice(starts[frame], starts[frame + 1]), matches.keyframes[frame]
        guess = np.eye(3) if keyframe == frame - 1 else keyframe_from_frame
        weights = cell_weights(matches.now[rows], options.cell_size * radians_per_pixel)
        keyframe_from_frame, inliers = ransac_rotation(
            matches.before[rows], matches.now[rows], weights, guess, radians_per_pixel, options
        )
        inlier_fraction = float(weights @ inliers) / max(float(weights.sum()), 1.0)
        if inliers.sum() < options.min_inliers or inlier_fraction < options.min_inlier_fraction:
            rotations[frame] = rotations[frame - 1]
            continue
        # The distance of a rotation by an angle from none is sqrt(8) sin(angle / 2).
        if np.linalg.norm(keyframe_from_frame - np.eye(3)) < np.sqrt(8) * np.sin(
            options.min_rotation * radians_per_pixel / 2
        ):
            keyframe_from_frame = np.eye(3)
        rotations[frame], inlier_fractions[frame] = rotations[keyframe] @ keyframe_from_frame, inlier_fraction
    return rotations, inlier_fractions


def _match_keyframes(background: Background, intrinsics: FloatArray) -> _Matches:
    """Every corner that is in sight in a frame and in the keyframe before it."""
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
    """(M,) how much each corner counts: those in one cell, rad, share a vote, lest a busy part outvotes the rest."""
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
    """The rotation that most corners agree on.

    Args:
        target: (M, 3) unit, in the axes of the camera before.
        source: (M, 3) unit, in its axes now.
        weights: (M,) how much each corner counts.
        guess: (3, 3) before_from_now.
        radians_per_pixel: rad of one px.
        options: what agreement means.

    Returns:
        before_from_now (3, 3), and (M,) which corners agree.

    Source: consensus as in Fischler and Bolles 1981, refined with the Geman-McClure loss.
    """
    if len(source) < 2:
        return guess, np.zeros(len(source), dtype=bool)
    limit = (options.tolerance * radians_per_pixel) ** 2
    first, second = np.random.default_rng(0).integers(0, len(source), (2, options.hypotheses))
    both = np.stack([target, source])
    triads = rotation.from_axes(both[:, first], both[:, second] - both[:, first])
    hypotheses = np.concatenate([np.eye(3)[None], guess[None], triads[0] @ np.swapaxes(triads[1], -1, -2)])
    # |H n - b|^2 = 2 - 2 b'H n for unit vectors: one product for all corners and hypotheses.
    products = (target[:, :, None] * source[:, None]).reshape(-1, 9)
    distance = 2 - 2 * hypotheses.reshape(-1, 9) @ products.T
    best = hypotheses[np.argmin(np.minimum(distance, 4 * limit) @ weights)]
    for _ in range(5):
        distance = np.sum((source @ best.T - target) ** 2, axis=-1)
        best = kabsch(target, source, weights * (limit / (limit + distance)) ** 2)
    return best, np.sum((source @ best.T - target) ** 2, axis=-1) < 4 * limit


def kabsch(target: FloatArray, source: FloatArray, weights: FloatArray) -> FloatArray:
    """The rotation (3, 3) that brings source (M, 3) closest to target (M, 3). Source: Kabsch 1976."""
    left, _, right = np.linalg.svd((target * weights[:, None]).T @ source)
    return np.asarray(left * np.array([1.0, 1.0, np.linalg.det(left @ right)]) @ right)

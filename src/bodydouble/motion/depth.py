"""Depth of body segments from their foreshortening.

A segment of known length that is seen short must lean towards the camera or away from it. How far follows from the
length; which way is decided for the whole clip at once (Viterbi) from the network's rough depth and from continuity.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.motion import body

STEPS = 73


@dataclass(frozen=True, slots=True)
class DepthOptions:
    """Standard deviations of what speaks for a depth step."""

    across_sigma: float = 0.02
    """m, of a segment's length across the line of sight."""
    rough_sigma: float = 0.30
    """Relative to the bone's length, of the network's rough depth step."""
    rough_rate: float = 30.0
    """Hz; the network's depth errors last, so that a second of video holds this many independent guesses."""
    turn_spread: float = 1.3
    """rad per square root of a second, of a segment's elevation out of the image plane (a random walk)."""
    turn_limit: float = 16.0
    """A jump costs at most this (a squared number of standard deviations), so that real fast turns stay possible."""


def resolve(
    image_points: FloatArray,
    root_depth: FloatArray,
    lengths: FloatArray,
    rough: FloatArray,
    weights: FloatArray,
    fps: float,
    options: DepthOptions | None = None,
) -> FloatArray:
    """Unit direction of every segment in every frame.

    Args:
        image_points: (T, 33, 2) landmarks on the plane z = 1 of the camera.
        root_depth: (T,) m, depth of the middle of the hips.
        lengths: (S,) m, length of each segment of ``body.SEGMENTS``.
        rough: (T, S, 3) unit, rough directions from the network, camera axes.
        weights: (T, S) confidence.
        fps: frames per second.
        options: standard deviations.

    Returns:
        (T, S, 3) unit, camera axes.
    """
    options = options or DepthOptions()
    frames, count = len(image_points), len(body.SEGMENTS)
    directions = np.zeros((frames, count, 3))
    start_depth = np.zeros((frames, count))
    flat = body.segment_vectors(image_points)
    slack = np.array([segment.slack for segment in body.SEGMENTS])
    for level in body.LEVELS:
        members = list(level)
        for i in members:
            start_depth[:, i] = root_depth + _depth_of_start(i, directions, lengths)
        anchor = _anchors(image_points, members)
        directions[:, members] = _resolve_level(
            flat[:, members], anchor, start_depth[:, members], lengths[members], slack[members], rough[:, members],
            weights[:, members], fps, options,
        )  # fmt: skip
    return directions


def _depth_of_start(index: int, directions: FloatArray, lengths: FloatArray) -> FloatArray:
    """Depth (T,) of a segment's reference point relative to the middle of the hips."""
    depth = np.zeros(len(directions))
    segment = body.SEGMENTS[index]
    while segment.parent is not None:
        parent = body.SEGMENT_INDEX[segment.parent]
        depth = depth + segment.parent_share * lengths[parent] * directions[:, parent, 2]
        segment = body.SEGMENTS[parent]
    return depth


def _anchors(image_points: FloatArray, members: list[int]) -> FloatArray:
    """The image point (T, N, 2) along whose ray a segment moves when its depth step grows."""
    points = []
    for i in members:
        segment = body.SEGMENTS[i]
        end = body.group_mean(image_points, segment.end)
        start = body.group_mean(image_points, segment.start)
        points.append((start + end) / 2 if segment.centered else end)
    return np.stack(points, axis=1)


def _resolve_level(
    flat: FloatArray,
    anchor: FloatArray,
    start_depth: FloatArray,
    lengths: FloatArray,
    slack: FloatArray,
    rough: FloatArray,
    weights: FloatArray,
    fps: float,
    options: DepthOptions,
) -> FloatArray:
    """Directions (T, N, 3) of the N segments of one level."""
    elevations = np.linspace(-np.pi / 2, np.pi / 2, STEPS)
    across, cost = _unary(flat, anchor, start_depth, lengths, slack, rough, weights, elevations, fps, options)
    best = _viterbi(cost, elevations, fps, options)
    elevation = _refined(cost, best, elevations)
    chosen = np.take_along_axis(across, best[..., None, None], axis=2)[:, :, 0]
    size = np.linalg.norm(chosen, axis=-1, keepdims=True)
    sideways = np.where(size > 1e-9, chosen / np.maximum(size, 1e-9), np.array([1.0, 0.0]))
    return np.concatenate([sideways * np.cos(elevation)[..., None], np.sin(elevation)[..., None]], axis=-1)


def _unary(
    flat: FloatArray,
    anchor: FloatArray,
    start_depth: FloatArray,
    lengths: FloatArray,
    slack: FloatArray,
    rough: FloatArray,
    weights: FloatArray,
    elevations: FloatArray,
    fps: float,
    options: DepthOptions,
) -> tuple[FloatArray, NDArray[np.float32]]:
    """Vector across the line of sight (T, N, K, 2) m and cost (T, N, K) of each elevation."""
    step = lengths[:, None] * np.sin(elevations)
    across = (flat * start_depth[..., None])[:, :, None, :] + anchor[:, :, None, :] * step[None, ..., None]
    seen = np.linalg.norm(across, axis=-1)
    expected = lengths[:, None] * np.cos(elevations)
    sigma = np.hypot(options.across_sigma, slack * lengths)[:, None]
    picture = weights[..., None] * np.minimum(((seen - expected) / sigma) ** 2, 50.0)
    guess = (np.sin(elevations) - rough[..., 2:]) / options.rough_sigma
    return across, (picture + np.minimum(guess**2, 9.0) * min(1.0, options.rough_rate / fps)).astype(np.float32)


def _viterbi(cost: NDArray[np.float32], elevations: FloatArray, fps: float, options: DepthOptions) -> NDArray[np.intp]:
    """The sequence (T, N) of steps with the least cost, jumps included."""
    jump = (elevations[:, None] - elevations[None, :]) * np.sqrt(fps) / options.turn_spread
    price = np.minimum(jump**2, options.turn_limit).astype(np.float32)
    frames = len(cost)
    total = cost[0]
    origin = np.empty(cost.shape, dtype=np.int8)
    for t in range(1, frames):
        ways = total[:, None, :] + price
        origin[t] = ways.argmin(axis=-1)
        total = cost[t] + ways.min(axis=-1)
    path = np.empty(cost.shape[:2], dtype=np.intp)
    path[-1] = total.argmin(axis=-1)
    rows = np.arange(cost.shape[1])
    for t in range(frames - 1, 0, -1):
        path[t - 1] = origin[t, rows, path[t]]
    return path


def _refined(cost: NDArray[np.float32], best: NDArray[np.intp], elevations: FloatArray) -> FloatArray:
    """Elevation (T, N) at the bottom of the parabola through the best step and its neighbours."""
    middle = np.clip(best, 1, STEPS - 2)
    below, here, above = (
        np.take_along_axis(cost, (middle + shift)[..., None], axis=-1)[..., 0].astype(np.float64)
        for shift in (-1, 0, 1)
    )
    curvature = below - 2 * here + above
    shift = np.where(curvature > 1e-6, 0.5 * (below - above) / np.maximum(curvature, 1e-6), 0.0)
    spacing = elevations[1] - elevations[0]
    return np.asarray(elevations[best] + np.where(best == middle, np.clip(shift, -0.5, 0.5), 0.0) * spacing)

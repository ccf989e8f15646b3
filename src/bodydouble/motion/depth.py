"""Depth of body segments from their foreshortening.

A segment of known length that is seen short must lean towards the camera or away from it. How far follows from the
length; which way is decided for the whole clip at once (Viterbi) from the network's rough depth and from continuity.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.motion import body

BLOCK = 256
"""Frames whose costs are held at once."""
STEPS = 49
ELEVATIONS = np.linspace(-np.pi / 2, np.pi / 2, STEPS)
"""rad; the angles out of the image plane among which is chosen, positive away from the camera."""


@dataclass(frozen=True, slots=True)
class DepthOptions:
    """Standard deviations of what speaks for a depth step."""

    across_sigma: float = 0.03
    """m, of a segment's length across the line of sight."""
    rough_sigma: float = 0.3
    """Relative to the bone's length, of the network's rough depth step."""
    rough_rate: float = 30.0
    """Hz; the network's depth errors last, so that a second of video holds this many independent guesses."""
    turn_spread: float = 1.0
    """rad per square root of a second, of a segment's elevation out of the image plane (a random walk)."""
    turn_limit: float = 16.0
    """A jump costs at most this (a squared number of standard deviations), so that real fast turns stay possible."""


def resolve(
    image_points: FloatArray,
    starts: FloatArray,
    lengths: FloatArray,
    rough: FloatArray,
    weights: FloatArray,
    fps: float,
    options: DepthOptions | None = None,
) -> FloatArray:
    """Unit direction of every segment in every frame.

    Args:
        image_points: (T, 33, 2) landmarks on the plane z = 1 of the camera.
        starts: (T, S, 3) m, camera axes, where each segment of ``body.SEGMENTS`` starts (its middle, if centered).
        lengths: (S,) m.
        rough: (T, S, 3) unit, rough directions from the network, camera axes.
        weights: (T, S) confidence.
        fps: frames per second.
        options: standard deviations.

    Returns:
        (T, S, 3) unit, camera axes; from its start, each segment points at the ray of its end.
    """
    options = options or DepthOptions()
    seen = _Seen.of(image_points, starts, lengths, rough, weights)
    elevation = _refined(seen, _viterbi(seen, fps, options), fps, options)
    sideways = seen.across + seen.anchor * (lengths * np.sin(elevation))[..., None]
    size = np.linalg.norm(sideways, axis=-1, keepdims=True)
    sideways = np.where(size > 1e-9, sideways / np.maximum(size, 1e-9), np.array([1.0, 0.0]))
    return np.concatenate([sideways * np.cos(elevation)[..., None], np.sin(elevation)[..., None]], axis=-1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What speaks for the elevation of each segment in each frame."""

    across: FloatArray
    """(T, S, 2) m, across the line of sight if it does not lean."""
    anchor: FloatArray
    """(T, S, 2) what a depth step of 1 m adds to that."""
    lengths: FloatArray
    """(S,) m."""
    rough: FloatArray
    """(T, S) sine of the elevation by the network."""
    weights: FloatArray
    """(T, S)."""

    @classmethod
    def of(
        cls, image_points: FloatArray, starts: FloatArray, lengths: FloatArray, rough: FloatArray, weights: FloatArray
    ) -> Self:
        """Segments are seen from where they start on the skeleton, so that the errors of a chain do not add up."""
        across, anchor = [], []
        for i, segment in enumerate(body.SEGMENTS):
            start, end = (body.group_mean(image_points, group) for group in (segment.start, segment.end))
            depth = starts[:, i, 2:]
            across.append((end - start) * depth if segment.centered else end * depth - starts[:, i, :2])
            anchor.append((start + end) / 2 if segment.centered else end)
        return cls(np.stack(across, axis=1), np.stack(anchor, axis=1), lengths, rough[..., 2], weights)

    def cost(self, rows: slice, fps: float, options: DepthOptions) -> NDArray[np.float32]:
        """Cost (T, S, K) of every elevation in some of the frames."""
        step = self.lengths[:, None] * np.sin(ELEVATIONS)
        x, y = (self.across[rows, :, axis, None] + self.anchor[rows, :, axis, None] * step for axis in range(2))
        slack = np.array([segment.slack for segment in body.SEGMENTS])
        sigma = np.hypot(options.across_sigma, slack * self.lengths)[:, None]
        expected = self.lengths[:, None] * np.cos(ELEVATIONS)
        picture = np.minimum(((np.hypot(x, y) - expected) / sigma) ** 2, 50.0)
        guess = np.minimum(((np.sin(ELEVATIONS) - self.rough[rows, :, None]) / options.rough_sigma) ** 2, 9.0)
        cost: FloatArray = self.weights[rows, :, None] * picture + guess * min(1.0, options.rough_rate / fps)
        return cost.astype(np.float32)


def _blocks(frames: int) -> Iterator[slice]:
    return (slice(first, min(first + BLOCK, frames)) for first in range(0, frames, BLOCK))


def _viterbi(seen: _Seen, fps: float, options: DepthOptions) -> NDArray[np.intp]:
    """The sequence (T, S) of steps with the least cost, jumps included."""
    jump = (ELEVATIONS[:, None] - ELEVATIONS[None, :]) * np.sqrt(fps) / options.turn_spread
    price = np.minimum(jump**2, options.turn_limit).astype(np.float32)
    frames, segments = seen.rough.shape
    total = np.zeros((segments, STEPS), dtype=np.float32)
    origin = np.empty((frames, segments, STEPS), dtype=np.int8)
    for rows in _blocks(frames):
        for t, cost in enumerate(seen.cost(rows, fps, options), start=rows.start):
            ways = total[:, :, None] + price
            origin[t] = ways.argmin(axis=1)
            total = cost + ways.min(axis=1)
        total -= total.min(axis=-1, keepdims=True)
    path = np.empty((frames, segments), dtype=np.intp)
    path[-1] = total.argmin(axis=-1)
    for t in range(frames - 1, 0, -1):
        path[t - 1] = origin[t, np.arange(segments), path[t]]
    return path


def _refined(seen: _Seen, best: NDArray[np.intp], fps: float, options: DepthOptions) -> FloatArray:
    """Elevation (T, S) at the bottom of the parabola through the best step and its neighbours."""
    middle = np.clip(best, 1, STEPS - 2)
    near = np.empty((3, *best.shape))
    for rows in _blocks(len(best)):
        cost = seen.cost(rows, fps, options)
        for i in range(3):
            near[i, rows] = np.take_along_axis(cost, (middle[rows] + i - 1)[..., None], axis=-1)[..., 0]
    below, here, above = near
    curvature = below - 2 * here + above
    shift = np.where(curvature > 1e-6, 0.5 * (below - above) / np.maximum(curvature, 1e-6), 0.0)
    spacing = ELEVATIONS[1] - ELEVATIONS[0]
    return np.asarray(ELEVATIONS[best] + np.where(best == middle, np.clip(shift, -0.5, 0.5), 0.0) * spacing)

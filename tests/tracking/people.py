"""Observations of invented people who move through a picture."""

from collections.abc import Callable

import numpy as np

from bodydouble.data import Observation

WIDTH = 1000.0
Path = Callable[[int], tuple[float, float] | None]
"""Where a person is in a frame, px, or None if out of sight."""


def observation(
    position: tuple[float, float], height: float = 200.0, pose_seed: int = 0, score: float = 0.9
) -> Observation:
    """A person of a given height in px and of their own pose."""
    shape = np.random.default_rng(pose_seed).uniform(-0.5, 0.5, (33, 2)) * [0.4 * height, height]
    points = shape + position
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    keypoints = np.column_stack([points, np.full(33, 0.9)])
    return Observation(box, keypoints, np.column_stack([shape, np.zeros(33)]) / height, score)


def straight_path(x: float, y: float, dx: float, dy: float = 0.0, frames: range = range(10_000)) -> Path:
    """Constant velocity in px per frame, in sight during some frames only."""
    return lambda frame: (x + dx * frame, y + dy * frame) if frame in frames else None


def observe_paths(length: int, *paths: Path) -> list[tuple[Observation, ...]]:
    """What is seen of some people in each frame. Each has a pose of their own."""
    return [
        tuple(observation(place, pose_seed=i) for i, path in enumerate(paths) if (place := path(frame)) is not None)
        for frame in range(length)
    ]

"""Observations of synthetic people who move through an image, and their tracks."""

from collections.abc import Callable, Sequence

import numpy as np

from bodydouble.data import Observation, Track
from bodydouble.tracking.association import AssociationOptions, associate_observations, build_track

FPS = 30.0
WIDTH = 1000.0
Path = Callable[[int], tuple[float, float] | None]
"""Function from a frame to the position of a person in px; None while the person is not visible."""


def observation(
    position: tuple[float, float], height: float = 200.0, pose_seed: int = 0, score: float = 0.9
) -> Observation:
    """Creates a person of a height in px, with a random pose."""
    shape = np.random.default_rng(pose_seed).uniform(-0.5, 0.5, (33, 2)) * [0.4 * height, height]
    points = shape + position
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    keypoints = np.column_stack([points, np.full(33, 0.9)])
    return Observation(box, keypoints, np.column_stack([shape, np.zeros(33)]) / height, score)


def straight_path(x: float, y: float, dx: float, dy: float = 0.0, frames: range = range(10_000)) -> Path:
    """Constant velocity in px per frame, visible during some frames only."""
    return lambda frame: (x + dx * frame, y + dy * frame) if frame in frames else None


def observe_paths(length: int, *paths: Path) -> list[tuple[Observation, ...]]:
    """Observes people on paths in each frame; each person has a different pose."""
    return [
        tuple(observation(position, pose_seed=i) for i, path in enumerate(paths) if (position := path(frame)))
        for frame in range(length)
    ]


def associate(
    observations: Sequence[Sequence[Observation]],
    fps: float = FPS,
    options: AssociationOptions | None = None,
    shot_starts: Sequence[int] = (),
) -> tuple[Track, ...]:
    """Returns the tracks of people without ids, with the confidences that were observed."""
    tracklets = associate_observations(observations, fps, options, shot_starts)
    return tuple(build_track(tracklet) for tracklet in tracklets)

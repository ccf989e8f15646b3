"""Simulated captures: a performer in front of a random camera -> the ``Track`` that perception would find."""

from collections.abc import Callable

import numpy as np

from bodydouble.data import FloatArray, Motion, Track
from bodydouble.motion.lifting import person_view
from bodydouble.synthetic import bodies
from bodydouble.training.detector_noise import DetectorNoise
from bodydouble.training.samples import observe

IMAGE_SIZE = (1280, 720)
"""Width and height of the image in px."""
FOCAL_RATIOS = (0.7, 1.5)
"""Range of the focal length relative to the width of the image."""


def simulate_track(
    performer: tuple[bodies.Body, Motion],
    choose_noise: Callable[[FloatArray, FloatArray], DetectorNoise],
    rng: np.random.Generator,
) -> Track:
    """Simulates the track of a performer of T frames by a random static camera; arguments as for ``observe``."""
    seen = observe(performer, choose_noise, rng)
    points = person_view.image_points_from_view(seen.view, seen.view.points + seen.noise.points)
    focal_length = IMAGE_SIZE[0] * np.exp(rng.uniform(*np.log(FOCAL_RATIOS)))
    pixels = focal_length * points + np.array(IMAGE_SIZE) / 2
    keypoints = np.concatenate([pixels, seen.noise.confidence[..., None]], axis=-1)
    count = len(keypoints)
    return Track(
        frames=np.arange(count),
        observed=np.ones(count, dtype=bool),
        boxes=np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=-1),
        keypoints=keypoints,
        landmarks_3d=seen.landmarks_3d + seen.noise.landmarks_3d,
    )

"""Simulated tracks: without noise they are the projections of the performer."""

import numpy as np
import pytest

pytest.importorskip("torch")

from bodydouble.geometry import camera
from bodydouble.synthetic import bodies
from bodydouble.training.detections import WINDOW_FRAMES
from bodydouble.training.detector_noise import DetectorNoise
from bodydouble.training.samples import observe
from bodydouble.training.simulated_tracks import FOCAL_RATIOS, IMAGE_SIZE, simulate_track
from tests.builders import assert_same
from tests.training.scenes import swaying_motion

BODY = bodies.load_bodies()[0]


def noise(size: float) -> DetectorNoise:
    rng = np.random.default_rng(3)
    points, landmarks_3d = rng.normal(0, size, (WINDOW_FRAMES, 33, 2)), rng.normal(0, size, (WINDOW_FRAMES, 33, 3))
    return DetectorNoise(points, landmarks_3d, rng.uniform(0.3, 1.0, (WINDOW_FRAMES, 33)))


@pytest.mark.parametrize("seed", range(4))
def test_keypoints_without_noise_are_projections(seed: int) -> None:
    motion = swaying_motion()
    track = simulate_track((BODY, motion), lambda *_: noise(0.0), np.random.default_rng(seed))
    seen = observe((BODY, motion), lambda *_: noise(0.0), np.random.default_rng(seed))
    across = seen.true_landmarks_3d[..., :2] / seen.true_landmarks_3d[..., 2:]
    offsets = track.keypoints[..., :2] - np.array(IMAGE_SIZE) / 2
    focal_length = float((offsets * across).sum() / (across**2).sum())
    assert FOCAL_RATIOS[0] <= focal_length / IMAGE_SIZE[0] <= FOCAL_RATIOS[1]
    expected = camera.project(camera.intrinsics_from_focal_length(focal_length, IMAGE_SIZE), seen.true_landmarks_3d)
    assert_same(track.keypoints[..., :2], expected, 1e-6)


def test_noise_moves_keypoints_and_3d_landmarks() -> None:
    performer = (BODY, swaying_motion())
    exact, noisy = (
        simulate_track(performer, lambda *_, size=size: noise(size), np.random.default_rng(1)) for size in (0.0, 0.1)
    )
    assert_same(noisy.landmarks_3d - exact.landmarks_3d, noise(0.1).landmarks_3d, 1e-9)
    assert np.abs(noisy.keypoints[..., :2] - exact.keypoints[..., :2]).mean() > 1.0
    assert_same(noisy.keypoints[..., 2], noise(0.1).confidence, 1e-9)
    assert (noisy.boxes[:, :2] <= noisy.keypoints[..., :2].min(axis=1)).all()

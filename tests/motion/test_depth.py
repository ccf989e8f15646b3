"""Laws of depth from foreshortening."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.geometry import camera, rotation
from bodydouble.motion import body, depth
from bodydouble.motion.place import landmark_positions
from bodydouble.motion.reconstruct import guessed_intrinsics
from tests.motion.scenes import SIZE, standing_camera, waving_motion


def scene(yaw: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Landmarks in camera axes (T, 33, 3), their image points, and the lengths of the segments."""
    motion = waving_motion()
    points = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    points = camera.transform(standing_camera(yaw=yaw), points)
    pixels = camera.project(guessed_intrinsics(SIZE), points)
    image = camera.rays(guessed_intrinsics(SIZE), pixels)[..., :2]
    return points, image, body.segment_lengths(motion.skeleton)


@pytest.mark.parametrize("yaw", [0.0, 0.6, 1.5, 3.0])
def test_true_lengths_and_a_rough_sign_give_the_true_direction(yaw: float) -> None:
    points, image, lengths = scene(yaw)
    true = rotation.normalize(body.segment_vectors(points))
    rough = rotation.normalize(true * np.array([1.0, 1.0, 0.6]))
    starts = body.segment_starts(points)
    found = depth.resolve(image, starts, lengths, rough, np.ones(true.shape[:2]), 30.0)
    error = np.degrees(np.arccos(np.clip(np.sum(found * true, axis=-1), -1, 1)))
    assert error.mean() < 8.0
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0, atol=1e-9)


def test_wrong_rough_depth_in_a_few_frames_is_overruled() -> None:
    points, image, lengths = scene(0.9)
    true = rotation.normalize(body.segment_vectors(points))
    rough = true.copy()
    rough[20:23, :, 2] *= -1
    starts = body.segment_starts(points)
    found = depth.resolve(image, starts, lengths, rough, np.ones(true.shape[:2]), 30.0)
    pelvis = body.SEGMENT_INDEX["pelvis"]
    assert np.abs(true[20:23, pelvis, 2]).min() > 0.5
    assert np.all(np.sign(found[20:23, pelvis, 2]) == np.sign(true[20:23, pelvis, 2]))

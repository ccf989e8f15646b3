"""Laws of completing keypoints that lack landmarks and depths."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Track
from bodydouble.geometry import camera
from bodydouble.motion.lifting.completion import DEFAULT_CONFIDENCE, complete_landmarks
from bodydouble.motion.lifting.lift import prepare_fit
from bodydouble.motion.lifting.lifter import LANDMARKS_3D_SIZE
from bodydouble.motion.lifting.person_view import HIP_INDICES, SCALE_LANDMARKS
from bodydouble.skeletons import blazepose, coco
from tests.motion.scenes import IMAGE_SIZE, simulated_track, static_camera, waving_motion

INTRINSICS = camera.intrinsics_from_focal_length(900.0, IMAGE_SIZE)
SIGNS = np.array([-1.0, 1.0, 1.0])
ORDER = list(blazepose.MIRROR)
UNKNOWN = [i for i in range(33) if i not in coco.BLAZEPOSE_INDICES]
ROUNDING = 2e-4


def waving_keypoints(frames: int = 45, yaw: float = 0.6) -> tuple[Track, FloatArray, FloatArray]:
    """Returns a waving person's track, and image points and confidences of the COCO keypoints in it."""
    track = simulated_track(waving_motion(frames), static_camera(yaw=yaw), INTRINSICS)
    confidence = track.keypoints[..., 2].copy()
    confidence[:, UNKNOWN] = 0.0
    return track, camera.rays(INTRINSICS, track.keypoints[..., :2])[..., :2], confidence


def test_known_landmarks_are_unchanged() -> None:
    _, image_points, confidence = waving_keypoints()
    points, completed_confidence, landmarks_3d = complete_landmarks(image_points, confidence, 30.0)
    known = confidence > 0
    np.testing.assert_array_equal(points[known], image_points[known])
    np.testing.assert_array_equal(completed_confidence[known], confidence[known])
    assert np.isfinite(landmarks_3d).all()


def test_positions_of_unknown_landmarks_are_ignored() -> None:
    _, image_points, confidence = waving_keypoints()
    altered = image_points.copy()
    # The hips and limbs, which define the person view, are unchanged.
    altered[:, UNKNOWN] += np.random.default_rng(0).normal(0, 0.1, (len(image_points), len(UNKNOWN), 2))
    for first, second in zip(
        complete_landmarks(image_points, confidence, 30.0), complete_landmarks(altered, confidence, 30.0), strict=True
    ):
        np.testing.assert_allclose(first, second, atol=ROUNDING)


def test_hands_and_feet_are_imputed_near_their_positions() -> None:
    for yaw in (0.0, 0.6, 2.0):
        _, image_points, confidence = waving_keypoints(yaw=yaw)
        points, _, _ = complete_landmarks(image_points, confidence, 30.0)
        error = np.linalg.norm(points - image_points, axis=-1)[:, UNKNOWN]
        height = np.ptp(image_points[..., 1], axis=1).mean()
        assert error.mean() < 0.03 * height


def test_depths_correlate_with_the_true_ones() -> None:
    for yaw in (0.6, 1.2, 2.0):
        track, image_points, confidence = waving_keypoints(yaw=yaw)
        _, _, landmarks_3d = complete_landmarks(image_points, confidence, 30.0)
        true_depths = track.landmarks_3d[:, SCALE_LANDMARKS, 2]
        assert np.corrcoef(landmarks_3d[:, SCALE_LANDMARKS, 2].ravel(), true_depths.ravel())[0, 1] > 0.7


def test_3d_landmarks_have_the_scale_of_the_landmark_network() -> None:
    _, image_points, confidence = waving_keypoints()
    _, _, landmarks_3d = complete_landmarks(image_points, confidence, 30.0)
    hips = landmarks_3d[:, HIP_INDICES].mean(axis=1)
    assert np.linalg.norm(hips, axis=-1).max() < 0.05
    assert np.median(np.linalg.norm(landmarks_3d[:, SCALE_LANDMARKS], axis=-1)) == pytest.approx(
        LANDMARKS_3D_SIZE, rel=0.2
    )


def test_completion_is_mirror_symmetric() -> None:
    _, image_points, confidence = waving_keypoints()
    points, completed_confidence, landmarks_3d = complete_landmarks(image_points, confidence, 30.0)
    mirrored = complete_landmarks(image_points[:, ORDER] * SIGNS[:2], confidence[:, ORDER], 30.0)
    np.testing.assert_allclose(mirrored[0], points[:, ORDER] * SIGNS[:2], atol=ROUNDING)
    np.testing.assert_allclose(mirrored[1], completed_confidence[:, ORDER])
    np.testing.assert_allclose(mirrored[2], landmarks_3d[:, ORDER] * SIGNS, atol=ROUNDING)


def test_completion_hardly_depends_on_the_frame_rate() -> None:
    _, image_points, confidence = waving_keypoints(61)
    _, _, dense = complete_landmarks(image_points, confidence, 60.0)
    _, _, sparse = complete_landmarks(image_points[::2], confidence[::2], 30.0)
    assert np.abs(dense[::2] - sparse).mean() < 0.01


def test_frames_without_known_landmarks_have_the_default_confidence() -> None:
    _, image_points, confidence = waving_keypoints(10)
    confidence[3] = 0.0
    _, completed_confidence, _ = complete_landmarks(image_points, confidence, 30.0)
    assert np.all(completed_confidence[3] == DEFAULT_CONFIDENCE)
    assert np.all(completed_confidence[2] == pytest.approx(0.95))


def test_a_track_without_3d_landmarks_is_lifted() -> None:
    track, _, confidence = waving_keypoints()
    keypoints = np.concatenate([track.keypoints[..., :2], confidence[..., None]], axis=-1)
    flat = replace(track, keypoints=keypoints, landmarks_3d=np.full_like(track.landmarks_3d, np.nan))
    static = np.tile(np.eye(4), (len(track.frames), 1, 1))
    whole, part = (prepare_fit(one, INTRINSICS, 30.0, static) for one in (track, flat))
    np.testing.assert_array_equal(part.confidence, confidence)
    away = np.linalg.norm(whole.start.root - part.start.root, axis=-1)
    assert np.median(away) < 0.1 * np.median(np.linalg.norm(whole.start.root, axis=-1))
    assert np.isfinite(part.targets.depths).all()

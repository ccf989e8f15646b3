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
FLIP = np.array([-1.0, 1.0, 1.0])
SWAP = list(blazepose.MIRROR)
UNKNOWN = [i for i in range(33) if i not in coco.BLAZEPOSE_INDICES]
ROUNDING = 2e-4


def seen(frames: int = 45, yaw: float = 0.6) -> tuple[Track, FloatArray, FloatArray]:
    """Somebody who waves, and the rays and confidences of COCO's keypoints of them."""
    track = simulated_track(waving_motion(frames), static_camera(yaw=yaw), INTRINSICS)
    confidence = track.keypoints[..., 2].copy()
    confidence[:, UNKNOWN] = 0.0
    return track, camera.rays(INTRINSICS, track.keypoints[..., :2])[..., :2], confidence


def test_what_is_known_stays() -> None:
    _, rays, confidence = seen()
    points, sure, rough = complete_landmarks(rays, confidence, 30.0)
    known = confidence > 0
    np.testing.assert_array_equal(points[known], rays[known])
    np.testing.assert_array_equal(sure[known], confidence[known])
    assert np.isfinite(rough).all()


def test_what_is_not_known_does_not_matter() -> None:
    _, rays, confidence = seen()
    other = rays.copy()
    # The hips and limbs, by which the person's place and size are measured, stay.
    other[:, UNKNOWN] += np.random.default_rng(0).normal(0, 0.1, (len(rays), len(UNKNOWN), 2))
    for first, second in zip(
        complete_landmarks(rays, confidence, 30.0), complete_landmarks(other, confidence, 30.0), strict=True
    ):
        np.testing.assert_allclose(first, second, atol=ROUNDING)


def test_hands_and_feet_are_put_near_where_they_are() -> None:
    for yaw in (0.0, 0.6, 2.0):
        _, rays, confidence = seen(yaw=yaw)
        points, _, _ = complete_landmarks(rays, confidence, 30.0)
        error = np.linalg.norm(points - rays, axis=-1)[:, UNKNOWN]
        height = np.ptp(rays[..., 1], axis=1).mean()
        assert error.mean() < 0.03 * height


def test_depths_are_told_from_a_motion_in_the_picture() -> None:
    for yaw in (0.6, 1.2, 2.0):
        track, rays, confidence = seen(yaw=yaw)
        _, _, rough = complete_landmarks(rays, confidence, 30.0)
        true = track.landmarks_3d[:, SCALE_LANDMARKS, 2]
        assert np.corrcoef(rough[:, SCALE_LANDMARKS, 2].ravel(), true.ravel())[0, 1] > 0.7


def test_rough_joints_are_as_large_as_those_of_the_landmark_network() -> None:
    _, rays, confidence = seen()
    _, _, rough = complete_landmarks(rays, confidence, 30.0)
    hips = rough[:, HIP_INDICES].mean(axis=1)
    assert np.linalg.norm(hips, axis=-1).max() < 0.05
    assert np.median(np.linalg.norm(rough[:, SCALE_LANDMARKS], axis=-1)) == pytest.approx(LANDMARKS_3D_SIZE, rel=0.2)


def test_the_mirror_image_is_completed_to_the_mirror_image() -> None:
    _, rays, confidence = seen()
    points, sure, rough = complete_landmarks(rays, confidence, 30.0)
    mirrored = complete_landmarks(rays[:, SWAP] * FLIP[:2], confidence[:, SWAP], 30.0)
    np.testing.assert_allclose(mirrored[0], points[:, SWAP] * FLIP[:2], atol=ROUNDING)
    np.testing.assert_allclose(mirrored[1], sure[:, SWAP])
    np.testing.assert_allclose(mirrored[2], rough[:, SWAP] * FLIP, atol=ROUNDING)


def test_the_rate_hardly_matters() -> None:
    _, rays, confidence = seen(61)
    _, _, dense = complete_landmarks(rays, confidence, 60.0)
    _, _, sparse = complete_landmarks(rays[::2], confidence[::2], 30.0)
    assert np.abs(dense[::2] - sparse).mean() < 0.01


def test_frames_in_which_nothing_is_known_have_usual_confidences() -> None:
    _, rays, confidence = seen(10)
    confidence[3] = 0.0
    _, sure, _ = complete_landmarks(rays, confidence, 30.0)
    assert np.all(sure[3] == DEFAULT_CONFIDENCE)
    assert np.all(sure[2] == pytest.approx(0.95))


def test_a_track_without_rough_joints_is_lifted() -> None:
    track, _, confidence = seen()
    keypoints = np.concatenate([track.keypoints[..., :2], confidence[..., None]], axis=-1)
    flat = replace(track, keypoints=keypoints, landmarks_3d=np.full_like(track.landmarks_3d, np.nan))
    still = np.tile(np.eye(4), (len(track.frames), 1, 1))
    whole, part = (prepare_fit(one, INTRINSICS, 30.0, still) for one in (track, flat))
    np.testing.assert_array_equal(part.confidence, confidence)
    away = np.linalg.norm(whole.start.root - part.start.root, axis=-1)
    assert np.median(away) < 0.1 * np.median(np.linalg.norm(whole.start.root, axis=-1))
    assert np.isfinite(part.targets.depths).all()

"""Random cameras keep people in view and move according to their kind."""

import numpy as np
import pytest

from bodydouble.data import Camera, FloatArray
from bodydouble.geometry import camera
from bodydouble.synthetic import cameras
from bodydouble.synthetic.cameras import CameraMotion

SIZES = ((1280, 720), (720, 1280))


def _walking_points(frames: int = 60) -> FloatArray:
    """Points (F, N, 3) in m of a person who walks 3 m."""
    rng = np.random.default_rng(0)
    body = rng.uniform([-0.3, 0.0, -0.2], [0.3, 1.75, 0.2], (20, 3))
    path = np.linspace([-1.5, 0.0, 0.3], [1.5, 0.0, -0.4], frames)
    return body + path[:, None]


def _sampled_camera(camera_motion: CameraMotion, size: tuple[int, int] = SIZES[0], seed: int = 0) -> Camera:
    return cameras.sample_camera(_walking_points(), 30.0, size, camera_motion, 0.7, np.random.default_rng(seed))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("camera_motion", list(CameraMotion))
@pytest.mark.parametrize("seed", range(3))
def test_all_people_are_in_view(camera_motion: CameraMotion, size: tuple[int, int], seed: int) -> None:
    view = _sampled_camera(camera_motion, size, seed)
    camera_points = camera.transform(view.camera_from_world, _walking_points())
    fractions = camera.project(view.intrinsics, camera_points) / np.array(size)
    assert camera_points[..., 2].min() >= cameras.MIN_DEPTH
    margin = (1 - cameras.CameraRanges().fill_fractions[1]) / 2
    assert fractions.min() > margin - 1e-9
    assert fractions.max() < 1 - margin + 1e-9


@pytest.mark.parametrize("camera_motion", list(CameraMotion))
def test_poses_are_rotations(camera_motion: CameraMotion) -> None:
    rotations = _sampled_camera(camera_motion).camera_from_world[:, :3, :3]
    np.testing.assert_allclose(
        rotations @ np.swapaxes(rotations, 1, 2), np.broadcast_to(np.eye(3), rotations.shape), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1.0)
    up = -rotations[:, 1]
    assert np.all(up[:, 1] > 0.5)


def _camera_positions(view: Camera) -> FloatArray:
    return np.asarray(camera.inverse(view.camera_from_world)[:, :3, 3])


def test_camera_motions_differ_as_named() -> None:
    static, pan, handheld, dolly = (_sampled_camera(camera_motion) for camera_motion in CameraMotion)
    assert np.ptp(static.camera_from_world, axis=0).max() < 1e-12
    assert np.ptp(_camera_positions(pan), axis=0).max() < 1e-9
    assert np.ptp(pan.camera_from_world[:, :3, :3], axis=0).max() > 0.1
    assert 0.0 < np.ptp(_camera_positions(handheld), axis=0).max() < 0.2
    assert np.ptp(_camera_positions(dolly), axis=0).max() > 0.3


@pytest.mark.parametrize("seed", range(5))
def test_heights_and_focal_lengths_are_in_the_ranges_of_phones(seed: int) -> None:
    view = _sampled_camera(CameraMotion.STATIC, seed=seed)
    assert cameras.CameraRanges().heights[0] <= _camera_positions(view)[0, 1] <= cameras.CameraRanges().heights[1]
    millimetres = view.intrinsics[0, 0] / 1280 * 36
    assert cameras.CameraRanges().focal_lengths_mm[0] <= millimetres <= cameras.CameraRanges().focal_lengths_mm[1]


def test_same_seed_gives_same_camera() -> None:
    first, again, different = (
        _sampled_camera(CameraMotion.HANDHELD, seed=1),
        _sampled_camera(CameraMotion.HANDHELD, seed=1),
        _sampled_camera(CameraMotion.HANDHELD, seed=2),
    )
    np.testing.assert_array_equal(first.camera_from_world, again.camera_from_world)
    assert not np.allclose(first.camera_from_world, different.camera_from_world)

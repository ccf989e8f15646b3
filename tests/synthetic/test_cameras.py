"""Virtual cameras keep people in view and do what they are said to do."""

import numpy as np
import pytest

from bodydouble.data import Camera, FloatArray
from bodydouble.geometry import camera
from bodydouble.synthetic import cameras
from bodydouble.synthetic.cameras import CameraMotion

SIZES = ((1280, 720), (720, 1280))


def _walker(frames: int = 60) -> FloatArray:
    """(F, N, 3) m, somebody who walks 3 m."""
    rng = np.random.default_rng(0)
    body = rng.uniform([-0.3, 0.0, -0.2], [0.3, 1.75, 0.2], (20, 3))
    path = np.linspace([-1.5, 0.0, 0.3], [1.5, 0.0, -0.4], frames)
    return body + path[:, None]


def _filmed(move: CameraMotion, size: tuple[int, int] = SIZES[0], seed: int = 0) -> Camera:
    return cameras.sample_camera(_walker(), 30.0, size, move, 0.7, np.random.default_rng(seed))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("move", list(CameraMotion))
@pytest.mark.parametrize("seed", range(3))
def test_everybody_is_in_view(move: CameraMotion, size: tuple[int, int], seed: int) -> None:
    view = _filmed(move, size, seed)
    seen = camera.transform(view.camera_from_world, _walker())
    share = camera.project(view.intrinsics, seen) / np.array(size)
    assert seen[..., 2].min() >= cameras.MIN_DEPTH
    margin = (1 - cameras.FILL_FRACTIONS[1]) / 2
    assert share.min() > margin - 1e-9
    assert share.max() < 1 - margin + 1e-9


@pytest.mark.parametrize("move", list(CameraMotion))
def test_poses_are_rotations(move: CameraMotion) -> None:
    turns = _filmed(move).camera_from_world[:, :3, :3]
    np.testing.assert_allclose(turns @ np.swapaxes(turns, 1, 2), np.broadcast_to(np.eye(3), turns.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turns), 1.0)
    up = -turns[:, 1]
    assert np.all(up[:, 1] > 0.5)


def _positions(view: Camera) -> FloatArray:
    return np.asarray(camera.inverse(view.camera_from_world)[:, :3, 3])


def test_moves_differ_as_their_names_say() -> None:
    static, pan, handheld, dolly = (_filmed(move) for move in CameraMotion)
    assert np.ptp(static.camera_from_world, axis=0).max() < 1e-12
    assert np.ptp(_positions(pan), axis=0).max() < 1e-9
    assert np.ptp(pan.camera_from_world[:, :3, :3], axis=0).max() > 0.1
    assert 0.0 < np.ptp(_positions(handheld), axis=0).max() < 0.2
    assert np.ptp(_positions(dolly), axis=0).max() > 0.3


@pytest.mark.parametrize("seed", range(5))
def test_heights_and_lenses_are_those_of_phones(seed: int) -> None:
    view = _filmed(CameraMotion.STATIC, seed=seed)
    assert cameras.CAMERA_HEIGHTS[0] <= _positions(view)[0, 1] <= cameras.CAMERA_HEIGHTS[1]
    millimetres = view.intrinsics[0, 0] / 1280 * 36
    assert cameras.FOCAL_LENGTHS_MM[0] <= millimetres <= cameras.FOCAL_LENGTHS_MM[1]


def test_same_seed_same_camera() -> None:
    one, again, other = (
        _filmed(CameraMotion.HANDHELD, seed=1),
        _filmed(CameraMotion.HANDHELD, seed=1),
        _filmed(CameraMotion.HANDHELD, seed=2),
    )
    np.testing.assert_array_equal(one.camera_from_world, again.camera_from_world)
    assert not np.allclose(one.camera_from_world, other.camera_from_world)

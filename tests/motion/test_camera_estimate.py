"""Validation of the camera path by the people, and its metric scale."""

from dataclasses import replace

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import camera, rotation
from bodydouble.motion.camera.path import CameraPath
from bodydouble.motion.camera_estimate import CameraEstimate, estimate_camera, find_camera_path
from bodydouble.motion.lifting.fit_input import FitInput
from bodydouble.motion.lifting.lift import prepare_fit
from bodydouble.motion.reconstruct import default_intrinsics
from tests.motion.scenes import IMAGE_SIZE, simulated_track, static_camera, waving_motion

FRAMES = 40
INTRINSICS = default_intrinsics(IMAGE_SIZE)
TRACK = simulated_track(waving_motion(FRAMES), static_camera(), INTRINSICS)
PERSON = prepare_fit(TRACK, INTRINSICS, 30.0, np.tile(np.eye(4), (FRAMES, 1, 1)))


def rotating_path(axis: FloatArray, travel: float = 0.0) -> CameraPath:
    """Returns the path of a camera that rotates by 40 degrees about an axis and travels along x."""
    angles = np.linspace(0, np.radians(40), FRAMES)[:, None]
    positions = np.linspace(0, travel, FRAMES)[:, None] * np.array([1.0, 0.0, 0.0])
    return CameraPath(
        rotation.to_matrix(rotation.from_rotvec(angles * axis)), positions, np.ones(FRAMES), is_moving=True
    )


def estimate_with_path(path: CameraPath, speed: float = 0.0, moving: bool | None = None) -> CameraEstimate:
    def lift_people(poses: FloatArray) -> list[FitInput]:
        """Returns a person whose up is that of the camera and who moves along x of the reference at a speed."""
        up = rotation.normalize(poses[:, :3, :3] @ np.array([0.0, -1.0, 0.0]))
        velocity = np.tile([speed, 0.0, 0.0], (FRAMES, 1))
        start = replace(PERSON.start, root=camera.transform(poses, np.tile([0.0, 0.0, 4.0], (FRAMES, 1, 1)))[:, 0])
        return [replace(PERSON, up=up, start=start, targets=replace(PERSON.targets, root_velocity=velocity))]

    return estimate_camera(lift_people, [TRACK], path, moving)


def test_follows_a_pan() -> None:
    path = rotating_path(np.array([0.0, 1.0, 0.0]))
    np.testing.assert_array_equal(estimate_with_path(path).reference_from_camera[:, :3, :3], path.first_from_camera)


def test_rejects_a_path_that_makes_gravity_swing() -> None:
    estimate = estimate_with_path(rotating_path(np.array([0.0, 0.0, 1.0])))
    np.testing.assert_array_equal(estimate.reference_from_camera, np.tile(np.eye(4), (FRAMES, 1, 1)))


def test_keeps_such_a_path_if_the_camera_is_known_to_move() -> None:
    path = rotating_path(np.array([0.0, 0.0, 1.0]))
    estimate = estimate_with_path(path, moving=True)
    np.testing.assert_array_equal(estimate.reference_from_camera[:, :3, :3], path.first_from_camera)


def test_scales_the_path_to_the_speed_of_the_people() -> None:
    path = rotating_path(np.zeros(3), travel=1.0)
    estimate = estimate_with_path(path, speed=1.5)
    seconds = (FRAMES - 1) / 30.0
    np.testing.assert_allclose(estimate.reference_from_camera[-1, 0, 3], 1.5 * seconds, rtol=1e-6)


def test_camera_without_background_is_static() -> None:
    estimate = estimate_camera(lambda _: [PERSON], [TRACK], find_camera_path(None, FRAMES, INTRINSICS))
    np.testing.assert_array_equal(estimate.reference_from_camera, np.tile(np.eye(4), (FRAMES, 1, 1)))


def test_only_a_camera_without_motion_is_static() -> None:
    poses = np.tile(np.eye(4), (3, 1, 1))
    assert CameraEstimate(poses, []).is_static
    poses[2, 0, 3] = 0.1
    assert not CameraEstimate(poses, []).is_static

"""The camera's path is believed as far as the people agree with it."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import Background, FloatArray
from bodydouble.geometry import camera, rotation
from bodydouble.motion import camera_estimate as module
from bodydouble.motion.camera.path import CameraPath
from bodydouble.motion.camera_estimate import CameraEstimate, estimate_camera
from bodydouble.motion.lifting.lift import FitInput, prepare_fit
from bodydouble.motion.reconstruct import default_intrinsics
from tests.motion.scenes import IMAGE_SIZE, simulated_track, static_camera, waving_motion

FRAMES = 40
INTRINSICS = default_intrinsics(IMAGE_SIZE)
NO_CORNERS = Background(
    FRAMES, np.array([0]), np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros((0, 2))
)  # fmt: skip
TRACK = simulated_track(waving_motion(FRAMES), static_camera(), INTRINSICS)
PERSON = prepare_fit(TRACK, INTRINSICS, 30.0, np.tile(np.eye(4), (FRAMES, 1, 1)))


def path(axis: FloatArray, travel: float = 0.0) -> CameraPath:
    """A camera that turns by 40 degrees about an axis, and travels along x."""
    angles = np.linspace(0, np.radians(40), FRAMES)[:, None]
    positions = np.linspace(0, travel, FRAMES)[:, None] * np.array([1.0, 0.0, 0.0])
    return CameraPath(
        rotation.to_matrix(rotation.from_rotvec(angles * axis)), positions, np.ones(FRAMES), is_moving=True
    )


def seen(
    moves: CameraPath, monkeypatch: pytest.MonkeyPatch, speed: float = 0.0, moving: bool | None = None
) -> CameraEstimate:
    def lifted(poses: FloatArray) -> list[FitInput]:
        """Somebody who takes the camera's up for up, and travels along x of the reference at a speed."""
        up = rotation.normalize(poses[:, :3, :3] @ np.array([0.0, -1.0, 0.0]))
        velocity = np.tile([speed, 0.0, 0.0], (FRAMES, 1))
        start = replace(PERSON.start, root=camera.transform(poses, np.tile([0.0, 0.0, 4.0], (FRAMES, 1, 1)))[:, 0])
        return [replace(PERSON, up=up, start=start, targets=replace(PERSON.targets, root_velocity=velocity))]

    monkeypatch.setattr(module, "estimate_camera_path", lambda *_: moves)
    return estimate_camera(lifted, [TRACK], FRAMES, NO_CORNERS, INTRINSICS, moving)


def test_a_pan_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    moves = path(np.array([0.0, 1.0, 0.0]))
    np.testing.assert_array_equal(seen(moves, monkeypatch).reference_from_camera[:, :3, :3], moves.first_from_camera)


def test_a_path_by_which_up_would_swing_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = seen(path(np.array([0.0, 0.0, 1.0])), monkeypatch)
    np.testing.assert_array_equal(found.reference_from_camera, np.tile(np.eye(4), (FRAMES, 1, 1)))


def test_a_path_is_believed_of_a_camera_that_is_known_to_move(monkeypatch: pytest.MonkeyPatch) -> None:
    moves = path(np.array([0.0, 0.0, 1.0]))
    found = seen(moves, monkeypatch, moving=True)
    np.testing.assert_array_equal(found.reference_from_camera[:, :3, :3], moves.first_from_camera)


def test_travel_gets_the_scale_at_which_people_are_as_fast_as_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    still = path(np.zeros(3), travel=1.0)
    found = seen(still, monkeypatch, speed=1.5)
    seconds = (FRAMES - 1) / 30.0
    np.testing.assert_allclose(found.reference_from_camera[-1, 0, 3], 1.5 * seconds, rtol=1e-6)


def test_without_background_the_camera_stands_still() -> None:
    found = estimate_camera(lambda _: [PERSON], [TRACK], FRAMES, None, INTRINSICS)
    np.testing.assert_array_equal(found.reference_from_camera, np.tile(np.eye(4), (FRAMES, 1, 1)))

"""Laws of the camera path: recovery of known paths from simulated corners and rendered clips; static cameras."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bodydouble.data import Background, FloatArray
from bodydouble.errors import RenderingUnavailableError
from bodydouble.geometry import camera, rotation
from bodydouble.motion.camera.path import CameraPath, estimate_camera_path, is_too_plain, static_camera_path
from bodydouble.perception.background import BackgroundTracker
from bodydouble.synthetic import deepmimic, rendered_clip
from bodydouble.synthetic.cameras import CameraMotion
from tests.synthetic import motions

SIZE = (1280, 720)
K = camera.intrinsics_from_focal_length(1100.0, SIZE)
FRAMES = 40
DEGREE = np.pi / 180
RENDERED_SEED = 4


def rotation_matrices(degrees: FloatArray) -> FloatArray:
    """Returns first_from_camera (F, 3, 3) of rotation vectors (F, 3) in degrees."""
    return rotation.to_matrix(rotation.from_rotvec(degrees * DEGREE))


def pan(frames: int = FRAMES) -> FloatArray:
    time = np.linspace(0, 1, frames)
    return rotation_matrices(np.stack([2 * np.sin(5 * time), 25 * time, np.sin(9 * time)], axis=-1))


def simulated_background(
    first_from_camera: FloatArray,
    positions: FloatArray | None = None,
    noise: float = 0.1,
    outliers: float = 0.0,
    seed: int = 0,
) -> Background:
    """Returns the corners that an ideal tracker observes all around; every tenth frame is a keyframe."""
    rng = np.random.default_rng(seed)
    frames = len(first_from_camera)
    positions = np.zeros((frames, 3)) if positions is None else positions
    points = rotation.normalize(rng.normal(size=(4000, 3))) * rng.uniform(4, 12, (4000, 1))
    moving = rng.random(len(points)) < outliers
    drift = rng.normal(0, 3, (len(points), 2)) * moving[:, None]
    rows = []
    for frame in range(frames):
        in_camera = (points - positions[frame]) @ first_from_camera[frame]
        pixels = np.full((len(points), 2), -1.0)
        pixels[in_camera[:, 2] > 0.1] = camera.project(K, in_camera[in_camera[:, 2] > 0.1])
        inside = np.flatnonzero(np.all((pixels > 0) & (pixels < SIZE), axis=1))
        exact = pixels[inside] + drift[inside] * frame
        rows.append((np.full(len(inside), frame), inside, exact + rng.normal(0, noise, exact.shape)))
    frame_ids, corners, pixels = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return Background(frames, np.arange(0, frames, 10), frame_ids, corners, pixels)


def rotation_errors(estimated: FloatArray, expected: FloatArray) -> FloatArray:
    """Returns the angles (F,) between rotations in degrees."""
    return rotation.angle_between(rotation.from_matrix(estimated), rotation.from_matrix(expected)) / DEGREE


@pytest.mark.parametrize(
    ("corner_count", "frame_count", "expected"), [(9, 5, True), (10, 5, False), (0, 5, True), (3, 1, False)]
)
def test_a_place_with_fewer_corners_than_a_rotation_needs_is_too_plain(
    corner_count: int, frame_count: int, expected: bool
) -> None:
    frames = np.repeat(np.arange(frame_count), corner_count)
    corner_ids = np.tile(np.arange(corner_count), frame_count)
    points = np.random.default_rng(0).uniform(0, SIZE[1], (len(frames), 2))
    background = Background(frame_count, np.array([0]), frames, corner_ids, points)
    assert is_too_plain(background) == expected
    assert not (expected and estimate_camera_path(background, K).inlier_fractions[1:].any())


def test_recovers_known_rotations() -> None:
    path = estimate_camera_path(simulated_background(pan()), K)
    assert path.is_moving
    assert rotation_errors(path.first_from_camera, pan()).max() < 0.05
    assert np.all(path.inlier_fractions > 0.95)


@pytest.mark.parametrize("fraction", [0.3, 0.5])
def test_is_robust_to_corners_on_moving_objects(fraction: float) -> None:
    path = estimate_camera_path(simulated_background(pan(), outliers=fraction), K)
    assert rotation_errors(path.first_from_camera, pan()).max() < 0.2
    assert path.inlier_fractions.mean() == pytest.approx(1 - fraction, abs=0.15)


def test_static_camera_is_exactly_static() -> None:
    path = estimate_camera_path(
        simulated_background(rotation_matrices(np.zeros((FRAMES, 3))), noise=0.3, outliers=0.4), K
    )
    assert not path.is_moving
    assert np.array_equal(path.first_from_camera, np.tile(np.eye(3), (FRAMES, 1, 1)))
    assert np.array_equal(path.positions, np.zeros((FRAMES, 3)))


def arc(frames: int) -> FloatArray:
    """Returns positions (F, 3) m on an arc."""
    course = np.linspace(0, 1, frames)
    return np.stack([np.sin(course), 0.1 * np.sin(5 * course), 1 - np.cos(course)], axis=-1)


def similarity(estimated: FloatArray, expected: FloatArray) -> float:
    """Returns 1 if the paths are equal up to scale."""
    return float(np.sum(estimated * expected) / np.sqrt(np.sum(estimated**2) * np.sum(expected**2)))


@pytest.mark.parametrize("outliers", [0.0, 0.15])
def test_recovers_a_trajectory_up_to_scale(outliers: float) -> None:
    path = estimate_camera_path(simulated_background(pan(), arc(FRAMES), outliers=outliers), K)
    assert path.is_moving
    assert rotation_errors(path.first_from_camera, pan()).max() < 0.3
    assert similarity(path.positions, arc(FRAMES)) > 0.999


def test_travel_without_rotation_is_motion() -> None:
    straight = np.linspace(0, 1.2, FRAMES)[:, None] * [0.0, 0.0, 1.0]
    path = estimate_camera_path(simulated_background(rotation_matrices(np.zeros((FRAMES, 3))), straight), K)
    assert path.is_moving
    assert rotation_errors(path.first_from_camera, rotation_matrices(np.zeros((FRAMES, 3)))).max() < 0.1
    assert similarity(path.positions, straight) > 0.999


def test_segments_of_a_long_trajectory_have_one_scale() -> None:
    frames = 200
    path = estimate_camera_path(simulated_background(pan(frames), 3 * arc(frames)), K)
    assert similarity(path.positions, 3 * arc(frames)) > 0.9999
    assert rotation_errors(path.first_from_camera, pan(frames)).max() < 0.1


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_wrong_focal_length_does_not_turn_a_pan_into_travel(factor: float) -> None:
    path = estimate_camera_path(simulated_background(pan()), K * [[factor, 1, 1], [1, factor, 1], [1, 1, 1]])
    assert path.is_moving
    assert np.array_equal(path.positions, np.zeros((FRAMES, 3)))
    angle, expected_angle = (
        rotation_errors(rotations, rotation_matrices(np.zeros((1, 3))))[-1]
        for rotations in (path.first_from_camera, pan())
    )
    assert angle == pytest.approx(expected_angle / factor, rel=0.1)


def test_flipped_image_gives_the_mirrored_rotation() -> None:
    background = simulated_background(pan(), noise=0.0)
    mirrored = Background(
        FRAMES,
        background.keyframes,
        background.frames,
        background.corner_ids,
        background.points * [-1, 1] + [SIZE[0], 0],
    )
    flip = np.diag([-1.0, 1.0, 1.0])
    original, flipped = estimate_camera_path(background, K), estimate_camera_path(mirrored, K)
    assert rotation_errors(flip @ original.first_from_camera @ flip, flipped.first_from_camera).max() < 1e-3


def test_keeps_the_rotation_in_frames_without_corners() -> None:
    background = simulated_background(pan())
    kept = ~np.isin(background.frames, [23, 24, 25])
    gap = Background(
        FRAMES, background.keyframes, background.frames[kept], background.corner_ids[kept], background.points[kept]
    )
    path = estimate_camera_path(gap, K)
    assert np.all(path.inlier_fractions[23:26] == 0)
    assert np.array_equal(path.first_from_camera[25], path.first_from_camera[22])
    assert rotation_errors(path.first_from_camera[26:], pan()[26:]).max() < 0.05


def test_path_continues_after_a_cut() -> None:
    background = simulated_background(pan())
    later = background.frames >= 20
    corners = background.corner_ids + 10_000 * later
    path = estimate_camera_path(
        Background(FRAMES, background.keyframes, background.frames, corners, background.points), K
    )
    assert path.inlier_fractions[20] == 0
    between = path.first_from_camera[20].T @ path.first_from_camera[39]
    assert rotation_errors(between, pan()[20].T @ pan()[39]) < 0.05


def test_ignores_a_jerk_of_one_frame() -> None:
    jerk = np.zeros((FRAMES, 3))
    jerk[17] = [3.0, 0.0, 0.0]
    assert not estimate_camera_path(simulated_background(rotation_matrices(jerk)), K).is_moving


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_short_clips(frames: int) -> None:
    path = estimate_camera_path(
        simulated_background(rotation_matrices(np.zeros((frames, 3)))) if frames else empty_background(0), K
    )
    assert not path.is_moving
    assert path.first_from_camera.shape == (frames, 3, 3)


def empty_background(frames: int) -> Background:
    empty = np.empty(0, dtype=int)
    return Background(frames, empty, empty, empty, np.empty((0, 2)))


def test_camera_without_corners_is_static() -> None:
    path = estimate_camera_path(empty_background(5), K)
    assert not path.is_moving
    assert np.array_equal(path.first_from_camera, static_camera_path(5).first_from_camera)
    assert path.inlier_fractions.tolist() == [1, 0, 0, 0, 0]


def path_of_rendered_clip(move: CameraMotion, folder: Path) -> tuple[CameraPath, FloatArray]:
    """Returns the path estimated from a rendered clip of a walking person, and the true rotations (F, 3, 3)."""
    motion = deepmimic.read_motion(motions.write(folder / "squat.txt", motions.squats(FRAMES)))
    aside = np.linspace(0, 2, len(motion.root_position))[:, None] * [1.0, 0.0, 0.0]
    motion = replace(motion, root_position=motion.root_position + aside)
    scene = rendered_clip.sample_scene([motion], RENDERED_SEED, rendered_clip.SceneOptions(move, (640, 360)))
    truth = rendered_clip.create_ground_truth(scene)
    tracker = BackgroundTracker()
    try:
        for frame, image in enumerate(rendered_clip.render_frames(scene)):
            tracker.process_frame(image, np.array([person.track.boxes[frame] for person in truth.people]))
    except RenderingUnavailableError as error:
        pytest.skip(str(error))
    rotations = truth.camera.camera_from_world[:, :3, :3]
    path = estimate_camera_path(tracker.result(), scene.camera.intrinsics)
    return path, rotations[0] @ np.swapaxes(rotations, -1, -2)


@pytest.mark.slow
def test_recovers_a_rendered_pan(tmp_path: Path) -> None:
    path, expected = path_of_rendered_clip(CameraMotion.PAN, tmp_path)
    assert path.is_moving
    assert rotation_errors(path.first_from_camera, expected).max() < 0.1


@pytest.mark.slow
def test_rendered_static_camera_is_static(tmp_path: Path) -> None:
    path, expected = path_of_rendered_clip(CameraMotion.STATIC, tmp_path)
    assert not path.is_moving
    assert np.array_equal(path.first_from_camera, np.tile(np.eye(3), (len(expected), 1, 1)))

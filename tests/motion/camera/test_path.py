"""The path of a camera: known ones come back, from synthetic corners and from a rendered clip; a tripod is still."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bodydouble.data import Background, FloatArray
from bodydouble.errors import RenderingUnavailableError
from bodydouble.geometry import camera, rotation
from bodydouble.motion.camera.path import CameraPath, estimate_camera_path, static_camera_path
from bodydouble.perception.background import BackgroundTracker
from bodydouble.synthetic import deepmimic, rendered_clip
from bodydouble.synthetic.cameras import CameraMotion
from tests.synthetic import motions

SIZE = (1280, 720)
K = camera.intrinsics_from_focal_length(1100.0, SIZE)
FRAMES = 40
DEGREE = np.pi / 180
RENDERED_SEED = 4


def turning(degrees: FloatArray) -> FloatArray:
    """first_from_camera (F, 3, 3) of rotation vectors (F, 3) in degrees."""
    return rotation.to_matrix(rotation.from_rotvec(degrees * DEGREE))


def pan(frames: int = FRAMES) -> FloatArray:
    time = np.linspace(0, 1, frames)
    return turning(np.stack([2 * np.sin(5 * time), 25 * time, np.sin(9 * time)], axis=-1))


def background_of(
    first_from_camera: FloatArray,
    positions: FloatArray | None = None,
    noise: float = 0.1,
    outliers: float = 0.0,
    seed: int = 0,
) -> Background:
    """What a perfect tracker sees of points all around; every tenth frame is a keyframe."""
    rng = np.random.default_rng(seed)
    frames = len(first_from_camera)
    positions = np.zeros((frames, 3)) if positions is None else positions
    points = rotation.normalize(rng.normal(size=(4000, 3))) * rng.uniform(4, 12, (4000, 1))
    wild = rng.random(len(points)) < outliers
    drift = rng.normal(0, 3, (len(points), 2)) * wild[:, None]
    rows = []
    for frame in range(frames):
        seen = (points - positions[frame]) @ first_from_camera[frame]
        pixels = np.full((len(points), 2), -1.0)
        pixels[seen[:, 2] > 0.1] = camera.project(K, seen[seen[:, 2] > 0.1])
        inside = np.flatnonzero(np.all((pixels > 0) & (pixels < SIZE), axis=1))
        exact = pixels[inside] + drift[inside] * frame
        rows.append((np.full(len(inside), frame), inside, exact + rng.normal(0, noise, exact.shape)))
    which, corners, pixels = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return Background(frames, np.arange(0, frames, 10), which, corners, pixels)


def errors(found: FloatArray, true: FloatArray) -> FloatArray:
    """(F,) degrees."""
    return rotation.angle_between(rotation.from_matrix(found), rotation.from_matrix(true)) / DEGREE


def test_known_rotations_are_recovered() -> None:
    path = estimate_camera_path(background_of(pan()), K)
    assert path.is_moving
    assert errors(path.first_from_camera, pan()).max() < 0.05
    assert np.all(path.inlier_fractions > 0.95)


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_corners_of_things_that_move_do_not_matter(share: float) -> None:
    path = estimate_camera_path(background_of(pan(), outliers=share), K)
    assert errors(path.first_from_camera, pan()).max() < 0.2
    assert path.inlier_fractions.mean() == pytest.approx(1 - share, abs=0.15)


def test_a_tripod_is_exactly_still() -> None:
    path = estimate_camera_path(background_of(turning(np.zeros((FRAMES, 3))), noise=0.3, outliers=0.4), K)
    assert not path.is_moving
    assert np.array_equal(path.first_from_camera, np.tile(np.eye(3), (FRAMES, 1, 1)))
    assert np.array_equal(path.positions, np.zeros((FRAMES, 3)))


def arc(frames: int) -> FloatArray:
    """Positions (F, 3) m on the way around something."""
    way = np.linspace(0, 1, frames)
    return np.stack([np.sin(way), 0.1 * np.sin(5 * way), 1 - np.cos(way)], axis=-1)


def likeness(found: FloatArray, true: FloatArray) -> float:
    """1 if the paths are alike but for one scale."""
    return float(np.sum(found * true) / np.sqrt(np.sum(found**2) * np.sum(true**2)))


@pytest.mark.parametrize("outliers", [0.0, 0.15])
def test_a_travel_is_recovered_up_to_scale(outliers: float) -> None:
    path = estimate_camera_path(background_of(pan(), arc(FRAMES), outliers=outliers), K)
    assert path.is_moving
    assert errors(path.first_from_camera, pan()).max() < 0.3
    assert likeness(path.positions, arc(FRAMES)) > 0.999


def test_a_camera_on_rails_that_does_not_turn_moves() -> None:
    straight = np.linspace(0, 1.2, FRAMES)[:, None] * [0.0, 0.0, 1.0]
    path = estimate_camera_path(background_of(turning(np.zeros((FRAMES, 3))), straight), K)
    assert path.is_moving
    assert errors(path.first_from_camera, turning(np.zeros((FRAMES, 3)))).max() < 0.1
    assert likeness(path.positions, straight) > 0.999


def test_parts_of_a_long_travel_have_one_scale() -> None:
    frames = 200
    path = estimate_camera_path(background_of(pan(frames), 3 * arc(frames)), K)
    assert likeness(path.positions, 3 * arc(frames)) > 0.9999
    assert errors(path.first_from_camera, pan(frames)).max() < 0.1


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_a_wrong_focal_length_does_not_make_a_pan_travel(factor: float) -> None:
    path = estimate_camera_path(background_of(pan()), K * [[factor, 1, 1], [1, factor, 1], [1, 1, 1]])
    assert path.is_moving
    assert np.array_equal(path.positions, np.zeros((FRAMES, 3)))
    turned, true = (errors(turns, turning(np.zeros((1, 3))))[-1] for turns in (path.first_from_camera, pan()))
    assert turned == pytest.approx(true / factor, rel=0.1)


def test_a_mirrored_picture_gives_the_mirrored_rotation() -> None:
    background = background_of(pan(), noise=0.0)
    mirrored = Background(
        FRAMES,
        background.keyframes,
        background.frames,
        background.corner_ids,
        background.points * [-1, 1] + [SIZE[0], 0],
    )
    flip = np.diag([-1.0, 1.0, 1.0])
    one, other = estimate_camera_path(background, K), estimate_camera_path(mirrored, K)
    assert errors(flip @ one.first_from_camera @ flip, other.first_from_camera).max() < 1e-3


def test_without_background_the_rotation_is_kept_and_nothing_is_certain() -> None:
    background = background_of(pan())
    kept = ~np.isin(background.frames, [23, 24, 25])
    gap = Background(
        FRAMES, background.keyframes, background.frames[kept], background.corner_ids[kept], background.points[kept]
    )
    path = estimate_camera_path(gap, K)
    assert np.all(path.inlier_fractions[23:26] == 0)
    assert np.array_equal(path.first_from_camera[25], path.first_from_camera[22])
    assert errors(path.first_from_camera[26:], pan()[26:]).max() < 0.05


def test_after_a_cut_the_path_goes_on() -> None:
    background = background_of(pan())
    later = background.frames >= 20
    corners = background.corner_ids + 10_000 * later
    path = estimate_camera_path(
        Background(FRAMES, background.keyframes, background.frames, corners, background.points), K
    )
    assert path.inlier_fractions[20] == 0
    between = path.first_from_camera[20].T @ path.first_from_camera[39]
    assert errors(between, pan()[20].T @ pan()[39]) < 0.05


def test_a_moment_is_no_movement() -> None:
    jerk = np.zeros((FRAMES, 3))
    jerk[17] = [3.0, 0.0, 0.0]
    assert not estimate_camera_path(background_of(turning(jerk)), K).is_moving


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_short_clips(frames: int) -> None:
    path = estimate_camera_path(background_of(turning(np.zeros((frames, 3)))) if frames else nothing(0), K)
    assert not path.is_moving
    assert path.first_from_camera.shape == (frames, 3, 3)


def nothing(frames: int) -> Background:
    empty = np.empty(0, dtype=int)
    return Background(frames, empty, empty, empty, np.empty((0, 2)))


def test_nothing_seen_is_a_still_camera() -> None:
    path = estimate_camera_path(nothing(5), K)
    assert not path.is_moving
    assert np.array_equal(path.first_from_camera, static_camera_path(5).first_from_camera)
    assert path.inlier_fractions.tolist() == [1, 0, 0, 0, 0]


def of_rendered(move: CameraMotion, folder: Path) -> tuple[CameraPath, FloatArray]:
    """The path found in a rendered clip of somebody who goes aside, and the true rotations (F, 3, 3)."""
    motion = deepmimic.read_motion(motions.write(folder / "squat.txt", motions.squats(FRAMES)))
    aside = np.linspace(0, 2, len(motion.root_position))[:, None] * [1.0, 0.0, 0.0]
    motion = replace(motion, root_position=motion.root_position + aside)
    made = rendered_clip.sample_scene([motion], RENDERED_SEED, rendered_clip.SceneOptions(move, (640, 360)))
    truth = rendered_clip.create_ground_truth(made)
    tracker = BackgroundTracker()
    try:
        for frame, picture in enumerate(rendered_clip.render_frames(made)):
            tracker.process_frame(picture, np.array([person.track.boxes[frame] for person in truth.people]))
    except RenderingUnavailableError as error:
        pytest.skip(str(error))
    turns = truth.camera.camera_from_world[:, :3, :3]
    return estimate_camera_path(tracker.result(), made.camera.intrinsics), turns[0] @ np.swapaxes(turns, -1, -2)


@pytest.mark.slow
def test_a_rendered_pan_is_followed(tmp_path: Path) -> None:
    path, true = of_rendered(CameraMotion.PAN, tmp_path)
    assert path.is_moving
    assert errors(path.first_from_camera, true).max() < 0.1


@pytest.mark.slow
def test_a_rendered_tripod_stands_still(tmp_path: Path) -> None:
    path, true = of_rendered(CameraMotion.STATIC, tmp_path)
    assert not path.is_moving
    assert np.array_equal(path.first_from_camera, np.tile(np.eye(3), (len(true), 1, 1)))

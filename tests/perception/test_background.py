"""Laws of background tracking: known shifts, people in front, light, cuts, plain walls."""

import numpy as np
import pytest

from bodydouble.data import Background, FloatArray, RgbImage
from bodydouble.perception.background import BackgroundOptions, BackgroundTracker

NO_BOXES = np.empty((0, 4))
SIZE = (240, 320)


def wall(seed: int = 3, size: tuple[int, int] = (400, 700)) -> RgbImage:
    """(H, W, 3) a wall with corners: rectangles of random grey."""
    rng = np.random.default_rng(seed)
    image = np.full((*size, 3), 120, np.uint8)
    for _ in range(250):
        y, x = rng.integers(0, size[0] - 40), rng.integers(0, size[1] - 40)
        h, w = rng.integers(8, 40, 2)
        image[y : y + h, x : x + w] = rng.integers(20, 235)
    return image


def crop_wall(image: RgbImage, x: int, y: int) -> RgbImage:
    return np.ascontiguousarray(image[y : y + SIZE[0], x : x + SIZE[1]])


def track_background(frames: list[RgbImage], boxes: FloatArray = NO_BOXES) -> Background:
    tracker = BackgroundTracker()
    for frame in frames:
        tracker.process_frame(frame, boxes)
    return tracker.result()


def displacements(background: Background, before: int, after: int) -> FloatArray:
    """(N, 2) px, displacements of the corners that two frames have in common."""
    one, other = background.frames == before, background.frames == after
    _, i, j = np.intersect1d(background.corner_ids[one], background.corner_ids[other], return_indices=True)
    return np.asarray(background.points[other][j] - background.points[one][i])


def test_corners_move_with_the_image() -> None:
    image = wall()
    background = track_background([crop_wall(image, 100 + 4 * i, 60 - i) for i in range(20)])
    for last in (1, 10, 19):
        moved = displacements(background, 0, last)
        assert len(moved) > 40
        assert np.median(np.abs(moved - [-4 * last, last])) < 0.05
        assert np.mean(np.linalg.norm(moved - [-4 * last, last], axis=1) < 0.5) > 0.95


@pytest.mark.parametrize("jump", [(14, -9), (-25, 16)])
def test_a_jump_of_a_camera_that_moves_steadily_loses_few_corners(jump: tuple[int, int]) -> None:
    image = wall()
    shifts = [np.array([3 * i, i]) + (np.array(jump) if i >= 8 else 0) for i in range(12)]
    background = track_background([crop_wall(image, 100 + int(x), 80 + int(y)) for x, y in shifts])
    moved = displacements(background, 7, 8)
    assert len(moved) > 0.8 * np.count_nonzero(background.frames == 7)
    assert np.median(np.abs(moved - (shifts[7] - shifts[8]))) < 0.1


def test_a_static_image_has_one_keyframe_and_no_drift() -> None:
    noise = np.random.default_rng(5)
    still = crop_wall(wall(), 100, 60)
    frames = [np.clip(still + noise.normal(0, 3, still.shape), 0, 255).astype(np.uint8) for _ in range(40)]
    background = track_background(frames)
    assert background.keyframes.tolist() == [0]
    assert np.median(np.linalg.norm(displacements(background, 0, 39), axis=1)) < 0.1


def test_a_shot_begins_with_a_keyframe_and_new_corners() -> None:
    tracker, still = BackgroundTracker(), crop_wall(wall(), 100, 60)
    for frame in range(6):
        if frame == 4:
            tracker.begin_shot()
        tracker.process_frame(still, NO_BOXES)
    background = tracker.result()
    assert background.keyframes.tolist() == [0, 4]
    before, after = (set(background.corner_ids[background.frames == frame]) for frame in (3, 4))
    assert len(after) > 40
    assert not before & after


def test_flickering_light_moves_no_corners() -> None:
    light = np.random.default_rng(2).uniform(0.8, 1.05, 30)
    still = crop_wall(wall(), 100, 60)
    background = track_background([np.clip(still * gain, 0, 255).astype(np.uint8) for gain in light])
    assert background.keyframes.tolist() == [0]
    assert np.quantile(np.linalg.norm(displacements(background, 0, 29), axis=1), 0.9) < 0.1


def test_points_are_px_of_frames_of_any_size() -> None:
    image = wall()
    small = [crop_wall(image, 100 + 2 * i, 60) for i in range(4)]
    large = [np.repeat(np.repeat(frame, 4, axis=0), 4, axis=1) for frame in small]
    moved = displacements(track_background(large), 0, 3)
    assert np.median(moved, axis=0) == pytest.approx([-24.0, 0.0], abs=0.3)
    tracker = BackgroundTracker()
    for frame in small:
        tracker.process_frame(frame, NO_BOXES)
    scaled = tracker.result(np.array([2.0, 3.0])).points
    assert scaled == pytest.approx(track_background(small).points * [2.0, 3.0], abs=1e-3)


def test_there_are_no_corners_on_people() -> None:
    box = np.array([[100.0, 50.0, 200.0, 200.0]])
    background = track_background([crop_wall(wall(), 100 + i, 60) for i in range(8)], box)
    margin = BackgroundOptions().box_margin * 150
    x, y = background.points.T
    inside = (x > 100 - margin) & (x < 200 + margin) & (y > 50 - margin) & (y < 200 + margin)
    assert len(x) > 100
    assert not inside.any()


def test_there_are_no_corners_on_a_plain_wall() -> None:
    noise = np.random.default_rng(1)
    frames = [np.clip(noise.normal(128, 1.5, (*SIZE, 3)), 0, 255).astype(np.uint8) for _ in range(5)]
    background = track_background(frames)
    assert background.frame_count == 5
    assert len(background.frames) == 0


def test_edges_without_corners_are_not_tracked() -> None:
    stripes = np.zeros((*SIZE, 3), np.uint8)
    stripes[:, (np.arange(SIZE[1]) // 20) % 2 == 0] = 200
    assert len(track_background([stripes] * 3).frames) == 0


def test_a_cut_starts_a_keyframe() -> None:
    frames = [crop_wall(wall(3), 100, 60)] * 5 + [crop_wall(wall(4), 100, 60)] * 5
    background = track_background(frames)
    across, after = displacements(background, 4, 5), displacements(background, 5, 9)
    assert 5 in background.keyframes
    assert len(across) < 0.2 * len(after)
    assert len(after) > 40


def test_the_number_of_corners_is_bounded() -> None:
    image = wall()
    background = track_background([crop_wall(image, 20 * i, 60) for i in range(18)])
    max_count = BackgroundOptions().max_corners
    assert np.bincount(background.frames).max() <= max_count
    assert len(background.keyframes) > 1
    for frame in range(18):
        corner_ids = background.corner_ids[background.frames == frame]
        assert len(np.unique(corner_ids)) == len(corner_ids)


def test_without_frames_there_are_no_corners() -> None:
    nothing = BackgroundTracker().result()
    assert nothing.frame_count == 0
    assert len(nothing.frames) == len(nothing.points) == 0

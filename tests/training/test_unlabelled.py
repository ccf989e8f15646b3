"""Unlabelled windows: they follow the track at any frame rate, and bad videos are rejected in one line."""

from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from bodydouble.cli.train import train_lifter
from bodydouble.data import Camera, Performance, Person, Track
from bodydouble.errors import MediaError, NoPeopleError
from bodydouble.pipeline import Progress
from bodydouble.training import unlabelled
from bodydouble.training.augmentation import Recording
from bodydouble.training.detections import WINDOW_FRAMES
from bodydouble.training.samples import build_features_with_gaps
from bodydouble.training.unlabelled import (
    UnlabelledWindow,
    build_features_with_flips,
    extract_video_windows,
    load_windows,
    sample_windows,
    save_windows,
    stack_windows,
    windows_from_track,
)
from bodydouble.training.windows import flip_horizontally
from bodydouble.training.windows import stack_windows as stack_labelled_windows
from tests.builders import assert_same
from tests.motion.scenes import IMAGE_SIZE, simulated_track
from tests.training import unlabelled_scenes as scenes
from tests.training.scenes import INTRINSICS


def track(frames: int) -> Track:
    return simulated_track(scenes.swaying_motion(frames), scenes.camera_pose(0), INTRINSICS)


def subsampled_track(full_track: Track, step: int) -> Track:
    """The track in a video of a lower frame rate."""
    arrays = (getattr(full_track, field.name)[::step] for field in fields(Track)[1:])
    return Track(np.arange(len(full_track.frames[::step])), *arrays)


def track_with_gap(full_track: Track, first: int, count: int) -> Track:
    gap = slice(first, first + count)
    observed, keypoints, landmarks_3d = (
        full_track.observed.copy(),
        full_track.keypoints.copy(),
        full_track.landmarks_3d.copy(),
    )
    observed[gap], keypoints[gap], landmarks_3d[gap] = False, (np.nan, np.nan, 0.0), np.nan
    return replace(full_track, observed=observed, keypoints=keypoints, landmarks_3d=landmarks_3d)


def assert_alike(first: UnlabelledWindow, second: UnlabelledWindow, tolerance: float) -> None:
    for field in fields(UnlabelledWindow):
        assert_same(getattr(first, field.name), getattr(second, field.name), tolerance)


def test_window_equals_the_inputs_of_a_labelled_window() -> None:
    labelled = scenes.labelled_window()
    (window,) = windows_from_track(track(WINDOW_FRAMES), INTRINSICS, 30.0)
    assert_alike(window, scenes.unlabelled_window(labelled), 1e-9)


def test_windows_overlap_by_half() -> None:
    windows = windows_from_track(track(2 * WINDOW_FRAMES + 5), INTRINSICS, 30.0)
    assert len(windows) == 3
    half = WINDOW_FRAMES // 2
    assert_same(windows[0].landmarks_3d[half:], windows[1].landmarks_3d[:half], 0.0)
    assert_same(windows[1].landmarks_3d[half:], windows[2].landmarks_3d[:half], 0.0)


@pytest.mark.parametrize(("step", "tolerance"), [(2, 0.1), (3, 0.2)])
def test_low_frame_rate_gives_the_same_window_with_gaps(step: int, tolerance: float) -> None:
    full = track(WINDOW_FRAMES + 2)
    (window,) = windows_from_track(subsampled_track(full, step), INTRINSICS, 30.0 / step)
    (expected,) = windows_from_track(full, INTRINSICS, 30.0)
    assert list(np.flatnonzero(window.observed)) == list(range(0, WINDOW_FRAMES, step))
    assert_same(window.points[window.observed], expected.points[window.observed], 0.02)
    assert_same(window.points, expected.points, tolerance)


@pytest.mark.parametrize("fps", [24.0, 25.0, 30000 / 1001, 50.0])
def test_common_frame_rates_are_observed_in_all_frames(fps: float) -> None:
    for window in windows_from_track(track(2 * WINDOW_FRAMES), INTRINSICS, fps):
        assert window.observed.all()


def test_gap_is_interpolated_and_not_observed() -> None:
    (window,) = windows_from_track(track_with_gap(track(WINDOW_FRAMES), 20, 10), INTRINSICS, 30.0)
    assert list(np.flatnonzero(~window.observed)) == list(range(20, 30))
    assert all(np.isfinite(getattr(window, field.name)).all() for field in fields(UnlabelledWindow))


def test_rarely_observed_or_short_tracks_give_no_window() -> None:
    assert not windows_from_track(track(WINDOW_FRAMES - 1), INTRINSICS, 30.0)
    assert not windows_from_track(track_with_gap(track(WINDOW_FRAMES), 10, WINDOW_FRAMES // 2), INTRINSICS, 30.0)


def test_features_are_those_of_labelled_windows_and_of_flipped_ones() -> None:
    windows = [scenes.labelled_window(seed, noise=2.0) for seed in range(2)]
    observed = np.ones((2, WINDOW_FRAMES), dtype=bool)
    features = build_features_with_flips(stack_windows([scenes.unlabelled_window(window) for window in windows]))
    assert_same(features[:2], build_features_with_gaps(stack_labelled_windows(windows), observed), 1e-6)
    assert_same(
        features[2:],
        build_features_with_gaps(stack_labelled_windows([flip_horizontally(window) for window in windows]), observed),
        1e-6,
    )


def test_same_seed_samples_same_windows() -> None:
    windows = [scenes.unlabelled_window(scenes.labelled_window(seed)) for seed in range(3)]
    first, again, different = (sample_windows(windows, 8, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert_alike(first, again, 0.0)
    assert np.any(first.scale != different.scale)


def test_saved_windows_can_be_loaded(tmp_path: Path) -> None:
    windows = [scenes.unlabelled_window(scenes.labelled_window(seed)) for seed in range(2)]
    save_windows(tmp_path / "windows.npz", windows)
    for loaded, saved in zip(load_windows(tmp_path / "windows.npz"), windows, strict=True):
        assert_alike(loaded, saved, 0.0)


def performance_of(frames: int) -> Performance:
    motion = scenes.swaying_motion(frames)
    camera = Camera(IMAGE_SIZE, INTRINSICS, np.tile(np.eye(4), (frames, 1, 1)))
    return Performance(Fraction(30), frames, camera, (Person("person1", track(frames), motion),))


def test_videos_are_captured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    captured_videos: list[Path] = []

    def record_capture(video: Path, **_: Progress) -> Performance:
        captured_videos.append(video)
        return performance_of(WINDOW_FRAMES)

    monkeypatch.setattr(unlabelled, "capture", record_capture)
    videos = [tmp_path / "one" / "clip.mp4", tmp_path / "other" / "clip.mp4"]
    for _ in range(2):
        assert len(extract_video_windows(videos, tmp_path, Progress())) == 2
    assert captured_videos == videos


def test_short_video_is_rejected_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlabelled, "capture", lambda *_, **__: performance_of(WINDOW_FRAMES - 1))
    with pytest.raises(
        NoPeopleError, match=r"no person is visible in .*clip\.mp4 for 2\.1 s without interruption"
    ) as error:
        extract_video_windows([tmp_path / "clip.mp4"], tmp_path, Progress())
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [None, "this is not a video\n"])
def test_bad_video_is_rejected_before_any_work(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = [Recording(scenes.swaying_motion(1000))]
    monkeypatch.setattr(
        "bodydouble.training.lifter_pipeline.load_recordings", lambda _: {"train": long, "validation": long, "test": []}
    )
    video = tmp_path / "clip.mp4"
    if content:
        video.write_text(content)
    with pytest.raises(MediaError, match=r"clip\.mp4") as error:
        train_lifter([tmp_path], tmp_path / "made", 8, 1, 0, None, [video], [], Progress())
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "made").iterdir())

"""Windows of real video: they show what the track shows, of any rate, and bad videos are told in one line."""

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
from bodydouble.training.detections import WINDOW_FRAMES
from bodydouble.training.samples import features_with_gaps
from bodydouble.training.unlabelled import (
    UnlabelledWindow,
    extract_video_windows,
    features_with_flipped,
    load_windows,
    sample_windows,
    save_windows,
    stack_windows,
    windows_from_track,
)
from bodydouble.training.windows import flip_horizontally
from bodydouble.training.windows import stack_windows as stacked_truth
from tests.builders import assert_same
from tests.motion.scenes import IMAGE_SIZE, simulated_track
from tests.training import unlabelled_scenes as scenes
from tests.training.scenes import INTRINSICS


def track(frames: int) -> Track:
    return simulated_track(scenes.somebody(frames), scenes.view_of(0), INTRINSICS)


def every(seen: Track, step: int) -> Track:
    """As a video of a lower rate shows it."""
    arrays = (getattr(seen, field.name)[::step] for field in fields(Track)[1:])
    return Track(np.arange(len(seen.frames[::step])), *arrays)


def hidden(seen: Track, first: int, count: int) -> Track:
    gone = slice(first, first + count)
    observed, keypoints, rough = seen.observed.copy(), seen.keypoints.copy(), seen.landmarks_3d.copy()
    observed[gone], keypoints[gone], rough[gone] = False, (np.nan, np.nan, 0.0), np.nan
    return replace(seen, observed=observed, keypoints=keypoints, landmarks_3d=rough)


def assert_alike(one: UnlabelledWindow, other: UnlabelledWindow, tolerance: float) -> None:
    for field in fields(UnlabelledWindow):
        assert_same(getattr(one, field.name), getattr(other, field.name), tolerance)


def test_a_window_shows_what_a_labelled_window_of_the_same_person_shows() -> None:
    made = scenes.labelled()
    (found,) = windows_from_track(track(WINDOW_FRAMES), INTRINSICS, 30.0)
    assert_alike(found, scenes.unlabelled(made), 1e-9)


def test_windows_are_half_over_each_other() -> None:
    found = windows_from_track(track(2 * WINDOW_FRAMES + 5), INTRINSICS, 30.0)
    assert len(found) == 3
    half = WINDOW_FRAMES // 2
    assert_same(found[0].landmarks_3d[half:], found[1].landmarks_3d[:half], 0.0)
    assert_same(found[1].landmarks_3d[half:], found[2].landmarks_3d[:half], 0.0)


@pytest.mark.parametrize(("step", "near"), [(2, 0.1), (3, 0.2)])
def test_a_lower_rate_shows_the_same_with_gaps(step: int, near: float) -> None:
    full = track(WINDOW_FRAMES + 2)
    (found,) = windows_from_track(every(full, step), INTRINSICS, 30.0 / step)
    (expected,) = windows_from_track(full, INTRINSICS, 30.0)
    assert list(np.flatnonzero(found.observed)) == list(range(0, WINDOW_FRAMES, step))
    assert_same(found.points[found.observed], expected.points[found.observed], 0.02)
    assert_same(found.points, expected.points, near)


@pytest.mark.parametrize("fps", [24.0, 25.0, 30000 / 1001, 50.0])
def test_usual_rates_are_seen_in_all_frames(fps: float) -> None:
    for window in windows_from_track(track(2 * WINDOW_FRAMES), INTRINSICS, fps):
        assert window.observed.all()


def test_a_gap_is_filled_and_not_observed() -> None:
    (found,) = windows_from_track(hidden(track(WINDOW_FRAMES), 20, 10), INTRINSICS, 30.0)
    assert list(np.flatnonzero(~found.observed)) == list(range(20, 30))
    assert all(np.isfinite(getattr(found, field.name)).all() for field in fields(UnlabelledWindow))


def test_who_is_hardly_seen_or_not_for_long_gives_no_window() -> None:
    assert not windows_from_track(track(WINDOW_FRAMES - 1), INTRINSICS, 30.0)
    assert not windows_from_track(hidden(track(WINDOW_FRAMES), 10, WINDOW_FRAMES // 2), INTRINSICS, 30.0)


def test_features_are_those_of_labelled_windows_and_of_their_mirror_images() -> None:
    made = [scenes.labelled(seed, noise=2.0) for seed in range(2)]
    there = np.ones((2, WINDOW_FRAMES), dtype=bool)
    found = features_with_flipped(stack_windows([scenes.unlabelled(one) for one in made]))
    assert_same(found[:2], features_with_gaps(stacked_truth(made), there), 1e-6)
    assert_same(found[2:], features_with_gaps(stacked_truth([flip_horizontally(one) for one in made]), there), 1e-6)


def test_drawing_depends_on_the_seed_alone() -> None:
    windows = [scenes.unlabelled(scenes.labelled(seed)) for seed in range(3)]
    first, again, other = (sample_windows(windows, 8, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert_alike(first, again, 0.0)
    assert np.any(first.scale != other.scale)


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    windows = [scenes.unlabelled(scenes.labelled(seed)) for seed in range(2)]
    save_windows(tmp_path / "windows.npz", windows)
    for one, other in zip(load_windows(tmp_path / "windows.npz"), windows, strict=True):
        assert_alike(one, other, 0.0)


def captured(frames: int) -> Performance:
    motion = scenes.somebody(frames)
    camera = Camera(IMAGE_SIZE, INTRINSICS, np.tile(np.eye(4), (frames, 1, 1)))
    return Performance(Fraction(30), frames, camera, (Person("person1", track(frames), motion),))


def test_nobody_looks_twice_at_a_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Path] = []

    def look(video: Path, **_: Progress) -> Performance:
        looks.append(video)
        return captured(WINDOW_FRAMES)

    monkeypatch.setattr(unlabelled, "capture", look)
    videos = [tmp_path / "one" / "clip.mp4", tmp_path / "other" / "clip.mp4"]
    for _ in range(2):
        assert len(extract_video_windows(videos, tmp_path, Progress())) == 2
    assert looks == videos


def test_a_video_too_short_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlabelled, "capture", lambda *_, **__: captured(WINDOW_FRAMES - 1))
    with pytest.raises(NoPeopleError, match=r"no person is visible in .*clip\.mp4 for 2\.1 s without interruption") as error:
        extract_video_windows([tmp_path / "clip.mp4"], tmp_path, Progress())
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [None, "this is not a video\n"])
def test_a_bad_video_is_told_before_any_work(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = [scenes.somebody(1000)]
    monkeypatch.setattr(
        "bodydouble.training.lifter_pipeline.load_motions", lambda _: {"train": long, "validation": long, "test": []}
    )
    video = tmp_path / "clip.mp4"
    if content:
        video.write_text(content)
    with pytest.raises(MediaError, match=r"clip\.mp4") as error:
        train_lifter([tmp_path], tmp_path / "made", 8, 1, 0, [video], Progress())
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "made").iterdir())

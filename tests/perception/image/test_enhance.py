"""Cleaning pictures: good ones stay as they are, dark ones get light, noise gets less and edges stay."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from bodydouble import pipeline
from bodydouble.data import FloatArray, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.perception.image.enhance import (
    METHODS,
    FrameEnhancer,
    bilateral_filter,
    brighten,
    describe_problems,
    nlm_filter,
)
from bodydouble.perception.image.quality import ImageQuality, measure_quality
from tests.clips import read_example_frames, write_clip
from tests.perception.image.test_quality import boxes, noisy

FILTERS = [bilateral_filter, nlm_filter]
SIZE = (480, 360)


def difference(one: RgbImage, other: RgbImage) -> FloatArray:
    return np.asarray(one.astype(float) - other)


def dark(picture: RgbImage, light: float) -> RgbImage:
    return (picture * light).astype(np.uint8)


@pytest.mark.parametrize("frame", [boxes(), noisy(boxes(), 40), dark(boxes(), 0.05)])
def test_off_returns_the_frame_itself(frame: RgbImage) -> None:
    assert FrameEnhancer("off").enhance(frame) is frame


@pytest.mark.parametrize("method", METHODS)
def test_a_good_picture_stays_as_it_is(method: str) -> None:
    denoiser = FrameEnhancer(method)
    frame = boxes()
    assert all(denoiser.enhance(frame) is frame for _ in range(20))


def test_the_example_clip_is_left_alone() -> None:
    denoiser, frames = FrameEnhancer(), read_example_frames(60, 20, 960)
    assert all(denoiser.enhance(frame) is frame for frame in frames)
    assert denoiser.quality_warnings((960, 540)) == []


def test_auto_leaves_moderate_noise_and_moderate_darkness_alone() -> None:
    for frame in (noisy(boxes(), 8), dark(boxes(), 0.3)):
        assert FrameEnhancer().enhance(frame) is frame


@pytest.mark.parametrize("method", ["auto", "bilateral", "nlm"])
def test_a_dark_picture_gets_the_light_it_had(method: str) -> None:
    frame = dark(boxes(), 0.08)
    cleaned = FrameEnhancer(method).enhance(frame)
    assert measure_quality(cleaned).light == pytest.approx(180, rel=0.1)
    assert measure_quality(frame).light < 20


def test_a_spot_lit_person_on_a_black_stage_is_not_dark() -> None:
    stage = np.zeros((360, 480, 3), np.uint8)
    stage[100:160, 200:220] = 200
    denoiser = FrameEnhancer()
    assert denoiser.enhance(stage) is stage
    assert not any("dark" in line for line in denoiser.quality_warnings(SIZE))


def test_frames_after_a_black_one_are_not_brightened() -> None:
    denoiser, frame = FrameEnhancer(), boxes()
    assert not denoiser.enhance(np.zeros_like(frame)).any()
    assert denoiser.enhance(frame) is frame


def test_brightening_by_nothing_changes_nothing_and_white_is_the_limit() -> None:
    levels = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert np.array_equal(brighten(levels, 1.0), levels)
    assert np.array_equal(brighten(levels, 3.0)[0, :, 0], np.minimum(3 * np.arange(256), 255))


@pytest.mark.parametrize("filtered", FILTERS)
@pytest.mark.parametrize("sigma", [10.0, 25.0])
def test_filters_come_nearer_to_the_clean_picture(
    filtered: Callable[[RgbImage, float], RgbImage], sigma: float
) -> None:
    clean = boxes()
    spoilt = noisy(clean, sigma)
    before = np.abs(difference(spoilt, clean)).mean()
    assert np.abs(difference(filtered(spoilt, sigma), clean)).mean() < 0.6 * before


@pytest.mark.parametrize("filtered", FILTERS)
def test_filters_keep_edges_where_they_are(filtered: Callable[[RgbImage, float], RgbImage]) -> None:
    step = np.full((120, 160, 3), 60, np.uint8)
    step[:, 81:] = 190
    profile = filtered(noisy(step, 10), 10)[..., 1].mean(axis=0)
    assert int(np.argmax(profile > 125)) == 81
    assert abs(profile[:70].mean() - 60) < 2
    assert abs(profile[92:].mean() - 190) < 2


@pytest.mark.parametrize("filtered", FILTERS)
@pytest.mark.parametrize("size", [(359, 481), (17, 23), (1, 1)])
def test_filters_keep_any_size(filtered: Callable[[RgbImage, float], RgbImage], size: tuple[int, int]) -> None:
    frame = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    cleaned = filtered(frame, 20)
    assert cleaned.shape == frame.shape
    assert cleaned.dtype == np.uint8


def test_auto_filters_strong_noise_as_non_local_means_does() -> None:
    frame = noisy(boxes(), 30)
    automatic, asked = FrameEnhancer("auto").enhance(frame), FrameEnhancer("nlm").enhance(frame)
    assert np.array_equal(automatic, asked)
    assert measure_quality(automatic).noise < 0.6 * measure_quality(frame).noise


def test_frames_to_come_and_other_machines_do_not_matter() -> None:
    frames = [noisy(boxes(), sigma, seed) for seed, sigma in enumerate([5.0, 30.0, 30.0, 5.0])]
    whole, part = FrameEnhancer(), FrameEnhancer()
    cleaned = [whole.enhance(frame) for frame in frames]
    assert all(np.array_equal(part.enhance(f), c) for f, c in zip(frames[:2], cleaned[:2], strict=True))
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        again = FrameEnhancer()
        assert all(np.array_equal(again.enhance(f), c) for f, c in zip(frames, cleaned, strict=True))
    finally:
        cv2.setNumThreads(threads)


def test_a_clean_shot_after_a_noisy_one_is_left_alone() -> None:
    denoiser, frame = FrameEnhancer(), boxes()
    denoiser.enhance(noisy(frame, 40))
    denoiser.begin_shot()
    assert denoiser.enhance(frame) is frame


def test_an_unknown_method_is_one_clear_line() -> None:
    with pytest.raises(InvalidDataError, match="unknown way to denoise 'median'; choose one of auto, off, bilateral"):
        FrameEnhancer("median")


def test_good_pictures_cause_no_complaint() -> None:
    denoiser = FrameEnhancer()
    denoiser.enhance(boxes())
    assert denoiser.quality_warnings(SIZE) == []
    assert describe_problems(ImageQuality(1.0, 190.0, float("nan")), SIZE) == []


@pytest.mark.parametrize(
    ("spoilt", "word"),
    [(noisy(boxes(), 30), "noisy"), (dark(boxes(), 0.06), "dark"),
     (np.asarray(cv2.GaussianBlur(boxes(), (0, 0), 6), np.uint8), "blurred")],
)  # fmt: skip
def test_each_fault_is_named_in_one_line(spoilt: RgbImage, word: str) -> None:
    denoiser = FrameEnhancer()
    denoiser.enhance(spoilt)
    (line,) = denoiser.quality_warnings(SIZE)
    assert word in line
    assert "\n" not in line


def test_the_pipeline_refuses_an_unknown_method_before_it_reads_anything() -> None:
    with pytest.raises(InvalidDataError, match="unknown way to denoise"):
        pipeline.capture("nowhere.mp4", enhance="median")


@pytest.mark.slow
def test_auto_is_off_for_a_good_clip_to_the_last_bit(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "good.mp4", read_example_frames(60, 20, 640))
    monitor = pipeline.Progress()
    one = pipeline.capture(path, quality="fast", enhance="auto", progress=monitor)
    other = pipeline.capture(path, quality="fast", enhance="off")
    assert len(one.people) == len(other.people) > 0
    for person, same in zip(one.people, other.people, strict=True):
        assert np.array_equal(person.track.keypoints, same.track.keypoints)
        assert np.array_equal(person.motion.rotations, same.motion.rotations)
    assert not any("the picture is" in warning for warning in monitor.warnings)


@pytest.mark.slow
def test_somebody_is_found_in_the_dark_and_the_user_is_told(tmp_path: Path) -> None:
    frames = [dark(frame, 0.12) for frame in read_example_frames(60, 20, 640)]
    path, monitor = write_clip(tmp_path / "dark.mp4", frames), pipeline.Progress()
    assert pipeline.capture(path, quality="fast", progress=monitor).people
    assert [warning for warning in monitor.warnings if "the picture is very dark" in warning]

"""Laws of enhancement: good images stay as they are, dark ones get light, noise decreases and edges stay."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from bodydouble import pipeline
from bodydouble.data import FloatArray, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.formats.media import FrameReader
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
from tests.shared_data import SHARED

FILTERS = [bilateral_filter, nlm_filter]
SIZE = (480, 360)
FLASH = SHARED / "cases" / "video" / "flash.mp4"


def difference(one: RgbImage, other: RgbImage) -> FloatArray:
    return np.asarray(one.astype(float) - other)


def dark(image: RgbImage, light: float) -> RgbImage:
    return (image * light).astype(np.uint8)


@pytest.mark.parametrize("frame", [boxes(), noisy(boxes(), 40), dark(boxes(), 0.05)])
def test_off_returns_the_frame_itself(frame: RgbImage) -> None:
    assert FrameEnhancer("off").enhance(frame) is frame


@pytest.mark.parametrize("method", METHODS)
def test_a_good_image_is_returned_unchanged(method: str) -> None:
    enhancer = FrameEnhancer(method)
    frame = boxes()
    assert all(enhancer.enhance(frame) is frame for _ in range(20))


def test_the_example_clip_is_returned_unchanged() -> None:
    enhancer, frames = FrameEnhancer(), read_example_frames(60, 20, 960)
    assert all(enhancer.enhance(frame) is frame for frame in frames)
    assert enhancer.quality_warnings((960, 540)) == []


def test_auto_keeps_moderately_noisy_and_moderately_dark_images() -> None:
    for frame in (noisy(boxes(), 8), dark(boxes(), 0.3)):
        assert FrameEnhancer().enhance(frame) is frame


@pytest.mark.parametrize("method", ["auto", "bilateral", "nlm"])
def test_a_dark_image_is_brightened_to_the_target_level(method: str) -> None:
    frame = dark(boxes(), 0.08)
    enhanced = FrameEnhancer(method).enhance(frame)
    assert measure_quality(enhanced).light == pytest.approx(180, rel=0.1)
    assert measure_quality(frame).light < 20


def test_a_spot_lit_person_on_a_black_stage_is_not_dark() -> None:
    stage = np.zeros((360, 480, 3), np.uint8)
    stage[100:160, 200:220] = 200
    enhancer = FrameEnhancer()
    assert enhancer.enhance(stage) is stage
    assert not any("dark" in line for line in enhancer.quality_warnings(SIZE))


def test_frames_after_a_black_one_are_not_brightened() -> None:
    enhancer, frame = FrameEnhancer(), boxes()
    assert not enhancer.enhance(np.zeros_like(frame)).any()
    assert enhancer.enhance(frame) is frame


@pytest.mark.parametrize("method", ["auto", "off"])
def test_flashes_do_not_make_a_clip_dark(method: str) -> None:
    enhancer = FrameEnhancer(method)
    for number in range(31):
        enhancer.enhance(dark(boxes(), 0.05 if number % 2 == 0 else 1.0))
    assert enhancer.quality_warnings(SIZE) == []


@pytest.mark.skipif(not FLASH.exists(), reason="the shared inputs are absent")
def test_the_shared_clip_with_flashes_is_not_dark() -> None:
    enhancer = FrameEnhancer()
    with FrameReader(FLASH) as reader:
        for frame in reader:
            enhancer.enhance(frame)
    assert enhancer.quality_warnings(reader.clip.image_size) == []


def test_a_gain_of_one_changes_nothing_and_levels_saturate_at_white() -> None:
    levels = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert np.array_equal(brighten(levels, 1.0), levels)
    assert np.array_equal(brighten(levels, 3.0)[0, :, 0], np.minimum(3 * np.arange(256), 255))


@pytest.mark.parametrize("filter_image", FILTERS)
@pytest.mark.parametrize("sigma", [10.0, 25.0])
def test_filters_reduce_the_distance_to_the_clean_image(
    filter_image: Callable[[RgbImage, float], RgbImage], sigma: float
) -> None:
    clean = boxes()
    degraded = noisy(clean, sigma)
    before = np.abs(difference(degraded, clean)).mean()
    assert np.abs(difference(filter_image(degraded, sigma), clean)).mean() < 0.6 * before


@pytest.mark.parametrize("filter_image", FILTERS)
def test_filters_keep_edges_where_they_are(filter_image: Callable[[RgbImage, float], RgbImage]) -> None:
    step = np.full((120, 160, 3), 60, np.uint8)
    step[:, 81:] = 190
    profile = filter_image(noisy(step, 10), 10)[..., 1].mean(axis=0)
    assert int(np.argmax(profile > 125)) == 81
    assert abs(profile[:70].mean() - 60) < 2
    assert abs(profile[92:].mean() - 190) < 2


@pytest.mark.parametrize("filter_image", FILTERS)
@pytest.mark.parametrize("size", [(359, 481), (17, 23), (1, 1)])
def test_filters_keep_any_size(filter_image: Callable[[RgbImage, float], RgbImage], size: tuple[int, int]) -> None:
    frame = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    enhanced = filter_image(frame, 20)
    assert enhanced.shape == frame.shape
    assert enhanced.dtype == np.uint8


def test_auto_filters_strong_noise_by_non_local_means() -> None:
    frame = noisy(boxes(), 30)
    automatic, asked = FrameEnhancer("auto").enhance(frame), FrameEnhancer("nlm").enhance(frame)
    assert np.array_equal(automatic, asked)
    assert measure_quality(automatic).noise < 0.6 * measure_quality(frame).noise


def test_results_are_causal_and_do_not_depend_on_the_number_of_threads() -> None:
    frames = [noisy(boxes(), sigma, seed) for seed, sigma in enumerate([5.0, 30.0, 30.0, 5.0])]
    whole, part = FrameEnhancer(), FrameEnhancer()
    enhanced = [whole.enhance(frame) for frame in frames]
    assert all(np.array_equal(part.enhance(f), c) for f, c in zip(frames[:2], enhanced[:2], strict=True))
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        again = FrameEnhancer()
        assert all(np.array_equal(again.enhance(f), c) for f, c in zip(frames, enhanced, strict=True))
    finally:
        cv2.setNumThreads(threads)


def test_a_clean_shot_after_a_noisy_one_is_not_filtered() -> None:
    enhancer, frame = FrameEnhancer(), boxes()
    enhancer.enhance(noisy(frame, 40))
    enhancer.begin_shot()
    assert enhancer.enhance(frame) is frame


def test_an_unknown_method_is_a_one_line_error() -> None:
    with pytest.raises(InvalidDataError, match="unknown enhancement 'median'; choose one of auto, off, bilateral"):
        FrameEnhancer("median")


def test_good_images_cause_no_warning() -> None:
    enhancer = FrameEnhancer()
    enhancer.enhance(boxes())
    assert enhancer.quality_warnings(SIZE) == []
    assert describe_problems(ImageQuality(1.0, 190.0, float("nan")), SIZE) == []


@pytest.mark.parametrize(
    ("degraded", "word"),
    [(noisy(boxes(), 30), "noisy"), (dark(boxes(), 0.06), "dark"),
     (np.asarray(cv2.GaussianBlur(boxes(), (0, 0), 6), np.uint8), "blurred")],
)  # fmt: skip
def test_each_problem_is_one_line_of_warning(degraded: RgbImage, word: str) -> None:
    enhancer = FrameEnhancer()
    enhancer.enhance(degraded)
    (line,) = enhancer.quality_warnings(SIZE)
    assert word in line
    assert "\n" not in line


def test_the_pipeline_rejects_an_unknown_method_before_reading() -> None:
    with pytest.raises(InvalidDataError, match="unknown enhancement"):
        pipeline.capture("nowhere.mp4", enhance="median")


@pytest.mark.slow
def test_auto_and_off_are_bit_identical_on_a_good_clip(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "good.mp4", read_example_frames(60, 20, 640))
    progress = pipeline.Progress()
    one = pipeline.capture(path, quality="fast", enhance="auto", progress=progress)
    other = pipeline.capture(path, quality="fast", enhance="off")
    assert len(one.people) == len(other.people) > 0
    for person, same in zip(one.people, other.people, strict=True):
        assert np.array_equal(person.track.keypoints, same.track.keypoints)
        assert np.array_equal(person.motion.rotations, same.motion.rotations)
    assert not any("the image is" in warning for warning in progress.warnings)


@pytest.mark.slow
def test_people_are_detected_in_the_dark_with_a_warning(tmp_path: Path) -> None:
    frames = [dark(frame, 0.12) for frame in read_example_frames(60, 20, 640)]
    path, progress = write_clip(tmp_path / "dark.mp4", frames), pipeline.Progress()
    assert pipeline.capture(path, quality="fast", progress=progress).people
    assert [warning for warning in progress.warnings if "the image is very dark" in warning]

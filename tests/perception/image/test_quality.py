"""Laws of image quality: known noise, light and blur are recovered in any image and any orientation."""

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from bodydouble.data import FloatArray, RgbImage
from bodydouble.perception.image.quality import QualityMeter, measure_quality

SIZE = (360, 480)


def gradient() -> RgbImage:
    """An image with nothing but a slope from dark to light."""
    slope = np.linspace(40, 210, SIZE[1])
    return np.repeat(np.tile(slope, (SIZE[0], 1))[..., None], 3, axis=2).astype(np.uint8)


def boxes() -> RgbImage:
    """An image of boxes with sharp edges in front of a plain wall."""
    rng = np.random.default_rng(3)
    image = np.full((*SIZE, 3), (120, 130, 110), np.uint8)
    for _ in range(25):
        x, y, w, h = (int(rng.integers(*span)) for span in ((0, 440), (0, 320), (15, 60), (15, 60)))
        image[y : y + h, x : x + w] = rng.integers(30, 225, 3)
    return image


def meadow() -> RgbImage:
    """An image with texture in the lower half."""
    image = gradient()
    texture = cv2.GaussianBlur(np.random.default_rng(4).normal(0, 60, SIZE), (0, 0), 1.5)
    textured = image + np.where(np.arange(SIZE[0]) > SIZE[0] // 2, 1.0, 0.0)[:, None, None] * texture[..., None]
    return np.clip(textured, 5, 250).astype(np.uint8)


CONTENTS = [gradient, boxes, meadow]


def noisy(image: RgbImage, sigma: float, seed: int = 1) -> RgbImage:
    """Adds the same noise to all channels, so that it is the noise of the luma."""
    noise: FloatArray = np.random.default_rng(seed).normal(0, sigma, (*image.shape[:2], 1))
    return np.clip(np.round(image + noise), 0, 255).astype(np.uint8)


def blurred(image: RgbImage, sigma: float) -> RgbImage:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("sigma", [3.0, 8.0, 20.0])
def test_known_noise_is_recovered_in_any_image(content: Callable[[], RgbImage], sigma: float) -> None:
    assert measure_quality(noisy(content(), sigma)).noise == pytest.approx(sigma, rel=0.12)


def test_an_image_without_noise_has_none() -> None:
    assert measure_quality(boxes()).noise < 0.3
    assert measure_quality(np.zeros((*SIZE, 3), np.uint8)).noise == 0.0


def test_black_bars_do_not_hide_the_noise() -> None:
    image = noisy(boxes(), 10)
    image[:90] = 0
    image[-90:] = 0
    assert measure_quality(image).noise == pytest.approx(10, rel=0.12)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_known_blur_is_recovered(sigma: float) -> None:
    assert measure_quality(blurred(boxes(), sigma)).blur == pytest.approx(sigma, rel=0.1)


def test_a_sharp_picture_stays_sharp_under_some_noise() -> None:
    assert measure_quality(boxes()).blur < 0.6
    assert measure_quality(noisy(boxes(), 5)).blur < 0.6


def test_blur_is_unknown_where_there_are_no_edges() -> None:
    assert math.isnan(measure_quality(np.full((*SIZE, 3), 90, np.uint8)).blur)
    assert math.isnan(measure_quality(noisy(np.full((*SIZE, 3), 90, np.uint8), 20)).blur)


def test_light_scales_with_exposure_and_not_with_a_black_stage() -> None:
    light = measure_quality(boxes()).light
    assert measure_quality((boxes() * 0.3).astype(np.uint8)).light == pytest.approx(0.3 * light, abs=1.5)
    stage = np.zeros((*SIZE, 3), np.uint8)
    stage[100:300, 200:280] = 200
    assert measure_quality(stage).light == pytest.approx(200)


@pytest.mark.parametrize("transform", [np.fliplr, np.flipud, np.rot90])
def test_measures_are_invariant_under_flips_and_rotations(transform: Callable[[RgbImage], RgbImage]) -> None:
    image = noisy(blurred(boxes(), 2.0), 4)
    one, other = measure_quality(image), measure_quality(np.ascontiguousarray(transform(image)))
    assert other.noise == pytest.approx(one.noise, rel=0.02)
    assert other.light == pytest.approx(one.light, abs=3)
    assert other.blur == pytest.approx(one.blur, rel=0.05)


def test_a_tiny_image_can_be_measured() -> None:
    quality = measure_quality(np.full((8, 8, 3), 50, np.uint8))
    assert (quality.noise, quality.light) == (0.0, 50.0)


@pytest.mark.parametrize("seed", range(4))
def test_the_light_is_the_percentile_of_every_fourth_pixel(seed: int) -> None:
    frame = np.repeat(np.random.default_rng(seed).integers(0, 110, (67, 43, 1), dtype=np.uint8), 3, axis=2)
    expected = np.percentile(frame[::4, ::4, 0], 95.0)
    assert measure_quality(frame).light == pytest.approx(expected, abs=1e-9)  # rounding of the interpolation


def test_the_blur_is_measured_at_its_own_interval() -> None:
    meter, frame = QualityMeter(measurement_interval=2, window=1, blur_interval=4), boxes()
    blurs = [meter.update(frame).blur for _ in range(8)]
    assert np.isfinite(blurs).tolist() == [True, True, False, False] * 2


def test_the_meter_measures_at_the_interval_and_is_causal() -> None:
    meter = QualityMeter(measurement_interval=3, window=3)
    clean, dark = boxes(), np.zeros_like(boxes())
    first = [meter.update(frame) for frame in (clean, dark, dark, clean)]
    assert [(quality.noise, quality.blur) for quality in first] == [
        (measure_quality(clean).noise, measure_quality(clean).blur)
    ] * 4
    assert [quality.light for quality in first] == [
        measure_quality(frame).light for frame in (clean, dark, dark, clean)
    ]


def test_the_meter_follows_a_change_and_ignores_one_outlier() -> None:
    meter = QualityMeter(measurement_interval=1, window=3)
    clean, bad = boxes(), noisy(boxes(), 15)
    levels = [meter.update(frame).noise for frame in (clean, clean, bad, clean, bad, bad, bad)]
    assert max(levels[:4]) < 1.0
    assert min(levels[-2:]) > 12.0


def test_a_new_shot_is_measured_by_itself() -> None:
    meter = QualityMeter()
    meter.update(noisy(boxes(), 15))
    meter.begin_shot()
    assert meter.update(boxes()) == measure_quality(boxes())


def test_overall_quality_is_the_median_of_the_measurements() -> None:
    meter = QualityMeter(measurement_interval=1)
    frames = [noisy(boxes(), sigma) for sigma in (2.0, 6.0, 14.0)]
    for frame in frames:
        meter.update(frame)
    quality = meter.overall_quality()
    assert quality is not None
    assert quality.noise == measure_quality(frames[1]).noise
    assert QualityMeter().overall_quality() is None


def test_frames_with_unknown_blur_do_not_count() -> None:
    meter = QualityMeter(measurement_interval=1, blur_interval=1)
    plain = np.full((*SIZE, 3), 90, np.uint8)
    for frame in (plain, boxes(), plain):
        meter.update(frame)
    quality = meter.overall_quality()
    assert quality is not None
    assert quality.blur == measure_quality(boxes()).blur


@pytest.mark.parametrize("dark_period", [2, 3, 10])
@pytest.mark.parametrize("interval", [1, 15, 30])
def test_some_dark_frames_do_not_make_a_video_dark(dark_period: int, interval: int) -> None:
    meter = QualityMeter(measurement_interval=interval)
    bright, dark = np.full((16, 16, 3), 180, np.uint8), np.full((16, 16, 3), 20, np.uint8)
    for number in range(37):
        meter.update(dark if number % dark_period == 0 else bright)
    quality = meter.overall_quality()
    assert quality is not None and quality.light == 180


def test_a_few_flashes_do_not_make_a_dark_video_bright() -> None:
    meter = QualityMeter()
    for number in range(37):
        meter.update(np.full((16, 16, 3), 255 if number % 6 == 0 else 20, np.uint8))
    quality = meter.overall_quality()
    assert quality is not None and quality.light == 20

"""Enhances dark and noisy frames for the networks: ``RgbImage`` -> brightened and denoised ``RgbImage``.

The methods and their thresholds were measured on degraded clips of synthetic people: docs/noisy-video.md.
"""

import cv2
import numpy as np

from bodydouble.data import RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.perception.image.quality import ImageQuality, QualityMeter

METHODS = ("auto", "off", "bilateral", "nlm")
"""Names of the methods of ``FrameEnhancer``."""

DARK_LEVEL = 40.0
"""Grey level; an image whose light parts are darker is brightened."""
TARGET_LEVEL = 180.0
"""Grey level of the light parts after brightening."""
MAX_GAIN = 20.0
"""Maximum brightening gain, so that a black image stays black."""
NOISY_SIGMA = 10.0
"""Standard deviation of the noise after brightening, grey levels, from which ``auto`` denoises."""
MIN_SIGMA = 1.0
"""Minimum standard deviation of the noise that is filtered, grey levels."""
MAX_BLUR_FRACTION = 0.004
"""Maximum edge width, as a fraction of the longer side of the image, that is not called blurred."""

BILATERAL_WINDOW, BILATERAL_SPATIAL_SIGMA, BILATERAL_RANGE_FACTOR = 5, 2.0, 4.0
"""Window px, spatial standard deviation px, and range standard deviation in units of the noise's."""
NLM_PATCH, NLM_WINDOW, NLM_STRENGTH = 5, 11, 1.2
"""Patch px, search window px, and filter strength in units of the noise's standard deviation."""
_LEVELS = np.arange(256)


class FrameEnhancer:
    """Brightens and denoises the frames of one video. All frames must be passed to it in order.

    The noise is measured over the last second or so.
    """

    def __init__(self, method: str = "auto") -> None:
        """Starts before the first frame.

        Args:
            method: "off": frames stay as they are. The others brighten images that are very dark; "bilateral" and
                "nlm" (non-local means, slower) filter the noise; "auto" does as "nlm" where that was measured to help.

        Raises:
            InvalidDataError: There is no such method.
        """
        check_method(method)
        self._method = method
        self._meter = QualityMeter()

    def begin_shot(self) -> None:
        """Forgets the recent noise: the next frame is the first one of another camera."""
        self._meter.begin_shot()

    def enhance(self, frame: RgbImage) -> RgbImage:
        """Returns the next frame (H, W, 3) RGB, enhanced; the frame itself if there is nothing to do."""
        quality = self._meter.update(frame)
        if self._method == "off":
            return frame
        gain = _brightening_gain(quality.light)
        noise = gain * quality.noise
        bright = brighten(frame, gain) if gain > 1.0 else frame
        if noise < (NOISY_SIGMA if self._method == "auto" else MIN_SIGMA):
            return bright
        return bilateral_filter(bright, noise) if self._method == "bilateral" else nlm_filter(bright, noise)

    def quality_warnings(self, image_size: tuple[int, int]) -> list[str]:
        """Returns warnings for the user about the quality of the frames so far; none if they are good.

        Args:
            image_size: Width and height of the frames, px.
        """
        quality = self._meter.overall_quality()
        return describe_problems(quality, image_size) if quality else []


def _brightening_gain(light: float) -> float:
    """Returns the gain of one frame from its light level; frames are independent, since lights go on and off."""
    return min(TARGET_LEVEL / max(light, 1.0), MAX_GAIN) if light < DARK_LEVEL else 1.0


def check_method(method: str) -> None:
    """Raises InvalidDataError unless this is one of METHODS."""
    if method not in METHODS:
        raise InvalidDataError(f"unknown enhancement {method!r}; choose one of {', '.join(METHODS)}")


def brighten(frame: RgbImage, gain: float) -> RgbImage:
    """Multiplies all levels of an image by a gain, up to white."""
    return np.asarray(cv2.LUT(frame, np.minimum(gain * _LEVELS, 255).astype(np.uint8)), np.uint8)


def bilateral_filter(frame: RgbImage, noise: float) -> RgbImage:
    """Denoises an image (H, W, 3) by a bilateral filter, given the standard deviation of the noise, grey levels.

    Source: C. Tomasi and R. Manduchi, "Bilateral filtering for gray and color images", ICCV 1998.
    """
    range_sigma = BILATERAL_RANGE_FACTOR * noise
    return np.asarray(cv2.bilateralFilter(frame, BILATERAL_WINDOW, range_sigma, BILATERAL_SPATIAL_SIGMA), np.uint8)


def nlm_filter(frame: RgbImage, noise: float) -> RgbImage:
    """Denoises an image (H, W, 3) by non-local means, given the standard deviation of the noise, grey levels.

    The filter runs at half the resolution, which takes a quarter of the time and halves the noise beforehand. The
    networks see people smaller than that anyway.

    Source: A. Buades, B. Coll and J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005.
    """
    strength = NLM_STRENGTH * noise / 2
    height, width = frame.shape[:2]
    half = cv2.resize(frame, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    denoised = cv2.fastNlMeansDenoising(half, None, strength, NLM_PATCH, NLM_WINDOW)
    return np.asarray(cv2.resize(denoised, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def describe_problems(quality: ImageQuality, image_size: tuple[int, int]) -> list[str]:
    """Describes, one line each, the problems of images of a size px, px, that make poses less accurate."""
    problems = []
    if quality.noise >= NOISY_SIGMA:
        problems.append(
            f"the image is noisy (its noise has a standard deviation of {quality.noise:.0f} of 255 grey "
            "levels): poses are less accurate; record with more light"
        )
    if quality.light < DARK_LEVEL:
        problems.append(
            f"the image is very dark (95 % of it is darker than grey level {quality.light:.0f} of 255): people may "
            "be missed; record with more light"
        )
    if quality.blur > MAX_BLUR_FRACTION * max(image_size):
        problems.append(
            f"the image is blurred (its clearest edges are as after a Gaussian of {quality.blur:.1f} px): poses are "
            "less accurate; focus on the people, hold the camera still"
        )
    return problems

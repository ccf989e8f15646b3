"""Prepares dark and noisy frames for the networks that look at them.

What helps, and from which level on, was measured on spoilt clips of rendered people: docs/noisy_video.md.
"""

import cv2
import numpy as np

from bodydouble.data import RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.perception.image.quality import PictureQuality, QualityMeter, light_level

METHODS = ("auto", "off", "bilateral", "nlm")

DARK = 40.0
"""Grey level; a picture whose light parts are darker is brightened."""
BRIGHT = 180.0
"""Grey level that they are brought to."""
MOST_GAIN = 20.0
"""A black picture stays black."""
NOISY = 10.0
"""Grey levels of noise, after brightening, from which ``auto`` filters."""
LEAST_NOISE = 1.0
"""Grey levels; with less there is nothing to filter."""
MOST_BLUR = 0.004
"""Of the picture's longer side: wider edges are called blurred."""

BILATERAL_PX, BILATERAL_SPREAD, BILATERAL_RANGE = 5, 2.0, 4.0
"""Window px, standard deviation px, and standard deviation of the differences in units of the noise's."""
NLM_PATCH, NLM_WINDOW, NLM_STRENGTH = 5, 11, 1.2
"""px, px, and the filter's strength in units of the noise's standard deviation."""
_LEVELS = np.arange(256)


class Denoiser:
    """Cleans the frames of one video. Give it all of them in order: the noise is that of the last second or so."""

    def __init__(self, method: str = "auto") -> None:
        """Nothing was seen yet.

        Args:
            method: "off": frames stay as they are. The others brighten pictures that are very dark; "bilateral" and
                "nlm" (non-local means, slower) filter the noise; "auto" does as "nlm" where that was measured to help.

        Raises:
            InvalidDataError: There is no such method.
        """
        check_method(method)
        self._method = method
        self._meter = QualityMeter()

    def begin_shot(self) -> None:
        """The next frame is the first one of another camera."""
        self._meter.begin_shot()

    def clean(self, frame: RgbImage) -> RgbImage:
        """The next frame (H, W, 3) RGB as networks are to see it: itself, unless something is to be done."""
        quality = self._meter.present(frame)
        if self._method == "off":
            return frame
        gain = _gain(light_level(frame))
        noise = gain * quality.noise
        bright = brightened(frame, gain) if gain > 1.0 else frame
        if noise < (NOISY if self._method == "auto" else LEAST_NOISE):
            return bright
        return smoothed(bright, noise) if self._method == "bilateral" else without_noise(bright, noise)

    def complaints(self, size: tuple[int, int]) -> list[str]:
        """What is wrong with the pictures seen so far, for the user; nothing if they are good.

        Args:
            size: width and height of the pictures, px.
        """
        quality = self._meter.overall()
        return complaints(quality, size) if quality else []


def _gain(light: float) -> float:
    """What a picture is multiplied with; each frame by itself, since lights go on and off."""
    return min(BRIGHT / max(light, 1.0), MOST_GAIN) if light < DARK else 1.0


def check_method(method: str) -> None:
    """Raise InvalidDataError unless this is one of METHODS."""
    if method not in METHODS:
        raise InvalidDataError(f"unknown way to denoise {method!r}; choose one of {', '.join(METHODS)}")


def brightened(frame: RgbImage, gain: float) -> RgbImage:
    """The picture with all levels multiplied, up to white."""
    return np.asarray(cv2.LUT(frame, np.minimum(gain * _LEVELS, 255).astype(np.uint8)), np.uint8)


def smoothed(frame: RgbImage, noise: float) -> RgbImage:
    """The picture (H, W, 3) under a bilateral filter for noise of a standard deviation in grey levels.

    Source: C. Tomasi and R. Manduchi, "Bilateral filtering for gray and color images", ICCV 1998.
    """
    return np.asarray(cv2.bilateralFilter(frame, BILATERAL_PX, BILATERAL_RANGE * noise, BILATERAL_SPREAD), np.uint8)


def without_noise(frame: RgbImage, noise: float) -> RgbImage:
    """The picture (H, W, 3) by non-local means, at half its resolution, for noise of a standard deviation, grey levels.

    Half the resolution takes a quarter of the time and halves the noise beforehand; the networks see people smaller
    than that anyway.

    Source: A. Buades, B. Coll and J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005.
    """
    strength = NLM_STRENGTH * noise / 2
    height, width = frame.shape[:2]
    half = cv2.resize(frame, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    clean = cv2.fastNlMeansDenoising(half, None, strength, NLM_PATCH, NLM_WINDOW)
    return np.asarray(cv2.resize(clean, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def complaints(quality: PictureQuality, size: tuple[int, int]) -> list[str]:
    """What is wrong with pictures of a size px, px, so that poses suffer: one line each."""
    found = []
    if quality.noise >= NOISY:
        found.append(
            f"the picture is noisy (its noise has a standard deviation of {quality.noise:.0f} of 255 grey "
            "levels): poses are less accurate; film with more light"
        )
    if quality.light < DARK:
        found.append(
            f"the picture is very dark (95 % of it is darker than grey level {quality.light:.0f} of 255): people may "
            "be missed; film with more light"
        )
    if quality.blur > MOST_BLUR * max(size):
        found.append(
            f"the picture is blurred (its clearest edges are as after a Gaussian of {quality.blur:.1f} px): poses are "
            "less accurate; focus on the people, hold the camera still"
        )
    return found

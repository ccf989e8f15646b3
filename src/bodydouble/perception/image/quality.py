"""Measures the noise, the light and the blur of images: ``RgbImage`` -> ``ImageQuality``."""

from collections import deque
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray, IntArray, RgbImage

BLOCK_SIZE = 16
"""Side of the square blocks in each of which the noise is measured, px."""
FLAT_FRACTION = 0.25
"""Fraction of the blocks that is assumed to be flat."""
UNCLIPPED_RANGE = (4.0, 251.0)
"""Range of grey levels outside which noise is clipped."""
LIGHT_PERCENTILE = 95.0
"""Percentile of the luma that counts as the light parts of an image."""
SPOT_LEVEL, SPOT_PERCENTILE = 120.0, 99.9
"""Grey level of a lit spot, and the percentile of the luma that must reach it."""
FINE_SIGMA, COARSE_SIGMA = 1.0, 2.0
"""Standard deviations of the two Gaussians from whose gradients the width of an edge is estimated, px."""
DIFFERENCE_VARIANCE = 1 / 3
"""Variance of the box with which a difference of pixels two apart blurs, px^2."""
EDGE_PERCENTILE = 99.0
"""Percentile of the gradient magnitude above which pixels lie on the clearest edges."""
EDGE_TO_NOISE = 2.0
"""Minimum gradient of an edge in grey levels per px, per grey level of noise."""
BRIGHTER_FRAMES_PERCENTILE = 75.0
"""Percentile of the light over the frames of a video that counts as its light, so that one is dark only where most
frames are: flashes, strobe lights and fades leave some frames dark."""
MIN_EDGE_PIXELS = 50
"""Minimum number of pixels on edges from which the blur is estimated."""
MAX_EDGE_WIDTH = 20.0
"""Maximum edge width that is measured, px."""
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
"""Kernel that maps a slope or a straight edge to zero."""
_NOISE_GAIN = 6.0
"""Ratio of the standard deviation of noise after this kernel to that before it."""


@dataclass(frozen=True, slots=True)
class ImageQuality:
    """Quality of one image, or the median quality of several."""

    noise: float
    """Standard deviation of the luma in flat parts, grey levels of 255."""
    light: float
    """Grey level, 0 to 255, of the light parts: the 95th percentile of the luma, or more if there is a lit spot."""
    blur: float
    """Standard deviation of the Gaussian that would make the clearest edges as wide as they are, px; NaN where no edge
    stands out of the noise."""


def measure_quality(frame: RgbImage, *, with_blur: bool = True) -> ImageQuality:
    """Measures noise, light and, on request, blur of an image (H, W, 3) RGB; the blur takes most of the time."""
    luma = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)
    noise = noise_level(luma)
    return ImageQuality(noise, light_level(frame), edge_width(luma, noise) if with_blur else float("nan"))


def light_level(frame: RgbImage) -> float:
    """Returns the luma, 0 to 255, of the light parts of an image (H, W, 3) RGB, from every fourth pixel and row.

    A lit spot, such as a person on a dark stage, raises it to at least SPOT_LEVEL, even if the spot is small.
    """
    # With one element per pixel, sampling copies whole pixels: two thirds of the time of single bytes.
    sampled = np.ascontiguousarray(frame.view("V3")[::4, ::4]).view(np.uint8)
    histogram = np.bincount(cv2.cvtColor(sampled, cv2.COLOR_RGB2GRAY).ravel())
    light, lightest = (_percentile(histogram, q) for q in (LIGHT_PERCENTILE, SPOT_PERCENTILE))
    return float(max(light, SPOT_LEVEL) if lightest >= SPOT_LEVEL else light)


def _percentile(histogram: IntArray, percentile: float) -> float:
    """Returns a percentile of integers with a histogram, linear between two of them; faster than sorting."""
    cumulative = np.cumsum(histogram)
    rank = percentile / 100 * (int(cumulative[-1]) - 1)
    low, high = np.searchsorted(cumulative, [np.floor(rank), np.ceil(rank)], side="right")
    return float(low + (high - low) * (rank % 1))


def noise_level(luma: RgbImage) -> float:
    """Returns the standard deviation of the noise, grey levels; 0 if nothing is flat enough to measure it.

    The mean response to a kernel that is blind to slopes is computed in blocks. Blocks with a low response are flat, so
    their response is noise. Black and white blocks do not count.

    Args:
        luma: (H, W) uint8, grey levels.

    Source: J. Immerkaer, "Fast noise variance estimation", Computer Vision and Image Understanding, 1996 (the kernel;
    there all pixels count, which takes texture for noise).
    """
    response = np.abs(cv2.filter2D(luma, cv2.CV_16S, _NOISE_KERNEL))
    noise = np.sqrt(np.pi / 2) / _NOISE_GAIN * _block_means(response)
    level = _block_means(luma)
    unclipped = noise[(level > UNCLIPPED_RANGE[0]) & (level < UNCLIPPED_RANGE[1])]
    return float(np.quantile(unclipped, FLAT_FRACTION)) if unclipped.size else 0.0


def _block_means(values: NDArray[np.uint8 | np.int16]) -> FloatArray:
    """Returns the means (rows, columns) of values (H, W) over whole blocks inside its borders."""
    rows, columns = ((side - 2) // BLOCK_SIZE for side in values.shape)
    if not rows or not columns:
        return np.empty((rows, columns), np.float32)
    inner = values[1 : 1 + rows * BLOCK_SIZE, 1 : 1 + columns * BLOCK_SIZE].astype(np.float32)
    return np.asarray(cv2.resize(inner, (columns, rows), interpolation=cv2.INTER_AREA))


def edge_width(luma: RgbImage, noise: float) -> float:
    """Returns the standard deviation of the Gaussian that blurs the clearest edges, px; NaN without clear edges.

    After a Gaussian of standard deviation a, the gradient of a step that was blurred by s is proportional to
    1 / sqrt(s^2 + a^2). The ratio of two such gradients determines s. Noise makes blurred edges look sharper.

    Args:
        luma: (H, W) uint8, grey levels.
        noise: Standard deviation of the noise, grey levels.

    Source: S. Zhuo and T. Sim, "Defocus map estimation from a single image", Pattern Recognition, 2011.
    """
    fine, coarse = (_gradient_magnitude(luma.astype(np.float32), sigma) for sigma in (FINE_SIGMA, COARSE_SIGMA))
    clear = fine >= max(float(np.percentile(fine[::2, ::2], EDGE_PERCENTILE)), EDGE_TO_NOISE * noise, 1.0)
    if np.count_nonzero(clear) < MIN_EDGE_PIXELS:
        return float("nan")
    squared_ratio = (fine[clear] / np.maximum(coarse[clear], 1e-3)) ** 2
    fine_variance, coarse_variance = (sigma**2 + DIFFERENCE_VARIANCE for sigma in (FINE_SIGMA, COARSE_SIGMA))
    variance = np.maximum(coarse_variance - squared_ratio * fine_variance, 0.0) / np.maximum(squared_ratio - 1.0, 1e-6)
    return float(min(np.median(np.sqrt(variance)), MAX_EDGE_WIDTH))


def _gradient_magnitude(luma: FloatArray, sigma: float) -> FloatArray:
    """Returns the gradient magnitude (H, W), grey levels per px, of the image blurred by a Gaussian."""
    smooth = cv2.GaussianBlur(luma, (0, 0), sigma)
    dx, dy = (cv2.Sobel(smooth, -1, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(dx, dy))


class QualityMeter:
    """Measures the quality of a video at regular intervals. All frames must be passed to it in order."""

    def __init__(self, measurement_interval: int = 30, window: int = 3, blur_interval: int = 120) -> None:
        """Starts without measurements.

        Args:
            measurement_interval: Frames from one measurement to the next.
            blur_interval: Minimum number of frames from one measurement of the blur to the next.
            window: Number of last measurements over which ``update`` takes the median.
        """
        self._measurement_interval = measurement_interval
        self._blur_interval = blur_interval
        self._frames = 0
        self._measurements: list[ImageQuality] = []
        self._lights: list[float] = []
        self._recent: deque[ImageQuality] = deque(maxlen=window)

    def begin_shot(self) -> None:
        """Forgets the recent measurements: the next frame is the first one of another camera."""
        self._recent.clear()
        self._frames = 0

    def update(self, frame: RgbImage) -> ImageQuality:
        """Returns the light of this frame, the next one of the video, and the noise and blur up to it."""
        self._lights.append(light_level(frame))
        if self._frames % self._measurement_interval == 0:
            quality = measure_quality(frame, with_blur=self._frames % self._blur_interval == 0)
            self._measurements.append(quality)
            self._recent.append(quality)
        self._frames += 1
        return replace(_median_quality(self._recent), light=self._lights[-1])

    def overall_quality(self) -> ImageQuality | None:
        """Returns the median noise and blur, and the light of most frames, so far; None if there were no frames."""
        if not self._measurements:
            return None
        light = float(np.percentile(self._lights, BRIGHTER_FRAMES_PERCENTILE))
        return replace(_median_quality(self._measurements), light=light)


def _median_quality(qualities: Iterable[ImageQuality]) -> ImageQuality:
    noise, light, blur = np.array([astuple(quality) for quality in qualities]).T
    finite = blur[np.isfinite(blur)]
    return ImageQuality(
        float(np.median(noise)), float(np.median(light)), float(np.median(finite)) if finite.size else float("nan")
    )

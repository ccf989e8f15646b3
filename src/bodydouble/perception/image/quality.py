"""How noisy, how dark and how blurred pictures are."""

from collections import deque
from collections.abc import Iterable
from dataclasses import astuple, dataclass

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbImage

SQUARE = 16
"""px; side of the squares in each of which the noise is measured."""
FLAT_SHARE = 0.25
"""Share of the squares that is taken to be flat."""
CLIPPED = (4.0, 251.0)
"""Grey levels; noise beyond them is cut off."""
LIGHT_SHARE = 95.0
"""Percent of the pixels that are darker than the light parts."""
SPOT, SPOT_SHARE = 120.0, 99.9
"""Grey level of a lit spot, and percent of the pixels that may be darker."""
FINE, COARSE = 1.0, 2.0
"""px; standard deviations of the two Gaussians whose gradients tell how wide an edge is."""
DIFFERENCE = 1 / 3
"""px^2; variance of the box that a difference of pixels two apart blurs with."""
EDGE_SHARE = 99.0
"""Percent of the pixels whose gradient is lower than that of the clearest edges."""
ABOVE_NOISE = 2.0
"""Grey levels per px, for each grey level of noise, from which a gradient is an edge."""
FEWEST_EDGES = 50
"""px; fewer pixels on edges tell nothing."""
WIDEST = 20.0
"""px; wider edges are not told apart."""
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32) / 6
"""Answers noise with noise of the same standard deviation, and nothing to a slope or a straight edge."""


@dataclass(frozen=True, slots=True)
class PictureQuality:
    """What was measured in a picture, or the median over several."""

    noise: float
    """Grey levels of 255: standard deviation of the luma in flat parts."""
    light: float
    """Grey level, 0 to 255, of the light parts: 95 % of the pixels have a lower luma, or there is a lit spot."""
    blur: float
    """px: standard deviation of the Gaussian that would make the clearest edges as wide as they are; NaN where none
    stands out of the noise."""


def picture_quality(frame: RgbImage) -> PictureQuality:
    """Noise, light and blur of a picture (H, W, 3) RGB."""
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    noise = noise_level(luma)
    return PictureQuality(noise, light_level(frame), edge_width(luma, noise))


def light_level(frame: RgbImage) -> float:
    """Luma, 0 to 255, of the light parts of a picture (H, W, 3) RGB, by every fourth pixel of every fourth row.

    A lit spot, such as somebody on a dark stage, makes it at least SPOT, however small a part of the picture it is.
    """
    some = cv2.cvtColor(np.ascontiguousarray(frame[::4, ::4]), cv2.COLOR_RGB2GRAY)
    light, lightest = np.percentile(some, (LIGHT_SHARE, SPOT_SHARE)).tolist()
    return float(max(light, SPOT) if lightest >= SPOT else light)


def noise_level(luma: FloatArray) -> float:
    """Standard deviation of the noise, grey levels; 0 if nothing is flat enough to tell.

    The mean answer to a kernel that is blind to slopes is taken in squares; the squares where it is low are flat, so
    that what they answer is noise. Squares that are black or white do not count.

    Args:
        luma: (H, W) float32, grey levels.

    Source: J. Immerkaer, "Fast noise variance estimation", Computer Vision and Image Understanding, 1996 (the kernel;
    there all pixels count, which takes texture for noise).
    """
    answer = np.abs(cv2.filter2D(luma, -1, _NOISE_KERNEL))
    noise = np.sqrt(np.pi / 2) * _square_means(answer)
    level = _square_means(luma)
    useful = noise[(level > CLIPPED[0]) & (level < CLIPPED[1])]
    return float(np.quantile(useful, FLAT_SHARE)) if useful.size else 0.0


def _square_means(values: FloatArray) -> FloatArray:
    """(rows, columns) of values (H, W), of whole squares inside its borders."""
    rows, columns = ((side - 2) // SQUARE for side in values.shape)
    inner = values[1 : 1 + rows * SQUARE, 1 : 1 + columns * SQUARE]
    return np.asarray(inner.reshape(rows, SQUARE, columns, SQUARE).mean(axis=(1, 3)))


def edge_width(luma: FloatArray, noise: float) -> float:
    """Standard deviation of the Gaussian that blurs the clearest edges, px; NaN if none stands out of the noise.

    A Gaussian of standard deviation a makes the gradient of a step that was blurred by s fall as
    1 / sqrt(s^2 + a^2), so that the ratio of two such gradients tells s. Noise makes blurred edges look sharper.

    Args:
        luma: (H, W) float32, grey levels.
        noise: standard deviation, grey levels.

    Source: S. Zhuo and T. Sim, "Defocus map estimation from a single image", Pattern Recognition, 2011.
    """
    fine, coarse = (_gradient(luma, sigma) for sigma in (FINE, COARSE))
    clear = fine >= max(float(np.percentile(fine[::2, ::2], EDGE_SHARE)), ABOVE_NOISE * noise, 1.0)
    if np.count_nonzero(clear) < FEWEST_EDGES:
        return float("nan")
    square = (fine[clear] / np.maximum(coarse[clear], 1e-3)) ** 2
    narrow, wide = (sigma**2 + DIFFERENCE for sigma in (FINE, COARSE))
    width = np.sqrt(np.maximum(wide - square * narrow, 0.0) / np.maximum(square - 1.0, 1e-6))
    return float(min(np.median(width), WIDEST))


def _gradient(luma: FloatArray, sigma: float) -> FloatArray:
    """(H, W) grey levels per px, of the picture blurred by a Gaussian."""
    smooth = cv2.GaussianBlur(luma, (0, 0), sigma)
    across, down = (cv2.Sobel(smooth, -1, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(across, down))


class QualityMeter:
    """Measures every so many frames of a video. Give it all of them in order."""

    def __init__(self, every: int = 15, recent: int = 3) -> None:
        """Nothing was measured yet.

        Args:
            every: frames from one measurement to the next.
            recent: measurements over which ``present`` is the median.
        """
        self._every = every
        self._frames = 0
        self._all: list[PictureQuality] = []
        self._recent: deque[PictureQuality] = deque(maxlen=recent)

    def begin_shot(self) -> None:
        """The next frame is the first one of another camera: ``present`` forgets the earlier ones."""
        self._recent.clear()
        self._frames = 0

    def present(self, frame: RgbImage) -> PictureQuality:
        """The quality around this frame, the next one of the video; frames to come do not count."""
        if self._frames % self._every == 0:
            found = picture_quality(frame)
            self._all.append(found)
            self._recent.append(found)
        self._frames += 1
        return _median(self._recent)

    def overall(self) -> PictureQuality | None:
        """The quality of all frames so far; None if there were none."""
        return _median(self._all) if self._all else None


def _median(found: Iterable[PictureQuality]) -> PictureQuality:
    noise, light, blur = np.array([astuple(one) for one in found]).T
    known = blur[np.isfinite(blur)]
    return PictureQuality(
        float(np.median(noise)), float(np.median(light)), float(np.median(known)) if known.size else float("nan")
    )

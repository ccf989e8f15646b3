"""Compares heavily downsampled frames: ``RgbImage`` -> ``FrameSignature``; two signatures -> content change."""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbImage

INTERMEDIATE_SIZE = (320, 180)
"""Width and height of the image from which both images of a signature are averaged, px."""
DETAILED_SIZE = (64, 36)
"""Width and height of the detailed image of a signature, px."""
SMALL_SIZE = (32, 18)
"""Width and height of the small image of a signature, px; it hardly shows people and noise, but it shows the place."""
BLOCK_SIZE = (8, 9)
"""Width and height of the blocks of the small image that are matched, px."""
SEARCH_RADIUS = 5
"""Maximum displacement of a block in every direction, px."""
MIN_DIFFERENCE = 3.0
"""Minimum mean difference of small images that are compared further, grey levels."""
MIN_PIXEL_CHANGE = 6.0
"""Change of a pixel of a small image above which it counts as changed, grey levels."""
CONTRAST_FLOOR = 4.0
"""Contrast that is added to that of the image, grey levels, so that images without contrast change little."""

BLACK_LEVEL = 16.0
"""Grey level below which all of a black image lies."""
LOG_OFFSET = 10.0
"""Grey levels added before the logarithm, so that edges between darker places hardly count."""
BLUR_SIZE = (5, 5)
"""Width and height of the box that is subtracted for the edges, px of the detailed image."""


@dataclass(frozen=True, slots=True)
class FrameSignature:
    """Two heavily downsampled copies of a frame."""

    small: FloatArray
    """(18, 32, 3) grey levels."""
    detailed: RgbImage
    """(36, 64, 3) RGB."""

    @property
    def is_black(self) -> bool:
        """True if the frame is black."""
        return bool(self.small.max() < BLACK_LEVEL)


def downsample(frame: RgbImage) -> FrameSignature:
    """Downsamples a frame (H, W, 3) RGB to its signature."""
    coarse = cv2.resize(frame, INTERMEDIATE_SIZE, interpolation=cv2.INTER_LINEAR)
    small, detailed = (cv2.resize(coarse, size, interpolation=cv2.INTER_AREA) for size in (SMALL_SIZE, DETAILED_SIZE))
    return FrameSignature(np.asarray(small, dtype=np.float32), np.asarray(detailed, dtype=np.uint8))


def changed_fraction(first: FrameSignature, second: FrameSignature) -> float:
    """Returns the fraction of the image in which two frames differ, without bars that are black in both: 0 to 1."""
    is_shown = np.maximum(first.small, second.small).max(axis=-1) >= BLACK_LEVEL
    is_changed = np.abs(first.small - second.small).max(axis=-1) > MIN_PIXEL_CHANGE
    return float(is_changed[is_shown].mean()) if is_shown.any() else 0.0


def content_change(first: FloatArray, second: FloatArray) -> float:
    """Returns the fraction of two small images (18, 32, 3), weighted by contrast, that only one of them shows: 0 to 1.

    It is symmetric, and insensitive to camera motion and brightness.
    """
    if np.abs(first - second).mean() < MIN_DIFFERENCE:
        return 0.0
    return max(_unmatched_fraction(first, second), _unmatched_fraction(second, first))


def edge_correlation(first: FrameSignature, second: FrameSignature) -> float:
    """Returns the correlation of the edges of two frames, -1 to 1, whatever light of whatever colour falls."""
    edges = [_high_pass(np.log(frame.detailed.astype(np.float32) + LOG_OFFSET)) for frame in (first, second)]
    a, b = (each / np.maximum(np.linalg.norm(each, axis=(0, 1)), 1e-6) for each in edges)
    return float((a * _align_edges(b, a, 1)).sum() / 3)


def edge_mixture_fraction(before: FrameSignature, middle: FrameSignature, after: FrameSignature) -> float:
    """Returns the fraction of the edges of the middle frame that a mixture of the other two explains: 0 to 1.

    Least squares of the middle edges on those of both other frames, each shifted by up to 2 px.
    """
    edges = _high_pass(middle.detailed.astype(np.float32))
    parts = [_align_edges(_high_pass(frame.detailed.astype(np.float32)), edges, 2).ravel() for frame in (before, after)]
    residual = np.linalg.lstsq(np.stack(parts, axis=1), edges.ravel(), rcond=None)[1]
    return 1 - float(residual.sum()) / max(float((edges**2).sum()), 1e-6) if len(residual) else 0.0


def edge_energy(frame: FrameSignature) -> float:
    """Returns the sum of the squared edges of a frame; it does not change with the place of the edges."""
    return float((_high_pass(frame.detailed.astype(np.float32)) ** 2).sum())


def _high_pass(image: FloatArray) -> FloatArray:
    """Subtracts the local mean from an image."""
    return np.asarray(image - cv2.blur(image, BLUR_SIZE))


def _align_edges(edges: FloatArray, reference: FloatArray, max_shift: int) -> FloatArray:
    """Shifts edges by at most that many px to the best correlation with a reference."""
    shifts = product(range(-max_shift, max_shift + 1), repeat=2)
    shifted = (np.roll(edges, shift, (0, 1)) for shift in shifts)
    return max(shifted, key=lambda candidate: float((candidate * reference).sum()))


def _unmatched_fraction(reference: FloatArray, image: FloatArray) -> float:
    """Returns the fraction of a small image that no nearby part of a reference matches, whatever their brightness."""
    radius = SEARCH_RADIUS
    padded = cv2.copyMakeBorder(reference, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    width, height = BLOCK_SIZE
    contrast = unmatched = 0.0
    for y in range(0, SMALL_SIZE[1], height):
        for x in range(0, SMALL_SIZE[0], width):
            block = image[y : y + height, x : x + width]
            search_window = padded[y : y + height + 2 * radius, x : x + width + 2 * radius]
            correlation = float(cv2.matchTemplate(search_window, block, cv2.TM_CCOEFF_NORMED).max())
            weight = float(np.linalg.norm(block.std(axis=(0, 1))))
            contrast += weight
            unmatched += weight * (1 - min(max(correlation, 0.0), 1.0))
    return unmatched / (contrast + CONTRAST_FLOOR)

"""Clean plates: samples of the frames of a shot, outside the people -> the place without them.

A pixel of the plate is the median, over time, of the frames in which nobody covers it. Where there is background to
spare, frames in which people are merely close do not count either.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, RgbImage
from bodydouble.film.backgrounds.color_range import max_color

MAX_SAMPLES = 48
"""Maximum number of frames from which a plate is computed; they are in memory at once."""
TILE_ROWS = 16
"""Rows of the plate that are computed at a time."""
MIN_SPARE_SAMPLES = 3
"""Minimum number of frames without anybody close that suffice by themselves."""

NEAR_FEET, CLOSE, FREE = 1, 2, 3
"""Levels of a pixel of a sample: where shadows of people may lie, close to people, and far from them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame of a shot."""

    image: RgbImage
    """(H, W, 3) RGB."""
    people: BoolArray
    """(h, w) where people may be, of any size."""
    surroundings: BoolArray
    """(h, w) people and what is close to them."""
    near_feet: BoolArray
    """(h, w) where their shadows may lie."""
    plate_from_frame: FloatArray | None
    """(3, 3) homography, px; None if the plate is the frame."""


@dataclass(frozen=True, slots=True)
class Plate:
    """The place of a shot without people."""

    image: RgbImage
    """(H, W, 3) RGB."""
    seen: BoolArray
    """(H, W) False where people cover the place in every sample."""
    near_feet: BoolArray
    """(H, W) True where the image stems from frames in which people stood close, so that it may show their shadow."""
    spread: RgbImage
    """(H, W) mean deviation from the plate over time, grey levels: leaves, water, noise."""


def compute_plate(samples: Sequence[Sample], size: tuple[int, int]) -> Plate:
    """Computes the plate of width and height ``size`` px from samples of a shot; unseen pixels are black."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    seen = np.zeros((size[1], size[0]), bool)
    near_feet = np.zeros((size[1], size[0]), bool)
    spread = np.zeros((size[1], size[0]), np.uint8)
    masks = [_encode_masks(sample) for sample in samples]
    for top in range(0, size[1], TILE_ROWS):
        rows = slice(top, min(top + TILE_ROWS, size[1]))
        tiles = list(_warp_tiles(samples, masks, (size[0], rows.stop - top), top))
        images, levels = (np.stack(parts) for parts in zip(*tiles, strict=True))
        level = _choose_level(levels)
        image[rows], seen[rows], spread[rows] = _median_tile(images, levels >= level)
        near_feet[rows] = level == NEAR_FEET
    return Plate(image, seen, near_feet & seen, spread)


def _encode_masks(sample: Sample) -> RgbImage:
    """Returns (H, W): 0 on people, NEAR_FEET, CLOSE to people, and FREE elsewhere; at the size of the frame."""
    levels = np.full(sample.people.shape, FREE, np.uint8)
    levels[sample.surroundings] = CLOSE
    levels[sample.near_feet] = NEAR_FEET
    levels[sample.people] = 0
    size = sample.image.shape[1], sample.image.shape[0]
    return np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _warp_tiles(
    samples: Sequence[Sample], masks: Sequence[RgbImage], size: tuple[int, int], top: int
) -> Iterator[tuple[RgbImage, RgbImage]]:
    """Yields images and masks of the rows of the plate from ``top`` on; outside the frame the mask is 0."""
    for sample, mask in zip(samples, masks, strict=True):
        if sample.plate_from_frame is None:
            yield sample.image[top : top + size[1]], mask[top : top + size[1]]
        else:
            tile_from_frame = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, -top], [0.0, 0.0, 1.0]]) @ sample.plate_from_frame
            image = cv2.warpPerspective(
                sample.image, tile_from_frame, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            shown = cv2.warpPerspective(mask, tile_from_frame, size, flags=cv2.INTER_NEAREST)
            yield np.asarray(image, np.uint8), np.asarray(shown, np.uint8)


def _choose_level(levels: RgbImage) -> RgbImage:
    """Returns the highest level (H, W) that enough of the samples (N, H, W) have."""
    level = np.full(levels.shape[1:], NEAR_FEET, np.uint8)
    for higher in (CLOSE, FREE):
        level[(levels >= higher).sum(axis=0) >= MIN_SPARE_SAMPLES] = higher
    return level


def _median_tile(images: RgbImage, valid: BoolArray) -> tuple[RgbImage, BoolArray, RgbImage]:
    """Returns the median (H, W, 3) of images (N, H, W, 3) that are valid (N, H, W), where there are any, its spread."""
    count = valid.sum(axis=0)
    median = _select_rank(np.where(valid[..., None], images, np.uint8(255)), (count - 1) // 2)
    median[count == 0] = 0
    deviation = np.zeros(count.shape, np.float32)
    for image, shown in zip(images, valid, strict=True):
        deviation += max_color(np.asarray(cv2.absdiff(image, median), np.uint8)) * shown
    return median, count > 0, (deviation / np.maximum(count, 1)).astype(np.uint8)


def _select_rank(images: RgbImage, rank: IntArray) -> RgbImage:
    """Returns the value (H, W, 3) of a rank (H, W) among images (N, H, W, 3), one bit after another.

    Counting the smaller values is about ten times faster than sorting.
    """
    value = np.zeros(images.shape[1:], np.uint8)
    for bit in range(7, -1, -1):
        candidate = value | np.uint8(1 << bit)
        smaller = np.add.reduce((images < candidate).view(np.uint8), axis=0, dtype=np.uint8)
        value = np.where(smaller <= rank[..., None], candidate, value)
    return value

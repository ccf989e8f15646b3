"""Parts of a frame that differ from a plate: things that move, the shadows of people, and the light.

Things that move and are not people stay in the film. What touches people or their shadows, or looks like a shadow
near their feet, belongs to them.
"""

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray, RgbImage
from bodydouble.film.backgrounds.color_range import max_color, min_color
from bodydouble.film.backgrounds.person_masks import WIDE_MARGIN, PersonMasks

COMPARISON_SIDE = 320
"""Maximum longer side of the images in which differences are computed, px."""
MIN_DIFFERENCE = 16.0
"""Minimum difference from the plate of something that moves, grey levels."""
SPREAD_FACTOR = 4.0
"""Minimum difference in mean deviations of the place over time; leaves in the wind do not count."""
MIN_AREA = 0.0008
"""Minimum area of something that moves, in areas of the image."""
PERSON_TIMES = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Times around a frame in s at which people count as close; a person may enter before the first detection."""
FOOT_RADIUS = 2.0
"""Radius around feet in which shadows are looked for, in trunk lengths."""
SHADOW_RATIOS = (0.3, 0.96)
"""Brightness of a place in a shadow over that without it."""
MAX_HUE_CHANGE = 0.1
"""Maximum difference between this ratio in the three colours."""
MAX_LIGHT_CHANGE = 0.05
"""Change of brightness that is taken for flicker, relative; larger ones are followed."""
LIGHT_STEP = 3
"""Distance of the pixels at which the light is measured."""
MIN_LIGHT_PIXELS = 50
"""Minimum number of these pixels outside the people."""
LIGHT_TIME = 0.2
"""Time in s in which most of a change of light is followed; exposure that jumps for a frame is not."""
SMOOTHING = 0.5
"""Weight of the previous frame in the opacity of things that move."""


def reduce_image(image: RgbImage) -> RgbImage:
    """Reduces an image to the size in which differences are computed."""
    ratio = min(1.0, COMPARISON_SIDE / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def measure_light(frame: RgbImage, plate: RgbImage, people: BoolArray) -> FloatArray:
    """Returns the brightness (3,) of a reduced frame over that of the plate, outside the people; 1 for small changes.

    Args:
        frame: (h, w, 3) RGB, reduced.
        plate: (h, w, 3) RGB, likewise.
        people: (h, w) where people may be.
    """
    some = np.s_[::LIGHT_STEP, ::LIGHT_STEP]
    usable = ~people[some] & (min_color(plate[some]) > 16) & (max_color(frame[some]) < 250)
    if usable.sum() < MIN_LIGHT_PIXELS:
        return np.ones(3)
    ratio = np.median((frame[some][usable] + 1.0) / (plate[some][usable] + 1.0), axis=0)
    change = ratio - 1.0
    return np.asarray(1.0 + np.sign(change) * np.maximum(np.abs(change) - MAX_LIGHT_CHANGE, 0.0))


def apply_light(image: RgbImage, light: FloatArray) -> RgbImage:
    """Multiplies an image (H, W, 3) by the light (3,)."""
    if np.all(light == 1.0):
        return image
    table = np.clip(np.round(np.arange(256)[:, None] * light), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), np.uint8)


def find_shadows(frame: RgbImage, plate: RgbImage) -> BoolArray:
    """Returns (h, w) where a frame is darker than the plate, but has its hue."""
    ratio = (cv2.blur(frame, (3, 3)) + np.float32(4)) / (cv2.blur(plate, (3, 3)) + np.float32(4))
    low, high = min_color(ratio), max_color(ratio)
    return np.asarray((low > SHADOW_RATIOS[0]) & (high < SHADOW_RATIOS[1]) & (high - low < MAX_HUE_CHANGE))


class MovingParts:
    """Finds what moves before a static plate, frame by frame."""

    def __init__(self, plate: RgbImage, spread: RgbImage, masks: PersonMasks) -> None:
        """Prepares the comparison.

        Args:
            plate: (H, W, 3) RGB.
            spread: (H, W) mean deviation over time, grey levels.
            masks: the people.
        """
        self._plate = reduce_image(plate)
        largest = cv2.dilate(reduce_image(spread), np.ones((5, 5))).astype(np.float32)
        self._threshold = np.maximum(MIN_DIFFERENCE, SPREAD_FACTOR * largest)
        self._masks = masks
        self._index: int | None = None
        self._opacity = np.zeros(self._threshold.shape, np.float32)
        self._light: FloatArray = np.ones(3)
        self._wide_masks: dict[int, BoolArray] = {}

    def compare(self, index: int, frame: RgbImage) -> tuple[FloatArray, FloatArray]:
        """Compares a frame with the plate; the results change softly if the previous call was for the frame before.

        Args:
            index: the frame.
            frame: (h, w, 3) RGB, reduced.

        Returns:
            The brightness (3,) of the frame over that of the plate, and the opacity (h, w), 0 to 1, of what moves.
        """
        light = measure_light(frame, self._plate, self._wide_mask(index))
        opacity = self._find_moving(index, frame, apply_light(self._plate, light))
        if self._index is not None and index in (self._index, self._index + 1):
            light_weight = np.exp(-1.0 / (LIGHT_TIME * self._masks.fps))
            light = light_weight * self._light + (1 - light_weight) * light
            opacity = np.asarray(SMOOTHING * self._opacity + (1 - SMOOTHING) * opacity)
        self._index, self._light, self._opacity = index, light, opacity
        return light, opacity

    def _find_moving(self, index: int, frame: RgbImage, plate: RgbImage) -> FloatArray:
        difference = cv2.blur(max_color(np.asarray(cv2.absdiff(frame, plate), np.uint8)), (5, 5))
        differs = (difference > self._threshold).astype(np.uint8)
        moving = np.asarray(cv2.morphologyEx(differs, cv2.MORPH_OPEN, np.ones((3, 3))), np.uint8)
        moving[find_shadows(frame, plate) & self._fit(self._masks.draw_feet(index, FOOT_RADIUS))] = 0
        for seconds in PERSON_TIMES:
            moving[self._wide_mask(index + round(seconds * self._masks.fps))] = 0
        kept = cv2.dilate(_keep_large(moving), np.ones((5, 5))).astype(np.float32)
        return np.asarray(cv2.blur(kept, (5, 5)), np.float32)

    def _wide_mask(self, index: int) -> BoolArray:
        """Returns the people (h, w) in a frame and what is close to them; masks that will be needed again are kept."""
        if index not in self._wide_masks:
            self._wide_masks[index] = self._fit(self._masks.draw(index, WIDE_MARGIN))
            earliest = index - 3 * round(max(PERSON_TIMES) * self._masks.fps)
            self._wide_masks = {frame: mask for frame, mask in self._wide_masks.items() if frame >= earliest}
        return self._wide_masks[index]

    def _fit(self, mask: BoolArray) -> BoolArray:
        """Scales a mask to the reduced size."""
        height, width = self._threshold.shape
        return np.asarray(cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0)


def _keep_large(moving: RgbImage) -> RgbImage:
    """Removes small connected areas from a mask (h, w) of 0 and 1."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(moving)
    large = statistics[:, cv2.CC_STAT_AREA] >= MIN_AREA * moving.size
    large[0] = False
    return np.asarray(large[labels], np.uint8)

"""Clean backgrounds: the frames of a film without the people.

Where the camera stands still, the plate is shown in every frame, so that nothing flickers; other things that move are
blended in. Where the camera moves, people and their shadows are replaced by the plate as the frame shows it.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray, RgbImage
from bodydouble.film.backgrounds.color_range import max_color
from bodydouble.film.backgrounds.inpainting import interpolate_smoothly
from bodydouble.film.backgrounds.moving_parts import (
    FOOT_RADIUS,
    MovingParts,
    apply_light,
    find_shadows,
    reduce_image,
)
from bodydouble.film.backgrounds.person_masks import PersonMasks
from bodydouble.film.backgrounds.shot_plates import ShotPlate
from bodydouble.film.backgrounds.shots import shot_of_frame

RING_WIDTH = 7
"""Width of the ring around people in which plate and frame are compared, px of the reduced image."""
MAX_MATCH_DIFFERENCE = 40.0
"""Maximum difference between plate and frame in this ring that is taken for a change of light, grey levels."""
FEATHER = 0.004
"""Width over which the plate turns into the frame, in widths of the image."""
MIN_OPACITY = 0.01
"""Opacity below which nothing is blended."""

Drawing = Callable[[RgbImage], RgbImage]


class CleanBackground:
    """The frames without the people."""

    def __init__(
        self, plates: Sequence[ShotPlate], masks: PersonMasks, foregrounds: Sequence[FloatArray | None]
    ) -> None:
        """Prepares the shots.

        Args:
            plates: of all shots.
            masks: the people.
            foregrounds: opacity (H, W) of what stands before the people of each shot, None if nothing is known.
        """
        self._plates = list(plates)
        self._foregrounds = list(foregrounds)
        self._masks = masks
        self._shots = [plate.shot for plate in plates]
        self._current: tuple[int, MovingParts] | None = None

    def frame(self, index: int, source: RgbImage, /) -> RgbImage:
        """Returns the frame without the people."""
        number = shot_of_frame(self._shots, index)
        plate = self._plates[number]
        if plate.shot.is_static:
            return blend_moving_parts(self.moving_parts(number), index, source, plate.image)
        return replace_people(plate, self._masks, index, source)

    def moving_parts(self, number: int) -> MovingParts:
        """Returns the comparison with the plate of a shot; kept until another shot is asked for."""
        if self._current is None or self._current[0] != number:
            plate = self._plates[number]
            self._current = number, MovingParts(plate.image, plate.spread, self._masks)
        return self._current[1]

    def foreground(self, index: int, /) -> FloatArray | None:
        """Returns the opacity (H, W) of what stands before the people, None if nothing is known."""
        return self._foregrounds[shot_of_frame(self._shots, index)]


def blend_moving_parts(
    parts: MovingParts, index: int, source: RgbImage, plate: RgbImage, draw: Drawing | None = None
) -> RgbImage:
    """Returns a plate in the light of a frame, with the things that move.

    Args:
        parts: comparison with the plate.
        index: the frame.
        source: (H, W, 3) RGB, the frame.
        plate: (H, W, 3) RGB, the plate or a drawing of it.
        draw: function that draws the part of the frame that it gets; None: it is shown as it is.
    """
    light, opacity = parts.compare(index, reduce_image(source))
    image = apply_light(plate, light)
    alpha = cv2.resize(opacity, (source.shape[1], source.shape[0]), interpolation=cv2.INTER_LINEAR)
    area = _bounding_area(np.asarray(alpha, np.float32))
    if area is None:
        return image
    shown = source[area] if draw is None else draw(source[area])
    result = image.copy()
    result[area] = _blend(image[area], shown, np.asarray(alpha[area], np.float32))
    return result


def replace_people(plate: ShotPlate, masks: PersonMasks, index: int, source: RgbImage) -> RgbImage:
    """Returns a frame in which the plate covers people and their shadows, in the colours of their surroundings.

    Args:
        plate: of the shot.
        masks: the people.
        index: the frame.
        source: (H, W, 3) RGB.
    """
    people = masks.draw(index)
    if not people.any():
        return source
    height, width = source.shape[:2]
    view = plate.view(index, plate.image, (width, height))
    small_source, small_view = reduce_image(source), reduce_image(view)
    size = small_source.shape[1], small_source.shape[0]
    hole = _resize_mask(people, size)
    near_feet = _resize_mask(masks.draw_feet(index, FOOT_RADIUS), size)
    shift = _color_shift(small_source, small_view, hole, near_feet)
    shadow = find_shadows(small_source, np.clip(small_view + shift, 0, 255).astype(np.uint8)) & near_feet
    hole |= cv2.morphologyEx(shadow.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5))) > 0
    alpha = _feather(hole, (width, height))
    area = _bounding_area(alpha)
    if area is None:
        return source
    full_shift = np.asarray(cv2.resize(shift, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    shifted = np.clip(view[area] + full_shift[area], 0, 255).astype(np.uint8)
    result = source.copy()
    result[area] = _blend(source[area], shifted, alpha[area])
    return result


def _bounding_area(alpha: FloatArray) -> tuple[slice, slice] | None:
    """Returns the rows and columns of an opacity (H, W) that are not transparent, None if there are none."""
    rows, columns = (np.flatnonzero(alpha.max(axis=axis) > MIN_OPACITY) for axis in (1, 0))
    return (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)) if len(rows) else None


def _color_shift(source: RgbImage, view: RgbImage, hole: BoolArray, near_feet: BoolArray) -> FloatArray:
    """Returns what must be added to the plate (h, w, 3) so that it continues the frame around the hole."""
    side = 2 * RING_WIDTH + 1
    ring = (cv2.dilate(hole.astype(np.uint8), np.ones((side, side))) > 0) & ~hole & ~near_feet
    difference = source.astype(np.float32) - view
    weight = (ring & (max_color(np.abs(difference)) < MAX_MATCH_DIFFERENCE)).astype(np.float32)
    return interpolate_smoothly(difference * weight[..., None], weight)


def _feather(hole: BoolArray, size: tuple[int, int]) -> FloatArray:
    """Returns the opacity (H, W) of a reduced mask: 1 inside, falling to 0 outside of it."""
    radius = max(1, round(FEATHER * hole.shape[1]))
    grown = cv2.dilate(hole.astype(np.uint8), np.ones((2 * radius + 1, 2 * radius + 1))).astype(np.float32)
    soft = cv2.blur(grown, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _resize_mask(mask: BoolArray, size: tuple[int, int]) -> BoolArray:
    return np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)


def _blend(below: RgbImage, above: RgbImage, alpha: FloatArray) -> RgbImage:
    """Blends two images (H, W, 3) by the opacity (H, W) of the second."""
    weight = np.ascontiguousarray(alpha, np.float32)
    images = np.ascontiguousarray(below), np.ascontiguousarray(above)
    return np.asarray(cv2.blendLinear(*images, 1 - weight, weight), np.uint8)

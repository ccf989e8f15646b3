"""Plates of all shots of a film: shots, masks and frames -> ``ShotPlate``s, in one more pass over the frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, RgbImage
from bodydouble.film.backgrounds.inpainting import fill_unseen
from bodydouble.film.backgrounds.median_plate import MAX_SAMPLES, Plate, Sample, compute_plate
from bodydouble.film.backgrounds.moving_parts import FOOT_RADIUS, find_shadows, reduce_image
from bodydouble.film.backgrounds.person_masks import WIDE_MARGIN, PersonMasks
from bodydouble.film.backgrounds.shots import Shot, canvas_bounds

MAX_CANDIDATES = 240
"""Maximum number of frames of a shot among which samples are chosen."""
COVERAGE_SIDE = 40
"""Longer side of the masks that are compared to choose samples, px."""
ENOUGH_VIEWS = 8
"""Number of views of a place that suffice; frames that show places with fewer are preferred."""

SHADOW_GAP = 12
"""Maximum distance of a shadow in a plate from the unseen place of a person, px of the reduced image."""
SEAM_WIDTH = 4
"""Width of the seam around a shadow in which the fill is compared with the floor, px of the reduced image."""
MAX_SEAM_DIFFERENCE = 0.08
"""Maximum relative difference of colours that agree there."""
MIN_SEAM_SHARE = 0.7
"""Minimum share of the seam that agrees; the fill of a dark floor does not continue what is around it."""


@dataclass(frozen=True, slots=True)
class ShotPlate:
    """The place that a shot shows, without people and without holes."""

    shot: Shot
    image: RgbImage
    """(H, W, 3) RGB."""
    seen: BoolArray
    """(H, W) False where the image was inpainted."""
    spread: RgbImage
    """(H, W) mean deviation over time, grey levels."""
    plate_from_frame: FloatArray | None
    """(N, 3, 3) px, homography of each frame of the shot onto the image; None if they are the same."""

    def frame_from_plate(self, index: int) -> FloatArray | None:
        """Returns the homography (3, 3) of the image onto a frame of the film, px; None if they are the same."""
        if self.plate_from_frame is None:
            return None
        row = int(np.clip(index - self.shot.start, 0, len(self.plate_from_frame) - 1))
        return np.asarray(np.linalg.inv(self.plate_from_frame[row]))

    def view(self, index: int, image: RgbImage, size: tuple[int, int]) -> RgbImage:
        """Returns an image of the plate's pixels, such as a drawing of it, as a frame of the film shows it.

        Args:
            index: the frame.
            image: (H, W) or (H, W, 3), of the plate's size.
            size: width and height of the frame, px.
        """
        homography = self.frame_from_plate(index)
        if homography is None:
            return image
        warped = cv2.warpPerspective(image, homography, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped, np.uint8)


def build_plates(frames: Iterable[RgbImage], shots: Sequence[Shot], masks: PersonMasks) -> list[ShotPlate]:
    """Builds the plates of all shots; the samples of one shot are in memory at a time.

    Args:
        frames: (H, W, 3) RGB, in order.
        shots: of the same frames.
        masks: the people.
    """
    plates: list[ShotPlate] = []
    samples: list[Sample] = []
    chosen = _choose_samples(shots[0], masks)
    for index, image in enumerate(frames):
        shot = shots[len(plates)]
        if index in chosen:
            samples.append(_take_sample(shot, index, image, masks))
        if index == shot.stop - 1:
            plates.append(_build_plate(shot, samples, (image.shape[1], image.shape[0])))
            samples = []
            if len(plates) == len(shots):
                break
            chosen = _choose_samples(shots[len(plates)], masks)
    return plates


def _take_sample(shot: Shot, index: int, image: RgbImage, masks: PersonMasks) -> Sample:
    plate_from_frame = None if shot.plate_from_frame is None else shot.plate_from_frame[index - shot.start]
    near_feet = masks.draw_feet(index, FOOT_RADIUS)
    return Sample(image, masks.draw(index), masks.draw(index, WIDE_MARGIN), near_feet, plate_from_frame)


def _build_plate(shot: Shot, samples: Sequence[Sample], size: tuple[int, int]) -> ShotPlate:
    if shot.plate_from_frame is None:
        return _fill(shot, compute_plate(samples, size), None)
    low, high = canvas_bounds(shot.plate_from_frame, size)
    shift = np.array([[1.0, 0.0, -low[0]], [0.0, 1.0, -low[1]], [0.0, 0.0, 1.0]])
    moved = [
        replace(sample, plate_from_frame=shift @ sample.plate_from_frame)
        for sample in samples
        if sample.plate_from_frame is not None
    ]
    width, height = np.ceil(high - low).astype(int).tolist()
    return _fill(shot, compute_plate(moved, (width, height)), shift @ shot.plate_from_frame)


def _fill(shot: Shot, plate: Plate, plate_from_frame: FloatArray | None) -> ShotPlate:
    image = fill_unseen(plate.image, ~plate.seen)
    if plate.near_feet.any():
        image = _remove_shadows(image, plate)
    return ShotPlate(shot, image, plate.seen, plate.spread, plate_from_frame)


def _remove_shadows(image: RgbImage, plate: Plate) -> RgbImage:
    """Removes the shadows of people who stand in one place from a filled plate (H, W, 3).

    A shadow is what starts at the unseen place of a person, near the feet, is darker than a fill from farther away, and
    ends where the floor has the colours of the fill.
    """
    fill = fill_unseen(plate.image, ~plate.seen | plate.near_feet)
    small_image, small_fill = reduce_image(image), reduce_image(fill)
    size = small_image.shape[1], small_image.shape[0]
    unseen, near_feet = (
        np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), np.uint8)
        for mask in (~plate.seen, plate.near_feet)
    )
    darker = (find_shadows(small_image, small_fill) & (near_feet > 0)).astype(np.uint8)
    shadow = (
        np.asarray(cv2.morphologyEx(np.bitwise_or(darker, unseen), cv2.MORPH_OPEN, np.ones((3, 3))), np.uint8) & darker
    )
    start = cv2.dilate(unseen, np.ones((2 * SHADOW_GAP + 1, 2 * SHADOW_GAP + 1)))
    count, components = cv2.connectedComponents(shadow)
    labels = np.asarray(components, np.intp)
    touched = np.bincount(labels[start > 0], minlength=count) > 0
    belongs = (touched & _ends_on_fill(labels, count, small_image, small_fill, unseen))[labels] & (shadow > 0)
    if not belongs.any():
        return image
    wide = cv2.blur(cv2.dilate(belongs.astype(np.float32), np.ones((7, 7))), (5, 5))
    alpha = np.asarray(cv2.resize(wide, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(cv2.blendLinear(image, fill, 1 - alpha, alpha), np.uint8)


def _ends_on_fill(labels: IntArray, count: int, image: RgbImage, fill: RgbImage, unseen: RgbImage) -> BoolArray:
    """Returns (count,) whether the fill of dark parts has the colours of the floor around them.

    Args:
        labels: (h, w) of the parts, 0 outside of them.
        count: number of labels.
        image: (h, w, 3) RGB, with the parts.
        fill: (h, w, 3) RGB, without them.
        unseen: (h, w) above 0 where the image is a fill itself.
    """
    side = 2 * SEAM_WIDTH + 1
    is_part = (labels > 0).astype(np.float32)
    weight = np.maximum(cv2.blur(is_part, (side, side)), np.float32(1e-6))
    inside = cv2.blur(fill * is_part[..., None], (side, side)) / weight[..., None]
    nearest = cv2.dilate(labels.astype(np.float32), np.ones((side, side))).astype(np.intp)
    around = (nearest > 0) & (labels == 0) & (unseen == 0)
    agrees = (np.abs(image - inside) <= MAX_SEAM_DIFFERENCE * (inside + 4)).all(axis=-1)
    seam, good = (np.bincount(nearest[part], minlength=count) for part in (around, around & agrees))
    return np.asarray(good > MIN_SEAM_SHARE * seam)


def _choose_samples(shot: Shot, masks: PersonMasks) -> set[int]:
    """Chooses the frames of a shot from which its plate is computed: evenly spaced, and those that show rare places."""
    count = min(shot.frame_count, MAX_SAMPLES)
    even = MAX_SAMPLES * 2 // 3 if shot.is_static else count
    chosen = set(_spread_evenly(shot, min(count, even)).tolist())
    if len(chosen) == count:
        return chosen
    candidates = _spread_evenly(shot, min(shot.frame_count, MAX_CANDIDATES))
    visible = np.array([_coarse_visibility(masks, int(index)) for index in candidates])
    views = visible[np.isin(candidates, list(chosen))].sum(axis=0)
    while len(chosen) < count:
        gain = (visible * np.maximum(ENOUGH_VIEWS - views, 0)).sum(axis=1)
        gain[np.isin(candidates, list(chosen))] = -1
        best = int(gain.argmax())
        if gain[best] <= 0:
            break
        chosen.add(int(candidates[best]))
        views = views + visible[best]
    return chosen


def _spread_evenly(shot: Shot, count: int) -> IntArray:
    return np.unique(np.round(np.linspace(shot.start, shot.stop - 1, count)).astype(int))


def _coarse_visibility(masks: PersonMasks, index: int) -> IntArray:
    """Returns (K,) whether nobody stands before the places of a coarse grid."""
    mask = masks.draw(index).astype(np.float32)
    ratio = COVERAGE_SIDE / max(mask.shape)
    size = max(1, round(mask.shape[1] * ratio)), max(1, round(mask.shape[0] * ratio))
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA) == 0, np.int64).ravel()

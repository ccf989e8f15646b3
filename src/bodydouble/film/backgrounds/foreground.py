"""Foreground: plates and frames -> what stands before the people of a static shot, such as a tree or a table.

Where the posed body of a person should be seen but the frame shows the plate, something hides the person. A single
frame proves little, as clothes may have the colour of a wall; a place counts if it hides whoever passes there in nearly
all frames, is large, and can be told from the people by its texture or colour. Otherwise nothing is known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray, RgbImage
from bodydouble.film.backgrounds.color_range import max_color
from bodydouble.film.backgrounds.moving_parts import apply_light, measure_light, reduce_image
from bodydouble.film.backgrounds.person_masks import WIDE_MARGIN, PersonMasks
from bodydouble.film.backgrounds.shot_plates import ShotPlate

CORE_MARGIN = -0.05
"""Width added around the bodies that are compared, in trunk lengths; thin limbs and uncertain borders are left out."""
MAX_FRAMES = 200
"""Maximum number of frames of a shot that are compared."""
MAX_DIFFERENCE = 9.0
"""Maximum difference between frame and plate where nobody is seen, grey levels."""
MIN_PASSES = 5
"""Minimum number of compared frames in which a person should be seen at a place."""
MIN_HIDDEN_FRACTION = 0.85
"""Minimum fraction of these frames that show the plate."""
MIN_WIDTH = 0.25
"""Minimum width of what hides people, in trunk lengths."""
MIN_AREA = 0.35
"""Minimum area of it, in squared trunk lengths."""
MIN_TEXTURE = 7.0
"""Minimum standard deviation of the plate around a pixel that counts as textured, grey levels."""
MIN_TEXTURED_FRACTION = 0.5
"""Minimum fraction of textured pixels of a place that is recognised by its texture."""
MIN_COLOR_DISTANCE = 35.0
"""Minimum difference from nine tenths of the people's pixels of a place that is recognised by its colour."""
MAX_COLORS = 4000
"""Number of people's pixels that are compared with the colour of a place."""
MAX_REACH = 0.4
"""Maximum distance from a proven place of what is added to it, in trunk lengths."""
GRABCUT_ROUNDS = 3


@dataclass(slots=True)
class _Evidence:
    """Counts over the frames of a shot, in reduced images (h, w)."""

    plate: RgbImage
    spread: FloatArray
    passes: FloatArray
    hidden: FloatArray
    colors: list[RgbImage]
    trunks: list[float]

    @classmethod
    def start(cls, plate: ShotPlate) -> "_Evidence":
        image = reduce_image(plate.image)
        spread = cv2.dilate(reduce_image(plate.spread), np.ones((3, 3))).astype(np.float32)
        zeros = np.zeros(image.shape[:2], np.float32)
        return cls(image, spread, zeros, zeros.copy(), [], [])

    def add(self, index: int, frame: RgbImage, masks: PersonMasks) -> None:
        """Compares a reduced frame with the plate inside the bodies."""
        size = frame.shape[1], frame.shape[0]
        body = _resize(masks.draw(index, CORE_MARGIN), size)
        if not body.any():
            return
        plate = apply_light(self.plate, measure_light(frame, self.plate, _resize(masks.draw(index, WIDE_MARGIN), size)))
        difference = cv2.blur(max_color(np.asarray(cv2.absdiff(frame, plate), np.uint8)), (3, 3))
        same = difference <= MAX_DIFFERENCE + self.spread
        self.passes += body
        self.hidden += body & same
        self.colors.append(frame[body & ~same][::7])
        self.trunks.append(masks.trunk_length(index) * size[0] / masks.size[0])


def find_foregrounds(
    frames: Iterable[RgbImage], plates: Sequence[ShotPlate], masks: PersonMasks
) -> list[FloatArray | None]:
    """Finds what stands before the people of each shot.

    Args:
        frames: (H, W, 3) RGB, in order.
        plates: of all shots.
        masks: the people.

    Returns:
        For each shot the opacity (H, W), 0 to 1; None if the camera moves or nothing is known.
    """
    results: list[FloatArray | None] = []
    evidence = _Evidence.start(plates[0])
    for index, frame in enumerate(frames):
        plate = plates[len(results)]
        step = max(1, plate.shot.frame_count // MAX_FRAMES)
        if plate.shot.is_static and (index - plate.shot.start) % step == 0:
            evidence.add(index, reduce_image(frame), masks)
        if index == plate.shot.stop - 1:
            results.append(_decide(evidence, plate))
            if len(results) == len(plates):
                break
            evidence = _Evidence.start(plates[len(results)])
    return results


def _decide(evidence: _Evidence, plate: ShotPlate) -> FloatArray | None:
    """Returns the opacity (H, W) of what hides people, None if there is no such thing."""
    if not evidence.trunks:
        return None
    trunk = float(np.median(evidence.trunks))
    size = evidence.plate.shape[1], evidence.plate.shape[0]
    tested = (evidence.passes >= MIN_PASSES) & _resize(plate.seen, size)
    fraction = evidence.hidden / np.maximum(evidence.passes, 1)
    hides = (tested & (fraction >= MIN_HIDDEN_FRACTION)).astype(np.uint8)
    width = 2 * max(1, round(MIN_WIDTH * trunk / 2)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    wide = np.asarray(cv2.morphologyEx(hides, cv2.MORPH_OPEN, disc), np.uint8)
    places = _recognise(wide, evidence, MIN_AREA * trunk**2)
    if not places.any():
        return None
    refuted = tested & (fraction < MIN_HIDDEN_FRACTION)
    complete = _complete(evidence.plate, _connected(hides, places), refuted, round(MAX_REACH * trunk))
    opacity = cv2.blur(complete.astype(np.float32), (3, 3))
    full = plate.image.shape[1], plate.image.shape[0]
    return np.asarray(np.clip(cv2.resize(opacity, full, interpolation=cv2.INTER_LINEAR), 0.0, 1.0), np.float32)


def _connected(mask: RgbImage, places: BoolArray) -> BoolArray:
    """Returns the connected parts (h, w) of a mask that contain a place."""
    _, labels = cv2.connectedComponents(mask)
    return np.asarray(np.isin(labels, np.unique(labels[places & (mask > 0)])))


def _complete(plate: RgbImage, places: BoolArray, refuted: BoolArray, reach: int) -> BoolArray:
    """Completes places (h, w) by what looks like a part of the same thing, where nobody was seen to pass before it.

    Source: C. Rother, V. Kolmogorov and A. Blake, "GrabCut" (2004).
    """
    near = cv2.dilate(places.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1))) > 0
    labels = np.where(refuted, np.uint8(cv2.GC_BGD), np.uint8(cv2.GC_PR_FGD))
    labels[places] = cv2.GC_FGD
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    area = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if not (labels[area] == cv2.GC_BGD).any():
        return places
    cut = np.ascontiguousarray(labels[area])
    cv2.setRNGSeed(0)
    no_rectangle = (0, 0, 1, 1)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    image = np.ascontiguousarray(plate[area])
    cv2.grabCut(image, cut, no_rectangle, background, foreground, GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    complete = places.copy()
    complete[area] |= (cut == cv2.GC_PR_FGD) & near[area]
    return complete & _connected(complete.astype(np.uint8), places)


def _recognise(wide: RgbImage, evidence: _Evidence, min_area: float) -> BoolArray:
    """Returns the connected places (h, w) of a mask that are large and cannot be taken for the people."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(wide)
    grey = cv2.cvtColor(evidence.plate, cv2.COLOR_RGB2GRAY).astype(np.float32)
    variance = np.maximum(cv2.blur(grey * grey, (7, 7)) - cv2.blur(grey, (7, 7)) ** 2, 0.0)
    textured = variance > MIN_TEXTURE**2
    people = np.concatenate([*evidence.colors, np.empty((0, 3), np.uint8)])
    people = people[:: max(1, len(people) // MAX_COLORS)].astype(np.float32)
    places = np.zeros(labels.shape, bool)
    for number in range(1, count):
        place = labels == number
        if statistics[number, cv2.CC_STAT_AREA] < min_area or len(people) == 0:
            continue
        distance = np.abs(people - np.median(evidence.plate[place], axis=0)).max(axis=1)
        differs = float(np.quantile(distance, 0.1)) >= MIN_COLOR_DISTANCE
        if differs or float(textured[place].mean()) >= MIN_TEXTURED_FRACTION:
            places |= place
    return places


def _resize(mask: BoolArray, size: tuple[int, int]) -> BoolArray:
    return np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)

"""Schedule of the people detector: frames and known people -> when to detect, and how small people can be.

The detector is the slowest network, and tracked people need it rarely. It runs at shot starts, after a loss, while a
person is in doubt or hidden, when something changes outside the boxes of the known people, and else about once a
second. ``ViewChange`` sees changes in the small images of ``shots``, compensated for a shift of the whole image by the
camera. It does not tell people from other things, so things that the detector has seen are followed and do not count,
and the detector runs less often while changes bring nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray, RgbImage
from bodydouble.geometry.similarity import box_intersection
from bodydouble.perception.shots.frame_similarity import DETAILED_SIZE, downsample

CHECK_INTERVAL = 3
"""Number of frames from one check of the view to the next."""
MIN_CELL_CHANGE = 14.0
"""Minimum change of a pixel of the small image, grey levels of one colour, after the change of the whole image."""
MIN_CHANGED_CELLS = 3
"""Minimum number of changed pixels of the small image where a person may have entered."""
BOX_MARGIN = 0.2
"""Enlargement of people's boxes on each side, as a fraction of their longer side: shadows and moving hair."""
MAX_CHANGE_WAIT = 12
"""Maximum number of frames between detections while the view changes; backward tracking reaches farther."""
DISMISSED_RADIUS = 2
"""Distance in px of the small image that a thing other than a person can move between two checks."""
MAX_DISMISSED_FRACTION = 0.1
"""Maximum fraction of the view that things other than people cover; with more, every change counts."""
MAX_SHIFT = 4
"""Maximum shift of the small image by the camera that is compensated, px."""
MIN_SHIFT = 0.1
"""Shift of the small image from which on the camera counts as moving, px."""
SHIFT_ROUNDS = 3
"""Number of least-squares steps after the search by whole px."""
MIN_BACKGROUND_CELLS = 200
"""Minimum number of pixels of the small image that show the background, for its shift to be estimated."""
EDGE_TOLERANCE = 0.5
"""Shift of edges in px of the small image that is no change where the camera moves."""
DOUBTFUL_PRESENCE = 0.8
"""Presence below which a tracked person is in doubt."""
LOSS_MEMORY = 90
"""Number of frames after a loss in which the person may come back from behind another one."""
FULL_SIZE_INTERVALS = (30, 90)
"""Minimum number of frames from one detection of small people to the next, if the view has changed and in any case."""


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A tracked person, as far as the schedule of the detector needs it."""

    box: FloatArray
    """(4,) x_min, y_min, x_max, y_max, px, predicted while the person is not visible."""
    presence: float
    """Probability that the person is there."""

    @property
    def size(self) -> float:
        """Longer side of the box, px."""
        return float((self.box[2:] - self.box[:2]).max())


class ViewChange:
    """Detects changes of the view outside the boxes of known people since the last detection."""

    def __init__(self) -> None:
        """Starts without a view."""
        self._reference: FloatArray | None = None
        self._known: BoolArray = np.zeros(DETAILED_SIZE[::-1], dtype=bool)
        self._dismissed: BoolArray = np.zeros(DETAILED_SIZE[::-1], dtype=bool)
        self._changed: BoolArray = np.zeros(DETAILED_SIZE[::-1], dtype=bool)

    def restart(self, frame: RgbImage, people: Sequence[KnownPerson]) -> None:
        """Compares later frames with this one (H, W, 3) RGB, in which everyone was detected.

        Changes since the previous one were nobody: they are dismissed, and followed while they move on.
        """
        self._dismissed = np.zeros_like(self._changed)
        self._dismiss(self._changed)
        self._changed = np.zeros_like(self._changed)
        self._reference = _small_image(frame)
        self._known = _mask_boxes(people, frame.shape)

    def is_seen(self, frame: RgbImage, people: Sequence[KnownPerson]) -> bool:
        """Returns whether a frame (H, W, 3) RGB differs where no known person is or was, and nothing was dismissed."""
        if self._reference is None:
            return True
        image, here = _small_image(frame), _mask_boxes(people, frame.shape)
        self._find_changes(image, here, np.zeros(2))
        if self._is_new_change():
            shift = estimate_shift(self._reference, image, ~(self._known | here))
            if shift.any():
                self._find_changes(image, here, shift)
        self._dismiss(self._changed & self._dismissed)
        self._known |= here
        return self._is_new_change()

    def _dismiss(self, cells: BoolArray) -> None:
        """Adds pixels and their neighbourhood to those that do not count, unless the whole view changes."""
        self._dismissed |= _dilate(cells, DISMISSED_RADIUS)
        if self._dismissed.mean() > MAX_DISMISSED_FRACTION:
            self._dismissed = np.zeros_like(self._dismissed)

    def _find_changes(self, image: FloatArray, here: BoolArray, shift: FloatArray) -> None:
        """Compares a small image, in which known people cover the mask ``here``, with the shifted reference."""
        assert self._reference is not None
        known = _shift(self._known.astype(np.float32), shift) > 0
        self._changed = find_changed_cells(self._reference, image, known | here, shift)

    def _is_new_change(self) -> bool:
        return int(np.count_nonzero(self._changed & ~self._dismissed)) >= MIN_CHANGED_CELLS


def estimate_shift(reference: FloatArray, image: FloatArray, mask: BoolArray) -> FloatArray:
    """Estimates the shift of a small image (36, 64, 3) from a reference, by the camera.

    Args:
        reference: (36, 64, 3) grey levels.
        image: (36, 64, 3) grey levels.
        mask: (36, 64) where the background is seen.

    Returns:
        (2,) px in x and y, at most MAX_SHIFT; 0 where it is small or explains nothing, as with a static camera.

    Source: B. Lucas and T. Kanade, "An iterative image registration technique" (1981), after a search by whole px.
    """
    if np.count_nonzero(mask) < MIN_BACKGROUND_CELLS:
        return np.zeros(2)
    before, after = (cv2.blur(each.mean(axis=-1), (3, 3)) for each in (reference, image))
    shift = _search_shift(before, after, mask)
    for _ in range(SHIFT_ROUNDS):
        shift = shift + _refine_shift(_shift(before, shift), after, mask)
    is_useful = MIN_SHIFT < np.abs(shift).max() < MAX_SHIFT + 1
    return shift if is_useful else np.zeros(2)


def _search_shift(before: FloatArray, after: FloatArray, mask: BoolArray) -> FloatArray:
    """Returns the shift by whole px with the least squared difference where the mask is set."""
    inner = (slice(MAX_SHIFT, -MAX_SHIFT),) * 2
    weights = mask[inner].astype(np.float32)
    difference = cv2.matchTemplate(after, np.ascontiguousarray(before[inner]), cv2.TM_SQDIFF, mask=weights)
    row, column = np.unravel_index(int(np.argmin(difference)), difference.shape)
    return np.array([column - MAX_SHIFT, row - MAX_SHIFT], np.float64)


def _refine_shift(warped: FloatArray, after: FloatArray, mask: BoolArray) -> FloatArray:
    """Returns the step (2,) px that aligns an image better, by weighted least squares on its gradient."""
    gradient = np.stack([cv2.Sobel(warped, -1, 1, 0, scale=1 / 8), cv2.Sobel(warped, -1, 0, 1, scale=1 / 8)], axis=-1)
    difference = (after - warped)[mask]
    difference = difference - np.median(difference)
    weights = 1 / np.maximum(np.abs(difference), MIN_CELL_CHANGE / 3)
    weighted = gradient[mask] * weights[:, None]
    normal = weighted.T @ gradient[mask] + np.eye(2)
    return np.asarray(-np.linalg.solve(normal, weighted.T @ difference).clip(-1, 1), np.float64)


def _shift(image: FloatArray, shift: FloatArray, border: int = cv2.BORDER_REPLICATE) -> FloatArray:
    """Shifts a small image by (2,) px; its border is repeated, or 0 beyond it with ``cv2.BORDER_CONSTANT``."""
    target_from_source = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    return np.asarray(cv2.warpAffine(image, target_from_source, DETAILED_SIZE, borderMode=border))


def find_changed_cells(reference: FloatArray, image: FloatArray, known: BoolArray, shift: FloatArray) -> BoolArray:
    """Returns the pixels (36, 64) of a small image that a shifted reference does not explain, outside known people.

    Where the camera moves, edges may be off by a fraction of a pixel, and the border of the image was not seen before.
    """
    warped = _shift(reference, shift)
    if not (~known).any():
        return np.zeros_like(known)
    # Light that changes everywhere shows nobody.
    difference = np.abs(image - warped - np.median((image - warped)[~known], axis=0))
    if shift.any():
        kernel = np.ones((3, 3), np.uint8)
        known = known | (_shift(np.ones(known.shape, np.float32), shift, cv2.BORDER_CONSTANT) < 1)
        difference = difference - EDGE_TOLERANCE * (cv2.dilate(warped, kernel) - cv2.erode(warped, kernel))
    return np.asarray((difference.max(axis=-1) > MIN_CELL_CHANGE) & ~known)


def _dilate(mask: BoolArray, radius: int) -> BoolArray:
    """Enlarges a mask by a number of px on each side."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8)) > 0)


class DetectionSchedule:
    """Decides in which frames of one shot the detector runs."""

    def __init__(self, interval: int, max_interval: int) -> None:
        """Starts before the first frame of a shot.

        Args:
            interval: Maximum number of frames between detections while a person is in doubt or may be hidden.
            max_interval: Maximum number of frames between any two detections; at least ``interval``.
        """
        self._interval, self._max_interval = interval, max(interval, max_interval)
        self._wait = 0
        self._frames_since_detection = 0
        self._frames_since_full_size: int | None = None
        self._frames_since_loss = LOSS_MEMORY
        self._view, self._is_changed, self._change_wait = ViewChange(), False, CHECK_INTERVAL

    @property
    def is_adaptive(self) -> bool:
        """True if the interval depends on the frames."""
        return self._max_interval > self._interval

    def is_due(self, frame: RgbImage, people: Sequence[KnownPerson], *, is_anyone_lost: bool) -> bool:
        """Returns whether the detector runs in the next frame (H, W, 3) RGB, in which these people are known."""
        self._frames_since_detection += 1
        self._frames_since_loss = 0 if is_anyone_lost else self._frames_since_loss + 1
        if self._frames_since_full_size is not None:
            self._frames_since_full_size += 1
        is_uncertain = not self.is_adaptive or self._is_uncertain(people)
        max_wait = self._interval if is_uncertain else self._max_interval
        if is_anyone_lost or self._frames_since_detection >= min(self._wait, max_wait):
            return True
        if is_uncertain or self._frames_since_detection % CHECK_INTERVAL:
            return False
        self._is_changed = self._view.is_seen(frame, people)
        return self._is_changed and self._frames_since_detection >= self._change_wait

    def min_size(self, people: Sequence[KnownPerson]) -> float:
        """Returns the minimum size of people to detect in this frame, px; smaller ones may be missed.

        While all known people are certain, only new ones are detected: mostly large ones, small ones now and then.
        Several people of whom one is in doubt or hidden are detected as well as possible.
        """
        since = self._frames_since_full_size
        if not self.is_adaptive or since is None or since >= FULL_SIZE_INTERVALS[not self._is_changed]:
            return 0.0
        if not self._is_uncertain(people):
            return np.inf
        return people[0].size if len(people) == 1 else 0.0

    def mark_detected(
        self, frame: RgbImage, people: Sequence[KnownPerson], *, min_size: float, is_anyone_lost: bool
    ) -> None:
        """Schedules the next detection after one in this frame (H, W, 3) RGB: soon after a loss, else ever later."""
        self._wait = 1 if is_anyone_lost else min(2 * max(self._wait, 1), self._max_interval)
        longer = min(2 * self._change_wait, MAX_CHANGE_WAIT)
        self._change_wait = longer if self._is_changed else CHECK_INTERVAL
        self._frames_since_detection, self._is_changed = 0, False
        if min_size == 0.0:
            self._frames_since_full_size = 0
        if self.is_adaptive:
            self._view.restart(frame, people)

    def _is_uncertain(self, people: Sequence[KnownPerson]) -> bool:
        """Returns whether a person may be hidden or elsewhere."""
        return (
            not people
            or self._frames_since_loss < LOSS_MEMORY
            or any(person.presence < DOUBTFUL_PRESENCE for person in people)
            or any(float(box_intersection(a.box, b.box)) > 0 for a, b in combinations(people, 2))
        )


def _small_image(frame: RgbImage) -> FloatArray:
    return downsample(frame).detailed.astype(np.float32)


def _mask_boxes(people: Sequence[KnownPerson], shape: tuple[int, ...]) -> BoolArray:
    """Returns a mask (36, 64) of the small image that is set inside the enlarged boxes in an image of a shape."""
    mask = np.zeros(DETAILED_SIZE[::-1], np.uint8)
    scale = np.tile([DETAILED_SIZE[0] / shape[1], DETAILED_SIZE[1] / shape[0]], 2)
    for person in people:
        margin = BOX_MARGIN * person.size * np.array([-1, -1, 1, 1])
        sides = np.clip(np.floor((person.box + margin) * scale), -1, max(DETAILED_SIZE)).astype(int)
        left, top, right, bottom = sides.tolist()
        cv2.rectangle(mask, (left, top), (right, bottom), 1, -1)
    return mask > 0

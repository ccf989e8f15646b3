"""Schedule of the people detector: frames and known people -> when to detect, and how small people can be.

The detector is the slowest network, and tracked people need it rarely. It runs at shot starts, after a loss, while a
person is in doubt or hidden, when something changes outside the boxes of the known people, and else about once a
second. ``ViewChange`` sees changes in the small images of ``shots``. It does not tell people from other things, nor
motion of the camera from that of things, so the detector runs less often while changes bring nobody.
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

    def restart(self, frame: RgbImage, people: Sequence[KnownPerson]) -> None:
        """Compares later frames with this one (H, W, 3) RGB."""
        self._reference = _small_image(frame)
        self._known = _mask_boxes(people, frame.shape)

    def is_seen(self, frame: RgbImage, people: Sequence[KnownPerson]) -> bool:
        """Returns whether a frame (H, W, 3) RGB differs where no known person is or was."""
        if self._reference is None:
            return True
        self._known |= _mask_boxes(people, frame.shape)
        difference = (_small_image(frame) - self._reference)[~self._known]
        if not len(difference):
            return False
        # Light that changes everywhere shows nobody.
        changes = np.abs(difference - np.median(difference, axis=0)).max(axis=-1)
        return int(np.count_nonzero(changes > MIN_CELL_CHANGE)) >= MIN_CHANGED_CELLS


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

"""Detects straight lines of the background, outside the people's boxes: frames and boxes -> ``LineSegments``.

Source: R. Grompone von Gioi et al., "LSD: a line segment detector" (2012), which is controlled by the expected number
of false detections and so finds few segments in foliage and noise.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray, LineSegments, RgbImage
from bodydouble.perception.image.roi import count_halvings, halve


@dataclass(frozen=True, slots=True)
class LineOptions:
    """Options of the detection of lines. Lengths are fractions of the longer side of the image."""

    interval: float = 1.0
    """Time in s from one frame in which lines are detected to the next."""
    long_side: int = 640
    """Longer side in px of the reduced image in which lines are detected."""
    min_length: float = 0.04
    """Minimum length of a segment."""
    border: float = 0.02
    """Width of the border of the image in which segments are ignored, such as those of black bars."""
    box_margin: float = 0.05
    """Enlargement of people's boxes on each side, as a fraction of their longer side."""
    max_covered: float = 0.3
    """Maximum fraction of a segment that lies on people."""
    max_segments: int = 200
    """Maximum number of segments of a frame: the longest ones."""


_SAMPLES = np.linspace(0.0, 1.0, 9)[:, None]
"""Positions on a segment at which it is compared with the people's boxes."""


class LineDetector:
    """Detects the lines of one video, in few of its frames. The frames must be passed to it in order."""

    def __init__(self, fps: float, options: LineOptions | None = None) -> None:
        """Starts before the first frame of a video of a frame rate."""
        self.options = options or LineOptions()
        self._step = max(round(self.options.interval * fps), 1)
        self._next_frame = 0
        self._pixel_size = 1.0
        self._detector = cv2.createLineSegmentDetector()
        self._frames: list[int] = []
        self._points: list[FloatArray] = []

    def is_due(self, index: int, *, is_shot_start: bool) -> bool:
        """Returns whether lines are to be detected in a frame: the first of a shot, or one an interval later."""
        if index < self._next_frame and not is_shot_start:
            return False
        self._next_frame = index + self._step
        return True

    def process_frame(self, index: int, frame: RgbImage, boxes: FloatArray) -> None:
        """Detects the lines in a frame.

        Args:
            index: number of the frame.
            frame: (H, W, 3) RGB.
            boxes: (N, 4) x_min, y_min, x_max, y_max of the people in it, px.
        """
        grey = self._reduce(frame)
        self._pixel_size = max(frame.shape[:2]) / max(grey.shape)
        detected = self._detector.detect(grey)[0]
        points = np.reshape([] if detected is None else detected, (-1, 2, 2)) * self._pixel_size
        points = points[self._is_background(points, boxes, frame.shape[1::-1])]
        lengths = np.linalg.norm(points[:, 1] - points[:, 0], axis=-1)
        longest = np.argsort(-lengths, kind="stable")[: self.options.max_segments]
        points = points[longest[lengths[longest] >= self.options.min_length * max(frame.shape[:2])]]
        self._frames.append(index)
        self._points.append(points.astype(np.float32))

    def result(self, scale: FloatArray | float = 1.0) -> LineSegments:
        """Returns the segments of all frames.

        Args:
            scale: px of the result per px of the frames, (2,) or the same for x and y.
        """
        frames = np.repeat(np.array(self._frames, np.int32), [len(points) for points in self._points])
        points = np.concatenate([np.empty((0, 2, 2), np.float32), *self._points]) * np.float32(scale)
        return LineSegments(frames, points, self._pixel_size * float(np.mean(scale)))

    def _reduce(self, frame: RgbImage) -> RgbImage:
        """Converts a frame to grey and reduces it to the longer side of the options."""
        grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        grey = halve(grey, count_halvings(max(grey.shape) / self.options.long_side))
        ratio = max(*grey.shape, self.options.long_side) / self.options.long_side
        size = round(grey.shape[1] / ratio), round(grey.shape[0] / ratio)
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _is_background(self, points: FloatArray, boxes: FloatArray, image_size: tuple[int, ...]) -> BoolArray:
        """Returns which segments (N, 2, 2) px lie neither on people nor in the border of an image."""
        margin = self.options.box_margin * (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0)[:, None]
        samples = points[:, None, :1] * (1 - _SAMPLES)[:, None] + points[:, None, 1:] * _SAMPLES[:, None]
        in_box = ((samples >= boxes[:, :2] - margin) & (samples <= boxes[:, 2:] + margin)).all(axis=-1)
        covered = in_box.any(axis=-1).mean(axis=1)
        border = self.options.border * max(image_size)
        middles = points.mean(axis=1)
        inside = ((middles >= border) & (middles <= np.array(image_size) - border)).all(axis=-1)
        return np.asarray((covered <= self.options.max_covered) & inside)

"""Observes the background of a video: shot frames and boxes -> ``Background`` (corners) and ``LineSegments``."""

import numpy as np

from bodydouble.data import Background, FloatArray, LineSegments
from bodydouble.perception.background import BackgroundTracker
from bodydouble.perception.line_segments import LineDetector
from bodydouble.perception.shots.detect import ShotFrame


class BackgroundObserver:
    """Tracks corners of the background and detects its lines. The frames must be passed to it in order."""

    def __init__(self, fps: float, *, camera_may_move: bool = True) -> None:
        """Starts before the first frame of a video of a frame rate; corners show the motion of a camera."""
        self._tracker = BackgroundTracker() if camera_may_move else None
        self._line_detector = LineDetector(fps)

    def process_frame(self, frame: ShotFrame, boxes: FloatArray) -> None:
        """Observes the background of the next frame outside boxes (N, 4) x_min, y_min, x_max, y_max, px."""
        if self._tracker:
            if frame.is_shot_start:
                self._tracker.begin_shot()
            self._tracker.process_frame(frame.image, boxes)
        if self._line_detector.is_due(frame.index, is_shot_start=frame.is_shot_start):
            self._line_detector.process_frame(frame.index, frame.image, boxes)

    def result(self, scale: FloatArray | float = 1.0) -> tuple[Background | None, LineSegments]:
        """Returns the corners, unless the camera is known to be static, and the lines of all frames, once.

        Args:
            scale: px of the result per px of the frames, (2,) or the same for x and y.
        """
        corners = self._tracker.result(scale) if self._tracker else None
        return corners, self._line_detector.result(np.asarray(scale))

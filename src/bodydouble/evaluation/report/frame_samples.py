"""Samples of the frames of a video, kept while it is decoded, so that the report need not decode it again.

In: all frames in order. Out: reduced frames at a regular interval, which grows with the length of the video.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import RgbImage

MAX_SIDE = 640
"""Maximum longer side of a sample, px."""
INTERVAL = 10
"""Frames from one sample to the next in a short video."""
MAX_SAMPLES = 400
"""Maximum number of samples; beyond it, every second one is dropped and the interval doubles."""
JPEG_QUALITY = 80
"""Quality of a sample in memory, 1 to 100."""


class FrameSamples:
    """Evenly spaced frames of one video, reduced and compressed; about 20 MB at most."""

    def __init__(self, interval: int = INTERVAL, max_samples: int = MAX_SAMPLES) -> None:
        """Starts without samples."""
        self._interval = interval
        self._max_samples = max_samples
        self._jpegs: dict[int, NDArray[np.uint8]] = {}

    def add_frame(self, index: int, frame: RgbImage) -> None:
        """Keeps a copy of a frame (H, W, 3) RGB if the frame with this index is a sample."""
        if index % self._interval:
            return
        ratio = min(1.0, MAX_SIDE / max(frame.shape[:2]))
        size = max(round(frame.shape[1] * ratio), 1), max(round(frame.shape[0] * ratio), 1)
        reduced = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        bgr = cv2.cvtColor(reduced, cv2.COLOR_RGB2BGR)
        self._jpegs[index] = np.asarray(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])
        if len(self._jpegs) > self._max_samples:
            self._interval *= 2
            self._jpegs = {kept: jpeg for kept, jpeg in self._jpegs.items() if kept % self._interval == 0}

    def nearest(self, index: int) -> int | None:
        """Returns the index of the sample nearest to a frame; None if it is farther than an interval away."""
        found = min(self._jpegs, key=lambda sample: abs(sample - index), default=None)
        return None if found is None or abs(found - index) > self._interval else found

    def read(self, index: int) -> RgbImage:
        """Returns the sample with this index, (H, W, 3) RGB."""
        return np.asarray(cv2.imdecode(self._jpegs[index], cv2.IMREAD_COLOR_RGB), np.uint8)

"""Images for the report, cropped from the source video: a thumbnail per person, and frames of low confidence.

In: a ``Performance`` and source frames, added while the preview is rendered or read again from the video. Out: JPEG
files.
"""

from collections import defaultdict
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, Performance, RgbImage, Track
from bodydouble.evaluation.report.crops import add_margin, crop, encode_jpeg, shrink
from bodydouble.evaluation.report.spans import MAX_SPANS, Span, find_low_confidence_spans
from bodydouble.evaluation.report.thumbnails import Thumbnails
from bodydouble.formats.media import FrameReader

MAX_SIZE = (200, 260)
"""Maximum width and height in px."""
MARGIN_FRACTION = 0.25
"""Margin around the person's box, relative to its longer side."""
MAX_IMAGES = 36
"""Maximum number of images of all people; each person gets at least one."""
READ_MAX_SIDE, MAX_READ_FRAMES = 640, 3000
"""Longer side in px and maximum number of frames that are read again if no preview is rendered."""


class SpanImages:
    """Low-confidence spans of a performance with an image of each, and a thumbnail of each person.

    Frames are added while the preview is rendered; ``read_missing`` reads the remaining ones from the video.
    """

    def __init__(self, performance: Performance, static_people: Mapping[str, Track] | None = None) -> None:
        self._size = performance.camera.image_size
        max_spans = min(MAX_SPANS, max(1, MAX_IMAGES // max(1, len(performance.people))))
        self.spans: dict[str, tuple[Span, ...]] = {
            person.name: find_low_confidence_spans(person.track, performance.fps, max_spans)
            for person in performance.people
        }
        self.jpegs: dict[tuple[str, int], bytes] = {}
        """JPEG file by name and source frame index."""
        self.thumbnails = Thumbnails(performance, static_people)
        self._pending: dict[int, list[tuple[str, FloatArray]]] = defaultdict(list)
        for person in performance.people:
            for span in self.spans[person.name]:
                self._pending[span.worst_frame].append((person.name, crop_box(person.track, span.worst_frame)))

    def add_frame(self, index: int, frame: RgbImage) -> None:
        """Crops pending images from a source frame (H, W, 3) of any scale."""
        for name, box in self._pending.pop(index, ()):
            self.jpegs[name, index] = encode_jpeg(shrink(crop(frame, box * frame.shape[1] / self._size[0]), MAX_SIZE))
        self.thumbnails.add_frame(index, frame)

    def read_missing(self, video: Path) -> None:
        """Reads the video up to the last frame that is still missing, but at most MAX_READ_FRAMES frames.

        For thumbnails, it reads up to the first candidate frame of each person.
        """
        missing = [*self._pending, *self.thumbnails.missing_frames()]
        if not missing:
            return
        with FrameReader(video, max_side=READ_MAX_SIDE) as reader:
            for index, frame in enumerate(islice(reader, min(MAX_READ_FRAMES, max(missing) + 1))):
                self.add_frame(index, frame)


def crop_box(track: Track, frame: int) -> FloatArray:
    """Returns the region of an image that shows a person.

    Args:
        track: track of the person.
        frame: source frame index.

    Returns:
        (4,) x_min, y_min, x_max, y_max, px, with a margin; interpolated between boxes where the person was not
        observed. NaN if the track has no box.
    """
    valid_rows = np.flatnonzero(np.isfinite(track.boxes).all(axis=1))
    if not valid_rows.size:
        return np.full(4, np.nan)
    row = frame - int(track.frames[0])
    box = np.array([np.interp(row, valid_rows, track.boxes[valid_rows, side]) for side in range(4)])
    return add_margin(box, MARGIN_FRACTION)

"""Small pictures of each person and of the moments in which they were hardly seen, cut from the source video."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, Performance, RgbImage, Track
from bodydouble.evaluation.report.crops import cut, jpeg, reduced
from bodydouble.evaluation.report.spans import MOST_SPANS, Span, low_confidence_spans
from bodydouble.evaluation.report.thumbnails import Thumbnails
from bodydouble.formats.media import FrameReader

SIZE = (200, 260)
"""Largest width and height, px."""
MARGIN = 0.25
"""Of the longer side of the person's box, around it."""
MOST_PICTURES = 36
"""Of all people together; somebody always gets one."""
READ_SIDE, MOST_READ = 640, 3000
"""The longer side, px, and the number of frames that are read again where no film was made."""


class SpanPictures:
    """The spans of a performance with little confidence, a picture of each, and a thumbnail of each person.

    Frames are shown to it in any way, such as while a film is made; ``read`` fetches what is still missing.
    """

    def __init__(self, performance: Performance, still: Mapping[str, Track] | None = None) -> None:
        self._size = performance.camera.image_size
        most = min(MOST_SPANS, max(1, MOST_PICTURES // max(1, len(performance.people))))
        self.spans: dict[str, tuple[Span, ...]] = {
            person.name: low_confidence_spans(person.track, performance.fps, most) for person in performance.people
        }
        self.jpegs: dict[tuple[str, int], bytes] = {}
        """JPEG file by name and source frame index."""
        self.thumbnails = Thumbnails(performance, still)
        self._wanted: dict[int, list[tuple[str, FloatArray]]] = defaultdict(list)
        for person in performance.people:
            for span in self.spans[person.name]:
                self._wanted[span.least].append((person.name, region(person.track, span.least)))

    def look(self, index: int, frame: RgbImage) -> None:
        """Cuts what is wanted out of a frame (H, W, 3) of the source, of any scale."""
        for name, box in self._wanted.pop(index, ()):
            self.jpegs[name, index] = jpeg(reduced(cut(frame, box * frame.shape[1] / self._size[0]), SIZE))
        self.thumbnails.look(index, frame)

    def read(self, video: Path) -> None:
        """Reads the video up to the last frame that is still wanted, but no more than MOST_READ frames.

        For the thumbnails, it reads no further than to the first good frame of each person.
        """
        wanted = [*self._wanted, *self.thumbnails.needed()]
        if not wanted:
            return
        with FrameReader(video, max_side=READ_SIDE) as reader:
            for index, frame in enumerate(islice(reader, min(MOST_READ, max(wanted) + 1))):
                self.look(index, frame)


def region(track: Track, frame: int) -> FloatArray:
    """Where to look for a person in a frame.

    Args:
        track: the person in the picture.
        frame: source frame index.

    Returns:
        (4,) x_min, y_min, x_max, y_max, px, with a margin; between the boxes before and after where the person was not
        observed. NaN if there is no box at all.
    """
    known = np.flatnonzero(np.isfinite(track.boxes).all(axis=1))
    if not known.size:
        return np.full(4, np.nan)
    row = frame - int(track.frames[0])
    box = np.array([np.interp(row, known, track.boxes[known, side]) for side in range(4)])
    margin = MARGIN * max(box[2] - box[0], box[3] - box[1])
    return np.asarray(box + margin * np.array([-1.0, -1.0, 1.0, 1.0]))

"""Images for the report, cropped from the source video: a thumbnail per person, and frames of low confidence.

In: a ``Performance`` and source frames, added while the preview is rendered, or samples of them. Out: JPEG files.
"""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from bodydouble.data import FloatArray, Performance, RgbImage, Track
from bodydouble.evaluation.report.crops import add_margin, crop, encode_jpeg, shrink
from bodydouble.evaluation.report.frame_samples import FrameSamples
from bodydouble.evaluation.report.spans import MAX_SPANS, Span, find_low_confidence_spans
from bodydouble.evaluation.report.thumbnails import Thumbnails

MAX_SIZE = (200, 260)
"""Maximum width and height in px."""
MARGIN_FRACTION = 0.25
"""Margin around the person's box, relative to its longer side."""
MAX_IMAGES = 36
"""Maximum number of images of all people; each person gets at least one."""


class SpanImages:
    """Low-confidence spans of a performance with an image of each, and a thumbnail of each person.

    Frames are added while the preview is rendered; ``add_samples`` finds images for the remaining spans and people.
    """

    def __init__(self, performance: Performance, static_people: Mapping[str, Track] | None = None) -> None:
        self._size = performance.camera.image_size
        max_spans = min(MAX_SPANS, max(1, MAX_IMAGES // max(1, len(performance.people))))
        self.spans: dict[str, tuple[Span, ...]] = {
            person.name: find_low_confidence_spans(person.track, performance.fps, max_spans)
            for person in performance.people
        }
        self.jpegs: dict[tuple[str, int], bytes] = {}
        """JPEG file by name and worst frame of the span."""
        self.shown_frames: dict[tuple[str, int], int] = {}
        """Source frame index that such a file shows: the worst frame, or one near it."""
        self.thumbnails = Thumbnails(performance, static_people)
        self._pending: dict[int, list[tuple[str, Track]]] = defaultdict(list)
        for person in performance.people:
            for span in self.spans[person.name]:
                self._pending[span.worst_frame].append((person.name, person.track))

    def add_frame(self, index: int, frame: RgbImage) -> None:
        """Crops pending images from a source frame (H, W, 3) of any scale."""
        self._crop_spans(index, index, frame)
        self.thumbnails.add_frame(index, frame)

    def add_samples(self, samples: FrameSamples) -> None:
        """Crops pending images from the samples nearest to their frames; those without a sample stay pending."""
        for worst_frame in list(self._pending):
            shown = samples.nearest(worst_frame)
            if shown is not None:
                self._crop_spans(worst_frame, shown, samples.read(shown))
        self.thumbnails.add_samples(samples)

    def _crop_spans(self, worst_frame: int, shown: int, frame: RgbImage) -> None:
        """Crops the pending images of a worst frame from a source frame with the index ``shown``."""
        for name, track in self._pending.pop(worst_frame, ()):
            box = crop_box(track, shown) * frame.shape[1] / self._size[0]
            self.jpegs[name, worst_frame] = encode_jpeg(shrink(crop(frame, box), MAX_SIZE))
            self.shown_frames[name, worst_frame] = shown


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

"""One thumbnail per person: a sharp crop of a frame that shows most of the body.

In: tracks and source frames (``Thumbnails.add_frame``), or samples of them. Out: JPEG files by name.
"""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from PIL import Image

from bodydouble.data import FloatArray, Performance, RgbImage, Track
from bodydouble.evaluation.report.crops import add_margin, crop, encode_jpeg, shrink
from bodydouble.evaluation.report.frame_samples import FrameSamples
from bodydouble.evaluation.report.spans import BODY_LANDMARKS
from bodydouble.geometry.similarity import box_area, box_intersection

MAX_SIZE = (192, 192)
"""Maximum width and height in px: twice the size on the page, for high-density screens."""
MARGIN_FRACTION = 0.05
"""Margin around the person's box, relative to its longer side."""
CANDIDATE_COUNT = 5
"""Maximum number of candidate frames per person, spread over the observed frames."""
MIN_RELATIVE_COMPLETENESS = 0.9
"""Minimum completeness of a candidate relative to the best one; the sharpest candidate is chosen."""
OVERLAP_PENALTY = 0.9
"""Loss of completeness where another box covers the whole box; below 1, as the person may be in front."""


class Thumbnails:
    """Collects the sharpest thumbnail of each person from the frames that are added."""

    def __init__(self, performance: Performance, static_people: Mapping[str, Track] | None = None) -> None:
        self.jpegs: dict[str, bytes] = {}
        """JPEG file by name; people without an observation have none."""
        self._size = performance.camera.image_size
        self._sharpness: dict[str, float] = {}
        self._pending: dict[int, list[tuple[str, Track]]] = defaultdict(list)
        tracks = {person.name: person.track for person in performance.people} | dict(static_people or {})
        boxes = {name: _boxes_in_clip(track, performance.frame_count) for name, track in tracks.items()}
        for name, track in tracks.items():
            other_boxes = [boxes[other_name][track.frames] for other_name in boxes if other_name != name]
            for row in choose_candidates(measure_completeness(track, other_boxes, self._size)):
                self._pending[int(track.frames[row])].append((name, track))

    def add_frame(self, index: int, frame: RgbImage) -> None:
        """Crops pending thumbnails from a source frame (H, W, 3) of any scale."""
        for name, track in self._pending.pop(index, ()):
            self._add_crop(name, track.boxes[index - track.frames[0]], frame)

    def add_samples(self, samples: FrameSamples) -> None:
        """Crops pending thumbnails from the samples nearest to their frames, if they show the person."""
        for candidate in list(self._pending):
            shown = samples.nearest(candidate)
            for name, track in self._pending.pop(candidate):
                row = -1 if shown is None else int(shown - track.frames[0])
                if shown is not None and 0 <= row < len(track.frames) and np.isfinite(track.boxes[row]).all():
                    self._add_crop(name, track.boxes[row], samples.read(shown))

    def _add_crop(self, name: str, box: FloatArray, frame: RgbImage) -> None:
        """Replaces the thumbnail of a person by the crop of a box, px of the video, if that is sharper."""
        scaled = add_margin(box, MARGIN_FRACTION) * frame.shape[1] / self._size[0]
        image = shrink(crop(frame, scaled), MAX_SIZE)
        gradient = mean_gradient(image)
        if gradient > self._sharpness.get(name, -1.0):
            self._sharpness[name], self.jpegs[name] = gradient, encode_jpeg(image)


def measure_completeness(track: Track, other_boxes: list[FloatArray], image_size: tuple[int, int]) -> FloatArray:
    """Measures the visible part of a person in each frame.

    Args:
        track: track of the person.
        other_boxes: boxes (T, 4) px of each other person in the frames of the track; NaN where there is none.
        image_size: width and height of the image, px.

    Returns:
        (T,) 0 to 1: mean confidence of the body's keypoints (0 outside the image), reduced where another box overlaps.
        It is multiplied by the square root of the person's relative size, and 0 where not observed.
    """
    points = track.keypoints[:, BODY_LANDMARKS]
    inside = ((points[..., :2] >= 0) & (points[..., :2] <= np.array(image_size))).all(axis=-1)
    observed = track.observed & np.isfinite(track.boxes).all(axis=1)
    area = np.where(observed, box_area(track.boxes), 0.0)
    max_area = max(float(area.max()), 1e-9)
    overlaps = [np.nan_to_num(box_intersection(track.boxes, boxes)) for boxes in other_boxes]
    overlap_fraction = np.max([np.zeros(len(area)), *overlaps], axis=0) / np.maximum(area, 1e-9)
    visible = (points[..., 2] * inside).mean(axis=1) * (1 - OVERLAP_PENALTY * np.clip(overlap_fraction, 0, 1))
    return np.asarray(np.where(observed, visible * (area / max_area) ** 0.25, 0.0))


def choose_candidates(completeness: FloatArray) -> list[int]:
    """Returns ascending rows: the best of each of equal parts, if nearly as complete as the best of all."""
    parts = np.array_split(np.flatnonzero(completeness > 0), CANDIDATE_COUNT)
    best = [int(rows[np.argmax(completeness[rows])]) for rows in parts if rows.size]
    return [row for row in best if completeness[row] >= MIN_RELATIVE_COMPLETENESS * completeness.max()]


def mean_gradient(image: Image.Image) -> float:
    """Returns the mean absolute brightness difference of neighbouring pixels, 0 to 255, as a measure of sharpness."""
    gray = np.asarray(image.convert("L"), dtype=np.float64)
    steps = [np.abs(np.diff(gray, axis=axis)).ravel() for axis in (0, 1)]
    return float(np.concatenate(steps).mean())


def _boxes_in_clip(track: Track, frame_count: int) -> FloatArray:
    """Returns boxes (F, 4) in all frames of the clip; NaN where the person was not observed."""
    boxes = np.full((frame_count, 4), np.nan)
    boxes[track.frames] = np.where(track.observed[:, None], track.boxes, np.nan)
    return boxes

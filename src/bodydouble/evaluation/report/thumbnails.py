"""One small picture of each person: sharp, and from a frame that shows much of them."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from PIL import Image

from bodydouble.data import FloatArray, Performance, RgbImage, Track
from bodydouble.evaluation.report.crops import cut, jpeg, reduced
from bodydouble.evaluation.report.spans import BODY
from bodydouble.geometry.similarity import box_area, box_intersection

SIZE = (192, 192)
"""Largest width and height, px: twice of what the page shows, for fine screens."""
MARGIN = 0.05
"""Of the longer side of the person's box, around it."""
CANDIDATES = 5
"""Frames of each person that are looked at, spread over the time in which they were seen."""
GOOD = 0.9
"""Of the best frame's completeness; among frames from there on, the sharpest is taken."""

SHARED = 0.9
"""What is lost where another's box holds all of the person's: not everything, as they may stand in front."""


class Thumbnails:
    """Keeps the sharpest picture of each person out of the frames that are shown to it."""

    def __init__(self, performance: Performance, still: Mapping[str, Track] | None = None) -> None:
        self.jpegs: dict[str, bytes] = {}
        """JPEG file by name; nobody is in it who was never observed."""
        self._size = performance.camera.image_size
        self._sharpness: dict[str, float] = {}
        self._wanted: dict[int, list[tuple[str, FloatArray]]] = defaultdict(list)
        self._soonest: dict[str, int] = {}
        tracks = {person.name: person.track for person in performance.people} | dict(still or {})
        boxes = {name: _in_clip(track, performance.frame_count) for name, track in tracks.items()}
        for name, track in tracks.items():
            others = [boxes[other][track.frames] for other in boxes if other != name]
            for row in candidates(completeness(track, others, self._size)):
                frame = int(track.frames[row])
                self._soonest.setdefault(name, frame)
                self._wanted[frame].append((name, _with_margin(track.boxes[row])))

    def needed(self) -> list[int]:
        """Source frame indices that would give a picture to everybody who has none yet, and can have one."""
        return [frame for name, frame in self._soonest.items() if name not in self.jpegs]

    def look(self, index: int, frame: RgbImage) -> None:
        """Takes what is wanted out of a frame (H, W, 3) of the source, of any scale."""
        for name, box in self._wanted.pop(index, ()):
            image = reduced(cut(frame, box * frame.shape[1] / self._size[0]), SIZE)
            sharp = sharpness(image)
            if sharp > self._sharpness.get(name, -1.0):
                self._sharpness[name], self.jpegs[name] = sharp, jpeg(image)


def completeness(track: Track, others: list[FloatArray], size: tuple[int, int]) -> FloatArray:
    """How much of a person the frames show.

    Args:
        track: the person in the picture.
        others: boxes (T, 4) px of each other person in the frames of the track; NaN where there is none.
        size: width and height of the picture, px.

    Returns:
        (T,) 0 to 1: mean confidence of the body's keypoints (0 outside the picture), less where another's box covers
        the person's, times the root of the person's size relative to their largest; 0 where not observed.
    """
    points = track.keypoints[:, BODY]
    inside = ((points[..., :2] >= 0) & (points[..., :2] <= np.array(size))).all(axis=-1)
    seen = track.observed & np.isfinite(track.boxes).all(axis=1)
    area = np.where(seen, box_area(track.boxes), 0.0)
    largest = max(float(area.max()), 1e-9)
    shared = [np.nan_to_num(box_intersection(track.boxes, boxes)) for boxes in others]
    covered = np.max([np.zeros(len(area)), *shared], axis=0) / np.maximum(area, 1e-9)
    visible = (points[..., 2] * inside).mean(axis=1) * (1 - SHARED * np.clip(covered, 0, 1))
    return np.asarray(np.where(seen, visible * (area / largest) ** 0.25, 0.0))


def candidates(complete: FloatArray) -> list[int]:
    """Rows, ascending, that are about as complete as the best; the best of each of equal parts of what was seen."""
    parts = np.array_split(np.flatnonzero(complete > 0), CANDIDATES)
    best = [int(rows[np.argmax(complete[rows])]) for rows in parts if rows.size]
    return [row for row in best if complete[row] >= GOOD * complete.max()]


def sharpness(image: Image.Image) -> float:
    """Mean difference between neighbouring pixels' brightness, 0 to 255."""
    gray = np.asarray(image.convert("L"), dtype=np.float64)
    steps = [np.abs(np.diff(gray, axis=axis)).ravel() for axis in (0, 1)]
    return float(np.concatenate(steps).mean())


def _in_clip(track: Track, frame_count: int) -> FloatArray:
    """The boxes (F, 4) in the frames of the clip; NaN where the person was not observed."""
    boxes = np.full((frame_count, 4), np.nan)
    boxes[track.frames] = np.where(track.observed[:, None], track.boxes, np.nan)
    return boxes


def _with_margin(box: FloatArray) -> FloatArray:
    margin = MARGIN * float(np.max(box[2:] - box[:2]))
    return np.asarray(box + margin * np.array([-1.0, -1.0, 1.0, 1.0]))

"""Follows corners of the background, outside the people's boxes, frame by frame.

Corners are chosen in a keyframe and looked for in every later frame by how they look in that keyframe, so that they do
not creep. Once few of them are left, the present frame becomes the next keyframe.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from bodydouble.data import Background, BoolArray, FloatArray, IntArray, RgbImage
from bodydouble.perception.image.roi import halve, halvings


@dataclass(frozen=True, slots=True)
class BackgroundOptions:
    """How corners are chosen and followed. Lengths are in px of the reduced picture."""

    long_side: int = 480
    """Of the picture in which corners are followed."""
    corners: int = 200
    """At most as many at a time."""
    spacing: float = 10.0
    """Corners of a keyframe are not closer to each other."""
    quality: float = 0.001
    """A corner is at least as strong as this part of the strongest one."""
    block: int = 7
    """Side of the square that decides whether there is a corner."""
    contrast: float = 3e-5
    """The lesser eigenvalue of a corner's structure tensor is at least as large ..."""
    plain: float = 0.2
    """... where this part of the picture shows nothing but noise ..."""
    above_noise: float = 4.0
    """... so many times as large as there."""
    roundness: float = 0.1
    """It is at least this part of the greater one: what lies on an edge slides along it."""
    window: int = 15
    """Side of what is compared around a corner."""
    levels: int = 3
    """How often the picture is halved to find large displacements."""
    way_back: float = 0.5
    """A corner found that does not lead back to where it came from, as close as this, is lost."""
    margin: float = 0.1
    """People's boxes are enlarged by this part of their longer side, on each side."""
    least_left: float = 0.6
    """A new keyframe begins when a smaller part of a keyframe's corners is left."""


class BackgroundTracker:
    """Follows the background of one video. Give it the frames in order."""

    def __init__(self, options: BackgroundOptions | None = None) -> None:
        """Start before the first frame."""
        self.options = options or BackgroundOptions()
        self._frames = 0
        self._keyframes: list[int] = []
        self._known = 0
        self._sightings: list[tuple[IntArray, FloatArray]] = []
        self._key: RgbImage = np.empty((0, 0), np.uint8)
        self._last = self._key
        self._key_points: FloatArray = np.empty((0, 2), np.float32)
        self._points: FloatArray = np.empty((0, 2), np.float32)
        self._corners: IntArray = np.empty(0, np.int32)
        self._chosen = 0

    def begin_shot(self) -> None:
        """Forget all corners: the next frame is the first one of another camera."""
        self._key_points = self._points = np.empty((0, 2), np.float32)
        self._corners = np.empty(0, np.int32)
        self._chosen = 0

    def follow(self, frame: RgbImage, boxes: FloatArray) -> None:
        """Look at the next frame.

        Args:
            frame: (H, W, 3) RGB.
            boxes: (N, 4) x_min, y_min, x_max, y_max of the people in it, px.
        """
        grey = self._reduced(frame)
        scale = np.array([frame.shape[1] / grey.shape[1], frame.shape[0] / grey.shape[0]])
        free = self._free(grey.shape, boxes / np.tile(scale, 2))
        if len(self._points):
            self._find(grey, free)
        if len(self._points) < self.options.least_left * self._chosen or not self._chosen:
            self._begin_keyframe(grey, free)
        self._last = grey
        self._sightings.append((self._corners, ((self._points + 0.5) * scale).astype(np.float32)))
        self._frames += 1

    def result(self, scale: FloatArray | float = 1.0) -> Background:
        """What was seen so far.

        Args:
            scale: px of the result per px of the frames, (2,) or the same for x and y.
        """
        empty = (np.empty(0, np.int32), np.empty((0, 2), np.float32))
        corners, points = zip(empty, *self._sightings, strict=True)
        frames = np.repeat(np.arange(self._frames), [len(seen) for seen in corners[1:]])
        keyframes = np.array(self._keyframes, dtype=np.int64)
        return Background(
            self._frames, keyframes, frames, np.concatenate(corners), np.concatenate(points) * np.float32(scale)
        )

    def _reduced(self, frame: RgbImage) -> RgbImage:
        """Grey, and no longer than the options say."""
        grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        grey = halve(grey, halvings(max(grey.shape) / self.options.long_side))
        ratio = max(*grey.shape, self.options.long_side) / self.options.long_side
        size = round(grey.shape[1] / ratio), round(grey.shape[0] / ratio)
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)

    def _free(self, shape: tuple[int, ...], boxes: FloatArray) -> RgbImage:
        """255 where nobody is, 0 elsewhere and along the border."""
        free = np.zeros(shape[:2], np.uint8)
        edge = self.options.window // 2
        free[edge:-edge, edge:-edge] = 255
        margin = self.options.margin * (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0)[:, None]
        low = np.maximum(np.floor(boxes[:, :2] - margin), 0).astype(int)
        high = np.maximum(np.ceil(boxes[:, 2:] + margin), 0).astype(int)
        for (left, top), (right, bottom) in zip(low, high, strict=True):
            free[top:bottom, left:right] = 0
        return free

    def _find(self, grey: RgbImage, free: RgbImage) -> None:
        """Where the corners of the keyframe are in the next frame."""
        alike = _as_bright(grey, self._points, self._last, self._points)
        guess, found = self._flow(self._last, alike, self._points)
        alike = _as_bright(grey, guess, self._key, self._key_points)
        points, same = self._flow(self._key, alike, self._key_points, guess)
        back, returned = self._flow(alike, self._key, points, self._key_points)
        away = np.linalg.norm(back - self._key_points, axis=1)
        kept = found & same & returned & (away < self.options.way_back) & _inside(free, points)
        kept &= _apart(points, self.options.spacing / 4)
        self._key_points, self._points, self._corners = self._key_points[kept], points[kept], self._corners[kept]

    def _flow(
        self, source: RgbImage, target: RgbImage, points: FloatArray, guess: FloatArray | None = None
    ) -> tuple[FloatArray, BoolArray]:
        """Where points (N, 2) of one picture are in another one, and which of them were found.

        Near a guess only the full pictures are compared.
        """
        options = self.options
        found, status, _ = cv2.calcOpticalFlowPyrLK(
            source, target, points, points.copy() if guess is None else guess.copy(),
            winSize=(options.window, options.window),
            maxLevel=options.levels if guess is None else 0,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01),
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )  # fmt: skip
        return np.asarray(found, dtype=np.float32), np.asarray(status[:, 0] > 0)

    def _begin_keyframe(self, grey: RgbImage, free: RgbImage) -> None:
        """From now on corners are measured against this frame: those still in sight, and new ones between them."""
        options = self.options
        open_space = free.copy()
        for x, y in np.round(self._points).astype(int):
            cv2.circle(open_space, (int(x), int(y)), int(options.spacing), 0, -1)
        added = self._chosen_corners(grey, open_space, options.corners - len(self._points))
        names = np.arange(self._known, self._known + len(added), dtype=np.int32)
        self._points = np.concatenate([self._points, added])
        self._corners = np.concatenate([self._corners, names])
        self._known += len(added)
        self._key, self._key_points, self._chosen = grey, self._points, len(self._points)
        self._keyframes.append(self._frames)

    def _chosen_corners(self, grey: RgbImage, open_space: RgbImage, wanted: int) -> FloatArray:
        """The strongest corners (N, 2) of the open space, apart from each other."""
        options = self.options
        values = cv2.cornerEigenValsAndVecs(grey, options.block, 3)[..., :2]
        greater, lesser = values.max(axis=-1), values.min(axis=-1)
        noise = float(np.quantile(lesser[::4, ::4], options.plain))
        corner = (
            (lesser > max(options.contrast, options.above_noise * noise))
            & (lesser > options.roundness * greater)
            & (open_space > 0)
        )
        if wanted <= 0 or not corner.any():
            return np.empty((0, 2), np.float32)
        found = cv2.goodFeaturesToTrack(
            grey, wanted, options.quality, options.spacing, mask=corner.astype(np.uint8), blockSize=options.block
        )
        return np.empty((0, 2), np.float32) if found is None else np.asarray(found[:, 0])


def _as_bright(grey: RgbImage, points: FloatArray, other: RgbImage, other_points: FloatArray) -> RgbImage:
    """A picture as bright around its points (N, 2) as another one around its own: lamps flicker, cameras adapt."""
    gain = _level(other, other_points) / np.maximum(_level(grey, points), 1.0)
    return np.asarray(cv2.convertScaleAbs(grey, alpha=float(np.median(gain))), dtype=np.uint8)


def _level(grey: RgbImage, points: FloatArray) -> FloatArray:
    """(N,) the mean brightness around points (N, 2)."""
    column, row = np.round(points).astype(int).T
    smooth = cv2.blur(grey, (9, 9))
    return np.asarray(smooth[np.clip(row, 0, grey.shape[0] - 1), np.clip(column, 0, grey.shape[1] - 1)], np.float64)


def _inside(free: RgbImage, points: FloatArray) -> BoolArray:
    """Which of the points (N, 2) lie where nobody is."""
    column, row = np.round(points).astype(int).T
    visible = (column >= 0) & (row >= 0) & (column < free.shape[1]) & (row < free.shape[0])
    return np.asarray(visible & (free[np.clip(row, 0, free.shape[0] - 1), np.clip(column, 0, free.shape[1] - 1)] > 0))


def _apart(points: FloatArray, cell: float) -> BoolArray:
    """Which of the points (N, 2) are the first in a cell; what has slid together is of no use."""
    column, row = np.floor(points / cell).astype(int).T
    first = np.zeros(len(points), dtype=bool)
    first[np.unique(column * 65536 + row, return_index=True)[1]] = True
    return first

"""Tracks corners of the static background, outside the people's boxes: frames and boxes -> ``Background``.

Corners are detected in a keyframe. In every later frame they are matched against that keyframe, so they do not drift.
Once few of them are left, the current frame becomes the next keyframe. Read ``BackgroundTracker`` first.

Sources: B. Lucas and T. Kanade, "An iterative image registration technique" (1981), the optical flow; J. Shi and
C. Tomasi, "Good features to track" (1994), the corners.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from bodydouble.data import Background, BoolArray, FloatArray, IntArray, RgbImage
from bodydouble.data.growing_array import GrowingArray
from bodydouble.perception.image.roi import count_halvings, halve


@dataclass(frozen=True, slots=True)
class BackgroundOptions:
    """Options for the detection and tracking of corners. Lengths are in px of the reduced image."""

    long_side: int = 480
    """Longer side of the reduced image in which corners are tracked."""
    max_corners: int = 200
    """Maximum number of corners at a time."""
    min_distance: float = 10.0
    """Minimum distance between the corners of a keyframe."""
    quality_level: float = 0.001
    """Minimum strength of a corner, as a fraction of that of the strongest one."""
    block_size: int = 7
    """Side of the square over which the structure tensor of a corner is computed."""
    min_eigenvalue: float = 3e-5
    """Minimum of the lesser eigenvalue of a corner's structure tensor."""
    noise_quantile: float = 0.2
    """Quantile of the lesser eigenvalues of the whole image that is taken as the noise level."""
    min_signal_to_noise: float = 4.0
    """Minimum ratio of a corner's lesser eigenvalue to the noise level."""
    min_eigenvalue_ratio: float = 0.1
    """Minimum ratio of a corner's lesser eigenvalue to its greater one; points on an edge slide along it."""
    window_size: int = 15
    """Side of the window that is compared around a corner."""
    pyramid_levels: int = 3
    """Number of times the image is halved to find large displacements."""
    max_forward_backward_error: float = 0.5
    """Maximum distance between a corner and where it is tracked back to; a corner with more is lost."""
    box_margin: float = 0.1
    """Enlargement of people's boxes on each side, as a fraction of their longer side."""
    min_predicted_fraction: float = 0.95
    """Minimum fraction of the visible corners that are found near the position predicted by constant velocity; with
    fewer, all corners are searched with an image pyramid."""
    min_tracked_fraction: float = 0.6
    """Minimum fraction of a keyframe's corners that are still tracked; with fewer, a new keyframe begins."""


@dataclass(frozen=True, slots=True)
class _GreyImage:
    """A reduced image, and the same image smoothed, in which local brightness is read."""

    levels: RgbImage
    smooth: RgbImage

    @classmethod
    def of(cls, levels: RgbImage) -> "_GreyImage":
        """Smoothes an image (H, W)."""
        return cls(levels, np.asarray(cv2.blur(levels, (9, 9)), dtype=np.uint8) if levels.size else levels)


class BackgroundTracker:
    """Tracks the background of one video. The frames must be passed to it in order."""

    def __init__(self, options: BackgroundOptions | None = None) -> None:
        """Starts before the first frame."""
        self.options = options or BackgroundOptions()
        self._frame_count = 0
        self._keyframes: list[int] = []
        self._corner_count = 0
        self._observed_counts: list[int] = []
        self._observed_ids = GrowingArray((), np.int32)
        self._observed_points = GrowingArray((2,), np.float32)
        self._key_image = self._last_image = _GreyImage.of(np.empty((0, 0), np.uint8))
        self._key_points: FloatArray = np.empty((0, 2), np.float32)
        self._points: FloatArray = np.empty((0, 2), np.float32)
        self._velocities: FloatArray = np.empty((0, 2), np.float32)
        self._corner_ids: IntArray = np.empty(0, np.int32)
        self._keyframe_corner_count = 0

    def begin_shot(self) -> None:
        """Forgets all corners: the next frame is the first one of another camera."""
        self._key_points = self._points = self._velocities = np.empty((0, 2), np.float32)
        self._corner_ids = np.empty(0, np.int32)
        self._keyframe_corner_count = 0

    def process_frame(self, frame: RgbImage, boxes: FloatArray) -> None:
        """Tracks the corners into the next frame.

        Args:
            frame: (H, W, 3) RGB.
            boxes: (N, 4) x_min, y_min, x_max, y_max of the people in it, px.
        """
        grey = _GreyImage.of(self._reduce(frame))
        height, width = grey.levels.shape
        scale = np.array([frame.shape[1] / width, frame.shape[0] / height])
        mask = self._background_mask((height, width), boxes / np.tile(scale, 2))
        if len(self._points):
            self._track_corners(grey, mask)
        min_count = self.options.min_tracked_fraction * self._keyframe_corner_count
        if len(self._points) < min_count or not self._keyframe_corner_count:
            self._begin_keyframe(grey, mask)
        self._last_image = grey
        self._add_observations(self._corner_ids, ((self._points + 0.5) * scale).astype(np.float32))

    def _add_observations(self, corner_ids: IntArray, points: FloatArray) -> None:
        self._observed_counts.append(len(corner_ids))
        self._observed_ids.extend(corner_ids)
        self._observed_points.extend(points)
        self._frame_count += 1

    def result(self, scale: FloatArray | float = 1.0) -> Background:
        """Returns the corners of all frames, once: they are handed over, as a copy would need much memory.

        Args:
            scale: px of the result per px of the frames, (2,) or the same for x and y.
        """
        frames = np.repeat(np.arange(self._frame_count, dtype=np.int32), self._observed_counts)
        corner_ids, points = self._observed_ids.take(), self._observed_points.take()
        points *= np.float32(scale)
        return Background(self._frame_count, np.array(self._keyframes, dtype=np.int64), frames, corner_ids, points)

    def _reduce(self, frame: RgbImage) -> RgbImage:
        """Converts a frame to grey and reduces it to the longer side of the options."""
        grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        grey = halve(grey, count_halvings(max(grey.shape) / self.options.long_side))
        ratio = max(*grey.shape, self.options.long_side) / self.options.long_side
        size = round(grey.shape[1] / ratio), round(grey.shape[0] / ratio)
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)

    def _background_mask(self, shape: tuple[int, ...], boxes: FloatArray) -> RgbImage:
        """Returns a mask (H, W): 255 on the background, 0 inside the enlarged boxes and along the border."""
        mask = np.zeros(shape[:2], np.uint8)
        edge = self.options.window_size // 2
        mask[edge:-edge, edge:-edge] = 255
        margin = self.options.box_margin * (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0)[:, None]
        low = np.maximum(np.floor(boxes[:, :2] - margin), 0).astype(int)
        high = np.maximum(np.ceil(boxes[:, 2:] + margin), 0).astype(int)
        for (left, top), (right, bottom) in zip(low, high, strict=True):
            mask[top:bottom, left:right] = 0
        return mask

    def _track_corners(self, grey: _GreyImage, mask: RgbImage) -> None:
        """Tracks the corners into the next frame: near the predicted positions, or else from the last frame."""
        predicted = self._points + self._velocities
        points, kept = self._match_keyframe(grey, mask, predicted)
        if kept.sum() < self.options.min_predicted_fraction * _in_mask(mask, predicted).sum():
            adjusted = _match_brightness(grey, self._points, self._last_image, self._points)
            guess, tracked = self._optical_flow(self._last_image.levels, adjusted, self._points)
            points, kept = self._match_keyframe(grey, mask, guess)
            kept &= tracked
        self._velocities = (points - self._points)[kept]
        self._key_points, self._points = self._key_points[kept], points[kept]
        self._corner_ids = self._corner_ids[kept]

    def _match_keyframe(self, grey: _GreyImage, mask: RgbImage, guess: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Matches the corners against the keyframe near a guess (N, 2); returns the points and which were found."""
        adjusted = _match_brightness(grey, guess, self._key_image, self._key_points)
        points, matched = self._optical_flow(self._key_image.levels, adjusted, self._key_points, guess)
        back, tracked_back = self._optical_flow(adjusted, self._key_image.levels, points, self._key_points)
        error = np.linalg.norm(back - self._key_points, axis=1)
        kept = matched & tracked_back & (error < self.options.max_forward_backward_error)
        return points, kept & _in_mask(mask, points) & _is_first_in_cell(points, self.options.min_distance / 4)

    def _optical_flow(
        self, source: RgbImage, target: RgbImage, points: FloatArray, guess: FloatArray | None = None
    ) -> tuple[FloatArray, BoolArray]:
        """Tracks points (N, 2) from one image into another; returns the points there and which were tracked.

        Near a guess only the full images are compared.
        """
        options = self.options
        moved, status, _ = cv2.calcOpticalFlowPyrLK(
            source, target, points, points.copy() if guess is None else guess.copy(),
            winSize=(options.window_size, options.window_size),
            maxLevel=options.pyramid_levels if guess is None else 0,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01),
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )  # fmt: skip
        return np.asarray(moved, dtype=np.float32), np.asarray(status[:, 0] > 0)

    def _begin_keyframe(self, grey: _GreyImage, mask: RgbImage) -> None:
        """Makes this frame the keyframe: the tracked corners stay, and new ones are detected between them."""
        options = self.options
        open_mask = mask.copy()
        for x, y in np.round(self._points).astype(int):
            cv2.circle(open_mask, (int(x), int(y)), int(options.min_distance), 0, -1)
        new_points = self._detect_corners(grey.levels, open_mask, options.max_corners - len(self._points))
        new_ids = np.arange(self._corner_count, self._corner_count + len(new_points), dtype=np.int32)
        velocity = np.median(self._velocities, axis=0, keepdims=True) if len(self._velocities) else np.zeros((1, 2))
        new_velocities = np.repeat(velocity.astype(np.float32), len(new_points), axis=0)
        self._points = np.concatenate([self._points, new_points])
        self._velocities = np.concatenate([self._velocities, new_velocities])
        self._corner_ids = np.concatenate([self._corner_ids, new_ids])
        self._corner_count += len(new_points)
        self._key_image, self._key_points, self._keyframe_corner_count = grey, self._points, len(self._points)
        self._keyframes.append(self._frame_count)

    def _detect_corners(self, grey: RgbImage, mask: RgbImage, max_count: int) -> FloatArray:
        """Detects the strongest corners (N, 2) inside the mask, at the minimum distance from each other."""
        options = self.options
        eigenvalues = cv2.cornerEigenValsAndVecs(grey, options.block_size, 3)[..., :2]
        greater, lesser = eigenvalues.max(axis=-1), eigenvalues.min(axis=-1)
        noise = float(np.quantile(lesser[::4, ::4], options.noise_quantile))
        is_corner = (
            (lesser > max(options.min_eigenvalue, options.min_signal_to_noise * noise))
            & (lesser > options.min_eigenvalue_ratio * greater)
            & (mask > 0)
        )
        if max_count <= 0 or not is_corner.any():
            return np.empty((0, 2), np.float32)
        corners = cv2.goodFeaturesToTrack(
            grey,
            max_count,
            options.quality_level,
            options.min_distance,
            mask=is_corner.astype(np.uint8),
            blockSize=options.block_size,
        )
        return np.empty((0, 2), np.float32) if corners is None else np.asarray(corners[:, 0])


def _match_brightness(
    grey: _GreyImage, points: FloatArray, reference: _GreyImage, reference_points: FloatArray
) -> RgbImage:
    """Scales an image so that it is as bright around its points (N, 2) as a reference image around its own.

    Lamps flicker and cameras adapt their exposure.
    """
    gain = _local_brightness(reference, reference_points) / np.maximum(_local_brightness(grey, points), 1.0)
    middle = len(gain) // 2
    median = np.sort(gain)[(len(gain) - 1) // 2 : middle + 1].mean()  # several times faster than np.median
    return np.asarray(cv2.convertScaleAbs(grey.levels, alpha=float(median)), dtype=np.uint8)


def _local_brightness(grey: _GreyImage, points: FloatArray) -> FloatArray:
    """Returns the mean brightness (N,) around points (N, 2)."""
    column, row = np.round(points).astype(int).T
    height, width = grey.smooth.shape
    inside = np.minimum(np.maximum(row, 0), height - 1), np.minimum(np.maximum(column, 0), width - 1)
    return np.asarray(grey.smooth[inside], np.float64)


def _in_mask(mask: RgbImage, points: FloatArray) -> BoolArray:
    """Returns which of the points (N, 2) lie where the mask is set, inside the image."""
    column, row = np.round(points).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < mask.shape[1]) & (row < mask.shape[0])
    return np.asarray(inside & (mask[np.clip(row, 0, mask.shape[0] - 1), np.clip(column, 0, mask.shape[1] - 1)] > 0))


def _is_first_in_cell(points: FloatArray, cell: float) -> BoolArray:
    """Returns which of the points (N, 2) are the first in a cell of a grid; points that slid together are useless."""
    column, row = np.floor(points / cell).astype(int).T
    first = np.zeros(len(points), dtype=bool)
    first[np.unique(column * 65536 + row, return_index=True)[1]] = True
    return first

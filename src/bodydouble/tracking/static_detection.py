"""Detection of static people: statues, dummies, posters and photographs that were detected as people.

``Track``s by name -> those that never move. A living person who holds still sways, breathes and moves the head. So the
measure is the displacement of the landmarks from their median position over seconds. Thresholds: docs/selection.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from bodydouble.data import Background, BoolArray, FloatArray, Track
from bodydouble.skeletons import blazepose

_HEAD = np.arange(len(blazepose.LANDMARKS)) <= blazepose.INDEX["right_shoulder"]
"""(33,) True for face and shoulders, which sway with the body and are located more accurately than hands and feet."""

BLOCK_CORNERS = 1_000_000
"""Number of observed corners that are processed at once."""


@dataclass(frozen=True, slots=True)
class StaticDetectionOptions:
    """Thresholds below which a person is static. Displacements are relative to the person's size in the image."""

    settling_time: float = 1.0
    """Duration in s after the first clear frame that is ignored, as the landmarks still converge."""
    min_duration: float = 4.0
    """Minimum duration in s of clear frames after that, and the duration over which displacements are averaged."""
    smoothing_window: float = 0.4
    """Duration in s over which positions are averaged first, as landmarks jitter faster than people sway."""
    min_confidence: float = 0.5
    """Minimum confidence of a clear landmark, and minimum mean confidence of a clear frame."""
    min_landmarks: int = 5
    """Minimum number of clear landmarks of face and shoulders."""
    min_clear_fraction: float = 0.7
    """Minimum fraction of the observed frames that are clear."""
    max_displacement: float = 0.0025
    """Maximum displacement of all landmarks of a static person."""
    max_head_displacement: float = 0.0015
    """Maximum displacement of face and shoulders of a static person."""
    max_nonaffine_displacement: float = 0.0015
    """Maximum displacement of all landmarks after the best affine map is removed, for a moving camera."""
    min_camera_displacement: float = 0.004
    """Minimum median displacement of background corners for a moving camera, relative to the image's longer side."""


def detect_static_people(
    people: Mapping[str, Track],
    fps: float,
    image_size: tuple[int, int],
    background: Background | None,
    options: StaticDetectionOptions | None = None,
) -> dict[str, Track]:
    """Returns the people who never move.

    Args:
        people: tracks by name.
        fps: frames per second.
        image_size: width and height of the image, px.
        background: background of the clip; None for a static camera.
        options: thresholds.
    """
    options = options or StaticDetectionOptions()
    camera_moves = background is not None and _is_camera_moving(background, image_size, options)
    return {name: track for name, track in people.items() if _is_static(track, fps, camera_moves, options)}


def _is_static(track: Track, fps: float, camera_moves: bool, options: StaticDetectionOptions) -> bool:
    points, is_head = _clear_landmarks(track, fps, options)
    if is_head.sum() < options.min_landmarks or len(points) < options.min_duration * fps:
        return False
    displacements = landmark_displacements(points, fps, options)
    if (
        peak_rms_displacement(displacements, fps, options) < options.max_displacement
        and peak_rms_displacement(displacements[:, is_head], fps, options) < options.max_head_displacement
    ):
        return True
    if not camera_moves:
        return False
    nonaffine = landmark_displacements(points, fps, options, affine=True)
    return peak_rms_displacement(nonaffine, fps, options) < options.max_nonaffine_displacement


def _clear_landmarks(track: Track, fps: float, options: StaticDetectionOptions) -> tuple[FloatArray, BoolArray]:
    """Returns the clear landmarks (N, K, 2) px in clear frames, and (K,) True for those of face and shoulders.

    N is 0 if there are too few clear frames.
    """
    confidence = track.keypoints[..., 2]
    is_clear = np.median(confidence[track.observed], axis=0) >= options.min_confidence
    total = confidence[:, is_clear].sum(axis=1)
    clear_frames = track.observed & (total >= options.min_confidence * is_clear.sum())
    if clear_frames.sum() < options.min_clear_fraction * track.observed.sum():
        clear_frames[:] = False
    points = track.keypoints[clear_frames][_frame_count(options.settling_time, fps) :, is_clear, :2]
    return points, _HEAD[is_clear]


def landmark_displacements(
    points: FloatArray, fps: float, options: StaticDetectionOptions | None = None, *, affine: bool = False
) -> FloatArray:
    """Measures the displacement of landmarks from their median position, relative to the person's size.

    Args:
        points: (N, K, 2) px.
        fps: frames per second.
        options: durations of the means.
        affine: whether affine changes of the whole person are ignored, as a picture seen by a moving camera has them.

    Returns:
        (N, K).
    """
    window = _frame_count((options or StaticDetectionOptions()).smoothing_window, fps)
    smooth = uniform_filter1d(points, window, axis=0, mode="nearest")
    median = np.median(smooth, axis=0)
    expected = _affine_fits(smooth) if affine else median
    return np.asarray(np.linalg.norm(smooth - expected, axis=-1) / np.linalg.norm(np.ptp(median, axis=0)))


def peak_rms_displacement(
    displacements: FloatArray, fps: float, options: StaticDetectionOptions | None = None
) -> float:
    """Returns the maximum over the clip of the root mean square of displacements (N, K) over ``min_duration``."""
    window = min(_frame_count((options or StaticDetectionOptions()).min_duration, fps), len(displacements))
    means = np.convolve((displacements**2).mean(axis=1), np.full(window, 1 / window), mode="valid")
    return float(np.sqrt(means.max()))


def _frame_count(seconds: float, fps: float) -> int:
    return max(round(seconds * fps), 1)


def _affine_fits(points: FloatArray) -> FloatArray:
    """(N, K, 2) affine map of the mean pose that is nearest to each pose (N, K, 2)."""
    mean = np.column_stack([points.mean(axis=0), np.ones(points.shape[1])])
    return np.asarray(mean @ (np.linalg.pinv(mean) @ points))


def _is_camera_moving(background: Background, image_size: tuple[int, int], options: StaticDetectionOptions) -> bool:
    """Whether the median displacement of background corners from their first position is large enough."""
    if not len(background.corner_ids):
        return False
    first = np.full(int(background.corner_ids.max()) + 1, -1)
    displacement = np.empty(len(background.points), background.points.dtype)
    for start in range(0, len(displacement), BLOCK_CORNERS):
        rows = slice(start, start + BLOCK_CORNERS)
        ids = background.corner_ids[rows]
        new = np.flatnonzero(first[ids] < 0)[::-1]
        first[ids[new]] = start + new  # of several rows the first one, as the last assignment counts
        displacement[rows] = np.linalg.norm(background.points[rows] - background.points[first[ids]], axis=1)
    return bool(np.median(displacement) > options.min_camera_displacement * max(image_size))

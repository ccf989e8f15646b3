"""Who never moves: statues, dummies, posters and photographs that were taken for people.

Somebody alive who stands or sits as still as they can sways, breathes and moves the head. So a living person is told by
how far the landmarks go, in the course of seconds, from where they usually are. What is measured, and on what the
limits rest: docs/selection.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from bodydouble.data import Background, BoolArray, FloatArray, Track
from bodydouble.skeletons import blazepose

_HEAD = np.arange(len(blazepose.LANDMARKS)) <= blazepose.INDEX["right_shoulder"]
"""Face and shoulders: they sway with the body, and are placed more surely than hands and feet."""


@dataclass(frozen=True, slots=True)
class StaticDetectionOptions:
    """Who counts as somebody who never moves. Movements are relative to the person's size in the picture."""

    settling_time: float = 1.0
    """s, after somebody was found, in which the landmarks still approach their place."""
    min_duration: float = 4.0
    """Somebody seen clearly for a shorter time after that may just hold still; and over so long means are taken."""
    smoothing_window: float = 0.4
    """s, over which the mean is taken first: landmarks tremble faster than people sway."""
    min_confidence: float = 0.5
    """Confidence from which a landmark, and on average a frame, says something."""
    min_landmarks: int = 5
    """If fewer of face and shoulders are usually sure, nothing can be said ..."""
    min_clear_fraction: float = 0.7
    """... nor of somebody of whom a smaller part of the frames is."""
    max_displacement: float = 0.0025
    """Who moves less ..."""
    max_head_displacement: float = 0.0015
    """... and whose face and shoulders move less never moves ..."""
    max_nonaffine_displacement: float = 0.0015
    """... and where the camera moves, who changes less in any way that is not affine."""
    min_camera_displacement: float = 0.004
    """Of the picture's longer side: the camera moves if corners of the background usually go farther."""


def detect_static_people(
    people: Mapping[str, Track],
    fps: float,
    image_size: tuple[int, int],
    background: Background | None,
    options: StaticDetectionOptions | None = None,
) -> dict[str, Track]:
    """Those who never move.

    Args:
        people: by name.
        fps: frames per second.
        image_size: width and height of the picture, px.
        background: of the clip; None: the camera stands still.
        options: who counts as one.
    """
    options = options or StaticDetectionOptions()
    moving = background is not None and _is_camera_moving(background, image_size, options)
    return {name: track for name, track in people.items() if _is_static(track, fps, moving, options)}


def _is_static(track: Track, fps: float, camera_moves: bool, options: StaticDetectionOptions) -> bool:
    points, head = _clear_landmarks(track, fps, options)
    if head.sum() < options.min_landmarks or len(points) < options.min_duration * fps:
        return False
    away = landmark_displacements(points, fps, options)
    if (
        peak_rms_displacement(away, fps, options) < options.max_displacement
        and peak_rms_displacement(away[:, head], fps, options) < options.max_head_displacement
    ):
        return True
    changes = landmark_displacements(points, fps, options, affine=True)
    return camera_moves and peak_rms_displacement(changes, fps, options) < options.max_nonaffine_displacement


def _clear_landmarks(track: Track, fps: float, options: StaticDetectionOptions) -> tuple[FloatArray, BoolArray]:
    """Landmarks (N, K, 2) px that are usually sure, in frames in which they are, and which (K,) are of the head.

    N is 0 if there are too few such frames.
    """
    confidence = track.keypoints[..., 2]
    usual = np.median(confidence[track.observed], axis=0) >= options.min_confidence
    clear = track.observed & (confidence[:, usual].sum(axis=1) >= options.min_confidence * usual.sum())
    if clear.sum() < options.min_clear_fraction * track.observed.sum():
        clear[:] = False
    return track.keypoints[clear][_frame_count(options.settling_time, fps) :, usual, :2], _HEAD[usual]


def landmark_displacements(
    points: FloatArray, fps: float, options: StaticDetectionOptions | None = None, *, affine: bool = False
) -> FloatArray:
    """How far the landmarks of a person are from their usual place, relative to the person's size.

    Args:
        points: (N, K, 2) px.
        fps: frames per second.
        options: how long means are.
        affine: whether affine changes of the whole person, as those of a picture before a camera that moves, are left
            out.

    Returns:
        (N, K).
    """
    smooth = uniform_filter1d(
        points, _frame_count((options or StaticDetectionOptions()).smoothing_window, fps), axis=0, mode="nearest"
    )
    usual = np.median(smooth, axis=0)
    expected = _affine_fits(smooth) if affine else usual
    return np.asarray(np.linalg.norm(smooth - expected, axis=-1) / np.linalg.norm(np.ptp(usual, axis=0)))


def peak_rms_displacement(
    displacements: FloatArray, fps: float, options: StaticDetectionOptions | None = None
) -> float:
    """Root mean square of displacements (N, K) over the landmarks and some seconds, where it is largest."""
    window = min(_frame_count((options or StaticDetectionOptions()).min_duration, fps), len(displacements))
    within = np.convolve((displacements**2).mean(axis=1), np.full(window, 1 / window), mode="valid")
    return float(np.sqrt(within.max()))


def _frame_count(seconds: float, fps: float) -> int:
    return max(round(seconds * fps), 1)


def _affine_fits(points: FloatArray) -> FloatArray:
    """(N, K, 2) the mean pose, brought as near to each pose (N, K, 2) as an affine map can."""
    mean = np.column_stack([points.mean(axis=0), np.ones(points.shape[1])])
    return np.asarray(mean @ (np.linalg.pinv(mean) @ points))


def _is_camera_moving(background: Background, image_size: tuple[int, int], options: StaticDetectionOptions) -> bool:
    """Whether corners of the background are usually elsewhere than where they were first seen."""
    if not len(background.corner_ids):
        return False
    _, first, which = np.unique(background.corner_ids, return_index=True, return_inverse=True)
    way = np.linalg.norm(background.points - background.points[first][which], axis=1)
    return bool(np.median(way) > options.min_camera_displacement * max(image_size))

"""Down-weighting of keypoints that cannot be visible: ``Track``s of all people -> the same with lower confidences.

A landmark network locates all parts of the body with high confidence, visible or not. Keypoints outside the image,
occluded keypoints and those on another person's limb get less confidence, so that later stages impute them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations

import numpy as np

from bodydouble.data import LANDMARK_COUNT, FloatArray, IntArray, Track
from bodydouble.geometry.silhouette import MAX_RADIUS, build_silhouettes, depth_within, is_nearer, trunk_length
from bodydouble.skeletons import blazepose


def _landmarks(side: str, *parts: str) -> list[int]:
    return [blazepose.INDEX[f"{side}_{part}"] for part in parts]


_SIDES = ("left", "right")
_HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
_LIMBS = [_landmarks(side, *parts) for parts in (("elbow", "wrist"), ("knee", "ankle")) for side in _SIDES]
"""Middle and end landmark of each limb: left arm, right arm, left leg, right leg."""
_LIMBS_WITH_ENDS = [
    _landmarks(side, *parts)
    for parts in (("elbow", "wrist", "pinky", "index", "thumb"), ("knee", "ankle", "heel", "foot_index"))
    for side in _SIDES
]
"""Landmarks of each limb, with hand or foot."""
_CONFUSABLE_LIMBS = [(0, 1), (0, 1), (2, 3), (2, 3)]
"""Indices of the limbs that may be confused with each limb: arms with arms, legs with legs."""

BLOCK_FRAMES = 1000
"""Number of frames that are processed at once."""


@dataclass(frozen=True, slots=True)
class ReliabilityOptions:
    """Thresholds for the reliability of keypoints. Lengths are in trunk lengths in the image."""

    outside_distance: float = 0.1
    """Distance outside the image at which the confidence becomes 0; it decreases linearly from the edge."""
    occlusion_depth: float = 0.4
    """Depth in an occluder's silhouette at which the confidence becomes 0: 0 is the edge, 1 the middle of a limb."""
    coincidence_distance: float = 0.1
    """Maximum distance between the landmarks of two people's limbs that are taken for the same limb."""
    innovation_window: float = 0.2
    """Duration in s before and after a frame from which the usual position of a limb is taken."""


def downweight_unreliable_keypoints(
    tracks: Sequence[Track], image_size: tuple[int, int], fps: float, options: ReliabilityOptions | None = None
) -> tuple[Track, ...]:
    """Lowers the confidence of keypoints that are outside the image, occluded, or on another person's limb.

    A person inside the image without anybody near keeps all confidences.

    Args:
        tracks: all people of a clip.
        image_size: width and height of the image, px.
        fps: frames per second.
        options: thresholds for the reliability of keypoints.

    Returns:
        As many tracks, in the same order.
    """
    options = options or ReliabilityOptions()
    reliability = [1 - _outside_fraction(track, image_size, options) for track in tracks]
    for i, j in permutations(range(len(tracks)), 2):
        rows, occlusion = _occlusion_fraction(tracks[i], tracks[j], options)
        reliability[i][rows] *= 1 - occlusion
    for i, j in combinations(range(len(tracks)), 2):
        for rows, other_rows, limb, other_limb in _shared_limbs(tracks[i], tracks[j], options):
            innovation = _innovation(tracks[i], rows, limb, fps, options)
            other_innovation = _innovation(tracks[j], other_rows, other_limb, fps, options)
            reliability[i][rows[innovation > other_innovation, None], _LIMBS_WITH_ENDS[limb]] = 0.0
            reliability[j][other_rows[other_innovation > innovation, None], _LIMBS_WITH_ENDS[other_limb]] = 0.0
    return tuple(_scale_confidence(*pair) for pair in zip(tracks, reliability, strict=True))


def _scale_confidence(track: Track, reliability: FloatArray) -> Track:
    if np.all(reliability == 1):
        return track
    keypoints = track.keypoints.copy()
    keypoints[..., 2] *= reliability
    return replace(track, keypoints=keypoints)


def _outside_fraction(track: Track, image_size: tuple[int, int], options: ReliabilityOptions) -> FloatArray:
    """(T, 33) 0 for keypoints inside the image, 1 from ``outside_distance`` on, linear in between."""
    fraction = np.empty(track.keypoints.shape[:2])
    for start in range(0, len(fraction), BLOCK_FRAMES):
        rows = slice(start, start + BLOCK_FRAMES)
        points = np.where(track.observed[rows, None, None], track.keypoints[rows, :, :2], 0.0)
        distance = np.linalg.norm(points - np.clip(points, 0, image_size), axis=-1)
        max_distance = np.maximum(options.outside_distance * trunk_length(points), 1e-9)
        fraction[rows] = np.minimum(distance / max_distance[:, None], 1.0)
    return fraction


def _occlusion_fraction(track: Track, other: Track, options: ReliabilityOptions) -> tuple[IntArray, FloatArray]:
    """Returns the rows (N,) of a track in which another person is in front, and how occluded (N, 33) keypoints are.

    The fraction is 0 outside the silhouette of the other person, 1 from ``occlusion_depth`` on, linear in between.
    """
    rows, other_rows = _overlapping_rows(track, other)
    is_behind = is_nearer(other.keypoints[other_rows, :, :2], track.keypoints[rows, :, :2])
    rows, other_rows = rows[is_behind], other_rows[is_behind]
    depth = np.empty((len(rows), LANDMARK_COUNT))
    for start in range(0, len(rows), BLOCK_FRAMES):
        block = slice(start, start + BLOCK_FRAMES)
        silhouettes = build_silhouettes(other.keypoints[other_rows[block], :, :2])
        depth[block] = depth_within(track.keypoints[rows[block], :, :2], silhouettes)
    return rows, np.minimum(depth / options.occlusion_depth, 1.0)


def _overlapping_rows(track: Track, other: Track) -> tuple[IntArray, IntArray]:
    """Returns the rows of two tracks in which both people are observed and their bodies may overlap in the image."""
    _, rows, other_rows = np.intersect1d(track.frames, other.frames, assume_unique=True, return_indices=True)
    both_observed = track.observed[rows] & other.observed[other_rows]
    rows, other_rows = rows[both_observed], other_rows[both_observed]
    a, b = track.keypoints[rows, :, :2], other.keypoints[other_rows, :, :2]
    margin = MAX_RADIUS * np.maximum(trunk_length(a), trunk_length(b))[:, None]
    overlap = np.all((a.min(axis=1) - margin <= b.max(axis=1)) & (b.min(axis=1) - margin <= a.max(axis=1)), axis=-1)
    return rows[overlap], other_rows[overlap]


def _shared_limbs(
    track: Track, other: Track, options: ReliabilityOptions
) -> Iterator[tuple[IntArray, IntArray, int, int]]:
    """Yields the rows of two tracks in which a limb of both is the same limb, and the index of that limb in either."""
    rows, other_rows = _overlapping_rows(track, other)
    a, b = track.keypoints[rows, :, :2], other.keypoints[other_rows, :, :2]
    max_distance = options.coincidence_distance * np.minimum(trunk_length(a), trunk_length(b))
    for limb, confusable in enumerate(_CONFUSABLE_LIMBS):
        for other_limb in confusable:
            distance = np.linalg.norm(a[:, _LIMBS[limb]] - b[:, _LIMBS[other_limb]], axis=-1).max(axis=-1)
            shared = distance < max_distance
            if shared.any():
                yield rows[shared], other_rows[shared], limb, other_limb


def _innovation(track: Track, rows: IntArray, limb: int, fps: float, options: ReliabilityOptions) -> FloatArray:
    """(N,) distance, in trunk lengths, of a limb from its median position around a frame, relative to the hips."""
    points = track.keypoints[..., :2]
    relative = points[:, _LIMBS[limb]] - points[:, _HIPS].mean(axis=1, keepdims=True)
    reach = max(round(options.innovation_window * fps), 1)
    window = np.clip(rows[:, None] + np.arange(-reach, reach + 1), 0, len(points) - 1)
    distance = np.linalg.norm(relative[rows] - np.nanmedian(relative[window], axis=1), axis=-1)
    return np.asarray(distance.max(axis=-1) / trunk_length(points[rows]))

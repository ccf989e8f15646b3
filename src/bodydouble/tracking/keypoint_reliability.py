"""Which landmarks of somebody can have been seen, and are that person's own.

A landmark network says where all parts of a body are, seen or not, and is sure of it. Landmarks out of the picture,
behind somebody else and those that lie on another person's limb are believed less, so that later stages fill them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations

import numpy as np

from bodydouble.data import FloatArray, IntArray, Track
from bodydouble.geometry.silhouette import THICKEST, depth_within, nearer, silhouette, trunk_length
from bodydouble.skeletons import blazepose


def _landmarks(side: str, *parts: str) -> list[int]:
    return [blazepose.INDEX[f"{side}_{part}"] for part in parts]


_SIDES = ("left", "right")
_HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
_LIMBS = [_landmarks(side, *parts) for parts in (("elbow", "wrist"), ("knee", "ankle")) for side in _SIDES]
"""The middle and the end of each limb."""
_LIMBS_WITH_ENDS = [
    _landmarks(side, *parts)
    for parts in (("elbow", "wrist", "pinky", "index", "thumb"), ("knee", "ankle", "heel", "foot_index"))
    for side in _SIDES
]
"""Those and the hand or the foot."""
_CONFUSABLE_LIMBS = [(0, 1), (0, 1), (2, 3), (2, 3)]
"""Limbs that may be taken for each limb: arms for arms, legs for legs."""


@dataclass(frozen=True, slots=True)
class ReliabilityOptions:
    """What is believed; lengths are in lengths of the trunk in the picture."""

    outside_distance: float = 0.1
    """Nothing is believed of landmarks this far out of the picture, less of those nearer to its edge."""
    occlusion_depth: float = 0.4
    """Nor of those this deep in the silhouette of somebody nearer: 0 is its edge, 1 the middle of a limb."""
    coincidence_distance: float = 0.1
    """Two people's limbs this near to each other, elbow by elbow and wrist by wrist, are one."""
    innovation_window: float = 0.2
    """s before and after, in which somebody's limb is looked for if two people claim one."""


def downweight_unreliable_keypoints(
    tracks: Sequence[Track], image_size: tuple[int, int], fps: float, options: ReliabilityOptions | None = None
) -> tuple[Track, ...]:
    """Tracks with less confidence in landmarks that nobody can have seen, or that are another person's.

    Somebody alone in the picture, and inside it, keeps all confidences as they are.

    Args:
        tracks: all people of a clip.
        image_size: width and height of the picture, px.
        fps: frames per second.
        options: what is believed.

    Returns:
        As many tracks, in the same order.
    """
    options = options or ReliabilityOptions()
    reliability = [1 - _outside_fraction(track, image_size, options) for track in tracks]
    for i, j in permutations(range(len(tracks)), 2):
        rows, other_rows = _overlapping_rows(tracks[i], tracks[j])
        is_behind = nearer(tracks[j].keypoints[other_rows, :, :2], tracks[i].keypoints[rows, :, :2])
        rows, other_rows = rows[is_behind], other_rows[is_behind]
        body = silhouette(tracks[j].keypoints[other_rows, :, :2])
        depth = depth_within(tracks[i].keypoints[rows, :, :2], body)
        reliability[i][rows] *= 1 - np.minimum(depth / options.occlusion_depth, 1.0)
    for i, j in combinations(range(len(tracks)), 2):
        for one, other, limb, twin in _shared_limbs(tracks[i], tracks[j], options):
            innovations = [
                _innovation(tracks[n], at, k, fps, options) for n, at, k in ((i, one, limb), (j, other, twin))
            ]
            reliability[i][one[innovations[0] > innovations[1], None], _LIMBS_WITH_ENDS[limb]] = 0.0
            reliability[j][other[innovations[1] > innovations[0], None], _LIMBS_WITH_ENDS[twin]] = 0.0
    return tuple(_scale_confidence(track, own) for track, own in zip(tracks, reliability, strict=True))


def _scale_confidence(track: Track, reliability: FloatArray) -> Track:
    if np.all(reliability == 1):
        return track
    keypoints = track.keypoints.copy()
    keypoints[..., 2] *= reliability
    return replace(track, keypoints=keypoints)


def _outside_fraction(track: Track, image_size: tuple[int, int], options: ReliabilityOptions) -> FloatArray:
    """(T, 33) 0 for landmarks inside the picture, 1 for those far out of it."""
    points = np.where(track.observed[:, None, None], track.keypoints[..., :2], 0.0)
    beyond = np.linalg.norm(points - np.clip(points, 0, image_size), axis=-1)
    return np.asarray(
        np.minimum(beyond / np.maximum(options.outside_distance * trunk_length(points), 1e-9)[:, None], 1.0)
    )


def _overlapping_rows(one: Track, other: Track) -> tuple[IntArray, IntArray]:
    """Rows of two tracks in which both people are seen and their bodies may touch in the picture."""
    _, rows, other_rows = np.intersect1d(one.frames, other.frames, assume_unique=True, return_indices=True)
    both = one.observed[rows] & other.observed[other_rows]
    rows, other_rows = rows[both], other_rows[both]
    a, b = one.keypoints[rows, :, :2], other.keypoints[other_rows, :, :2]
    room = THICKEST * np.maximum(trunk_length(a), trunk_length(b))[:, None]
    meet = np.all((a.min(axis=1) - room <= b.max(axis=1)) & (b.min(axis=1) - room <= a.max(axis=1)), axis=-1)
    return rows[meet], other_rows[meet]


def _shared_limbs(
    one: Track, other: Track, options: ReliabilityOptions
) -> Iterator[tuple[IntArray, IntArray, int, int]]:
    """Rows of two tracks in which both people claim one limb, and which limb it is for either of them."""
    rows, other_rows = _overlapping_rows(one, other)
    a, b = one.keypoints[rows, :, :2], other.keypoints[other_rows, :, :2]
    near = options.coincidence_distance * np.minimum(trunk_length(a), trunk_length(b))
    for limb, alike in enumerate(_CONFUSABLE_LIMBS):
        for twin in alike:
            same = np.linalg.norm(a[:, _LIMBS[limb]] - b[:, _LIMBS[twin]], axis=-1).max(axis=-1) < near
            if same.any():
                yield rows[same], other_rows[same], limb, twin


def _innovation(track: Track, rows: IntArray, limb: int, fps: float, options: ReliabilityOptions) -> FloatArray:
    """(N,) how far, in trunks, a limb is from where it usually was shortly before and after, beside the hips."""
    points = track.keypoints[..., :2]
    beside = points[:, _LIMBS[limb]] - points[:, _HIPS].mean(axis=1, keepdims=True)
    reach = max(round(options.innovation_window * fps), 1)
    around = np.clip(rows[:, None] + np.arange(-reach, reach + 1), 0, len(points) - 1)
    away = np.linalg.norm(beside[rows] - np.nanmedian(beside[around], axis=1), axis=-1)
    return np.asarray(away.max(axis=-1) / trunk_length(points[rows]))

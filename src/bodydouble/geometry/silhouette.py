"""Silhouettes of people in the image, and their depth order.

A silhouette is a union of thick lines (capsules) between landmarks: limbs, trunk, neck and head.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry.similarity import pose_extent
from bodydouble.skeletons import blazepose

_I = blazepose.INDEX
_SIDES = ("left", "right")
_SHOULDERS, _HIPS, _EARS = ([_I[f"{side}_{part}"] for side in _SIDES] for part in ("shoulder", "hip", "ear"))
_LIMB_RADII = {
    ("shoulder", "elbow"): 0.11,
    ("elbow", "wrist"): 0.09,
    ("wrist", "index"): 0.08,
    ("shoulder", "hip"): 0.16,
    ("hip", "knee"): 0.16,
    ("knee", "ankle"): 0.12,
    ("ankle", "foot_index"): 0.10,
    ("ankle", "heel"): 0.08,
}
"""Radius of each limb, clothes included, in trunk lengths."""
_STARTS = [_I[f"{side}_{start}"] for side in _SIDES for start, _ in _LIMB_RADII]
_ENDS = [_I[f"{side}_{end}"] for side in _SIDES for _, end in _LIMB_RADII]
_RADII = np.array([*_LIMB_RADII.values()] * 2 + [0.27, 0.11, 0.26])
"""Radii of the limbs of both sides, then of the trunk, the neck and the head, in trunk lengths."""
MAX_RADIUS = float(_RADII.max())
"""Largest radius of a silhouette's lines, in trunk lengths."""
MIN_TRUNK_LENGTH = 0.35
"""Lower bound of the trunk length however foreshortened, in half diagonals of the person's box."""
NEARER_MARGIN = 0.04
"""Margin by which the nearer of two people must reach lower down in the image, in half diagonals of the larger box."""


@dataclass(frozen=True, slots=True)
class Silhouette:
    """Silhouettes of people as S thick lines in the image."""

    starts: FloatArray
    """(..., S, 2) px, first ends of the lines."""
    ends: FloatArray
    """(..., S, 2) px, second ends of the lines."""
    radii: FloatArray
    """(..., S) px, half the thickness of the lines."""


def trunk_length(points: FloatArray) -> FloatArray:
    """Returns the trunk length (...) px of people (..., 33, 2), bounded below where foreshortened."""
    length = np.linalg.norm(_midpoint(points, _SHOULDERS) - _midpoint(points, _HIPS), axis=-1)
    return np.asarray(np.maximum(length, MIN_TRUNK_LENGTH * pose_extent(points)))


def build_silhouettes(points: FloatArray) -> Silhouette:
    """Builds the silhouettes of people with landmarks (..., 33, 2) px."""
    shoulders, hips, ears = (_midpoint(points, pair)[..., None, :] for pair in (_SHOULDERS, _HIPS, _EARS))
    starts = np.concatenate([points[..., _STARTS, :], shoulders, shoulders, ears], axis=-2)
    ends = np.concatenate([points[..., _ENDS, :], hips, ears, ears], axis=-2)
    return Silhouette(starts, ends, trunk_length(points)[..., None] * _RADII)


def _midpoint(points: FloatArray, pair: list[int]) -> FloatArray:
    return np.asarray(points[..., pair, :].mean(axis=-2))


def depth_within(points: FloatArray, silhouettes: Silhouette) -> FloatArray:
    """Returns the depth (..., N) of points (..., N, 2) inside: 1 on the axis of a line, 0 at its edge and outside."""
    starts, ends = silhouettes.starts[..., None, :, :], silhouettes.ends[..., None, :, :]
    distance = segment_distance(points[..., :, None, :], starts, ends)
    return np.asarray((1 - distance / silhouettes.radii[..., None, :]).max(axis=-1).clip(0.0))


def segment_distance(points: FloatArray, starts: FloatArray, ends: FloatArray) -> FloatArray:
    """Returns the distance (...) of points (..., D) from line segments with ends (..., D)."""
    along, offset = ends - starts, points - starts
    squared_length = np.maximum((along**2).sum(axis=-1), 1e-9)
    fraction = np.clip((offset * along).sum(axis=-1) / squared_length, 0.0, 1.0)
    return np.asarray(np.linalg.norm(offset - fraction[..., None] * along, axis=-1))


def is_nearer(a: FloatArray, b: FloatArray) -> BoolArray:
    """Returns (...) whether people a (..., K, 2) px certainly stand nearer than b: they reach lower in the image."""
    lower = a[..., 1].max(axis=-1) - b[..., 1].max(axis=-1)
    return np.asarray(lower > NEARER_MARGIN * np.maximum(pose_extent(a), pose_extent(b)))

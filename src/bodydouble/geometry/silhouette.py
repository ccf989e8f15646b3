"""What people cover in the picture: thick lines about their landmarks, and who stands before whom."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry.similarity import pose_extent
from bodydouble.skeletons import blazepose

_I = blazepose.INDEX
_SIDES = ("left", "right")
_SHOULDERS, _HIPS, _EARS = ([_I[f"{side}_{part}"] for side in _SIDES] for part in ("shoulder", "hip", "ear"))
_THICKNESS = {
    ("shoulder", "elbow"): 0.11,
    ("elbow", "wrist"): 0.09,
    ("wrist", "index"): 0.08,
    ("shoulder", "hip"): 0.16,
    ("hip", "knee"): 0.16,
    ("knee", "ankle"): 0.12,
    ("ankle", "foot_index"): 0.10,
    ("ankle", "heel"): 0.08,
}
"""Radii of parts of the body, clothes included, in lengths of the trunk."""
_STARTS = [_I[f"{side}_{start}"] for side in _SIDES for start, _ in _THICKNESS]
_ENDS = [_I[f"{side}_{end}"] for side in _SIDES for _, end in _THICKNESS]
_RADII = np.array([*_THICKNESS.values()] * 2 + [0.27, 0.11, 0.26])
"""Of the limbs, the trunk, the neck and the head."""
THICKEST = float(_RADII.max())
LEAST_TRUNK = 0.35
"""Half diagonals of somebody's box; the trunk is no shorter, however it is foreshortened."""
NEARER = 0.04
"""Half diagonals of the larger one's box by which somebody who certainly stands nearer reaches lower down."""


@dataclass(frozen=True, slots=True)
class Silhouette:
    """People as thick lines in the picture."""

    starts: FloatArray
    """(..., S, 2) px."""
    ends: FloatArray
    """(..., S, 2) px."""
    radii: FloatArray
    """(..., S) px."""


def trunk_length(points: FloatArray) -> FloatArray:
    """(...) px, of people (..., 33, 2); where they bend towards the camera, what it would be at least."""
    length = np.linalg.norm(_middle(points, _SHOULDERS) - _middle(points, _HIPS), axis=-1)
    return np.asarray(np.maximum(length, LEAST_TRUNK * pose_extent(points)))


def silhouette(points: FloatArray) -> Silhouette:
    """What people with landmarks (..., 33, 2) px cover."""
    shoulders, hips, ears = (_middle(points, pair)[..., None, :] for pair in (_SHOULDERS, _HIPS, _EARS))
    starts = np.concatenate([points[..., _STARTS, :], shoulders, shoulders, ears], axis=-2)
    ends = np.concatenate([points[..., _ENDS, :], hips, ears, ears], axis=-2)
    return Silhouette(starts, ends, trunk_length(points)[..., None] * _RADII)


def _middle(points: FloatArray, pair: list[int]) -> FloatArray:
    return np.asarray(points[..., pair, :].mean(axis=-2))


def depth_within(points: FloatArray, body: Silhouette) -> FloatArray:
    """(..., N) how deep points (..., N, 2) lie in it: 1 in the middle of a limb, 0 at its edge and outside."""
    along = body.ends - body.starts
    away = points[..., :, None, :] - body.starts[..., None, :, :]
    square = np.maximum((along**2).sum(axis=-1), 1e-9)[..., None, :]
    share = np.clip((away * along[..., None, :, :]).sum(axis=-1) / square, 0.0, 1.0)
    gap = np.linalg.norm(away - share[..., None] * along[..., None, :, :], axis=-1)
    return np.asarray((1 - gap / body.radii[..., None, :]).max(axis=-1).clip(0.0))


def nearer(one: FloatArray, other: FloatArray) -> BoolArray:
    """(...) whether people (..., K, 2) px certainly stand nearer than others: they reach lower down in the picture."""
    lower = one[..., 1].max(axis=-1) - other[..., 1].max(axis=-1)
    return np.asarray(lower > NEARER * np.maximum(pose_extent(one), pose_extent(other)))

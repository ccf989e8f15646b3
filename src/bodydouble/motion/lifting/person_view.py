"""A person as a virtual camera sees them that looks straight at their hips: what the lifter works in.

The hips lie on the optical axis and the person's mean size in the picture is one unit, so that place, distance, focal
length and stature do not matter. Depths are measured from the hips in the same unit.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.skeletons import blazepose

HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
SIZED = [
    blazepose.INDEX[f"{side}_{name}"]
    for side in ("left", "right")
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
]
"""Landmarks that say how large somebody looks."""


@dataclass(frozen=True, slots=True)
class Crop:
    """Views of one person, one per frame."""

    camera_from_crop: FloatArray
    """(T, 3, 3) rotations."""
    points: FloatArray
    """(T, 33, 2) on the plane z = 1 of the virtual camera, in units of the person's size."""
    size: float
    """Of the person, on that plane: median over frames."""
    direction: FloatArray
    """(T, 2) of the hips on the plane z = 1 of the real camera."""


def crop(rays: FloatArray, confidence: FloatArray) -> Crop:
    """Looks straight at somebody.

    Args:
        rays: (T, 33, 2) landmarks on the plane z = 1 of the real camera.
        confidence: (T, 33).
    """
    hips = rays[:, HIPS].mean(axis=1)
    ones = np.ones((*rays.shape[:2], 1))
    toward = rotation.normalize(np.concatenate([hips, np.ones((len(hips), 1))], axis=-1))
    ahead = np.array([0.0, 0.0, 1.0])
    turn = rotation.to_matrix(rotation.between(np.broadcast_to(ahead, toward.shape), toward))
    turned = np.concatenate([rays, ones], axis=-1) @ turn
    flat = turned[..., :2] / np.maximum(turned[..., 2:], 0.05)
    spread = np.linalg.norm(flat[:, SIZED], axis=-1)
    weight = confidence[:, SIZED] + 1e-3
    size = float(np.median((spread * weight).sum(axis=1) / weight.sum(axis=1)))
    return Crop(turn, flat / size, size, hips)


def depths_of(points: FloatArray, view: Crop) -> FloatArray:
    """(T, 33) depths behind the hips, in units of the person's size, of points (T, 33, 3) m, real camera's axes."""
    turned = points @ view.camera_from_crop
    hips = turned[:, HIPS].mean(axis=1)
    return np.asarray((turned[..., 2] - hips[:, None, 2]) / (hips[:, None, 2] * view.size))


def relative_points(depths: FloatArray, view: Crop) -> FloatArray:
    """(T, 33, 3) from the hips, real camera's axes, in units of the person's size, of points at depths (T, 33)."""
    nearer = 1 + view.size * depths[..., None]
    local = np.concatenate([view.points * nearer, depths[..., None]], axis=-1)
    return np.asarray(local @ np.swapaxes(view.camera_from_crop, -1, -2))

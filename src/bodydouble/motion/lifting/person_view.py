"""A person as a virtual camera sees them that looks straight at their hips: what the lifter works in.

The hips lie on the optical axis and the person's mean size in the picture is one unit, so that place, distance, focal
length and stature do not matter. Depths are measured from the hips in the same unit.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.skeletons import blazepose

HIP_INDICES = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
SCALE_LANDMARKS = [
    blazepose.INDEX[f"{side}_{name}"]
    for side in ("left", "right")
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
]
"""Landmarks that say how large somebody looks."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """Views of one person, one per frame."""

    camera_from_view: FloatArray
    """(T, 3, 3) rotations."""
    points: FloatArray
    """(T, 33, 2) on the plane z = 1 of the virtual camera, in units of the person's size."""
    scale: float
    """Of the person, on that plane: median over frames."""
    direction: FloatArray
    """(T, 2) of the hips on the plane z = 1 of the real camera."""


def view_straight_at(image_points: FloatArray, confidence: FloatArray) -> PersonView:
    """Looks straight at somebody.

    Args:
        image_points: (T, 33, 2) landmarks on the plane z = 1 of the real camera.
        confidence: (T, 33).
    """
    hips = image_points[:, HIP_INDICES].mean(axis=1)
    ones = np.ones((*image_points.shape[:2], 1))
    hips_direction = rotation.normalize(np.concatenate([hips, np.ones((len(hips), 1))], axis=-1))
    optical_axis = np.array([0.0, 0.0, 1.0])
    camera_from_view = rotation.to_matrix(
        rotation.between(np.broadcast_to(optical_axis, hips_direction.shape), hips_direction)
    )
    view_rays = np.concatenate([image_points, ones], axis=-1) @ camera_from_view
    view_points = view_rays[..., :2] / np.maximum(view_rays[..., 2:], 0.05)
    distance = np.linalg.norm(view_points[:, SCALE_LANDMARKS], axis=-1)
    weight = confidence[:, SCALE_LANDMARKS] + 1e-3
    scale = float(np.median((distance * weight).sum(axis=1) / weight.sum(axis=1)))
    return PersonView(camera_from_view, view_points / scale, scale, hips)


def relative_depths(points: FloatArray, view: PersonView) -> FloatArray:
    """(T, 33) depths behind the hips, in units of the person's size, of points (T, 33, 3) m, real camera's axes."""
    turned = points @ view.camera_from_view
    hips = turned[:, HIP_INDICES].mean(axis=1)
    return np.asarray((turned[..., 2] - hips[:, None, 2]) / (hips[:, None, 2] * view.scale))


def points_from_depths(depths: FloatArray, view: PersonView) -> FloatArray:
    """(T, 33, 3) from the hips, real camera's axes, in units of the person's size, of points at depths (T, 33)."""
    nearer = 1 + view.scale * depths[..., None]
    local = np.concatenate([view.points * nearer, depths[..., None]], axis=-1)
    return np.asarray(local @ np.swapaxes(view.camera_from_view, -1, -2))

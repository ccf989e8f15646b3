"""Person view: a virtual camera that looks straight at a person's hips; the view in which the networks work.

In: landmarks (T, 33, 2) on the plane z = 1 of the real camera. Out: a ``PersonView``, the rotation to the virtual
camera and the landmarks in it. This is a perspective crop of points; no image is cropped.

The hips lie on the optical axis, and the person's mean size in the view is one unit. So position, distance, focal
length and stature do not matter. Depths are measured from the hips in the same unit, called *size* below: a length of
one size at distance z appears ``scale / z`` large on the plane z = 1.
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
"""Indices of the landmarks whose mean distance from the hips is the size of a person."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """Views of one person, one per frame, all of the same scale."""

    camera_from_view: FloatArray
    """(T, 3, 3) rotations from the virtual to the real camera."""
    points: FloatArray
    """(T, 33, 2) on the plane z = 1 of the virtual camera, sizes."""
    scale: float
    """Size of the person on the plane z = 1 of the virtual camera: the median over frames."""
    direction: FloatArray
    """(T, 2) of the hips on the plane z = 1 of the real camera."""


def view_straight_at(image_points: FloatArray, confidence: FloatArray, scale: float | None = None) -> PersonView:
    """Rotates the camera to the midpoint of the hips and scales the landmarks to unit size.

    Args:
        image_points: (T, 33, 2) landmarks on the plane z = 1 of the real camera.
        confidence: (T, 33).
        scale: that of the view, if the frames are a part of a clip; otherwise the median of ``frame_scales``.
    """
    camera_from_view, view_points, hips = _rotate_to_hips(image_points)
    scale = float(np.median(_frame_scales(view_points, confidence))) if scale is None else scale
    return PersonView(camera_from_view, view_points / scale, scale, hips)


def frame_scales(image_points: FloatArray, confidence: FloatArray) -> FloatArray:
    """Returns the size (T,) of the person in each frame on the plane z = 1; arguments as for ``view_straight_at``."""
    return _frame_scales(_rotate_to_hips(image_points)[1], confidence)


def _rotate_to_hips(image_points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns camera_from_view (T, 3, 3), the points (T, 33, 2) in the view, and the hips (T, 2) in the camera."""
    hips = image_points[:, HIP_INDICES].mean(axis=1)
    hips_direction = rotation.normalize(np.concatenate([hips, np.ones((len(hips), 1))], axis=-1))
    optical_axis = np.array([0.0, 0.0, 1.0])
    camera_from_view = rotation.to_matrix(
        rotation.between(np.broadcast_to(optical_axis, hips_direction.shape), hips_direction)
    )
    return camera_from_view, _rotate_to_view(image_points, camera_from_view), hips


def _rotate_to_view(image_points: FloatArray, camera_from_view: FloatArray) -> FloatArray:
    """Returns the points (T, 33, 2) on the plane z = 1 of the view of points (T, 33, 2) on that of the real camera."""
    view_rays = np.concatenate([image_points, np.ones((*image_points.shape[:2], 1))], axis=-1) @ camera_from_view
    return np.asarray(view_rays[..., :2] / np.maximum(view_rays[..., 2:], 0.05))


def _frame_scales(view_points: FloatArray, confidence: FloatArray) -> FloatArray:
    distance = np.linalg.norm(view_points[:, SCALE_LANDMARKS], axis=-1)
    weight = confidence[:, SCALE_LANDMARKS] + 1e-3
    return np.asarray((distance * weight).sum(axis=1) / weight.sum(axis=1))


def points_in_view(view: PersonView, image_points: FloatArray) -> FloatArray:
    """Returns the points (T, 33, 2), sizes, in the view of points (T, 33, 2) on the plane z = 1 of the real camera."""
    return _rotate_to_view(image_points, view.camera_from_view) / view.scale


def image_points_from_view(view: PersonView, points: FloatArray) -> FloatArray:
    """Returns the points (T, 33, 2) on the plane z = 1 of the real camera of points (T, 33, 2), sizes, of the view."""
    view_rays = np.concatenate([points * view.scale, np.ones((*points.shape[:-1], 1))], axis=-1)
    rays = view_rays @ np.swapaxes(view.camera_from_view, -1, -2)
    return np.asarray(rays[..., :2] / np.maximum(rays[..., 2:], 0.05))


def relative_depths(points: FloatArray, view: PersonView) -> FloatArray:
    """Returns the depths (T, 33) behind the hips, sizes, of points (T, 33, 3) m, axes of the real camera."""
    view_points = points @ view.camera_from_view
    hips = view_points[:, HIP_INDICES].mean(axis=1)
    return np.asarray((view_points[..., 2] - hips[:, None, 2]) / (hips[:, None, 2] * view.scale))


def points_from_depths(depths: FloatArray, view: PersonView) -> FloatArray:
    """Returns the points (T, 33, 3) from the hips, sizes, axes of the real camera, of landmarks at depths (T, 33)."""
    relative_distance = 1 + view.scale * depths[..., None]
    view_points = np.concatenate([view.points * relative_distance, depths[..., None]], axis=-1)
    return np.asarray(view_points @ np.swapaxes(view.camera_from_view, -1, -2))

"""Pinhole cameras in OpenCV axes: x right, y down, z forward."""

import numpy as np

from bodydouble.data import FloatArray


def intrinsics_from_focal_length(focal_length_px: float, image_size: tuple[int, int]) -> FloatArray:
    """Returns the intrinsics (3, 3) px of a camera with square pixels and a centred principal point.

    Args:
        focal_length_px: focal length.
        image_size: width and height, px.
    """
    width, height = image_size
    return np.array([[focal_length_px, 0.0, width / 2], [0.0, focal_length_px, height / 2], [0.0, 0.0, 1.0]])


def transform(target_from_source: FloatArray, points: FloatArray) -> FloatArray:
    """Applies transforms (..., 4, 4) to points (..., N, 3)."""
    rotated = points @ np.swapaxes(target_from_source[..., :3, :3], -1, -2)
    return rotated + target_from_source[..., None, :3, 3]


def inverse(target_from_source: FloatArray) -> FloatArray:
    """Returns the inverse (..., 4, 4) of rigid transforms (..., 4, 4)."""
    result = np.zeros_like(target_from_source)
    rotated = np.swapaxes(target_from_source[..., :3, :3], -1, -2)
    result[..., :3, :3] = rotated
    result[..., :3, 3] = -(rotated @ target_from_source[..., :3, 3:])[..., 0]
    result[..., 3, 3] = 1.0
    return result


def project(intrinsics: FloatArray, points: FloatArray) -> FloatArray:
    """Projects points (..., 3) m of the camera's frame to pixels (..., 2). They must lie in front of it (z > 0)."""
    image = points @ intrinsics.T
    return image[..., :2] / image[..., 2:]


def rays(intrinsics: FloatArray, pixels: FloatArray) -> FloatArray:
    """Returns the view rays (..., 3) with z = 1, in the camera's frame, of pixels (..., 2)."""
    image_points = (pixels - intrinsics[:2, 2]) / np.diagonal(intrinsics)[:2]
    return np.concatenate([image_points, np.ones_like(image_points[..., :1])], axis=-1)

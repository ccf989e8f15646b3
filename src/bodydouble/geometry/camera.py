"""Pinhole cameras in OpenCV axes: x right, y down, z forward."""

import numpy as np

from bodydouble.data import FloatArray


def intrinsics_from_focal(focal: float, size: tuple[int, int]) -> FloatArray:
    """(3, 3) px of a camera with square pixels, the optical axis through the middle of the picture."""
    width, height = size
    return np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])


def transform(target_from_source: FloatArray, points: FloatArray) -> FloatArray:
    """Points (..., N, 3) moved by transforms (..., 4, 4)."""
    turned = points @ np.swapaxes(target_from_source[..., :3, :3], -1, -2)
    return turned + target_from_source[..., None, :3, 3]


def inverse(target_from_source: FloatArray) -> FloatArray:
    """Inverse (..., 4, 4) of rigid transforms (..., 4, 4)."""
    result = np.zeros_like(target_from_source)
    turned = np.swapaxes(target_from_source[..., :3, :3], -1, -2)
    result[..., :3, :3] = turned
    result[..., :3, 3] = -(turned @ target_from_source[..., :3, 3:])[..., 0]
    result[..., 3, 3] = 1.0
    return result


def project(intrinsics: FloatArray, points: FloatArray) -> FloatArray:
    """Pixels (..., 2) of points (..., 3) m in the camera's frame. Points must lie in front of the camera (z > 0)."""
    image = points @ intrinsics.T
    return image[..., :2] / image[..., 2:]


def rays(intrinsics: FloatArray, pixels: FloatArray) -> FloatArray:
    """Directions (..., 3) with z = 1, in the camera's frame, of pixels (..., 2)."""
    flat = (pixels - intrinsics[:2, 2]) / np.diagonal(intrinsics)[:2]
    return np.concatenate([flat, np.ones_like(flat[..., :1])], axis=-1)

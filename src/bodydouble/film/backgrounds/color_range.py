"""Largest and smallest of the three colours of each pixel; several times faster than a reduction over the last axis."""

from typing import TypeVar

import numpy as np

from bodydouble.data import FloatArray, RgbImage

T = TypeVar("T", RgbImage, FloatArray)


def max_color(image: T) -> T:
    """Returns the largest colour (...) of an image (..., 3)."""
    return np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])


def min_color(image: T) -> T:
    """Returns the smallest colour (...) of an image (..., 3)."""
    return np.minimum(np.minimum(image[..., 0], image[..., 1]), image[..., 2])

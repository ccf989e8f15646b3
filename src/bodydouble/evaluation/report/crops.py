"""Crops of source frames as small JPEG files."""

import io

import numpy as np
from PIL import Image

from bodydouble.data import FloatArray, RgbImage

JPEG_QUALITY = 75
"""Quality of the JPEG files, 1 to 95."""


def crop(frame: RgbImage, box: FloatArray) -> RgbImage:
    """Returns the part of a frame inside a box in px; the whole frame if they do not intersect."""
    height, width = frame.shape[:2]
    if not np.isfinite(box).all():
        return frame
    left, top, right, bottom = np.clip(box, 0, [width, height, width, height]).round().astype(int)
    cropped = frame[top:bottom, left:right]
    return cropped if min(cropped.shape[:2]) > 1 else frame


def add_margin(box: FloatArray, fraction: float) -> FloatArray:
    """Enlarges a box (4,) px on all sides by a fraction of its longer side."""
    margin = fraction * float(np.max(box[2:] - box[:2]))
    return np.asarray(box + margin * np.array([-1.0, -1.0, 1.0, 1.0]))


def shrink(image: RgbImage, max_size: tuple[int, int]) -> Image.Image:
    """Scales an image down to fit into a width and height in px; smaller images keep their size."""
    small_image = Image.fromarray(np.ascontiguousarray(image))
    small_image.thumbnail(max_size)
    return small_image


def encode_jpeg(image: Image.Image) -> bytes:
    """Encodes an image as a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return file.getvalue()

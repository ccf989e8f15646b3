"""Parts of the source's frames as small JPEG files."""

import io

import numpy as np
from PIL import Image

from bodydouble.data import FloatArray, RgbImage

JPEG_QUALITY = 75


def cut(frame: RgbImage, box: FloatArray) -> RgbImage:
    """The part of a frame inside a box in px; the whole frame if they have nothing in common."""
    height, width = frame.shape[:2]
    if not np.isfinite(box).all():
        return frame
    left, top, right, bottom = np.clip(box, 0, [width, height, width, height]).round().astype(int)
    part = frame[top:bottom, left:right]
    return part if min(part.shape[:2]) > 1 else frame


def reduced(picture: RgbImage, size: tuple[int, int]) -> Image.Image:
    """The picture, at most as large as a width and height in px; smaller ones stay as they are."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.thumbnail(size)
    return image


def jpeg(image: Image.Image) -> bytes:
    """The picture as a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return file.getvalue()

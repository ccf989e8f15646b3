"""Compositing: pictures with premultiplied alpha -> over a background, behind a foreground."""

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbaImage, RgbImage


def composite(picture: RgbaImage, background: RgbImage) -> RgbImage:
    """Puts a picture (H, W, 4) over a background (H, W, 3): ``rgb + (1 - alpha) * background``."""
    result = background.copy()
    region = _opaque_region(picture)
    if region is None:
        return result
    patch, behind = picture[region], background[region]
    transparency = cv2.cvtColor(255 - patch[..., 3], cv2.COLOR_GRAY2RGB)
    result[region] = cv2.add(patch[..., :3], cv2.multiply(behind, transparency, scale=1 / 255))
    return result


def put_behind(picture: RgbaImage, foreground: FloatArray) -> RgbaImage:
    """Returns a picture (H, W, 4) without what a foreground (H, W), 0 to 1, hides."""
    region = _opaque_region(picture)
    if region is None or not foreground[region].any():
        return picture
    result = picture.copy()
    shown = (1.0 - foreground[region]).astype(np.float32)[..., None]
    result[region] = np.round(picture[region] * shown).astype(np.uint8)
    return result


def _opaque_region(picture: RgbaImage) -> tuple[slice, slice] | None:
    """Returns the rows and columns that contain all pixels with alpha, or None if there are none."""
    x, y, width, height = cv2.boundingRect(picture[..., 3])
    return (slice(y, y + height), slice(x, x + width)) if width else None

"""Change of a face from frame to frame, which tells cheaply whether its landmarks are still the same."""

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbImage
from bodydouble.perception.image.roi import extract_roi
from bodydouble.perception.protocols import RotatedRoi

SIDE, BLOCK = 64, 8
"""Sides of the image of the region and of the blocks of it that are compared, px."""


def grey_image(frame: RgbImage, region: RotatedRoi) -> FloatArray:
    """Returns the grey image (64, 64) of a region of a frame (H, W, 3) RGB, 0 to 255."""
    return cv2.cvtColor(extract_roi(frame, region, SIDE), cv2.COLOR_RGB2GRAY).astype(np.float64)


def block_change(before: FloatArray, after: FloatArray) -> float:
    """Returns the largest mean absolute difference of two grey images in a block: an eyelid or a lip is enough."""
    blocks = np.abs(after - before).reshape(SIDE // BLOCK, BLOCK, SIDE // BLOCK, BLOCK)
    return float(blocks.mean(axis=(1, 3)).max())

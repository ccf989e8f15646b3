"""Prepares images for networks: reduces them without aliasing, letterboxes them, extracts rotated square regions."""

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbImage
from bodydouble.perception.protocols import RotatedRoi


def halve(image: RgbImage, times: int) -> RgbImage:
    """Reduces an image by ``2 ** times``, by averaging blocks of 2 x 2 px; an odd last row or column is dropped.

    Repeated halving is several times faster than any other reduction, for which there is no vectorised code.
    """
    for _ in range(times):
        height, width = (side // 2 for side in image.shape[:2])
        reduced = cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
        image = np.asarray(reduced, dtype=np.uint8)
    return image


def count_halvings(ratio: float) -> int:
    """Returns how often an image can be halved before it is reduced by more than this ratio."""
    return max(int(np.log2(max(ratio, 1.0))), 0)


def letterbox(frame: RgbImage, long_side: int, stride: int) -> tuple[RgbImage, FloatArray]:
    """Scales an image without distortion and pads it with black, the same on opposite sides.

    Args:
        frame: (H, W, 3).
        long_side: Longer side of the result, px, a multiple of the stride.
        stride: The sides of the result are multiples of this even number, px.

    Returns:
        The image (h, w, 3), and the box of the frame that it covers, padding included: (4,) x_min, y_min, x_max,
        y_max, px.
    """
    times = min(count_halvings(max(frame.shape[:2]) / long_side), count_halvings(min(frame.shape[:2])))
    reduced = halve(frame, times)
    covered = np.array([reduced.shape[1], reduced.shape[0]]) * 2**times
    inner = np.maximum(2 * np.round(covered * (0.5 * long_side / covered.max())), 2).astype(int)
    interpolation = cv2.INTER_AREA if reduced.shape[1] > inner[0] else cv2.INTER_LINEAR
    resized = cv2.resize(reduced, (int(inner[0]), int(inner[1])), interpolation=interpolation)
    x, y = (int(pad) for pad in (-inner % stride) // 2)
    padded = cv2.copyMakeBorder(resized, y, y, x, x, cv2.BORDER_CONSTANT)
    border = np.array([x, y]) * covered / inner
    return np.asarray(padded, dtype=np.uint8), np.concatenate([-border, covered + border])


def extract_roi(frame: RgbImage, roi: RotatedRoi, output_side: int) -> RgbImage:
    """Extracts a region of interest as an upright square image, black beyond the borders of the frame.

    Args:
        frame: (H, W, 3).
        roi: Region of interest in px of the frame.
        output_side: Side of the result, px.

    Returns:
        (output_side, output_side, 3). The middle of its pixel (i, j) shows the point of the frame
        ``roi.to_image([(j + .5) / output_side, (i + .5) / output_side])``.
    """
    times = count_halvings(roi.side / output_side)
    factor = 2**times
    crop, origin = _crop_around(frame, roi, factor)
    if min(crop.shape[:2]) < factor:
        return np.zeros((output_side, output_side, 3), np.uint8)
    step = roi.axes * (roi.side / (output_side * factor))
    corner = (roi.to_image(np.zeros(2)) - origin) / factor
    # warpAffine counts from the middle of the first pixel, we count from its corner: half a pixel on both sides.
    source_from_target = np.column_stack([step, corner + step @ [0.5, 0.5] - 0.5])
    # With four channels warpAffine is more than twice as fast as with three.
    rgba = cv2.cvtColor(halve(crop, times), cv2.COLOR_RGB2RGBA)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    upright = cv2.warpAffine(rgba, source_from_target, (output_side, output_side), flags=flags)
    return np.asarray(cv2.cvtColor(upright, cv2.COLOR_RGBA2RGB), dtype=np.uint8)


def _crop_around(frame: RgbImage, roi: RotatedRoi, multiple: int) -> tuple[RgbImage, FloatArray]:
    """Crops the axis-aligned part of the frame that a region touches; returns it and its top-left corner (2,) px.

    The sides of the crop are multiples of the given number unless they end at the border of the frame.
    """
    reach = 0.5 * roi.side * np.abs(roi.axes).sum(axis=1) + multiple
    limit = np.array([frame.shape[1], frame.shape[0]])
    low = np.clip(np.floor((roi.center - reach) / multiple) * multiple, 0, limit).astype(int)
    high = np.clip(np.ceil((roi.center + reach) / multiple) * multiple, 0, limit).astype(int)
    return frame[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)

"""Prepares pictures for networks: reduces them without aliasing, fits them into a frame, cuts out turned squares."""

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbImage
from bodydouble.perception.protocols import Region


def halve(picture: RgbImage, times: int) -> RgbImage:
    """The picture reduced by ``2 ** times``, by averaging blocks of 2 x 2; sides that do not divide lose their rest.

    Repeated halving is several times faster than any other reduction, for which there is no vectorised code.
    """
    for _ in range(times):
        height, width = (side // 2 for side in picture.shape[:2])
        reduced = cv2.resize(picture[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
        picture = np.asarray(reduced, dtype=np.uint8)
    return picture


def halvings(ratio: float) -> int:
    """How often a picture can be halved before it is reduced by more than this ratio."""
    return max(int(np.log2(max(ratio, 1.0))), 0)


def letterbox(frame: RgbImage, long_side: int, stride: int) -> tuple[RgbImage, FloatArray]:
    """Scale a picture without distortion and pad it with black, the same on opposite sides.

    Args:
        frame: (H, W, 3).
        long_side: of the result, px, a multiple of the stride.
        stride: the sides of the result are multiples of this even number, px.

    Returns:
        The picture (h, w, 3) and what it covers of the frame, with the padding: (4,) x_min, y_min, x_max, y_max, px.
    """
    times = min(halvings(max(frame.shape[:2]) / long_side), halvings(min(frame.shape[:2])))
    reduced = halve(frame, times)
    covered = np.array([reduced.shape[1], reduced.shape[0]]) * 2**times
    inner = np.maximum(2 * np.round(covered * (0.5 * long_side / covered.max())), 2).astype(int)
    interpolation = cv2.INTER_AREA if reduced.shape[1] > inner[0] else cv2.INTER_LINEAR
    resized = cv2.resize(reduced, (int(inner[0]), int(inner[1])), interpolation=interpolation)
    x, y = (int(pad) for pad in (-inner % stride) // 2)
    padded = cv2.copyMakeBorder(resized, y, y, x, x, cv2.BORDER_CONSTANT)
    border = np.array([x, y]) * covered / inner
    return np.asarray(padded, dtype=np.uint8), np.concatenate([-border, covered + border])


def cut(frame: RgbImage, region: Region, size: int) -> RgbImage:
    """The region as an upright square picture; black where it reaches beyond the frame.

    Args:
        frame: (H, W, 3).
        region: in px of the frame.
        size: side of the result, px.

    Returns:
        (size, size, 3). The middle of its pixel (i, j) shows what the frame shows at
        ``region.to_picture([(j + .5) / size, (i + .5) / size])``.
    """
    times = halvings(region.side / size)
    part, origin = _around(frame, region, 2**times)
    factor = 2**times
    if min(part.shape[:2]) < factor:
        return np.zeros((size, size, 3), np.uint8)
    step = region.axes * (region.side / (size * factor))
    corner = (region.to_picture(np.zeros(2)) - origin) / factor
    # warpAffine counts from the middle of the first pixel, we count from its corner: half a pixel on both sides.
    first = corner + step @ [0.5, 0.5] - 0.5
    source_from_target = np.column_stack([step, first])
    # With four channels warpAffine is more than twice as fast as with three.
    four = cv2.cvtColor(halve(part, times), cv2.COLOR_RGB2RGBA)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(four, source_from_target, (size, size), flags=flags)
    return np.asarray(cv2.cvtColor(turned, cv2.COLOR_RGBA2RGB), dtype=np.uint8)


def _around(frame: RgbImage, region: Region, multiple: int) -> tuple[RgbImage, FloatArray]:
    """The part of the frame that a region touches, and its top-left corner (2,) px.

    Its sides are multiples of the given number unless the frame ends before.
    """
    reach = 0.5 * region.side * np.abs(region.axes).sum(axis=1) + multiple
    limit = np.array([frame.shape[1], frame.shape[0]])
    low = np.clip(np.floor((region.center - reach) / multiple) * multiple, 0, limit).astype(int)
    high = np.clip(np.ceil((region.center + reach) / multiple) * multiple, 0, limit).astype(int)
    return frame[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)

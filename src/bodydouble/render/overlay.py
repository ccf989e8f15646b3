"""The detected skeletons, drawn over the source picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.render.text import Color, label, lay_over
from bodydouble.skeletons import blazepose

PALETTE: tuple[Color, ...] = (
    (52, 152, 245),
    (255, 122, 80),
    (38, 190, 140),
    (160, 110, 245),
    (250, 185, 55),
    (240, 95, 155),
    (40, 190, 215),
    (140, 185, 60),
)
"""Colours of people, in order; the ninth person has the first colour again."""

_LEAST_CONFIDENCE = 0.3
_FULL_CONFIDENCE = 0.6
_SUBPIXEL_BITS = 4
_FACE = [blazepose.INDEX[name] for name in ("nose", "left_ear", "right_ear", "left_eye", "right_eye")]


def person_color(index: int) -> Color:
    """Colour of the person of an index, the same in overlay and film."""
    return PALETTE[index % len(PALETTE)]


def line_width(size: tuple[int, int]) -> int:
    """Width of bones, px, in a picture of width and height px."""
    return max(2, round(max(size) / 300))


def draw_skeleton(picture: NDArray[np.uint8], keypoints: FloatArray, color: Color) -> None:
    """Draws one person's bones in place; left ones are lighter, right ones darker, uncertain ones fade.

    Args:
        picture: (H, W, 3) RGB, changed.
        keypoints: (33, 3) x px, y px, confidence; BlazePose order. NaN and confidence under 0.3 are left out.
        color: of the person.
    """
    height, width = picture.shape[:2]
    thickness = line_width((width, height))
    opacity = _opacity(keypoints)
    seen = opacity > 0
    if not seen.any():
        return
    # A detection far outside the picture must not make the layer large.
    pad = 2 * thickness + 2
    low = np.clip(np.floor(keypoints[seen, :2].min(axis=0)) - pad, 0, (width, height)).astype(int)
    high = np.clip(np.ceil(keypoints[seen, :2].max(axis=0)) + pad, 0, (width, height)).astype(int)
    if np.any(high <= low):
        return
    layer = np.zeros((high[1] - low[1], high[0] - low[0], 4), dtype=np.uint8)
    _draw_bones(layer, _fixed_point(keypoints[:, :2] - low, seen), opacity, color, thickness)
    lay_over(picture, layer, int(low[0]), int(low[1]))


def _opacity(keypoints: FloatArray) -> FloatArray:
    confidence = np.where(np.isfinite(keypoints).all(axis=1), keypoints[:, 2], 0.0)
    ramp = np.clip((confidence - _LEAST_CONFIDENCE) / (_FULL_CONFIDENCE - _LEAST_CONFIDENCE), 0.0, 1.0)
    return np.where(confidence >= _LEAST_CONFIDENCE, 0.25 + 0.75 * ramp, 0.0)


def _fixed_point(pixels: FloatArray, seen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    # OpenCV counts from the centre of the first pixel; its coordinates are 32-bit integers.
    scaled = np.where(seen[:, None], (pixels - 0.5) * 2**_SUBPIXEL_BITS, 0.0)
    return [(int(x), int(y)) for x, y in np.clip(np.rint(scaled), -(2**20), 2**20)]


def _draw_bones(
    layer: NDArray[np.uint8], points: list[tuple[int, int]], opacity: FloatArray, color: Color, thickness: int
) -> None:
    bones = [(a, b, min(opacity[a], opacity[b])) for a, b in blazepose.EDGES if min(opacity[a], opacity[b]) > 0]
    for a, b, alpha in bones:
        _line(layer, points[a], points[b], _rgba((20, 22, 28), 0.45 * alpha), thickness + 2)
    for a, b, alpha in bones:
        _line(layer, points[a], points[b], _rgba(_sided(color, a, b), alpha), thickness)
    for joint in {end for a, b, _ in bones for end in (a, b)}:
        radius = round(0.75 * thickness * 2**_SUBPIXEL_BITS)
        tone = _rgba((255, 255, 255), opacity[joint])
        cv2.circle(layer, points[joint], radius, tone, cv2.FILLED, cv2.LINE_AA, _SUBPIXEL_BITS)


def _line(
    layer: NDArray[np.uint8], a: tuple[int, int], b: tuple[int, int], tone: tuple[float, ...], thickness: int
) -> None:
    cv2.line(layer, a, b, tone, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _rgba(color: Color, alpha: float) -> tuple[float, ...]:
    """Colour multiplied by alpha, so that smoothed edges blend with the empty layer without a dark fringe."""
    return (*(round(c * alpha) for c in color), round(255 * alpha))


def _sided(color: Color, a: int, b: int) -> Color:
    sides = {name.split("_")[0] for name in (blazepose.LANDMARKS[a], blazepose.LANDMARKS[b])} & {"left", "right"}
    if sides == {"left"}:
        return _mixed(color, (255, 255, 255), 0.35)
    if sides == {"right"}:
        return _mixed(color, (0, 0, 0), 0.22)
    return color


def _mixed(color: Color, other: Color, share: float) -> Color:
    r, g, b = (round(c + (o - c) * share) for c, o in zip(color, other, strict=True))
    return r, g, b


def draw_name(picture: NDArray[np.uint8], keypoints: FloatArray, name: str, color: Color) -> None:
    """Writes a person's name above the head, in place; nothing if the person is not seen.

    Args:
        picture: (H, W, 3) RGB, changed.
        keypoints: (33, 3) x px, y px, confidence; BlazePose order.
        name: what to write.
        color: of the person.
    """
    opacity = _opacity(keypoints)
    around = [i for i in _FACE if opacity[i] > 0] or list(np.flatnonzero(opacity > 0))
    if not around:
        return
    height, width = picture.shape[:2]
    patch = label(name, max(11, round(max(width, height) / 62)), color, 0.92)
    seen = keypoints[opacity > 0, :2]
    clearance = 0.09 * float(np.ptp(seen[:, 1])) + 4
    top = float(keypoints[around, 1].min()) - clearance - patch.shape[0]
    left = float(keypoints[around, 0].mean()) - patch.shape[1] / 2
    x = int(np.clip(left, 0, max(width - patch.shape[1], 0)))
    y = int(np.clip(top, 0, max(height - patch.shape[0], 0)))
    lay_over(picture, patch, x, y)

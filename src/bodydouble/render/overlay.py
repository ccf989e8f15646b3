"""Overlay: 2D keypoints and names of people -> drawn over the source frame in place."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.render.text import SrgbColor, blend_patch, render_label
from bodydouble.skeletons import blazepose, face_mesh, hand

PALETTE: tuple[SrgbColor, ...] = (
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

_MIN_CONFIDENCE = 0.3
"""Minimum confidence of a keypoint that is drawn."""
_OPAQUE_CONFIDENCE = 0.6
"""Confidence from which on a keypoint is drawn opaque."""
_FACE_OPACITY = 0.7
"""Opacity of the lines of a face."""
_SUBPIXEL_BITS = 4
_FACE_LANDMARKS = [blazepose.INDEX[name] for name in ("nose", "left_ear", "right_ear", "left_eye", "right_eye")]


class _Edge(NamedTuple):
    """A line between two keypoints."""

    start: int
    end: int
    color: SrgbColor


def person_color(index: int) -> SrgbColor:
    """Returns the colour of the person of an index, the same in overlay and scene."""
    return PALETTE[index % len(PALETTE)]


def line_width(image_size: tuple[int, int]) -> int:
    """Returns the width of bones, px, in an image of width and height px."""
    return max(2, round(max(image_size) / 300))


def draw_skeleton(image: NDArray[np.uint8], keypoints: FloatArray, color: SrgbColor) -> None:
    """Draws one person's bones in place; left ones are lighter, right ones darker, uncertain ones translucent.

    Args:
        image: (H, W, 3) RGB, modified.
        keypoints: (33, 3) x px, y px, confidence; BlazePose order. NaN and confidence under 0.3 are skipped.
        color: colour of the person.
    """
    edges = [_Edge(a, b, _color_of_side(color, a, b)) for a, b in blazepose.EDGES]
    _draw_edges(image, keypoints, edges, line_width((image.shape[1], image.shape[0])))


def draw_hand(image: NDArray[np.uint8], keypoints: FloatArray, color: SrgbColor, *, is_left: bool) -> None:
    """Draws the bones of a hand in place, thinner than those of the body.

    Args:
        image: (H, W, 3) RGB, modified.
        keypoints: (21, 3) x px, y px, confidence, in the order of ``hand.LANDMARKS``; skipped as in ``draw_skeleton``.
        color: colour of the person.
        is_left: whether it is the left hand, which is lighter.
    """
    shade = _left_shade(color) if is_left else _right_shade(color)
    edges = [_Edge(parent, end, shade) for end, parent in enumerate(hand.PARENTS) if parent >= 0]
    _draw_edges(image, keypoints, edges, max(1, line_width((image.shape[1], image.shape[0])) // 2))


def draw_face(image: NDArray[np.uint8], outline: FloatArray, color: SrgbColor) -> None:
    """Draws brows, eyes and lips in place, as thin translucent lines.

    Args:
        image: (H, W, 3) RGB, modified.
        outline: (86, 2) px, in the order of ``face_mesh.OUTLINES``; nothing is drawn where it is NaN.
        color: colour of the person.
    """
    height, width = image.shape[:2]
    if not np.isfinite(outline).all():
        return
    low = np.clip(np.floor(outline.min(axis=0)) - 3, 0, (width, height)).astype(int)
    high = np.clip(np.ceil(outline.max(axis=0)) + 3, 0, (width, height)).astype(int)
    if np.any(high <= low):
        return
    layer = np.zeros((high[1] - low[1], high[0] - low[0], 4), dtype=np.uint8)
    points = np.array(_to_fixed_point(outline - low, np.ones(len(outline), np.bool_)), np.int32)
    lines = np.split(points, np.cumsum([len(line) for line in face_mesh.OUTLINES])[:-1])
    rgba = _premultiply(_mix(color, (255, 255, 255), 0.35), _FACE_OPACITY)
    cv2.polylines(layer, lines, False, rgba, 1, cv2.LINE_AA, _SUBPIXEL_BITS)
    blend_patch(image, layer, int(low[0]), int(low[1]))


def _draw_edges(image: NDArray[np.uint8], keypoints: FloatArray, edges: Sequence[_Edge], thickness: int) -> None:
    """Draws the edges between keypoints (K, 3) in place."""
    height, width = image.shape[:2]
    opacity = _opacity(keypoints)
    visible = opacity > 0
    if not visible.any():
        return
    # A keypoint far outside the image must not enlarge the layer.
    pad = 2 * thickness + 2
    low = np.clip(np.floor(keypoints[visible, :2].min(axis=0)) - pad, 0, (width, height)).astype(int)
    high = np.clip(np.ceil(keypoints[visible, :2].max(axis=0)) + pad, 0, (width, height)).astype(int)
    if np.any(high <= low):
        return
    layer = np.zeros((high[1] - low[1], high[0] - low[0], 4), dtype=np.uint8)
    _draw_bones(layer, _to_fixed_point(keypoints[:, :2] - low, visible), opacity, edges, thickness)
    blend_patch(image, layer, int(low[0]), int(low[1]))


def _opacity(keypoints: FloatArray) -> FloatArray:
    confidence = np.where(np.isfinite(keypoints).all(axis=1), keypoints[:, 2], 0.0)
    ramp = np.clip((confidence - _MIN_CONFIDENCE) / (_OPAQUE_CONFIDENCE - _MIN_CONFIDENCE), 0.0, 1.0)
    return np.where(confidence >= _MIN_CONFIDENCE, 0.25 + 0.75 * ramp, 0.0)


def _to_fixed_point(pixels: FloatArray, visible: NDArray[np.bool_]) -> list[tuple[int, int]]:
    # OpenCV counts from the centre of the first pixel; its coordinates are 32-bit integers.
    scaled = np.where(visible[:, None], (pixels - 0.5) * 2**_SUBPIXEL_BITS, 0.0)
    return [(int(x), int(y)) for x, y in np.clip(np.rint(scaled), -(2**20), 2**20)]


def _draw_bones(
    layer: NDArray[np.uint8],
    points: list[tuple[int, int]],
    opacity: FloatArray,
    edges: Sequence[_Edge],
    thickness: int,
) -> None:
    bones = [(edge, alpha) for edge in edges if (alpha := min(opacity[edge.start], opacity[edge.end])) > 0]
    for (a, b, _), alpha in bones:
        _draw_line(layer, points[a], points[b], _premultiply((20, 22, 28), 0.45 * alpha), thickness + 2)
    for (a, b, color), alpha in bones:
        _draw_line(layer, points[a], points[b], _premultiply(color, alpha), thickness)
    for joint in {end for edge, _ in bones for end in (edge.start, edge.end)}:
        radius = round(0.75 * thickness * 2**_SUBPIXEL_BITS)
        rgba = _premultiply((255, 255, 255), opacity[joint])
        cv2.circle(layer, points[joint], radius, rgba, cv2.FILLED, cv2.LINE_AA, _SUBPIXEL_BITS)


def _draw_line(
    layer: NDArray[np.uint8], a: tuple[int, int], b: tuple[int, int], rgba: tuple[float, ...], thickness: int
) -> None:
    cv2.line(layer, a, b, rgba, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _premultiply(color: SrgbColor, alpha: float) -> tuple[float, ...]:
    """Multiplies a colour by alpha, so that antialiased edges blend with the empty layer without a dark fringe."""
    return (*(round(c * alpha) for c in color), round(255 * alpha))


def _color_of_side(color: SrgbColor, a: int, b: int) -> SrgbColor:
    sides = {name.split("_")[0] for name in (blazepose.LANDMARKS[a], blazepose.LANDMARKS[b])} & {"left", "right"}
    if sides == {"left"}:
        return _left_shade(color)
    if sides == {"right"}:
        return _right_shade(color)
    return color


def _left_shade(color: SrgbColor) -> SrgbColor:
    return _mix(color, (255, 255, 255), 0.35)


def _right_shade(color: SrgbColor) -> SrgbColor:
    return _mix(color, (0, 0, 0), 0.22)


def _mix(color: SrgbColor, target: SrgbColor, fraction: float) -> SrgbColor:
    r, g, b = (round(c + (o - c) * fraction) for c, o in zip(color, target, strict=True))
    return r, g, b


def draw_name(image: NDArray[np.uint8], keypoints: FloatArray, name: str, color: SrgbColor) -> None:
    """Writes a person's name above the head, in place; nothing if the person is not visible.

    Args:
        image: (H, W, 3) RGB, modified.
        keypoints: (33, 3) x px, y px, confidence; BlazePose order.
        name: name of the person.
        color: colour of the person.
    """
    opacity = _opacity(keypoints)
    anchors = [i for i in _FACE_LANDMARKS if opacity[i] > 0] or list(np.flatnonzero(opacity > 0))
    if not anchors:
        return
    height, width = image.shape[:2]
    label_image = render_label(name, max(11, round(max(width, height) / 62)), color, 0.92)
    visible = keypoints[opacity > 0, :2]
    clearance = 0.09 * float(np.ptp(visible[:, 1])) + 4
    top = float(keypoints[anchors, 1].min()) - clearance - label_image.shape[0]
    left = float(keypoints[anchors, 0].mean()) - label_image.shape[1] / 2
    x = int(np.clip(left, 0, max(width - label_image.shape[1], 0)))
    y = int(np.clip(top, 0, max(height - label_image.shape[0], 0)))
    blend_patch(image, label_image, x, y)

"""Drawn look: picture -> painted areas of few tones, thin dark lines and stronger colours.

Bilateral filters smooth what lies between edges, a Kuwahara filter turns texture into brush strokes, the lightness is
quantised softly, and lines are drawn on the dark side of edges.

Sources: H. Winnemoeller, S. Olsen and B. Gooch, "Real-time video abstraction" (2006), bilateral filters and soft
quantisation; H. Winnemoeller, J. Kyprianidis and S. Olsen, "XDoG" (2012), the lines; G. Papari, N. Petkov and P.
Campisi, "Artistic edge and corner enhancing smoothing" (2007), the weights of the Kuwahara filter.
"""

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbImage

REFERENCE_SIDE = 1280
"""Longer side of an image for which the sizes below hold, px."""
STROKE_RADIUS = 4.0
"""Half the width of brush strokes, px."""
BILATERAL_DIAMETER = 7
EDGE_LEVELS = 20.0
"""Difference from which on bilateral filters keep an edge, grey levels."""
TONE_COUNT = 10
"""Number of levels of lightness."""
TONE_SHARPNESS = 2.5
"""Steepness of the transition between two levels; 0 would leave the lightness as it is."""
SATURATION = 1.35
"""Factor of the saturation of pale colours; strong ones are kept."""
STRONG_CHROMA = 60.0
"""Chroma in CIELAB from which on a colour counts as strong."""
BRIGHTENING = 0.85
"""Exponent of the lightness; less than 1 brightens."""
BLACK_LIGHTNESS = 5.0
"""Lightness of black, 0 to 100."""
SHADOW_BLUE = 4.0
"""Blue added to the darkest shadows, CIELAB."""
LINE_SIGMA = 1.1
"""Width of lines, px."""
LINE_SIGMA_RATIO = 1.6
LINE_CONTRAST = 22.0
LINE_THRESHOLD = 0.012
"""Difference of brightness, 0 to 1, from which on an edge gets a line."""
MIN_LINE_LENGTH = 20.0
"""Minimum length of a line, px."""
LINE_OPACITY = 0.8
INK = (13.0, 9.0, 20.0)
"""Colour of lines, added to a quarter of that beside them."""

TABLE_SIZE = 2048
"""Number of steps of the tables below."""
MAX_CHROMA = 200.0
"""Chroma in CIELAB at the end of the table of saturation."""


def _quantise(lightness: FloatArray) -> FloatArray:
    """Quantises lightness (...), 0 to 100, with soft transitions; returns 0 to 1."""
    step = 100.0 / TONE_COUNT
    level = np.round(lightness / step) * step
    soft = np.tanh(TONE_SHARPNESS * (lightness - level) / (step / 2)) / np.tanh(TONE_SHARPNESS)
    return np.asarray(np.clip((level + step / 2 * soft) / 100, 0.0, 1.0))


_TONES = _quantise(np.linspace(0.0, 100.0, TABLE_SIZE + 1))
_LIGHTNESS_TABLE = (BLACK_LIGHTNESS + (100 - BLACK_LIGHTNESS) * _TONES**BRIGHTENING).astype(np.float32)
_SHADOW_TABLE = (SHADOW_BLUE * (1 - _TONES) ** 2).astype(np.float32)
_SQUARED_CHROMA = np.linspace(0.0, MAX_CHROMA**2, TABLE_SIZE + 1)
_SATURATION_TABLE = (1 + (SATURATION - 1) * np.exp(-_SQUARED_CHROMA / STRONG_CHROMA**2)).astype(np.float32)


def draw_scene(image: RgbImage) -> RgbImage:
    """Draws a picture (H, W, 3) with all details; it takes a second or so."""
    scale = max(image.shape) / REFERENCE_SIDE
    radius = max(2, round(STROKE_RADIUS * scale))
    painted = _paint(_paint(_smooth(image, 2), radius), max(2, radius - 1))
    colors = _adjust_tones(_smooth(painted, 1))
    lines = _drop_short(_find_lines(_smooth(image, 2), LINE_SIGMA * max(scale, 0.6)), MIN_LINE_LENGTH * scale)
    return _ink(colors, lines)


def draw_frame(image: RgbImage, side: int) -> RgbImage:
    """Draws a picture (H, W, 3), or a part of one, quickly, with softer lines: frames of a film.

    Args:
        image: RGB.
        side: longer side of the whole picture, px.
    """
    height, width = image.shape[:2]
    scale = side / REFERENCE_SIDE
    half = np.asarray(cv2.resize(image, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA), np.uint8)
    smooth = _smooth(half, 1)
    colors = _adjust_tones(_paint(smooth, max(2, round(STROKE_RADIUS * scale / 2))))
    lines = _find_lines(smooth, LINE_SIGMA * max(scale, 0.6) / 2)
    drawn = _ink(colors, lines)
    return np.asarray(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _smooth(image: RgbImage, times: int) -> RgbImage:
    for _ in range(times):
        image = np.asarray(
            cv2.bilateralFilter(image, BILATERAL_DIAMETER, EDGE_LEVELS, BILATERAL_DIAMETER / 2), np.uint8
        )
    return image


def _paint(image: RgbImage, radius: int) -> RgbImage:
    """Replaces each pixel by the means of the eight boxes around it, the more even ones counting more."""
    box = (radius + 1, radius + 1)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    variance = np.maximum(cv2.blur(grey * grey, box) - cv2.blur(grey, box) ** 2, 0.0)
    evenness = np.square(np.square(1.0 / (1.0 + variance)))
    weighted = cv2.blur(image, box) * evenness[..., None]
    distance = radius // 2
    boxes = np.zeros((2 * distance + 1, 2 * distance + 1), np.float32)
    boxes[::distance, ::distance] = 1.0
    boxes[distance, distance] = 0.0
    total, weights = (
        cv2.filter2D(values, cv2.CV_32F, boxes, borderType=cv2.BORDER_REPLICATE) for values in (weighted, evenness)
    )
    return np.asarray(np.round(total / np.maximum(weights, 1e-20)[..., None]), np.uint8)


def _adjust_tones(image: RgbImage) -> RgbImage:
    """Quantises the lightness softly, brightens, strengthens pale colours and cools the shadows."""
    lab = np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    level = np.clip(lab[..., 0] * (TABLE_SIZE / 100), 0, TABLE_SIZE).astype(np.intp)
    squared_chroma = np.square(lab[..., 1]) + np.square(lab[..., 2])
    factor = _SATURATION_TABLE[np.minimum(squared_chroma * (TABLE_SIZE / MAX_CHROMA**2), TABLE_SIZE).astype(np.intp)]
    lab[..., 0] = _LIGHTNESS_TABLE[level]
    lab[..., 1] *= factor
    lab[..., 2] = lab[..., 2] * factor - _SHADOW_TABLE[level]
    rgb = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip(np.round(255 * rgb), 0, 255), np.uint8)


def _find_lines(image: RgbImage, sigma: float) -> FloatArray:
    """Returns the opacity (H, W), 0 to 1, of lines on the dark side of edges: a difference of Gaussians."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    wide, narrow = (cv2.GaussianBlur(grey, (0, 0), one) for one in (sigma * LINE_SIGMA_RATIO, sigma))
    return np.asarray(np.clip((wide - narrow - LINE_THRESHOLD) * LINE_CONTRAST, 0.0, 1.0))


def _drop_short(lines: FloatArray, min_length: float) -> FloatArray:
    """Removes specks from lines (H, W)."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats((lines > 0.15).astype(np.uint8), connectivity=8)
    extent = statistics[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    return np.asarray(lines * (extent >= min_length)[labels], np.float32)


def _ink(colors: RgbImage, lines: FloatArray) -> RgbImage:
    """Draws lines of an opacity (H, W) over colours (H, W, 3)."""
    opacity = LINE_OPACITY * lines[..., None]
    dark = colors * 0.25 + np.array(INK)
    return np.asarray(np.clip(np.round(colors * (1 - opacity) + dark * opacity), 0, 255), np.uint8)

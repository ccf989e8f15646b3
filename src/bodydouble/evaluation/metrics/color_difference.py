"""Difference of colours as people see it: CIEDE2000.

Source: Sharma, Wu and Dalal, The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary Test Data, and
Mathematical Observations (2005).
"""

import numpy as np

from bodydouble.data import FloatArray


def ciede2000(first: FloatArray, second: FloatArray) -> FloatArray:
    """Returns the difference (...,) of CIELAB colours (..., 3); about 1 is just noticeable."""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(first, -1, 0), np.moveaxis(second, -1, 0)
    g = 0.5 * (1 - _saturation_weight((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2))
    (c1, h1), (c2, h2) = (_chroma_hue((1 + g) * a, b) for a, b in ((a1, b1), (a2, b2)))
    hue_step = _hue_step(c1, h1, c2, h2)
    lightness, chroma, hue = (l1 + l2) / 2, (c1 + c2) / 2, _mean_hue(c1, h1, c2, h2)
    t = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    offset = (lightness - 50) ** 2
    light = (l2 - l1) / (1 + 0.015 * offset / np.sqrt(20 + offset))
    saturated = (c2 - c1) / (1 + 0.045 * chroma)
    turned = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(hue_step / 2)) / (1 + 0.015 * chroma * t)
    rotation = -2 * _saturation_weight(chroma) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    return np.asarray(np.sqrt(light**2 + saturated**2 + turned**2 + rotation * saturated * turned))


def _saturation_weight(chroma: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(chroma**7 / (chroma**7 + 25.0**7)))


def _chroma_hue(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns chroma and hue, degrees from 0 to 360."""
    return np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def _hue_step(c1: FloatArray, h1: FloatArray, c2: FloatArray, h2: FloatArray) -> FloatArray:
    """Returns the difference of the hues, -180 to 180 degrees; 0 if one colour is grey."""
    step = h2 - h1
    step = np.where(step > 180, step - 360, np.where(step < -180, step + 360, step))
    return np.where(c1 * c2 == 0, 0.0, step)


def _mean_hue(c1: FloatArray, h1: FloatArray, c2: FloatArray, h2: FloatArray) -> FloatArray:
    """Returns the mean of the hues, degrees; their sum if one colour is grey."""
    total = h1 + h2
    mean = np.where(np.abs(h1 - h2) <= 180, total / 2, np.where(total < 360, (total + 360) / 2, (total - 360) / 2))
    return np.where(c1 * c2 == 0, total, mean)

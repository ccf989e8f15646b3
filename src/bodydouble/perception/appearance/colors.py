"""Colours of samples: conversion to CIELAB, robust means, and a distance that forgives shade."""

import cv2
import numpy as np

from bodydouble.data import FloatArray
from bodydouble.data.appearance import Color

LIGHTNESS_WEIGHT = 0.5
"""Weight of lightness in the distance of colours: light and shade change it on one surface."""


def to_lab(colors: FloatArray) -> FloatArray:
    """Converts sRGB colours (..., 3), 0 to 1, to CIELAB; NaN stays NaN."""
    flat = np.ascontiguousarray(colors, dtype=np.float32).reshape(1, -1, 3)
    lab = np.asarray(cv2.cvtColor(flat, cv2.COLOR_RGB2LAB), np.float64)
    lab[~np.isfinite(flat).all(axis=-1)] = np.nan
    return lab.reshape(np.shape(colors))


def to_color(lab: FloatArray) -> Color:
    """Converts a CIELAB colour (3,) to sRGB, 0 to 1."""
    rgb = cv2.cvtColor(np.asarray(lab, np.float32).reshape(1, 1, 3), cv2.COLOR_LAB2RGB)
    red, green, blue = np.clip(np.asarray(rgb).ravel(), 0.0, 1.0).tolist()
    return red, green, blue


def distance(first: FloatArray, second: FloatArray) -> FloatArray:
    """Returns the distance of CIELAB colours (..., 3), in which lightness counts half."""
    difference = (np.asarray(first) - second) * [LIGHTNESS_WEIGHT, 1.0, 1.0]
    return np.asarray(np.sqrt((difference**2).sum(axis=-1)))


def weighted_quantile(values: FloatArray, weights: FloatArray, quantile: float = 0.5) -> FloatArray:
    """Returns a weighted quantile along the first axis, of each channel by itself; NaN where no value is known.

    Args:
        values: (N, ...) with NaN where unknown.
        weights: (N,) above 0.
        quantile: 0 to 1.
    """
    flat = values.reshape(len(values), -1)
    known = np.isfinite(flat)
    order = np.argsort(np.where(known, flat, np.inf), axis=0)
    sorted_weights = np.take_along_axis(np.where(known, weights[:, None], 0.0), order, axis=0)
    share = np.cumsum(sorted_weights, axis=0)
    row = (share >= quantile * np.maximum(share[-1:], 1e-12)).argmax(axis=0)
    found = np.take_along_axis(np.take_along_axis(flat, order, axis=0), row[None], axis=0)[0]
    return np.where(known.any(axis=0), found, np.nan).reshape(values.shape[1:])

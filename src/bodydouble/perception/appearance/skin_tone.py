"""Colour of skin in white light: the filmed colour -> the most probable tone, with the light as a nuisance.

Tones of skin lie on a curve from light to dark, while the light changes brightness and tint. Both are known as
distributions, so that the tone is the mean of its posterior distribution: see Gijsenij, Gevers and van de Weijer,
Computational Color Constancy: Survey and Experiments (2011), section on gamut and probabilistic methods.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import Color, FloatArray
from bodydouble.perception.appearance.colors import to_color, to_lab

TONES = (
    (0.95, 0.80, 0.72), (0.88, 0.69, 0.58), (0.78, 0.57, 0.44), (0.63, 0.43, 0.31), (0.45, 0.29, 0.20),
    (0.33, 0.21, 0.15),
)  # fmt: skip
"""Points of the curve of tones, sRGB."""
LIGHT_MEAN = np.array([-0.43, -0.38, -0.33])
LIGHT_COVARIANCE = np.array([[0.16, 0.16, 0.16], [0.16, 0.19, 0.19], [0.16, 0.19, 0.22]])
"""Distribution of the logarithms of the light on faces, linear red, green and blue, by tools/train_appearance.py."""
GAMMA, MIN_CHANNEL = 2.2, 0.01
"""Exponent of sRGB, and the smallest channel whose logarithm is taken."""
SHARE = 0.5
"""Share of the light on the skin that falls on clothes and hair, too."""
STEPS = 101
"""Number of tones along the curve."""


@dataclass(frozen=True, slots=True)
class SkinTone:
    """Estimate of a tone of skin."""

    color: FloatArray
    """(3,) CIELAB in white light."""
    light: FloatArray
    """(3,) logarithm of the light, linear red, green and blue; 0 is white light of full strength."""
    cost: float
    """Squared Mahalanobis distance of the most probable light: how unlike skin the colour is."""


def estimate_tone(filmed: FloatArray) -> SkinTone:
    """Estimates the tone of skin.

    Args:
        filmed: (3,) CIELAB of skin in unknown light.
    """
    tones = _curve()
    lights = log_linear(np.array(to_color(filmed))) - log_linear(tones)
    offsets = lights - LIGHT_MEAN
    costs = np.einsum("ij,jk,ik->i", offsets, np.linalg.inv(LIGHT_COVARIANCE), offsets)
    posterior = np.exp(-0.5 * (costs - costs.min()))
    posterior /= posterior.sum()
    return SkinTone(posterior @ to_lab(tones), posterior @ lights, float(costs.min()))


def compensate(filmed: Color, light: FloatArray) -> Color:
    """Returns a colour, sRGB, in white light: by half of the light on the skin, since each part has its own shade."""
    red, green, blue = np.clip(np.exp((log_linear(np.array(filmed)) - SHARE * light) / GAMMA), 0.0, 1.0).tolist()
    return red, green, blue


def log_linear(color: FloatArray) -> FloatArray:
    """Returns the logarithms of linear channels of sRGB colours (..., 3)."""
    return np.asarray(GAMMA * np.log(np.maximum(color, MIN_CHANNEL)))


def _curve() -> FloatArray:
    """Returns tones (STEPS, 3), sRGB, from light to dark."""
    place = np.linspace(0, len(TONES) - 1, STEPS)
    return np.column_stack([np.interp(place, np.arange(len(TONES)), channel) for channel in zip(*TONES, strict=True)])

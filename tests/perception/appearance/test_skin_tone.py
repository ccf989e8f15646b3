"""Tones of skin in coloured light."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.evaluation.metrics.color_difference import ciede2000
from bodydouble.perception.appearance.colors import to_lab
from bodydouble.perception.appearance.skin_tone import GAMMA, LIGHT_MEAN, TONES, compensate, estimate_tone


def film(color: tuple[float, float, float], light: np.ndarray) -> tuple[float, float, float]:
    """Returns a colour, sRGB, in light whose logarithms are given."""
    red, green, blue = (np.array(color) * np.exp(light / GAMMA)).clip(0, 1).tolist()
    return red, green, blue


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("tint", [(0.0, 0.0, 0.0), (0.0, -0.1, -0.2), (-0.3, -0.3, -0.3)])
def test_tones_in_usual_light(tone: tuple[float, float, float], tint: tuple[float, float, float]) -> None:
    found = estimate_tone(to_lab(np.array(film(tone, LIGHT_MEAN + tint))))
    assert ciede2000(found.color, to_lab(np.array(tone))) < 10.0


@given(st.floats(-0.8, 0.2))
def test_darker_light_changes_the_tone_less_than_the_film(exposure: float) -> None:
    filmed = to_lab(np.array(film(TONES[2], np.full(3, exposure))))
    true = to_lab(np.array(TONES[2]))
    assert abs(estimate_tone(filmed).color[0] - true[0]) <= max(abs(filmed[0] - true[0]), 8.0)


def test_cloth_is_less_like_skin() -> None:
    skin, cloth = (estimate_tone(to_lab(np.array(color))).cost for color in ((0.8, 0.6, 0.5), (0.2, 0.4, 0.8)))
    assert skin < 5 < cloth


@given(st.tuples(*[st.floats(0.1, 0.8)] * 3), st.floats(-0.5, 0.2))
def test_compensation_undoes_half_of_the_light(color: tuple[float, float, float], exposure: float) -> None:
    light = np.full(3, exposure)
    once = compensate(compensate(film(color, light), light), light)
    np.testing.assert_allclose(once, color, atol=1e-6)

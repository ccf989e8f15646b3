"""Compositing of pictures with premultiplied alpha."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bodydouble.data import RgbaImage, RgbImage
from bodydouble.film.compositing import composite, put_behind

SHAPE = (5, 7)
BACKGROUNDS = arrays(np.uint8, (*SHAPE, 3))


@st.composite
def pictures(draw: st.DrawFn) -> RgbaImage:
    """Draws a picture with premultiplied alpha, which is transparent in part."""
    alpha = draw(arrays(np.uint8, (*SHAPE, 1)))
    alpha[:, : draw(st.integers(0, SHAPE[1]))] = 0
    straight = draw(BACKGROUNDS).astype(np.uint16)
    return np.concatenate([(straight * alpha + 127) // 255, alpha], axis=-1).astype(np.uint8)


@given(pictures(), BACKGROUNDS)
def test_it_is_the_formula_of_alpha_compositing(picture: RgbaImage, background: RgbImage) -> None:
    before = background.copy()
    expected = picture[..., :3] + (1.0 - picture[..., 3:] / 255) * background
    np.testing.assert_allclose(composite(picture, background), np.minimum(expected, 255), atol=1)
    np.testing.assert_array_equal(background, before)


@given(pictures(), BACKGROUNDS)
def test_an_opaque_foreground_hides_the_picture(picture: RgbaImage, background: RgbImage) -> None:
    hidden = put_behind(picture, np.ones(SHAPE))
    np.testing.assert_array_equal(composite(hidden, background), background)
    np.testing.assert_array_equal(put_behind(picture, np.zeros(SHAPE)), picture)

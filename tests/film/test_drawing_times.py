"""Drawings that are held."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.film.drawing_times import DRAWINGS_PER_SECOND, hold_drawings

RATES = st.sampled_from([Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50), Fraction(60)])


@given(RATES, st.integers(0, 400))
def test_every_second_has_twelve_drawings_and_none_is_of_the_future(fps: Fraction, count: int) -> None:
    drawn = hold_drawings(count, fps)
    assert (drawn <= np.arange(count)).all()
    assert (np.diff(drawn) >= 0).all()
    assert (np.arange(count) - drawn < float(fps / DRAWINGS_PER_SECOND)).all()
    seconds = count / float(fps)
    assert abs(len(np.unique(drawn)) - seconds * DRAWINGS_PER_SECOND) <= 1


@pytest.mark.parametrize("fps", [Fraction(5), Fraction(12)])
def test_a_film_of_few_frames_is_drawn_in_each(fps: Fraction) -> None:
    np.testing.assert_array_equal(hold_drawings(30, fps), np.arange(30))


@pytest.mark.parametrize("cut", range(1, 30))
def test_no_drawing_is_held_over_a_cut(cut: int) -> None:
    drawn = hold_drawings(30, Fraction(30), [cut])
    assert (drawn[cut:] >= cut).all()
    assert (drawn[:cut] < cut).all()

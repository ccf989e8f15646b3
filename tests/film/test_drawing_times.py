"""Drawings that are held, and cuts."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data import Camera
from bodydouble.film.drawing_times import DRAWINGS_PER_SECOND, find_cuts, hold_drawings
from bodydouble.geometry import rotation
from bodydouble.geometry.camera import intrinsics_from_focal_length

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


def _camera(turn_deg: list[float], x: list[float]) -> Camera:
    matrices = np.tile(np.eye(4), (len(turn_deg), 1, 1))
    matrices[:, :3, :3] = rotation.to_matrix(
        rotation.from_rotvec(np.radians(turn_deg)[:, None] * np.array([0, 1.0, 0]))
    )
    matrices[:, 0, 3] = x
    return Camera((64, 48), intrinsics_from_focal_length(60.0, (64, 48)), matrices)


def test_the_camera_jumps_at_cuts_only() -> None:
    pan = [2.0 * i for i in range(10)]
    assert find_cuts(_camera(pan, [0.0] * 10), Fraction(30)) == []
    assert find_cuts(_camera(pan[:5] + [turn + 40.0 for turn in pan[5:]], [0.0] * 10), Fraction(30)) == [5]
    assert find_cuts(_camera([0.0] * 10, [0.0] * 3 + [2.0] * 7), Fraction(30)) == [3]
    assert find_cuts(_camera([0.0], [0.0]), Fraction(30)) == []

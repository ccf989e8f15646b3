"""Lengths of garments along limbs, and patterns of the torso."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.perception.appearance.colors import to_lab, weighted_quantile
from bodydouble.perception.appearance.limb_profiles import (
    CoveredLength,
    find_cloth_end,
    find_garment_colors,
    vote_for_cloth,
)
from bodydouble.perception.appearance.torso_pattern import describe_torso

SKIN, BLUE, RED, WHITE = (
    to_lab(np.array(c)) for c in ((0.85, 0.65, 0.55), (0.2, 0.3, 0.7), (0.8, 0.1, 0.1), (1.0,) * 3)
)


def profile(*parts: tuple[FloatArray, int]) -> FloatArray:
    return np.concatenate([np.tile(color, (count, 1)) for color, count in parts])


def find_end(points: FloatArray, *, has_socks: bool = False) -> CoveredLength | None:
    votes = vote_for_cloth(points[None], SKIN[None], BLUE[None])
    weights = np.where(np.isfinite(points[None]).all(axis=-1), 3.0, 0.0)
    return find_cloth_end(votes, weights, has_socks=has_socks)


@pytest.mark.parametrize("end", range(17))
def test_cloth_ends_where_skin_begins(end: int) -> None:
    found = find_end(profile((BLUE, end), (SKIN, 16 - end)))
    assert found is not None and found.end == end / 16 and found.confidence == 1.0


def test_shade_on_the_skin_is_no_cloth() -> None:
    shade = SKIN - [12.0, 0.0, 0.0]
    found = find_end(profile((BLUE, 4), (SKIN, 6), (shade, 6)))
    assert found is not None and found.end == 0.25


def test_socks_are_no_trousers() -> None:
    found = find_end(profile((BLUE, 6), (SKIN, 6), (WHITE, 4)), has_socks=True)
    assert found is not None and found.end == 6 / 16


def test_hidden_limbs_are_unknown() -> None:
    assert find_end(np.full((16, 3), np.nan)) is None


def test_an_arm_behind_the_trunk_does_not_lengthen_the_sleeve() -> None:
    seen, hidden = profile((BLUE, 4), (SKIN, 12)), profile((BLUE, 16))
    votes = vote_for_cloth(np.stack([seen, hidden, hidden]), SKIN[None], BLUE[None])
    behind = np.repeat([[False], [True], [True]], 16, axis=1)
    found = find_cloth_end(votes, np.ones((3, 16)), behind)
    assert found is not None and found.end == 0.25


@pytest.mark.parametrize("shares", [(60, 40), (30, 70)])
def test_colors_of_a_garment_without_hands(shares: tuple[int, int]) -> None:
    cells = profile((BLUE, shares[0]), (RED, shares[1]), (SKIN, 20), (np.full(3, np.nan), 5))
    colors = find_garment_colors(cells, SKIN)
    assert {min(range(3), key=lambda k: np.abs(color - (BLUE, RED, SKIN)[k]).max()) for color in colors} == {0, 1}


def grid(kind: str) -> FloatArray:
    cells = np.tile(BLUE, (10, 8, 1))
    if kind == "stripes":
        cells[1::3] = WHITE
    elif kind == "two-tone":
        cells[:4] = RED
    elif kind == "print":
        cells[3:7, 2:6] = WHITE
    return cells


@pytest.mark.parametrize("kind", ["plain", "stripes", "two-tone", "print"])
def test_patterns_of_the_torso(kind: str) -> None:
    garment = describe_torso(grid(kind), None)
    assert garment is not None and garment.pattern == kind
    np.testing.assert_allclose(garment.color, BLUE)
    assert (garment.second_color is None) == (kind == "plain")


def test_high_trousers_are_no_pattern() -> None:
    cells = grid("plain")
    cells[8:] = RED
    garment = describe_torso(cells, RED)
    assert garment is not None and garment.pattern == "plain"


def test_too_little_of_the_torso_is_unknown() -> None:
    cells = np.full((10, 8, 3), np.nan)
    cells[0, :4] = BLUE
    assert describe_torso(cells, None) is None


def test_weighted_quantiles() -> None:
    values = np.array([[1.0, np.nan], [2.0, np.nan], [9.0, np.nan]])
    found = weighted_quantile(values, np.array([1.0, 1.0, 5.0]))
    assert found[0] == 9.0 and np.isnan(found[1])
    assert weighted_quantile(values, np.ones(3))[0] == 2.0

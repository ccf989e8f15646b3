"""Lengths of garments along limbs, and patterns of the torso."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.perception.appearance.colors import to_lab, weighted_quantile
from bodydouble.perception.appearance.limb_profiles import find_cloth_end
from bodydouble.perception.appearance.torso_pattern import describe_torso

SKIN, BLUE, RED, WHITE = (
    to_lab(np.array(c)) for c in ((0.85, 0.65, 0.55), (0.2, 0.3, 0.7), (0.8, 0.1, 0.1), (1.0,) * 3)
)


def profile(*parts: tuple[FloatArray, int]) -> FloatArray:
    return np.concatenate([np.tile(color, (count, 1)) for color, count in parts])


@pytest.mark.parametrize("end", range(1, 16))
def test_cloth_ends_where_skin_begins(end: int) -> None:
    found = find_cloth_end(profile((BLUE, end), (SKIN, 16 - end)), SKIN, has_socks=False)
    assert found is not None and found.color is not None
    assert found.end == end / 16
    np.testing.assert_allclose(found.color, BLUE)


def test_bare_and_covered_limbs() -> None:
    bare = find_cloth_end(profile((SKIN, 16)), SKIN, has_socks=True)
    covered = find_cloth_end(profile((BLUE, 16)), SKIN, has_socks=True)
    assert bare is not None and bare.end == 0.0 and bare.color is None
    assert covered is not None and covered.end == 1.0 and covered.confidence == 1.0


def test_shade_on_the_skin_is_no_cloth() -> None:
    shade = SKIN - [12.0, 0.0, 0.0]
    found = find_cloth_end(profile((BLUE, 4), (SKIN, 6), (shade, 6)), SKIN, has_socks=False)
    assert found is not None and found.end == 0.25


def test_socks_are_no_trousers() -> None:
    found = find_cloth_end(profile((BLUE, 6), (SKIN, 6), (WHITE, 4)), SKIN, has_socks=True)
    assert found is not None and found.end == 6 / 16


def test_hidden_limbs_are_unknown() -> None:
    hidden = profile((BLUE, 16))
    hidden[4:] = np.nan
    assert find_cloth_end(hidden, SKIN, has_socks=False) is None


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

"""Sizes and places of the pictures of a film."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.errors import InvalidDataError
from bodydouble.film.layouts import GUTTER_WIDTH, MAX_HEIGHT, MAX_WIDTH, FilmSize, compute_layout, parse_size

SIDES = st.integers(2, 5000)


@given(SIDES, SIDES, st.integers(1, 4))
def test_pictures_are_even_lie_side_by_side_and_keep_the_aspect_ratio(width: int, height: int, count: int) -> None:
    layout = compute_layout((width, height), count)
    assert all(length % 2 == 0 and length >= 2 for length in (*layout.image_size, *layout.panel_size))
    assert layout.image_size[0] <= max(MAX_WIDTH, 2 * count + GUTTER_WIDTH * (count - 1))
    assert layout.image_size[1] <= MAX_HEIGHT
    for left, right in zip(layout.panels, layout.panels[1:], strict=False):
        assert right.x == left.x + left.width + GUTTER_WIDTH
    assert (layout.panels[0].x, layout.panels[0].y) == (0, 0)
    assert layout.panels[-1].x + layout.panels[-1].width == layout.image_size[0]
    if min(layout.panel_size) > 20:
        assert layout.panel_size[0] / width == pytest.approx(layout.panel_size[1] / height, abs=3 / min(width, height))


def test_a_small_video_keeps_its_size() -> None:
    assert compute_layout((641, 361), 1).image_size == (640, 360)


@given(SIDES, SIDES, st.integers(1, 3), st.integers(64, 4000), st.integers(64, 4000))
def test_a_requested_size_is_that_of_the_film(
    width: int, height: int, count: int, wanted_width: int, wanted_height: int
) -> None:
    layout = compute_layout((width, height), count, FilmSize((wanted_width, wanted_height)))
    assert layout.image_size == (wanted_width // 2 * 2, wanted_height // 2 * 2)
    left, right = layout.panels[0], layout.panels[-1]
    assert left.x >= 0
    assert left.y >= 0
    assert right.x + right.width <= layout.image_size[0]
    assert abs(left.x - (layout.image_size[0] - right.x - right.width)) <= 1
    assert abs(left.y - (layout.image_size[1] - left.y - left.height)) <= 1


@pytest.mark.parametrize(("source", "size"), [((1920, 1080), (1280, 720)), ((1080, 1920), (720, 1280))])
def test_720p_is_the_shorter_side(source: tuple[int, int], size: tuple[int, int]) -> None:
    assert compute_layout(source, 1, parse_size("720p")).image_size == size
    assert compute_layout(source, 2, parse_size("720p")).panel_size == size


@pytest.mark.parametrize("text", ["720", "p", "12x", "0x0", "8p", "99999p", "1280*720", "1280x720x3", "-2x4"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(InvalidDataError):
        parse_size(text)


def test_sizes_are_read() -> None:
    assert parse_size("1280x720") == FilmSize((1280, 720))
    assert parse_size(" 360p ") == FilmSize(short_side=360)

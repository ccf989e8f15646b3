"""Look-alikes: looks of drawn characters from the appearance of people."""

import colorsys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.characters.cast.look import Look, format_look, parse_look
from bodydouble.characters.cast.look_alike import create_look_alike, draw_cloth_color, draw_skin_color
from bodydouble.data import Appearance, Skeleton, Trait
from tests import builders

COLORS = st.tuples(*[st.floats(0, 1)] * 3)


def scaled(factor: float) -> Skeleton:
    skeleton = builders.humanoid_skeleton()
    return replace(skeleton, rest_offsets=skeleton.rest_offsets * factor)


def look_of(appearance: Appearance | None, name: str = "person1", taken: tuple[Look, ...] = ()) -> Look:
    return create_look_alike(appearance, builders.humanoid_skeleton(), name, taken)


def test_equal_arguments_give_equal_looks() -> None:
    assert look_of(builders.appearance()) == look_of(builders.appearance())


def test_people_of_equal_appearance_differ() -> None:
    looks: list[Look] = []
    for number in range(12):
        looks.append(look_of(builders.appearance(), f"person{number}", tuple(looks)))
    assert len({(look.fringe, look.eye_color) for look in looks}) >= 7
    assert len({look.seed for look in looks}) == 12


def test_traits_become_garments_and_hair() -> None:
    seen = Appearance(
        hair=Trait("tied", 0.9), beard=Trait("none", 0.9), top_color=Trait((0.2, 0.3, 0.8), 0.9),
        sleeve=Trait(0.95, 0.9), bottom=Trait("trousers", 0.9), leg=Trait(0.45, 0.9), shoes=Trait("bare", 0.9),
    )  # fmt: skip
    look = look_of(seen)
    assert (look.hair, look.beard, look.bottom, look.shoes) == ("ponytail", "none", "shorts", "bare")
    assert look.sleeve > 0.9 and look.leg == 0.45
    assert look.top_color[2] == max(look.top_color)


def test_doubtful_traits_are_neutral() -> None:
    doubtful = Appearance(leg=Trait(0.3, 0.1), bottom=Trait("skirt", 0.2), hair=Trait("bald", 0.0))
    assert look_of(doubtful) == look_of(None)


def test_without_evidence_the_sex_is_open() -> None:
    assert look_of(None).sex == 0.5
    assert look_of(Appearance(beard=Trait("beard", 1.0))).sex > 0.9
    assert look_of(Appearance(bottom=Trait("skirt", 1.0))).sex < 0.1


def test_small_people_are_children_with_large_heads() -> None:
    looks = [create_look_alike(None, scaled(factor), "person1", ()) for factor in (0.65, 0.75, 0.85, 1.0)]
    assert np.all(np.diff([look.age for look in looks]) > 0)
    assert np.all(np.diff([look.head_count for look in looks]) > 0)
    assert looks[0].age < 9 and looks[-1].age >= 18


def test_grey_hair_is_old() -> None:
    assert look_of(Appearance(hair_color=Trait((0.7, 0.7, 0.71), 1.0))).age > 60
    assert look_of(Appearance(hair_color=Trait((0.3, 0.2, 0.15), 1.0))).age < 30


def test_a_skirt_in_the_color_of_the_top_is_a_dress() -> None:
    color = Trait((0.8, 0.2, 0.3), 1.0)
    assert look_of(Appearance(top_color=color, bottom_color=color, bottom=Trait("skirt", 1.0))).top == "dress"


@given(COLORS)
def test_drawn_skin_is_lighter_than_that_of_a_dark_film(color: tuple[float, float, float]) -> None:
    assert max(draw_skin_color(color)) >= 0.45


@pytest.mark.parametrize("filmed", [(0.95, 0.80, 0.72), (0.63, 0.43, 0.31), (0.33, 0.21, 0.15)])
def test_darker_skin_is_drawn_darker(filmed: tuple[float, float, float]) -> None:
    order = [sum(draw_skin_color(tone)) for tone in ((0.95, 0.80, 0.72), filmed, (0.33, 0.21, 0.15))]
    assert order == sorted(order, reverse=True)


@given(COLORS)
def test_drawn_cloth_has_the_hue_of_the_film(color: tuple[float, float, float]) -> None:
    drawn = draw_cloth_color(color)
    hue, saturation, value = colorsys.rgb_to_hsv(*color)
    if saturation > 0.05 and value > 0.05:
        assert abs(colorsys.rgb_to_hsv(*drawn)[0] - hue) % 1.0 < 1e-6
    if saturation * value > 0.25:
        assert colorsys.rgb_to_hsv(*drawn)[1] >= saturation - 1e-9


@pytest.mark.parametrize("filmed", [(0.13, 0.09, 0.09), (0.05, 0.02, 0.03), (0.10, 0.12, 0.11)])
def test_dark_greys_stay_grey(filmed: tuple[float, float, float]) -> None:
    drawn = draw_cloth_color(filmed)
    assert max(drawn) - min(drawn) <= max(filmed) - min(filmed) + 1e-9


def test_a_look_alike_survives_its_file() -> None:
    look = look_of(builders.appearance())
    back = parse_look(format_look(look))
    assert back.top_color == pytest.approx(look.top_color, abs=1 / 255)
    assert back.hair == look.hair and back.eye_width == look.eye_width

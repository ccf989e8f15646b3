from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.cast.look import (
    FACE_NUMBERS,
    Look,
    create_look,
    format_color,
    format_look,
    parse_color,
    parse_look,
    read_look,
    vary_look,
)
from bodydouble.characters.cast.presets import PRESETS
from bodydouble.characters.cast.random_looks import draw_look
from bodydouble.errors import FormatError, InvalidDataError


def test_a_color_survives_text() -> None:
    assert format_color(parse_color("#3a2a20")) == "#3a2a20"


@pytest.mark.parametrize("text", ["", "#12345", "#1234567", "#gggggg", "red"])
def test_what_is_no_color_is_refused(text: str) -> None:
    with pytest.raises(InvalidDataError, match="is no colour"):
        parse_color(text)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_toml(name: str) -> None:
    text = format_look(PRESETS[name])
    assert format_look(parse_look(text)) == text
    for item in fields(Look):
        expected, found = getattr(PRESETS[name], item.name), getattr(parse_look(text), item.name)
        assert np.allclose(expected, found, atol=0.5 / 255) if isinstance(expected, tuple) else found == expected


def test_what_toml_does_not_name_is_as_in_the_base() -> None:
    look = parse_look('hair = "long"', PRESETS["girl"])
    assert (look.hair, look.fringe, look.name) == ("long", PRESETS["girl"].fringe, "girl")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"jaw": 9.0}, "jaw is 9.0"),
        ({"jaw": "wide"}, "jaw is 'wide'"),
        ({"hair": "mohawk"}, "expected one of bald"),
        ({"tail": 1}, "unknown tail"),
        ({"skin_color": (2.0, 0.0, 0.0)}, "skin_color"),
        ({"skin_color": 7}, "skin_color"),
    ],
)
def test_a_value_out_of_range_is_refused_in_one_line(values: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidDataError, match=message) as caught:
        create_look(values)
    assert "\n" not in str(caught.value)


def test_a_damaged_file_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "look.toml"
    path.write_text("hair = ")
    with pytest.raises(FormatError, match=r"look\.toml: look: not TOML"):
        read_look(path)
    with pytest.raises(FormatError, match="cannot be read"):
        read_look(tmp_path / "absent.toml")


def test_varied_faces_are_equal_for_equal_seeds_and_differ_otherwise() -> None:
    look = PRESETS["woman"]
    assert vary_look(look, 3) == vary_look(look, 3)
    one, two = vary_look(look, 3), vary_look(look, 4)
    assert all(getattr(one, name) != getattr(two, name) for name in FACE_NUMBERS)
    assert one.hair == look.hair


def test_random_looks_are_valid_equal_for_equal_seeds_and_of_all_kinds() -> None:
    looks = [draw_look(seed) for seed in range(60)]
    assert looks[7] == draw_look(7)
    assert len({look.hair for look in looks}) >= 8
    assert {look.sex for look in looks} == {0.0, 1.0}
    assert min(look.age for look in looks) < 12
    assert max(look.age for look in looks) > 60

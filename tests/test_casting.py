"""Casting of look-alikes."""

from dataclasses import replace
from pathlib import Path

import pytest

from bodydouble.characters.load import load_character
from bodydouble.data import Person, Trait
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.pipeline.casting import cast_characters, cast_looks, parse_look_files, write_looks
from bodydouble.pipeline.exporting import retarget_motions
from bodydouble.pipeline.motion_files import NamedMotion
from tests import builders


def people() -> list[Person]:
    red, blue = (replace(builders.appearance(), top_color=Trait(c, 1.0)) for c in ((0.8, 0.1, 0.1), (0.1, 0.1, 0.8)))
    first, second = builders.performance().people
    return [replace(first, appearance=red), replace(second, appearance=blue)]


def test_everybody_gets_a_look_alike() -> None:
    characters = cast_characters("like-me", load_character("mannequin"), people())
    assert [character.name for character in characters] == ["person1", "person2"]


def test_a_file_replaces_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "person2.toml"
    path.write_text('hair = "bun"\n', encoding="utf-8")
    plain, edited = cast_looks(people()), cast_looks(people(), parse_look_files("like-me", [path]))
    assert edited[0] == plain[0]
    assert edited[1] == replace(plain[1], hair="bun")


def test_written_looks_are_read_again(tmp_path: Path) -> None:
    files = write_looks(tmp_path, people())
    assert [file.name for file in files] == ["person1.toml", "person2.toml"]
    again = cast_looks(people(), parse_look_files("like-me", files))
    assert [look.hair for look in again] == [look.hair for look in cast_looks(people())]


def test_bad_looks_give_one_line(tmp_path: Path) -> None:
    path = tmp_path / "person1.toml"
    path.write_text('hair = "green"\n', encoding="utf-8")
    with pytest.raises(FormatError, match="hair is 'green'"):
        cast_looks(people(), {"person1": path})
    with pytest.raises(InvalidDataError, match=r"a look is a \.toml file"):
        parse_look_files("like-me", [tmp_path / "person1.png"])
    with pytest.raises(InvalidDataError, match="several looks"):
        parse_look_files("like-me", [path, tmp_path / "other" / "person1.toml"])
    with pytest.raises(InvalidDataError, match="like-me"):
        parse_look_files("anime", [path])


def test_retargeting_knows_nobody_to_look_like(tmp_path: Path) -> None:
    motion = NamedMotion("walk", builders.smooth_motion(3))
    with pytest.raises(InvalidDataError, match="like-me needs a video"):
        retarget_motions([motion], "like-me", tmp_path / "a.glb")

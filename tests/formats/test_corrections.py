"""corrections.json: round trips, and errors that say what is wrong."""

import json
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data.corrections import (
    BODY_PARTS,
    FOOT_PARTS,
    SIDES,
    ContactEdit,
    Correction,
    Delete,
    FloorLevel,
    FocalLength,
    IdentityCorrection,
    Keyframe,
    Merge,
    MotionCorrection,
    PersonHeight,
    Rename,
    SideExchange,
    Smoothing,
    Split,
    Swap,
    UnreliableSpan,
    WorldCorrection,
)
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats import corrections

NAME = st.text(st.characters(blacklist_characters="/", blacklist_categories=["Cs"]), min_size=1, max_size=9)
NEW_NAME = st.text(st.characters(blacklist_characters="/\\", blacklist_categories=["C", "Z"]), min_size=1, max_size=60)
FRAME = st.integers(0, 10**6)
NUMBER = st.floats(-10, 10)
POSITIVE = st.floats(0.01, 10)
SPAN = st.tuples(FRAME, FRAME).map(sorted)


def _named_apart(kind: type[Correction], *further: st.SearchStrategy[object]) -> st.SearchStrategy[Correction]:
    return st.tuples(NAME, NAME, *further).filter(lambda v: v[0] != v[1]).map(lambda v: kind(*v))


def _spanned(kind: type[Correction], *further: st.SearchStrategy[object]) -> st.SearchStrategy[Correction]:
    return st.builds(lambda name, span, *rest: kind(name, *span, *rest), NAME, SPAN, *further)


ANY = st.one_of(
    st.builds(Rename, NAME, NEW_NAME),
    _named_apart(Merge),
    st.builds(Split, NAME, FRAME, NEW_NAME),
    _named_apart(Swap, FRAME),
    st.builds(Delete, NAME),
    st.builds(
        lambda name, side, span, *rest: ContactEdit(name, side, *span, *rest),
        NAME,
        st.sampled_from(SIDES),
        SPAN,
        st.booleans(),
        st.sampled_from(FOOT_PARTS),
    ),
    st.builds(Keyframe, NAME, NAME, FRAME, position=st.tuples(NUMBER, NUMBER, NUMBER), falloff=POSITIVE),
    st.builds(Keyframe, NAME, NAME, FRAME, pixel=st.tuples(NUMBER, NUMBER), falloff=POSITIVE),
    _spanned(SideExchange, st.sampled_from(BODY_PARTS)),
    _spanned(UnreliableSpan),
    _spanned(Smoothing, POSITIVE),
    st.builds(FloorLevel, NUMBER),
    st.builds(PersonHeight, NAME, st.floats(0.4, 2.6)),
    st.builds(FocalLength, st.floats(8, 1000)),
)


@given(st.lists(ANY, max_size=5))
def test_text_gives_the_same_corrections(written: list[Correction]) -> None:
    assert corrections.parse_text(corrections.to_text(written)) == tuple(written)


def test_file_gives_the_same_corrections(tmp_path: Path) -> None:
    written = (Rename("person1", "Änne"), Keyframe("Änne", "leftHand", 3, pixel=(1.5, 2.0)))
    corrections.save(tmp_path / "corrections.json", written)
    assert corrections.load(tmp_path / "corrections.json") == written


def test_every_kind_has_a_name() -> None:
    kinds = {kind for union in (IdentityCorrection, MotionCorrection, WorldCorrection) for kind in get_args(union)}
    assert set(corrections.KINDS.values()) == kinds == set(get_args(Correction))


def test_every_kind_is_documented_by_an_example_that_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "corrections.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in page.split("```json\n")[1:]]
    kinds = {type(correction) for block in blocks for correction in corrections.parse_text(block)}
    assert kinds == set(get_args(Correction))
    for name, kind in corrections.KINDS.items():
        assert f"`{name}`" in page
        assert [field.name for field in fields(kind) if f"`{field.name}`" not in page] == []


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("7", "correction 1: expected an object, got 7"),
        ("{}", "unknown kind None; choose one of rename, merge, split, "),
        ('{"kind": "teleport"}', "unknown kind 'teleport'; choose one of rename, merge, split, "),
        ('{"kind": ["swap"]}', "unknown kind"),
        ('{"kind": "delete"}', "delete lacks 'person'; it has person"),
        ('{"kind": "delete", "person": "a", "frame": 3}', "delete has no 'frame'; it has person"),
        ('{"kind": "delete", "person": 3}', "delete: person must be a text, got 3"),
        ('{"kind": "rename", "person": "a", "name": "x/y"}', "1 to 60 visible characters and no slash: 'x/y'"),
        (r'{"kind": "rename", "person": "a", "name": "..\\x"}', r"visible characters and no slash: '..\\x'"),
        (r'{"kind": "rename", "person": "a", "name": "x\u0000"}', r"visible characters and no slash: 'x\x00'"),
        (r'{"kind": "rename", "person": "a", "name": " "}', "visible characters and no slash"),
        ('{"kind": "floor", "height": 1e9}', "height is 1e+09; it must lie between -100 and 100"),
        ('{"kind": "merge", "person": "a", "other": "a"}', "expected two people, got 'a' twice"),
        ('{"kind": "split", "person": "a", "frame": 1.5, "name": "b"}', "frame must be a whole number, got 1.5"),
        ('{"kind": "split", "person": "a", "frame": true, "name": "b"}', "frame must be a whole number, got true"),
        ('{"kind": "split", "person": "a", "frame": -1, "name": "b"}', "frame is -1; frames are counted from 0"),
        (
            '{"kind": "contact", "person": "a", "side": "both", "first_frame": 1, "last_frame": 2}',
            "unknown side 'both'; choose one of left, right",
        ),
        (
            '{"kind": "contact", "person": "a", "side": "left", "first_frame": 3, "last_frame": 2}',
            "last_frame 2 is before first_frame 3",
        ),
        (
            '{"kind": "contact", "person": "a", "side": "left", "first_frame": 1, "last_frame": 2, "resting": 1}',
            "resting must be true or false, got 1",
        ),
        ('{"kind": "keyframe", "person": "a", "joint": "hips", "frame": 1}', "expected a position (m) or a pixel"),
        (
            '{"kind": "keyframe", "person": "a", "joint": "hips", "frame": 1, "pixel": [1, 2, 3]}',
            "pixel must be a list of two numbers, got [1, 2, 3]",
        ),
        (
            '{"kind": "keyframe", "person": "a", "joint": "hips", "frame": 1, "pixel": [1, 2], "falloff": 0}',
            "falloff is 0; it must be above 0",
        ),
        (
            '{"kind": "keyframe", "person": "a", "joint": "hips", "frame": 1, "position": [1e300, 0, 0]}',
            "coordinate is 1e+300; it must lie between -1e+06 and 1e+06",
        ),
        ('{"kind": "floor", "height": NaN}', "height must be a number, got NaN"),
        ('{"kind": "floor", "height": 1e999}', "height must be a number, got Infinity"),
        ('{"kind": "height", "person": "a", "height": 180}', "height is 180; it must lie between 0.4 and 2.6"),
        ('{"kind": "focal_length", "focal_length_mm": 2}', "it must lie between 8 and 1000"),
        (
            '{"kind": "smoothing", "person": "a", "first_frame": 1, "last_frame": 2, "cutoff": -1}',
            "cutoff is -1; it must lie between 0.01 and 1000",
        ),
        (
            '{"kind": "exchange_sides", "person": "a", "first_frame": 1, "last_frame": 2, "part": "head"}',
            "unknown part 'head'; choose one of body, arms, legs",
        ),
    ],
)
def test_wrong_entries_are_refused(entry: str, message: str) -> None:
    good = json.dumps(corrections.to_object(Delete("b")))
    text = f'{{"format": "{corrections.FORMAT}", "corrections": [{entry}, {good}]}}'
    with pytest.raises(FormatError) as caught:
        corrections.parse_text(text)
    assert str(caught.value).startswith("correction 1: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no valid JSON in line 1"),
        ("[" * 10**5, "no valid JSON"),
        ("[]", 'expected an object with "format": "bodydouble-corrections 1"'),
        ('{"format": "bodydouble-corrections 2", "corrections": []}', 'expected an object with "format"'),
        ('{"format": "bodydouble-corrections 1"}', '"corrections" must be a list'),
        ('{"format": "bodydouble-corrections 1", "corrections": [], "x": 1}', "unknown key 'x'"),
    ],
)
def test_wrong_files_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "corrections.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        corrections.load(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_missing_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"x\.json cannot be read"):
        corrections.load(tmp_path / "x.json")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(FormatError, match=r"b\.json is not a text file"):
        corrections.load(tmp_path / "b.json")


def test_values_are_checked_in_python_as_well() -> None:
    with pytest.raises(InvalidDataError, match="Swap: expected two people, got 'a' twice"):
        Swap("a", "a", 3)
    with pytest.raises(InvalidDataError, match="Keyframe: expected a position"):
        Keyframe("a", "hips", 1, position=(0.0, 0.0, 0.0), pixel=(1.0, 1.0))

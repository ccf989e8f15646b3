"""Choosing among people."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest

from bodydouble.data import Observation, Track
from bodydouble.errors import InvalidDataError
from bodydouble.skeletons import blazepose
from bodydouble.tracking import selection as module
from bodydouble.tracking.association import build_tracks
from bodydouble.tracking.selection import (
    AllPeople,
    MainPerson,
    MostProminent,
    NamedPeople,
    PersonAtPoint,
    is_complete,
    name_people,
    parse_selection,
    prominence,
    select_people,
)
from tests.tracking.people import observation

SIZE = (1280, 720)
FRAMES = 60
FEET = [i for i, name in enumerate(blazepose.LANDMARKS) if name.endswith(("ankle", "heel", "foot_index"))]
HEAD = [blazepose.INDEX[name] for name in ("nose", "left_ear", "right_ear")]


def tracked(seen: Sequence[Sequence[Observation]]) -> dict[str, Track]:
    return name_people(build_tracks(seen, Fraction(30)))


def chosen(people: dict[str, Track], text: str) -> list[str]:
    return list(select_people(people, parse_selection(text), SIZE, FRAMES))


@pytest.fixture
def people() -> dict[str, Track]:
    """person1: large for long; person2: large for a moment; person3: small for long."""
    found = tracked(
        [
            (
                observation((100, 300), height=80),
                observation((400, 300), height=240, pose_seed=1),
                *([observation((800, 300), height=250, pose_seed=2)] if f < 20 else []),
            )
            for f in range(FRAMES)
        ]
    )
    assert len(found) == 3
    return found


def with_confidence(track: Track, landmarks: Sequence[int], value: float, rows: slice = slice(None)) -> Track:
    keypoints = track.keypoints.copy()
    keypoints[rows, landmarks, 2] = value
    return replace(track, keypoints=keypoints)


def test_the_largest_for_longest_has_the_first_name(people: dict[str, Track]) -> None:
    assert list(people) == ["person1", "person2", "person3"]
    sizes = [prominence(track) for track in people.values()]
    assert sizes == sorted(sizes, reverse=True)
    assert [len(track.frames) for track in people.values()] == [60, 20, 60]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("all", ["person1", "person2", "person3"]),
        ("1", ["person1"]),
        ("2", ["person1", "person2"]),
        ("9", ["person1", "person2", "person3"]),
        ("person3", ["person3"]),
        ("person3,person1", ["person1", "person3"]),
        ("person3 , person3", ["person3"]),
        ("main", ["person1"]),
        ("at 100,300,59", ["person3"]),
        ("at 800,300,0", ["person2"]),
    ],
)
def test_who_is_chosen_keeps_name_order_and_track(people: dict[str, Track], text: str, names: list[str]) -> None:
    found = select_people(people, parse_selection(text), SIZE, FRAMES)
    assert list(found) == names
    assert all(found[name] is people[name] for name in names)


@pytest.mark.parametrize(
    ("text", "still", "names"),
    [
        ("all", {"person1"}, ["person2", "person3"]),
        ("all", {"person1", "person2", "person3"}, ["person1", "person2", "person3"]),
        ("main", {"person1"}, ["person3"]),
        ("main", {"person1", "person3"}, ["person2"]),
        ("main", {"person1", "person2", "person3"}, ["person1"]),
        ("1", {"person1"}, ["person2"]),
        ("2", {"person1"}, ["person2", "person3"]),
        ("2", {"person1", "person2"}, ["person1", "person3"]),
        ("3", {"person1", "person2"}, ["person1", "person2", "person3"]),
        ("person1", {"person1"}, ["person1"]),
        ("person1,person2", {"person1"}, ["person1", "person2"]),
        ("at 400,300,5", {"person1"}, ["person1"]),
    ],
)
def test_who_never_moves_is_taken_by_name_and_place_or_if_the_others_do_not_suffice(
    people: dict[str, Track], text: str, still: set[str], names: list[str]
) -> None:
    assert list(select_people(people, parse_selection(text), SIZE, FRAMES, still)) == names


@pytest.mark.parametrize("text", ["all", "main", "2", "person1,person3", "at 3,4,5"])
def test_nobody_gives_nobody(text: str) -> None:
    assert select_people({}, parse_selection(text), SIZE, FRAMES) == {}


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("all", AllPeople()),
        ("main", MainPerson()),
        ("12", MostProminent(12)),
        ("person1", NamedPeople(frozenset({"person1"}))),
        ("person1, person12", NamedPeople(frozenset({"person1", "person12"}))),
        ("at 320,180,45", PersonAtPoint((320.0, 180.0), 45)),
        ("at  320.5 , -1, -2", PersonAtPoint((320.5, -1.0), -2)),
    ],
)
def test_texts_and_their_meaning(text: str, meaning: object) -> None:
    assert parse_selection(text) == meaning
    assert type(meaning) in get_args(module.Selection)


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "-1", "2.5", "two", "all ", "nobody", "9" * 5000, "²",
        "person", "person0", "person1;person2", "person1,", ",", "main,person1",
        "at", "at 1,2", "at 1,2,3,4", "at 1,2,3.5", "at x,2,3", "at nan,2,3", "at1,2,3", "1,2,3", "all\n",
    ],
)  # fmt: skip
def test_a_nonsensical_choice_is_told_with_the_valid_ones(text: str) -> None:
    with pytest.raises(InvalidDataError, match=r"use all, main, a number .* person1,person3, or 'at X,Y,FRAME'"):
        parse_selection(text)


def test_unknown_names_are_told_with_those_there_are(people: dict[str, Track]) -> None:
    with pytest.raises(InvalidDataError) as error:
        chosen(people, "person12,person1,person4")
    expected = "there is no person4 and no person12 in the clip; there is person1, person2, person3"
    assert str(error.value) == expected


def test_frames_without_observation_do_not_count() -> None:
    seen = [() if 10 <= f < 20 else (observation((100, 300)),) for f in range(30)]
    (track,) = tracked(seen).values()
    area = float(np.prod(track.boxes[0, 2:] - track.boxes[0, :2]))
    assert prominence(track) == pytest.approx(20 * area)


def test_a_frame_is_complete_with_the_head_and_both_feet(people: dict[str, Track]) -> None:
    whole = people["person1"]
    assert is_complete(whole, SIZE).all()
    for landmarks in (FEET, FEET[::2], FEET[1::2], HEAD):
        assert not is_complete(with_confidence(whole, landmarks, 0.1), SIZE).any()
    assert is_complete(with_confidence(whole, [*FEET[:4], *HEAD[:2]], 0.1), SIZE).all()
    partly = is_complete(with_confidence(whole, FEET, 0.1, slice(10, 20)), SIZE)
    assert np.flatnonzero(~partly).tolist() == list(range(10, 20))


def test_what_lies_outside_the_picture_is_not_seen(people: dict[str, Track]) -> None:
    whole = people["person1"]
    lowest_foot = np.nanmax(whole.keypoints[:, FEET, 1])
    highest_foot = np.nanmin(whole.keypoints[:, FEET, 1])
    assert is_complete(whole, (1280, int(lowest_foot) + 1)).all()
    assert not is_complete(whole, (1280, int(highest_foot))).any()


def test_main_is_the_most_prominent_who_is_complete(people: dict[str, Track]) -> None:
    cut = people | {"person1": with_confidence(people["person1"], FEET, 0.0)}
    assert chosen(cut, "main") == ["person3"], "person2 is complete, but for too short a time"
    assert chosen(cut, "1") == ["person1"]


@pytest.mark.parametrize(("frames", "name"), [(29, "person1"), (31, "person3")])
def test_main_is_complete_half_of_the_time(people: dict[str, Track], frames: int, name: str) -> None:
    cut = people | {"person1": with_confidence(people["person1"], HEAD, 0.0, slice(frames))}
    assert chosen(cut, "main") == [name]


def test_if_nobody_is_complete_main_is_the_most_prominent(people: dict[str, Track]) -> None:
    cut = {name: with_confidence(track, FEET, 0.0) for name, track in people.items()}
    assert chosen(cut, "main") == ["person1"]


def placed(row: Sequence[tuple[float, float, float]]) -> dict[str, Track]:
    """People (x, y, height) of one pose who stand still."""
    return tracked([[observation((x, y), height=height) for x, y, height in row]] * FRAMES)


def test_of_overlapping_boxes_the_nearer_body_counts() -> None:
    found = placed([(400, 300, 300), (460, 320, 120)])
    assert list(found) == ["person1", "person2"]
    for name, track in found.items():
        for x, y in track.keypoints[5, [0, *FEET], :2]:
            assert chosen(found, f"at {x:.2f},{y:.2f},5") == [name]


def test_a_point_just_beside_the_box_finds_its_person() -> None:
    found = placed([(300, 300, 200), (900, 300, 200)])
    box = found["person2"].boxes[0]
    place = found["person2"].keypoints[0, :, :2]
    x, y = place[place[:, 0].argmax()]
    assert x == pytest.approx(box[2])
    assert chosen(found, f"at {x + 10:.1f},{y:.1f},0") == ["person2"]
    with pytest.raises(InvalidDataError, match="nobody is at"):
        chosen(found, f"at {x + 120:.1f},{y:.1f},0")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("at 1200,30,40", r"nobody is at 1200,30 in frame 40; in that frame there is person1 at \d+,\d+, person3 at"),
        ("at 800,300,40", "nobody is at 800,300 in frame 40"),
        ("at 1281,30,40", "the point 1281,30 is outside the picture, which is 1280 x 720 px"),
        ("at 3,-1,40", "the point 3,-1 is outside the picture"),
        ("at 3,4,60", "there is no frame 60 in the clip; frames are counted from 0 to 59"),
        ("at 3,4,-1", "there is no frame -1"),
    ],
)
def test_a_point_with_nobody_is_told(people: dict[str, Track], text: str, words: str) -> None:
    with pytest.raises(InvalidDataError, match=words):
        chosen(people, text)


def test_a_frame_with_nobody_is_told_with_those_in_the_clip() -> None:
    found = tracked([() if 10 <= f < 20 else (observation((100, 300)),) for f in range(FRAMES)])
    assert chosen(found, "at 100,300,9") == ["person1"]
    with pytest.raises(InvalidDataError, match="no one is seen in that frame; in the clip there is person1"):
        chosen(found, "at 100,300,15")


def test_a_point_is_checked_before_the_number_of_frames_is_known() -> None:
    PersonAtPoint((3.0, 4.0), 10_000).check(SIZE, None)
    with pytest.raises(InvalidDataError, match=r"frames are counted from 0$"):
        PersonAtPoint((3.0, 4.0), -1).check(SIZE, None)

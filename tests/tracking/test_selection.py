"""Selection of people."""

from collections.abc import Sequence
from dataclasses import replace
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
from tests.tracking.people import FPS, observation

IMAGE_SIZE = (1280, 720)
FRAMES = 60
FEET = [i for i, name in enumerate(blazepose.LANDMARKS) if name.endswith(("ankle", "heel", "foot_index"))]
HEAD = [blazepose.INDEX[name] for name in ("nose", "left_ear", "right_ear")]


def build_people(observations: Sequence[Sequence[Observation]]) -> dict[str, Track]:
    people = name_people(build_tracks(observations, FPS, IMAGE_SIZE))
    return {name: person.track for name, person in people.items()}


def select_names(people: dict[str, Track], text: str) -> list[str]:
    return list(select_people(people, parse_selection(text), IMAGE_SIZE, FRAMES))


@pytest.fixture
def people() -> dict[str, Track]:
    """person1 is large for long, person2 is large for a moment, person3 is small for long."""
    people = build_people(
        [
            (
                observation((100, 300), height=80),
                observation((400, 300), height=240, pose_seed=1),
                *([observation((800, 300), height=250, pose_seed=2)] if f < 20 else []),
            )
            for f in range(FRAMES)
        ]
    )
    assert len(people) == 3
    return people


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
def test_selected_people_keep_name_order_and_track(people: dict[str, Track], text: str, names: list[str]) -> None:
    selected = select_people(people, parse_selection(text), IMAGE_SIZE, FRAMES)
    assert list(selected) == names
    assert all(selected[name] is people[name] for name in names)


@pytest.mark.parametrize(
    ("text", "static_people", "names"),
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
def test_static_people_are_selected_by_name_and_point_or_if_there_are_too_few_others(
    people: dict[str, Track], text: str, static_people: set[str], names: list[str]
) -> None:
    assert list(select_people(people, parse_selection(text), IMAGE_SIZE, FRAMES, static_people)) == names


@pytest.mark.parametrize("text", ["all", "main", "2", "person1,person3", "at 3,4,5"])
def test_without_people_the_selection_is_empty(text: str) -> None:
    assert select_people({}, parse_selection(text), IMAGE_SIZE, FRAMES) == {}


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
def test_texts_are_parsed(text: str, meaning: object) -> None:
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
def test_an_invalid_text_is_an_error_that_lists_the_valid_forms(text: str) -> None:
    with pytest.raises(InvalidDataError, match=r"use all, main, a number .* person1,person3, or 'at X,Y,FRAME'"):
        parse_selection(text)


def test_unknown_names_are_an_error_that_lists_the_known_ones(people: dict[str, Track]) -> None:
    with pytest.raises(InvalidDataError) as error:
        select_names(people, "person12,person1,person4")
    expected = "there is no person4 and no person12 in the clip; there is person1, person2, person3"
    assert str(error.value) == expected


def test_frames_without_observation_do_not_count() -> None:
    observations = [() if 10 <= f < 20 else (observation((100, 300)),) for f in range(30)]
    (track,) = build_people(observations).values()
    area = float(np.prod(track.boxes[0, 2:] - track.boxes[0, :2]))
    assert prominence(track) == pytest.approx(20 * area)


def test_a_frame_is_complete_with_the_head_and_both_feet(people: dict[str, Track]) -> None:
    whole = people["person1"]
    assert is_complete(whole, IMAGE_SIZE).all()
    for landmarks in (FEET, FEET[::2], FEET[1::2], HEAD):
        assert not is_complete(with_confidence(whole, landmarks, 0.1), IMAGE_SIZE).any()
    assert is_complete(with_confidence(whole, [*FEET[:4], *HEAD[:2]], 0.1), IMAGE_SIZE).all()
    partly = is_complete(with_confidence(whole, FEET, 0.1, slice(10, 20)), IMAGE_SIZE)
    assert np.flatnonzero(~partly).tolist() == list(range(10, 20))


def test_landmarks_outside_the_image_are_not_visible(people: dict[str, Track]) -> None:
    whole = people["person1"]
    lowest_foot = np.nanmax(whole.keypoints[:, FEET, 1])
    highest_foot = np.nanmin(whole.keypoints[:, FEET, 1])
    assert is_complete(whole, (1280, int(lowest_foot) + 1)).all()
    assert not is_complete(whole, (1280, int(highest_foot))).any()


def test_main_is_the_most_prominent_complete_person(people: dict[str, Track]) -> None:
    incomplete = people | {"person1": with_confidence(people["person1"], FEET, 0.0)}
    assert select_names(incomplete, "main") == ["person3"], "person2 is complete, but for too short a time"
    assert select_names(incomplete, "1") == ["person1"]


@pytest.mark.parametrize(("frames", "name"), [(29, "person1"), (31, "person3")])
def test_main_must_be_complete_half_of_the_time(people: dict[str, Track], frames: int, name: str) -> None:
    incomplete = people | {"person1": with_confidence(people["person1"], HEAD, 0.0, slice(frames))}
    assert select_names(incomplete, "main") == [name]


def test_without_complete_people_main_is_the_most_prominent(people: dict[str, Track]) -> None:
    incomplete = {name: with_confidence(track, FEET, 0.0) for name, track in people.items()}
    assert select_names(incomplete, "main") == ["person1"]


def standing_people(row: Sequence[tuple[float, float, float]]) -> dict[str, Track]:
    """People (x, y, height) in the same pose who stand still."""
    return build_people([[observation((x, y), height=height) for x, y, height in row]] * FRAMES)


def test_in_overlapping_boxes_the_nearest_limbs_decide() -> None:
    people = standing_people([(400, 300, 300), (460, 320, 120)])
    assert list(people) == ["person1", "person2"]
    for name, track in people.items():
        for x, y in track.keypoints[5, [0, *FEET], :2]:
            assert select_names(people, f"at {x:.2f},{y:.2f},5") == [name]


def test_a_point_just_beside_a_box_selects_its_person() -> None:
    people = standing_people([(300, 300, 200), (900, 300, 200)])
    box = people["person2"].boxes[0]
    place = people["person2"].keypoints[0, :, :2]
    x, y = place[place[:, 0].argmax()]
    assert x == pytest.approx(box[2])
    assert select_names(people, f"at {x + 10:.1f},{y:.1f},0") == ["person2"]
    with pytest.raises(InvalidDataError, match="nobody is at"):
        select_names(people, f"at {x + 120:.1f},{y:.1f},0")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("at 1200,30,40", r"nobody is at 1200,30 in frame 40; in that frame there is person1 at \d+,\d+, person3 at"),
        ("at 800,300,40", "nobody is at 800,300 in frame 40"),
        ("at 1281,30,40", "the point 1281,30 is outside the image, which is 1280 x 720 px"),
        ("at 3,-1,40", "the point 3,-1 is outside the image"),
        ("at 3,4,60", "there is no frame 60 in the clip; frames are counted from 0 to 59"),
        ("at 3,4,-1", "there is no frame -1"),
    ],
)
def test_a_point_without_person_is_an_error(people: dict[str, Track], text: str, words: str) -> None:
    with pytest.raises(InvalidDataError, match=words):
        select_names(people, text)


def test_a_frame_without_people_is_an_error_that_lists_the_people() -> None:
    people = build_people([() if 10 <= f < 20 else (observation((100, 300)),) for f in range(FRAMES)])
    assert select_names(people, "at 100,300,9") == ["person1"]
    with pytest.raises(InvalidDataError, match="nobody is visible in that frame; in the clip there is person1"):
        select_names(people, "at 100,300,15")


def test_a_point_is_checked_even_if_the_number_of_frames_is_unknown() -> None:
    PersonAtPoint((3.0, 4.0), 10_000).check(IMAGE_SIZE, None)
    with pytest.raises(InvalidDataError, match=r"frames are counted from 0$"):
        PersonAtPoint((3.0, 4.0), -1).check(IMAGE_SIZE, None)

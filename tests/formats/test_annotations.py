"""annotations.json: round trips, and errors that say what is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data.annotations import AnnotatedKeypoint, Annotations, KeypointState
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats import annotations
from bodydouble.skeletons import blazepose

NAME = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=9)
PIXEL = st.tuples(*[st.integers(-(10**6), 10**7).map(lambda n: n / 1000)] * 2)


@st.composite
def _keypoint(draw: st.DrawFn) -> AnnotatedKeypoint:
    state = draw(st.sampled_from(KeypointState))
    pixel = None if state is KeypointState.ABSENT else draw(PIXEL)
    landmark = draw(st.sampled_from(blazepose.LANDMARKS))
    return AnnotatedKeypoint(draw(NAME), draw(st.integers(0, 10**6)), landmark, state, pixel)


ANY = st.lists(_keypoint(), max_size=8, unique_by=lambda k: (k.person, k.frame, k.landmark))


@given(ANY)
def test_text_gives_the_same_annotations(keypoints: list[AnnotatedKeypoint]) -> None:
    written = Annotations(tuple(keypoints))
    read = annotations.parse_text(annotations.to_text(written))
    assert set(read.keypoints) == set(keypoints)
    assert annotations.to_text(read) == annotations.to_text(written)


def test_file_gives_the_same_annotations(tmp_path: Path) -> None:
    written = Annotations(
        (
            AnnotatedKeypoint("Änne", 3, "left_wrist", pixel=(612.5, 340.25)),
            AnnotatedKeypoint("Änne", 3, "nose", KeypointState.HIDDEN, (600.0, 100.0)),
            AnnotatedKeypoint("Änne", 3, "left_ankle", KeypointState.ABSENT),
        )
    )
    annotations.save(tmp_path / "annotations.json", written)
    assert annotations.load(tmp_path / "annotations.json") == written


@pytest.mark.parametrize(
    ("pose", "message"),
    [
        ("7", "pose 1: expected an object, got 7"),
        ('{"frame": 3}', "pose 1: person must be the name of one, got null"),
        ('{"person": "a", "frame": 1.5}', "pose 1: frame must be a whole number, got 1.5"),
        ('{"person": "a", "frame": 3, "seen": {}}', "unknown key 'seen'; the keys are person, frame, visible, hidden"),
        ('{"person": "a", "frame": 3, "visible": ["nose"]}', "visible must be an object of landmarks and their pixels"),
        ('{"person": "a", "frame": 3, "absent": {"nose": 1}}', "absent must be a list of landmarks"),
        (
            '{"person": "a", "frame": 3, "absent": ["tail"]}',
            "unknown landmark 'tail'; the landmarks are nose, left_eye",
        ),
        ('{"person": "a", "frame": 3, "hidden": {"nose": [1]}}', "nose must be a list of two numbers, got [1]"),
        ('{"person": "a", "frame": 3, "hidden": {"nose": [1, NaN]}}', "nose must be a list of two numbers"),
        ('{"person": "a", "frame": 3, "hidden": {"nose": [1, true]}}', "nose must be a list of two numbers"),
        ('{"person": "a", "frame": -3, "absent": ["nose"]}', "pose 1: frame is -3; frames are counted from 0"),
        ('{"person": "a", "frame": 3, "visible": {"nose": [1, 2]}, "absent": ["nose"]}', "a has nose more than once"),
        (
            '{"person": "a", "frame": 3, "hidden": {"nose": [1, 2], "nose": [1, 2]}}',
            "the key 'nose' stands there twice",
        ),
    ],
)
def test_errors_name_the_fault(pose: str, message: str) -> None:
    with pytest.raises(FormatError) as raised:
        annotations.parse_text(f'{{"format": "bodydouble-annotations 1", "poses": [{pose}]}}')
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no valid JSON in line 1"),
        ("[]", 'no annotations: expected an object with "format": "bodydouble-annotations 1"'),
        ('{"format": "bodydouble-annotations 1"}', '"poses" must be a list'),
        ('{"format": "bodydouble-annotations 1", "poses": [], "fps": 3}', "unknown key 'fps'; the keys are format and"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "annotations.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError) as raised:
        annotations.load(path)
    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)


def test_the_documented_file_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "annotations.md").read_text(encoding="utf-8")
    (block,) = (part.split("```")[0] for part in page.split("```json\n")[1:])
    assert {keypoint.state for keypoint in annotations.parse_text(block).keypoints} == set(KeypointState)


def test_others_replace_annotations_of_the_same_landmark_and_frame() -> None:
    first, second = (AnnotatedKeypoint("a", 3, "nose", pixel=(x, 2.0)) for x in (1.0, 5.0))
    other = AnnotatedKeypoint("a", 4, "nose", KeypointState.ABSENT)
    assert Annotations((first, other)).update(Annotations((second,))).keypoints == (second, other)


def test_a_place_belongs_to_a_landmark_in_the_picture() -> None:
    with pytest.raises(InvalidDataError, match="nose is visible and needs a pixel"):
        AnnotatedKeypoint("a", 3, "nose")
    with pytest.raises(InvalidDataError, match="nose is absent and has no pixel"):
        AnnotatedKeypoint("a", 3, "nose", KeypointState.ABSENT, (1.0, 2.0))

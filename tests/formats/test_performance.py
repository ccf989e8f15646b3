import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bodydouble.data import Performance
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats import performance as file_format
from bodydouble.geometry import kinematics
from tests import builders
from tests.builders import assert_same
from tests.test_cli import run

CLIP_KEYS = {"format", "fps", "image_size", "frame_count", "intrinsics", "camera_from_world", "people", "shot_starts"}
PERSON_KEYS = {
    "frames", "observed", "keypoints", "joint_names", "joints_world", "rotations", "root_position", "rest_offsets",
    "parents", "contacts", "joint_sigma", "boxes", "landmarks_3d",
}  # fmt: skip

Arrays = dict[str, NDArray[Any]]


@pytest.fixture
def npz_path(tmp_path: Path) -> Path:
    return tmp_path / "performance.npz"


def _saved_arrays(path: Path, performance: Performance) -> Arrays:
    file_format.save(path, performance)
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def test_round_trip(npz_path: Path) -> None:
    """Values that define the pose are exact; measured values are exact in float32."""
    performance = builders.performance()
    file_format.save(npz_path, performance)
    back = file_format.load(npz_path)
    assert (back.fps, back.frame_count, back.camera.image_size) == (performance.fps, 12, performance.camera.image_size)
    np.testing.assert_array_equal(back.camera.intrinsics, performance.camera.intrinsics)
    np.testing.assert_array_equal(back.camera.camera_from_world, performance.camera.camera_from_world)
    assert [person.name for person in back.people] == ["person1", "person2"]
    for person, expected in zip(back.people, performance.people, strict=True):
        assert person.motion.fps == performance.fps
        assert person.motion.skeleton.joint_names == expected.motion.skeleton.joint_names
        assert person.motion.skeleton.parents == expected.motion.skeleton.parents
        np.testing.assert_array_equal(person.motion.skeleton.rest_offsets, expected.motion.skeleton.rest_offsets)
        for name in ("frames", "observed"):
            np.testing.assert_array_equal(getattr(person.track, name), getattr(expected.track, name))
        for name in ("rotations", "root_position"):
            np.testing.assert_array_equal(getattr(person.motion, name), getattr(expected.motion, name))
        for name in ("contacts", "joint_sigma"):
            np.testing.assert_array_equal(getattr(person.motion, name), np.float32(getattr(expected.motion, name)))
        for name in ("boxes", "keypoints", "landmarks_3d"):
            np.testing.assert_array_equal(getattr(person.track, name), np.float32(getattr(expected.track, name)))


def test_shots_round_trip_and_older_files_have_one(npz_path: Path) -> None:
    performance = replace(builders.performance(), shot_starts=(3, 7))
    arrays = _saved_arrays(npz_path, performance)
    assert file_format.load(npz_path).shot_starts == (3, 7)
    older: dict[str, Any] = {key: array for key, array in arrays.items() if key != "shot_starts"}
    np.savez(npz_path, **older)
    assert file_format.load(npz_path).shot_starts == ()


def test_hands_and_faces_round_trip(npz_path: Path) -> None:
    plain = builders.performance()
    first = replace(plain.people[0], hands=builders.hands(12), face=builders.face(12))
    file_format.save(npz_path, replace(plain, people=(first, plain.people[1])))
    back, other = file_format.load(npz_path).people
    assert other.hands is None and other.face is None
    assert first.hands and first.face and back.hands and back.face
    for name in ("observed", "rest_offsets", "rotations"):
        np.testing.assert_array_equal(getattr(back.hands, name), getattr(first.hands, name))
    np.testing.assert_array_equal(back.hands.keypoints, np.float32(first.hands.keypoints))
    np.testing.assert_array_equal(back.face.observed, first.face.observed)
    for name in ("weights", "gaze"):
        np.testing.assert_array_equal(getattr(back.face, name), np.float32(getattr(first.face, name)))


def test_the_file_is_that_of_numpy(npz_path: Path, tmp_path: Path) -> None:
    plain = builders.performance()
    full = replace(plain.people[0], hands=builders.hands(12), face=builders.face(12), appearance=builders.appearance())
    arrays = _saved_arrays(npz_path, replace(plain, people=(full, plain.people[1])))
    np.savez_compressed(tmp_path / "numpy.npz", allow_pickle=False, **arrays)
    assert npz_path.read_bytes() == (tmp_path / "numpy.npz").read_bytes()


def test_appearances_round_trip(npz_path: Path) -> None:
    plain = builders.performance()
    first = replace(plain.people[0], appearance=builders.appearance())
    file_format.save(npz_path, replace(plain, people=(first, plain.people[1])))
    back, other = file_format.load(npz_path).people
    assert back.appearance == builders.appearance()
    assert other.appearance is None


def test_damaged_appearances_are_refused(npz_path: Path) -> None:
    plain = builders.performance(people=1)
    seen = replace(plain, people=(replace(plain.people[0], appearance=builders.appearance()),))
    arrays = _saved_arrays(npz_path, seen) | {"person1/appearance/hair": np.array("green")}
    np.savez(npz_path, allow_pickle=False, **arrays)
    with pytest.raises(FormatError, match="hair is 'green'"):
        file_format.load(npz_path)


def test_saving_again_gives_the_same_file(npz_path: Path, tmp_path: Path) -> None:
    file_format.save(npz_path, builders.performance())
    again = tmp_path / "again.npz"
    file_format.save(again, file_format.load(npz_path))
    assert again.read_bytes() == npz_path.read_bytes()


def test_keys_shapes_and_types(npz_path: Path) -> None:
    arrays = _saved_arrays(npz_path, builders.performance())
    assert set(arrays) == CLIP_KEYS | {f"{name}/{key}" for name in ("person1", "person2") for key in PERSON_KEYS}
    assert str(arrays["format"]) == "bodydouble-performance 2"
    assert arrays["fps"].tolist() == [30000, 1001]
    assert arrays["image_size"].tolist() == [640, 480]
    assert arrays["frame_count"] == 12
    assert arrays["camera_from_world"].shape == (12, 4, 4)
    assert arrays["person2/frames"].tolist() == list(range(1, 12))
    assert arrays["person2/observed"].dtype == np.bool_
    assert arrays["person2/keypoints"].shape == (11, 33, 3)
    assert arrays["person2/parents"][0] == -1
    assert arrays["person2/joint_names"].dtype.kind == "U"
    assert arrays["person2/joint_names"][0] == "hips"


def test_joints_world_are_the_forward_kinematics(npz_path: Path) -> None:
    performance = builders.performance(people=1)
    arrays = _saved_arrays(npz_path, performance)
    assert_same(arrays["person1/joints_world"], kinematics.joint_positions(performance.people[0].motion), 1e-6)


def test_round_trip_without_people_and_of_one_frame(npz_path: Path) -> None:
    for performance in (builders.performance(people=0), builders.performance(frames=1, people=1)):
        file_format.save(npz_path, performance)
        assert len(file_format.load(npz_path).people) == len(performance.people)


def test_inconsistent_performances_are_refused(npz_path: Path) -> None:
    performance = builders.performance()
    first, second = performance.people
    for bad in (
        replace(performance, people=(first, replace(second, name="person1"))),
        replace(performance, people=(replace(first, name="a/b"),)),
        replace(performance, people=(replace(first, name=""),)),
        replace(performance, fps=Fraction(30)),
        replace(performance, frame_count=11),
        replace(performance, people=(replace(first, track=replace(first.track, frames=first.track.frames + 1)),)),
    ):
        with pytest.raises(InvalidDataError, match="Performance: "):
            file_format.save(npz_path, bad)
    assert not npz_path.exists()


def _without(key: str) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {k: v for k, v in arrays.items() if k != key}


def _with(key: str, value: Any) -> Callable[[Arrays], Arrays]:
    return lambda arrays: arrays | {key: np.asarray(value)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without("format"), "is not a bodydouble performance file"),
        (_with("format", "something else 1"), "is not a bodydouble performance file"),
        (_with("format", "bodydouble-performance x"), "is not a bodydouble performance file"),
        (
            _with("format", "bodydouble-performance 3"),
            "newer version of bodydouble: its format is 3, this one reads 2",
        ),
        (_without("person1/rotations"), "is damaged: person1/rotations"),
        (_with("person1/rotations", np.zeros((12, 22, 3))), r"is damaged: Motion: rotations is \(12, 22, 3\)"),
        (_with("person1/keypoints", np.zeros((12, 32, 3))), r"is damaged: Track: keypoints is \(12, 32, 3\)"),
        (_with("person1/frames", [0] * 12), "is damaged: Track: frames must be contiguous"),
        (_with("person1/frames", np.arange(12) + 1), "is damaged: Performance: person1 has frames outside the clip"),
        (_with("person1/contacts", [["a"] * 4] * 12), "is damaged: "),
        (_with("person1/parents", [5] * 22), "is damaged: Skeleton"),
        (_with("fps", [30, 0]), "is damaged: "),
        (_with("fps", 30), "is damaged: "),
        (_with("image_size", [1, 2, 3]), "is damaged: "),
        (_with("frame_count", 13), "is damaged: Performance: 12 camera poses for 13 frames"),
        (_with("people", ["person3"]), "is damaged: person3/frames"),
    ],
)
def test_wrong_contents_are_refused(change: Callable[[Arrays], Arrays], message: str, npz_path: Path) -> None:
    arrays = change(_saved_arrays(npz_path, builders.performance(people=1)))
    np.savez(npz_path, allow_pickle=False, **arrays)
    with pytest.raises(FormatError, match=message) as caught:
        file_format.load(npz_path)
    assert str(caught.value).startswith(str(npz_path)) and "\n" not in str(caught.value)


def as_format_1(arrays: Arrays) -> Arrays:
    """Renames the arrays to the keys of format 1: ``size`` and ``rough_joints``."""
    renamed = {key.replace("landmarks_3d", "rough_joints"): array for key, array in arrays.items()}
    renamed["size"] = renamed.pop("image_size")
    return renamed | {"format": np.array("bodydouble-performance 1")}


def test_files_of_format_1_are_refused_with_one_line(npz_path: Path) -> None:
    np.savez(npz_path, allow_pickle=False, **as_format_1(_saved_arrays(npz_path, builders.performance(people=1))))
    with pytest.raises(FormatError) as caught:
        file_format.load(npz_path)
    assert str(caught.value) == (
        f"{npz_path} was written by an older version of bodydouble: its format is 1, this one reads 2; "
        "capture the video again"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "{older}"),
        ("export", "{older}", "--format", "coco", "-o", "{folder}/keypoints.json"),
        ("evaluate", "{older}", "{current}"),
        ("evaluate", "{current}", "{older}"),
        ("synth", "render", "{older}", "-o", "{folder}/clips"),
    ],
    ids=["inspect", "export", "evaluate predicted", "evaluate truth", "synth render"],
)
def test_commands_refuse_files_of_format_1_with_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    older, current = tmp_path / "older.npz", tmp_path / "current.npz"
    arrays = _saved_arrays(current, builders.performance(people=1))
    np.savez(older, allow_pickle=False, **as_format_1(arrays))
    outcome = run(*(argument.format(older=older, current=current, folder=tmp_path) for argument in arguments))
    assert outcome.returncode == 1
    assert outcome.stderr.strip() == (
        f"bodydouble: {older} was written by an older version of bodydouble: its format is 1, this one reads 2; "
        "capture the video again"
    )
    assert sorted(file.name for file in tmp_path.iterdir()) == ["current.npz", "older.npz"]


def test_other_files_are_refused(npz_path: Path) -> None:
    with pytest.raises(FormatError, match="there is no such file"):
        file_format.load(npz_path)
    npz_path.write_text("hello")
    with pytest.raises(FormatError, match="is not a bodydouble performance file"):
        file_format.load(npz_path)
    with zipfile.ZipFile(npz_path, "w") as archive:
        archive.writestr("word/document.xml", "<xml/>")
    with pytest.raises(FormatError, match="is not a bodydouble performance file"):
        file_format.load(npz_path)


def test_pickles_are_not_opened(npz_path: Path) -> None:
    arrays = _saved_arrays(npz_path, builders.performance(people=1))
    np.savez(npz_path, **(arrays | {"people": np.array([{"a": 1}], dtype=object)}))  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="is damaged"):
        file_format.load(npz_path)


@pytest.fixture(scope="module")
def saved_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "performance.npz"
    file_format.save(path, builders.performance(frames=2, people=1))
    return path.read_bytes()


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 40), st.binary(max_size=8))
@settings(max_examples=60, deadline=None)
def test_damage_raises_nothing_but_format_errors(
    saved_bytes: bytes, tmp_path_factory: pytest.TempPathFactory, fraction: float, length: int, inserted: bytes
) -> None:
    start = int(fraction * len(saved_bytes))
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(saved_bytes[:start] + inserted + saved_bytes[start + length :])
    try:
        file_format.load(path)
    except FormatError as error:
        assert str(error).startswith(str(path))


def test_truncated_files_are_refused(saved_bytes: bytes, npz_path: Path) -> None:
    for length in range(0, len(saved_bytes), 997):
        npz_path.write_bytes(saved_bytes[:length])
        with pytest.raises(FormatError):
            file_format.load(npz_path)
    assert zipfile.is_zipfile(io.BytesIO(saved_bytes))


def test_a_path_may_be_text(npz_path: Path) -> None:
    file_format.save(npz_path, builders.performance())
    assert file_format.load(str(npz_path)).frame_count == 12

"""2D keypoint files of COCO, AlphaPose and OpenPose."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.cli.export import FileFormat as FormatOption
from bodydouble.data import UNKNOWN_TRACK_ID, Performance
from bodydouble.errors import FormatError, InvalidDataError, OutputError
from bodydouble.formats import performance as performance_file
from bodydouble.formats.keypoint_files import (
    KeypointFormat,
    KeypointRows,
    collect_keypoints,
    read_keypoints,
    write_keypoints,
)
from bodydouble.skeletons import blazepose, coco, openpose
from tests import builders
from tests.test_cli import run

FORMATS = list(KeypointFormat)
ROUNDING = 1e-4


def write_file(folder: Path, keypoint_rows: KeypointRows, file_format: KeypointFormat, frame_count: int = 20) -> Path:
    path = folder / ("dance" if file_format is KeypointFormat.OPENPOSE else f"{file_format}.json")
    write_keypoints(path, keypoint_rows, file_format, frame_count)
    return path


def load_items(path: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def performance() -> Performance:
    return builders.performance(frames=12, people=3)


@pytest.mark.parametrize("file_format", FORMATS)
def test_round_trip(file_format: KeypointFormat, performance: Performance, tmp_path: Path) -> None:
    before = collect_keypoints(performance, file_format)
    after = read_keypoints(write_file(tmp_path, before, file_format, performance.frame_count))
    assert after.keypoint_names == before.keypoint_names
    np.testing.assert_array_equal(after.frames, before.frames)
    np.testing.assert_array_equal(after.track_ids, before.track_ids)
    builders.assert_same(after.keypoints, before.keypoints, ROUNDING)
    if file_format is not KeypointFormat.OPENPOSE:
        builders.assert_same(after.boxes, before.boxes, ROUNDING)
    else:
        assert np.isnan(after.boxes).all()


@pytest.mark.parametrize("file_format", FORMATS)
def test_round_trip_without_ids_and_boxes(
    file_format: KeypointFormat, performance: Performance, tmp_path: Path
) -> None:
    identified = collect_keypoints(performance, file_format)
    before = replace(
        identified,
        track_ids=np.full_like(identified.track_ids, UNKNOWN_TRACK_ID),
        boxes=np.full_like(identified.boxes, np.nan),
    )
    after = read_keypoints(write_file(tmp_path, before, file_format))
    assert set(after.track_ids.tolist()) == {UNKNOWN_TRACK_ID}
    assert np.isnan(after.boxes).all()
    builders.assert_same(after.keypoints, before.keypoints, ROUNDING)


@pytest.mark.parametrize("file_format", FORMATS)
def test_round_trip_without_people(file_format: KeypointFormat, tmp_path: Path) -> None:
    nobody = collect_keypoints(builders.performance(people=0), file_format)
    assert len(read_keypoints(write_file(tmp_path, nobody, file_format)).frames) == 0


@pytest.mark.parametrize("file_format", FORMATS)
def test_rows_are_the_observed_frames(file_format: KeypointFormat, performance: Performance) -> None:
    keypoint_rows = collect_keypoints(performance, file_format)
    assert np.all(np.diff(keypoint_rows.frames) >= 0)
    for number, person in enumerate(performance.people, start=1):
        person_frames = keypoint_rows.frames[keypoint_rows.track_ids == number]
        np.testing.assert_array_equal(person_frames, person.track.frames[person.track.observed])


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (("person3", "person1", "person7"), {3, 1, 7}),
        (("ann", "person1", "bob"), {1, 2, 3}),
        (("a1", "b1", "c2"), {1, 2, 3}),
        (("a0", "b10", "c2"), {1, 2, 3}),
    ],
)
def test_track_ids_are_the_numbers_in_the_names(
    names: tuple[str, ...], ids: set[int], performance: Performance
) -> None:
    people = tuple(replace(p, name=name) for p, name in zip(performance.people, names, strict=True))
    keypoint_rows = collect_keypoints(replace(performance, people=people), KeypointFormat.COCO)
    assert set(keypoint_rows.track_ids.tolist()) == ids
    first = performance.people[0].track
    number = int(names[0][-1]) if names[0].startswith("person") else 1
    np.testing.assert_array_equal(keypoint_rows.frames[keypoint_rows.track_ids == number], first.frames[first.observed])


def test_keypoints_are_the_landmarks_of_the_same_name(performance: Performance) -> None:
    (person, *_) = performance.people
    landmarks = person.track.keypoints[person.track.observed]
    single_person = replace(performance, people=(person,))
    keypoint_rows = collect_keypoints(single_person, KeypointFormat.COCO)
    for column, name in enumerate(coco.KEYPOINTS):
        np.testing.assert_array_equal(keypoint_rows.keypoints[:, column], landmarks[:, blazepose.INDEX[name]])
    body = collect_keypoints(single_person, KeypointFormat.OPENPOSE).keypoints
    same = {"Nose": "nose", "RWrist": "right_wrist", "LKnee": "left_knee", "LBigToe": "left_foot_index",
            "RHeel": "right_heel", "LEye": "left_eye", "REar": "right_ear"}  # fmt: skip
    for name, landmark in same.items():
        np.testing.assert_array_equal(body[:, openpose.INDEX[name]], landmarks[:, blazepose.INDEX[landmark]])


def test_midpoints_have_the_smaller_confidence_of_their_sides(performance: Performance) -> None:
    (person, *_) = performance.people
    landmarks = person.track.keypoints[person.track.observed]
    body = collect_keypoints(replace(performance, people=(person,)), KeypointFormat.OPENPOSE).keypoints
    for name, joint in (("Neck", "shoulder"), ("MidHip", "hip")):
        left, right = (landmarks[:, blazepose.INDEX[f"{side}_{joint}"]] for side in ("left", "right"))
        column = body[:, openpose.INDEX[name]]
        np.testing.assert_allclose(column[:, :2], (left[:, :2] + right[:, :2]) / 2)
        np.testing.assert_array_equal(column[:, 2], np.minimum(left[:, 2], right[:, 2]))
    for name in ("LSmallToe", "RSmallToe"):
        assert np.isnan(body[:, openpose.INDEX[name], :2]).all()
        assert np.all(body[:, openpose.INDEX[name], 2] == 0)


def test_body_25_maps_left_to_left_and_right_to_right() -> None:
    assert len(openpose.KEYPOINTS) == 25
    for name, landmarks in zip(openpose.KEYPOINTS, openpose.BLAZEPOSE_INDICES, strict=True):
        for landmark in landmarks if len(landmarks) == 1 else ():
            side = {"L": "left", "R": "right"}.get(name[0], "") if name != "Nose" else "nose"
            assert blazepose.LANDMARKS[landmark].startswith(side)


def single_row(names: tuple[str, ...] = coco.KEYPOINTS) -> KeypointRows:
    """Returns one row; its first keypoint is the centre of the first pixel, the second is not observed."""
    keypoints = np.column_stack(
        [np.arange(len(names)) + 0.5, np.arange(len(names)) * 2 + 0.5, np.full(len(names), 0.5)]
    )
    keypoints[1] = (np.nan, np.nan, 0.0)
    return KeypointRows(names, np.array([7]), np.array([3]), keypoints[None], np.array([[1.0, 2.0, 31.0, 42.0]]))


def test_coco_items_have_the_documented_form(tmp_path: Path) -> None:
    (item,) = load_items(write_file(tmp_path, single_row(), KeypointFormat.COCO))
    assert item["image_id"] == 7
    assert item["category_id"] == 1
    assert item["track_id"] == 3
    assert item["bbox"] == [1, 2, 30, 40]
    assert item["keypoints"] == [0, 0, 0.5, 0, 0, 0, *(v for k in range(2, 17) for v in (k, 2 * k, 0.5))]
    assert item["score"] == pytest.approx(0.5 * 16 / 17, abs=ROUNDING)


def test_alphapose_items_have_the_documented_form(tmp_path: Path) -> None:
    (item,) = load_items(write_file(tmp_path, single_row(), KeypointFormat.ALPHAPOSE))
    assert item["image_id"] == "7.jpg"
    assert item["idx"] == [3]
    assert item["box"] == [1, 2, 30, 40]
    assert len(item["keypoints"]) == 51
    assert set(item) == {"image_id", "category_id", "keypoints", "score", "box", "idx"}


def test_openpose_has_a_file_for_each_frame(tmp_path: Path) -> None:
    folder = write_file(tmp_path, single_row(openpose.KEYPOINTS), KeypointFormat.OPENPOSE, frame_count=9)
    assert sorted(file.name for file in folder.iterdir()) == [f"dance_{n:012d}_keypoints.json" for n in range(9)]
    frames = [json.loads(file.read_text()) for file in sorted(folder.iterdir())]
    assert [len(frame["people"]) for frame in frames] == [0] * 7 + [1, 0]
    (person,) = frames[7]["people"]
    assert person["person_id"] == [3]
    assert person["pose_keypoints_2d"][:9] == [0, 0, 0.5, 0, 0, 0, 2, 4, 0.5]
    assert len(person["pose_keypoints_2d"]) == 75
    assert person["face_keypoints_2d"] == person["hand_left_keypoints_2d"] == []


TRIPLES = [float(v) for v in range(51)]
PERSON = {"pose_keypoints_2d": [1.0] * 75}


def save_json(folder: Path, value: Any, name: str = "keypoints.json") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("extra", "frame", "track_id"),
    [
        ({"image_id": 12}, 12, UNKNOWN_TRACK_ID),
        ({"image_id": "12.jpg", "idx": 4}, 12, 4),
        ({"image_id": "dance2_000012.png", "idx": [4.0]}, 12, 4),
        ({"image_id": "a/b/12.jpg", "idx": [[5, 4]]}, 12, 5),
        ({"image_id": 12, "track_id": None}, 12, UNKNOWN_TRACK_ID),
        ({"image_id": 12, "idx": []}, 12, UNKNOWN_TRACK_ID),
        ({"image_id": "12.jpg", "idx": [0.0]}, 12, UNKNOWN_TRACK_ID),
        ({"image_id": 12, "track_id": 0}, 12, 0),
    ],
)
def test_frames_and_ids_are_read_in_all_forms_that_programs_write(
    extra: dict[str, Any], frame: int, track_id: int, tmp_path: Path
) -> None:
    keypoint_rows = read_keypoints(save_json(tmp_path, [{"keypoints": TRIPLES} | extra]))
    assert (keypoint_rows.frames.tolist(), keypoint_rows.track_ids.tolist()) == ([frame], [track_id])
    assert keypoint_rows.keypoints[0, 1].tolist() == [3.5, 4.5, 1.0]


def test_rows_are_sorted_by_frame_and_flags_become_confidences(tmp_path: Path) -> None:
    flags = [5.0, 6.0, 2.0, 7.0, 8.0, 1.0, 0.0, 0.0, 0.0] + [1.0] * 42
    items = [{"image_id": n, "keypoints": flags} for n in (4, 0, 2)]
    keypoint_rows = read_keypoints(save_json(tmp_path, items))
    assert keypoint_rows.frames.tolist() == [0, 2, 4]
    np.testing.assert_array_equal(keypoint_rows.keypoints[0, :3], [[5.5, 6.5, 1], [7.5, 8.5, 1], [np.nan, np.nan, 0]])


def test_openpose_people_without_ids_are_unidentified(tmp_path: Path) -> None:
    for frame in (30, 2):
        people = {"version": 1.3, "people": [PERSON, PERSON | {"person_id": [-1]}]}
        save_json(tmp_path / "out", people, f"take_{frame:012d}_keypoints.json")
    keypoint_rows = read_keypoints(tmp_path / "out")
    assert keypoint_rows.frames.tolist() == [2, 2, 30, 30]
    assert keypoint_rows.track_ids.tolist() == [UNKNOWN_TRACK_ID] * 4
    assert keypoint_rows.keypoint_names == openpose.KEYPOINTS


ITEM = {"image_id": 1, "keypoints": TRIPLES}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("not json", "is not a JSON file"),
        ("[" * 100_000, "is not a JSON file"),
        ("", "is not a JSON file"),
        (3, "holds no list"),
        ({"people": []}, "give the folder"),
        ({"annotations": 3}, "holds no list"),
        ([[3]], "frame 0: is not a JSON object"),
        ([{"frame_id": -1, "instances": []}], "-1 is not a frame"),
        ({"instance_info": [3]}, "frame 0 has no list of instances"),
        ([3], "item 0: is not a JSON object"),
        ([ITEM, {"image_id": 1}], "item 1 has no keypoints"),
        ([{"keypoints": TRIPLES}], "item 0 has no image_id"),
        ([ITEM | {"keypoints": TRIPLES[:-1]}], "keypoints has 50 numbers, not three for each"),
        ([ITEM | {"keypoints": TRIPLES + [0.0] * 6}], "has 19 keypoints; known are sets of 17, 18"),
        ([ITEM, ITEM | {"keypoints": TRIPLES + [0.0] * 27}], "item 1 has 26 keypoints, but the first one 17"),
        ([ITEM | {"keypoints": [[1, 2]] * 16 + [[1, 2, 3]]}], "points of 2 to 3 numbers"),
        ([ITEM | {"keypoints": [[1, 2]] * 17, "keypoint_scores": [1.0]}], "keypoint_scores has 1 numbers, expected 17"),
        ([ITEM | {"keypoints": "many"}], "keypoints is not a list"),
        ([ITEM | {"keypoints": ["1"] * 51}], "values that are not numbers"),
        ([ITEM | {"keypoints": [10**400] * 51}], "values that are not numbers"),
        ([ITEM | {"bbox": [1, 2, 3]}], "bbox has 3 numbers, expected 4"),
        ([ITEM | {"image_id": -1}], "-1 is not a frame"),
        ([ITEM | {"image_id": True}], "True is not a frame"),
        ([ITEM | {"image_id": 10**30}], "is not a frame"),
        ([ITEM | {"image_id": "a.jpg"}], "'a.jpg' is not a frame"),
        ([ITEM | {"track_id": "ann"}], "'ann' is not a track id"),
        ([ITEM | {"idx": [0.5]}], "is not a track id"),
        ([ITEM | {"idx": {"a": 1}}], "is not a track id"),
        ([ITEM | {"track_id": 2}, ITEM | {"track_id": 2}], "frame 1 has track 2 more than once"),
    ],
)
def test_rejects_files_without_a_list_of_keypoints(value: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=words) as error:
        read_keypoints(save_json(tmp_path, value))
    assert "keypoints.json" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "holds no files of OpenPose"),
        ({"take_keypoints.json": {"people": []}}, "no number of a frame"),
        ({"a_01_keypoints.json": {"people": []}, "b_1_keypoints.json": {"people": []}}, "frame 1 twice"),
        ({"a_1_keypoints.json": []}, 'no list "people"'),
        ({"a_1.json": {"people": []}}, "no list of instances of MMPose"),
        ({"a_1_keypoints.json": {"people": 3}}, 'no list "people"'),
        ({"a_1_keypoints.json": {"people": [{}]}}, "person 0 has no pose_keypoints_2d"),
        ({"a_1_keypoints.json": {"people": [{"pose_keypoints_2d": [0.0] * 45}]}}, "45 numbers, expected 75"),
        ({"a_1_keypoints.json": "{"}, "is not a JSON file"),
    ],
)
def test_rejects_folders_that_openpose_did_not_write(files: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name, value in files.items():
        save_json(tmp_path / "out", value, name)
    with pytest.raises(FormatError, match=words):
        read_keypoints(tmp_path / "out")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read_keypoints(tmp_path / "nothing.json")


def test_shapes_are_checked() -> None:
    with pytest.raises(InvalidDataError, match="KeypointRows"):
        replace(single_row(), boxes=np.zeros((2, 4)))


def test_writes_only_json_files_and_new_folders(tmp_path: Path) -> None:
    precious = save_json(tmp_path / "full", "mine", "performance.npz")
    keypoint_rows = single_row()
    with pytest.raises(OutputError, match=r"ends in \.json"):
        write_keypoints(precious, keypoint_rows, KeypointFormat.COCO, 9)
    body = single_row(openpose.KEYPOINTS)
    with pytest.raises(OutputError, match="is not empty"):
        write_keypoints(tmp_path / "full", body, KeypointFormat.OPENPOSE, 9)
    with pytest.raises(OutputError, match="it is a file"):
        write_keypoints(precious, body, KeypointFormat.OPENPOSE, 9)
    assert precious.read_text() == "mine"
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["performance.npz"]


def test_the_command_offers_the_formats_of_the_module() -> None:
    options = [option.value for option in FormatOption if option is not FormatOption.LIVELINK]
    assert options == [file_format.value for file_format in KeypointFormat]


def test_export_writes_keypoints(performance: Performance, tmp_path: Path) -> None:
    source, target = tmp_path / "performance.npz", tmp_path / "keypoints.json"
    performance_file.save(source, performance)
    outcome = run("export", str(source), "--format", "coco", "-o", str(target), "--json")
    assert outcome.returncode == 0, outcome.stderr
    keypoint_rows = read_keypoints(target)
    assert json.loads(outcome.stdout) == {
        "people": 3, "frames": 12, "poses": len(keypoint_rows.frames), "file": str(target),
    }  # fmt: skip
    outcome = run("export", str(source), "--format", "openpose", "-o", str(tmp_path))
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("bodydouble: cannot write into")
    assert run("export", str(source), "--format", "yolo", "-o", str(target)).returncode == 2


def test_body_18_is_read_as_body_25_without_middle_hip_and_feet(performance: Performance, tmp_path: Path) -> None:
    before = collect_keypoints(performance, KeypointFormat.OPENPOSE)
    folder = write_file(tmp_path, before, KeypointFormat.OPENPOSE, performance.frame_count)
    body_18 = [openpose.INDEX[name] for name in openpose.BODY_18]
    for file in folder.iterdir():
        stored = json.loads(file.read_text(encoding="utf-8"))
        for person in stored["people"]:
            person["pose_keypoints_2d"] = np.reshape(person["pose_keypoints_2d"], (25, 3))[body_18].ravel().tolist()
        file.write_text(json.dumps(stored), encoding="utf-8")
    after = read_keypoints(folder)
    assert after.keypoint_names == openpose.KEYPOINTS
    builders.assert_same(after.keypoints[:, body_18], before.keypoints[:, body_18], ROUNDING)
    left_out = np.delete(after.keypoints, body_18, axis=1)
    assert np.isnan(left_out[..., :2]).all()
    assert (left_out[..., 2] == 0).all()

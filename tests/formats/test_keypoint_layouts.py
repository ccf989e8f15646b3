"""Layouts of 2D keypoint files that other programs write: encodings, sets of keypoints, frames, values."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.data import UNKNOWN_TRACK_ID, FloatArray
from bodydouble.formats.keypoint_files import KeypointRows, read_keypoints
from bodydouble.perception.external_keypoints import convert_keypoints, to_blazepose
from bodydouble.skeletons import blazepose, coco, openpose, whole_body
from tests.shared_data import SHARED

CASES = SHARED / "cases" / "json"
FRAMES = 4
SETS = {
    17: coco.KEYPOINTS,
    18: openpose.BODY_18,
    23: whole_body.COCO_23,
    25: openpose.KEYPOINTS,
    26: whole_body.HALPE_26,
    33: blazepose.LANDMARKS,
    68: whole_body.HALPE_68,
    133: whole_body.COCO_133,
    136: whole_body.HALPE_136,
}


def save(path: Path, value: Any, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(json.dumps(value).encode(encoding))
    return path


def triples(count: int) -> list[list[float]]:
    return [[10.0 + k, 20.0 + 2 * k, 0.5] for k in range(count)]


def flat(count: int) -> list[float]:
    return [value for triple in triples(count) for value in triple]


def items(count: int = 17, first: int = 0) -> list[dict[str, Any]]:
    return [{"image_id": first + n, "keypoints": flat(count), "track_id": 1} for n in range(FRAMES)]


def instance(count: int = 17) -> dict[str, Any]:
    points = triples(count)
    return {
        "keypoints": [point[:2] for point in points],
        "keypoint_scores": [point[2] for point in points],
        "bbox": [[1.0, 2.0, 31.0, 42.0]],
        "bbox_score": 0.9,
    }


def assert_read(rows: KeypointRows, count: int = 17, frames: list[int] | None = None) -> None:
    assert rows.frames.tolist() == (list(range(FRAMES)) if frames is None else frames)
    expected = np.array(triples(count)) + np.array([0.5, 0.5, 0.0])
    for keypoints in rows.keypoints:
        np.testing.assert_allclose(keypoints, expected)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_files_of_any_unicode_encoding_are_read(encoding: str, tmp_path: Path) -> None:
    assert_read(read_keypoints(save(tmp_path / "k.json", items(), encoding)))
    frame = {"people": [{"pose_keypoints_2d": flat(25)}]}
    for number in range(FRAMES):
        save(tmp_path / "out" / f"a_{number:012d}_keypoints.json", frame, encoding)
    assert_read(read_keypoints(tmp_path / "out"), 25)


@pytest.mark.parametrize("count", SETS)
def test_the_number_of_keypoints_decides_their_names(count: int, tmp_path: Path) -> None:
    assert len(SETS[count]) == count
    rows = read_keypoints(save(tmp_path / "k.json", items(count)))
    assert rows.keypoint_names == SETS[count]
    assert_read(rows, count)
    assert read_keypoints(save(tmp_path / "m.json", [[instance(count)]] * FRAMES)).keypoint_names == SETS[count]


def landmark(rows_of: FloatArray, names: tuple[str, ...], name: str) -> FloatArray:
    """Returns the landmark (3,) of a person whose keypoint k is at (k, k)."""
    (landmarks,) = to_blazepose(names, rows_of[None])
    return np.asarray(landmarks[blazepose.INDEX[name]])


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (26, {"left_foot_index": 20, "right_foot_index": 21, "left_heel": 24, "right_heel": 25}),
        (23, {"left_foot_index": 17, "right_foot_index": 20, "left_heel": 19, "right_heel": 22}),
        (133, {"left_heel": 19, "right_heel": 22, "right_eye_outer": 59, "left_eye_outer": 68, "mouth_left": 77,
               "left_thumb": 94, "left_index": 96, "left_pinky": 108, "right_thumb": 115, "right_pinky": 129}),
        (136, {"left_heel": 24, "right_eye_inner": 65, "left_eye_inner": 68, "mouth_right": 74,
               "left_index": 99, "left_pinky": 111, "right_index": 120, "right_thumb": 118}),
    ],
)  # fmt: skip
def test_feet_hands_and_face_become_landmarks(count: int, expected: dict[str, int]) -> None:
    numbered = np.column_stack([np.arange(float(count)), np.arange(float(count)), np.ones(count)])
    body = dict(zip(coco.KEYPOINTS, range(17), strict=True))
    for name, position in (body | expected).items():
        assert landmark(numbered, SETS[count], name)[0] == position


def test_whole_body_sets_are_symmetric() -> None:
    for names in (whole_body.HALPE_26, whole_body.COCO_133, whole_body.HALPE_136):
        assert len(set(names)) == len(names)
        assert {blazepose.mirrored_name(name) for name in names} == set(names)
    for name, point in whole_body.BLAZEPOSE_NAMES.items():
        assert point in blazepose.INDEX
        if not name.startswith("face"):
            assert blazepose.mirrored_name(name) in whole_body.BLAZEPOSE_NAMES


def test_the_first_of_two_keypoints_with_one_name_counts() -> None:
    names = ("left_wrist", "left_wrist")
    assert landmark(np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 1.0]]), names, "left_wrist")[0] == 1


def test_declared_names_decide_the_order(tmp_path: Path) -> None:
    names = ["Right Ankle", "leftKnee", "nose", "left-shoulder", "tail"]
    info = {"frame_id": 1, "instances": [instance(5)]}
    mmpose = {"meta_info": {"keypoint_id2name": dict(enumerate(names))}, "instance_info": [info]}
    data_set = {
        "images": [{"id": 7, "file_name": "take/frame_0000.png"}],
        "annotations": [{"image_id": 7, "keypoints": flat(5)}, {"image_id": 7, "segmentation": []}],
        "categories": [{"id": 1, "name": "person", "keypoints": names}],
    }
    for value in (mmpose, data_set):
        rows = read_keypoints(save(tmp_path / "k.json", value))
        assert rows.keypoint_names == ("right_ankle", "left_knee", "nose", "left_shoulder", "tail")
        assert_read(rows, 5, [rows.first_frame])


@pytest.mark.parametrize(
    "value",
    [
        [[instance()]] * FRAMES,
        [[[instance()]]] * FRAMES,
        [{"frame_id": n, "instances": [instance()]} for n in range(FRAMES)],
        [{"predictions": [[instance()]], "visualization": []}] * FRAMES,
        {"meta_info": {}, "instance_info": [{"frame_id": n, "instances": [instance()]} for n in range(FRAMES)]},
        [[{"keypoints": triples(17), "bbox": [1, 2, 31, 42, 0.9]}]] * FRAMES,
    ],
)
def test_layouts_of_mmpose_are_read(value: Any, tmp_path: Path) -> None:
    rows = read_keypoints(save(tmp_path / "k.json", value))
    assert_read(rows)
    assert set(rows.track_ids.tolist()) == {UNKNOWN_TRACK_ID}
    np.testing.assert_array_equal(rows.boxes, [[1, 2, 31, 42]] * FRAMES)


def test_a_folder_of_mmpose_is_read(tmp_path: Path) -> None:
    for number in range(1, FRAMES + 1):
        save(tmp_path / "out" / f"frame_{number:04d}.json", [instance(133)] if number > 1 else [])
    rows = read_keypoints(tmp_path / "out")
    assert_read(rows, 133, [2, 3, 4])
    assert rows.first_frame == 1


def test_frames_without_people_are_gaps(tmp_path: Path) -> None:
    rows = read_keypoints(save(tmp_path / "k.json", [[], [instance(), instance()], [], [instance()]]))
    assert_read(rows, frames=[1, 1, 3])
    assert rows.first_frame == 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), None])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_values_that_are_no_numbers_are_not_observed(bad: float | None, part: int, tmp_path: Path) -> None:
    values: list[float | None] = [*flat(17)]
    values[3 * 4 + part] = bad
    item = {"image_id": 0, "keypoints": values, "track_id": bad, "bbox": [bad, 1, 2, 3]}
    (keypoints,) = read_keypoints(save(tmp_path / "k.json", [item])).keypoints
    np.testing.assert_array_equal(keypoints[4], [np.nan, np.nan, 0])
    assert np.isfinite(np.delete(keypoints, 4, axis=0)).all()


def test_openpose_hands_and_face_are_read_where_a_person_has_them(tmp_path: Path) -> None:
    person = {
        "pose_keypoints_2d": flat(25), "hand_left_keypoints_2d": flat(21), "hand_right_keypoints_2d": [],
        "face_keypoints_2d": flat(70),
    }  # fmt: skip
    save(tmp_path / "out" / "a_0_keypoints.json", {"people": [person, {"pose_keypoints_2d": flat(25)}]})
    rows = read_keypoints(tmp_path / "out")
    first, second = to_blazepose(rows.keypoint_names, rows.keypoints)
    assert first[blazepose.INDEX["left_index"]].tolist() == [15.5, 30.5, 0.5]
    assert first[blazepose.INDEX["mouth_left"]].tolist() == [64.5, 128.5, 0.5]
    assert np.isnan(first[blazepose.INDEX["right_index"]][0])
    assert np.isnan(second[blazepose.INDEX["left_index"]][0])


@pytest.mark.parametrize("first", [0, 1, 2, 12])
def test_the_first_frame_of_a_file_is_known(first: int, tmp_path: Path) -> None:
    listed = read_keypoints(save(tmp_path / "k.json", items(first=first)))
    named = read_keypoints(
        save(tmp_path / "n.json", [i | {"image_id": f"{i['image_id']}.jpg"} for i in items(first=first)])
    )
    for number in range(first, first + FRAMES):
        people = [] if number == first else [{"pose_keypoints_2d": flat(25)}]
        save(tmp_path / "out" / f"a_{number}_keypoints.json", {"people": people})
    folder = read_keypoints(tmp_path / "out")
    assert {rows.first_frame for rows in (listed, named, folder)} == {first}
    assert listed.count_from_zero().frames.tolist() == list(range(FRAMES))
    assert folder.count_from_zero().frames.tolist() == list(range(1, FRAMES))


@pytest.mark.skipif(not CASES.exists(), reason="the shared inputs are absent")
@pytest.mark.parametrize("name", ["bom", "nan_value", "kp26", "kp133", "mmpose_inferencer", "from_one_35"])
def test_shared_inputs_show_the_same_people_as_the_plain_file(name: str) -> None:
    plain, rows = read_keypoints(CASES / "base.json"), read_keypoints(CASES / f"{name}.json")
    people = [
        convert_keypoints(r.keypoint_names, r.frames, r.track_ids, r.keypoints, (480, 270)) for r in (plain, rows)
    ]
    expected, found = (person.keypoints for person in people)
    if name == "from_one_35":
        assert rows.first_frame == 1
        np.testing.assert_array_equal(rows.count_from_zero().frames, plain.frames[:-1])
        expected = expected[:-1]
    if name == "nan_value":
        kept = [i for i in range(33) if i != blazepose.INDEX["right_wrist"]]
        assert not found[:, blazepose.INDEX["right_wrist"], 2].any()
        observed = expected[0, kept, 2] > 0
        expected, found = expected[:, kept][:, observed], found[:, kept][:, observed]
    np.testing.assert_array_equal(found, expected)

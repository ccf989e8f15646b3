"""COCO data sets of annotations: round trips, files of other tools, and errors that say what is wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.data import Performance
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations, KeypointState
from bodydouble.errors import FormatError
from bodydouble.formats import coco_annotations
from bodydouble.skeletons import blazepose, coco
from tests.motion.corrections.takes import true_take

WRITTEN = Annotations(
    (
        AnnotatedKeypoint("person1", 3, "left_wrist", pixel=(100.25, 50.5)),
        AnnotatedKeypoint("person1", 3, "left_heel", KeypointState.HIDDEN, (90.0, 200.0)),
        AnnotatedKeypoint("person1", 3, "nose", KeypointState.ABSENT),
        AnnotatedKeypoint("person2", 3, "nose", pixel=(300.0, 40.0)),
        AnnotatedKeypoint("person1", 7, "nose", KeypointState.ABSENT),
    )
)


@pytest.fixture(scope="module")
def take() -> Performance:
    return true_take(12)


def write(path: Path, **content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def pose(take: Performance, person: int, frame: int, visibility: int = 2) -> list[float]:
    """COCO keypoints of a person as the track has them."""
    points = take.people[person].track.keypoints[frame, list(coco.BLAZEPOSE_INDICES), :2] - 0.5
    values: list[float] = np.column_stack([points, np.full(17, visibility)]).ravel().tolist()
    return values


def test_data_set_gives_the_same_annotations(tmp_path: Path, take: Performance) -> None:
    path = tmp_path / "coco.json"
    coco_annotations.save(path, WRITTEN, take.camera.image_size)
    read = coco_annotations.load(path, take)
    assert set(read.annotations.keypoints) == set(WRITTEN.keypoints)
    assert read.left_out == 0


def test_data_set_is_that_of_coco(tmp_path: Path, take: Performance) -> None:
    path = tmp_path / "coco.json"
    coco_annotations.save(path, WRITTEN, (640, 480), coco.KEYPOINTS)
    content = json.loads(path.read_text())
    (category,) = content["categories"]
    assert category["keypoints"] == list(coco.KEYPOINTS)
    assert [category["keypoints"][i - 1] for i in category["skeleton"][0]] == ["left_shoulder", "right_shoulder"]
    assert [(i["id"], i["file_name"], i["frame"], i["width"], i["height"]) for i in content["images"]] == [
        (4, "frame_000003.png", 3, 640, 480),
        (8, "frame_000007.png", 7, 640, 480),
    ]
    first = content["annotations"][0]
    assert (first["id"], first["image_id"], first["track_id"], first["name"]) == (1, 4, 1, "person1")
    wrist = 3 * coco.INDEX["left_wrist"]
    assert first["keypoints"][wrist : wrist + 3] == [99.75, 50.0, 2]
    assert sum(1 for v in first["keypoints"][2::3] if v) == first["num_keypoints"] == 1
    read = coco_annotations.load(path, take).annotations
    assert {k for k in WRITTEN.keypoints if k.landmark in coco.INDEX} == set(read.keypoints)
    coco_annotations.save(tmp_path / "33.json", WRITTEN, (640, 480))
    assert json.loads((tmp_path / "33.json").read_text())["categories"][0]["keypoints"] == list(blazepose.LANDMARKS)


def test_people_of_other_tools_are_matched_by_place(tmp_path: Path, take: Performance) -> None:
    """CVAT numbers tracks on its own, names joints its way, and writes 0 for what is outside."""
    second, first = pose(take, 1, 5), pose(take, 0, 5, visibility=1)
    first[:3] = [0, 0, 0]
    stranger = (np.array(first).reshape(-1, 3) + np.array([5000, 0, 0])).ravel().tolist()
    images = [{"id": 11, "file_name": "clip/frame_000005.PNG"}, {"id": 12, "file_name": "clip/frame_000006.PNG"}]
    path = write(
        tmp_path / "cvat.json",
        images=images,
        categories=[{"id": 4, "keypoints": [name.replace("_", " ").title() for name in coco.KEYPOINTS]}],
        annotations=[
            {"id": 1, "image_id": 11, "category_id": 4, "keypoints": second, "attributes": {"track_id": 0}},
            {"id": 2, "image_id": 11, "category_id": 4, "keypoints": first, "attributes": {"track_id": 1}},
            {"id": 3, "image_id": 11, "category_id": 4, "keypoints": stranger},
            {"id": 4, "image_id": 12, "category_id": 4, "bbox": [1, 2, 3, 4]},
        ],
    )
    read = coco_annotations.load(path, take)
    assert read.left_out == 1
    assert {(k.person, k.frame) for k in read.annotations.keypoints} == {("person1", 5), ("person2", 5)}
    states = {k.landmark: k.state for k in read.annotations.of_person("person1")}
    assert states.pop("nose") is KeypointState.ABSENT
    assert set(states.values()) == {KeypointState.HIDDEN}
    for keypoint in read.annotations.of_person("person2"):
        expected = take.people[1].track.keypoints[5, blazepose.INDEX[keypoint.landmark], :2]
        np.testing.assert_allclose(keypoint.pixel or (), expected, atol=1e-6)


@pytest.mark.parametrize(("names", "first", "frame"), [("img", 0, 1), ("video_0003.jpg", 1, 2), ("4.png", 0, 4)])
def test_frames_are_in_the_file_name_or_in_the_order(
    tmp_path: Path, take: Performance, names: str, first: int, frame: int
) -> None:
    images = [{"id": 1, "file_name": names if names == "img" else "video_0001.jpg"}, {"id": 2, "file_name": names}]
    path = write(tmp_path / "a.json", images=images, annotations=[{"image_id": 2, "keypoints": pose(take, 0, frame)}])
    read = coco_annotations.load(path, take, first)
    assert {k.frame for k in read.annotations.keypoints} == {frame}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (7, "annotation 0: is not a JSON object"),
        ({"image_id": 1, "keypoints": [1, 2]}, "annotation 0: keypoints must be a list of numbers, three for each"),
        ({"image_id": 1, "keypoints": [1, 2, 2]}, "annotation 0: has 1 keypoints; known are sets of 17"),
        ({"image_id": 1, "keypoints": [1, 2, 0.7] * 17}, "the visibility of nose is 0.7, expected 0, 1 or 2"),
        ({"image_id": "x", "keypoints": [1, 2, 2] * 17}, "image_id 'x' is not a frame"),
        ({"image_id": 0, "keypoints": [1, 2, 2] * 17}, "annotation 0: its frame is before 1, the first one"),
    ],
)
def test_errors_name_the_annotation(tmp_path: Path, take: Performance, item: object, message: str) -> None:
    path = write(tmp_path / "a.json", annotations=[item])
    with pytest.raises(FormatError) as raised:
        coco_annotations.load(path, take, first_frame=1)
    assert message in str(raised.value)
    assert str(raised.value).startswith(str(path))


def test_a_person_is_annotated_once_in_a_frame(tmp_path: Path, take: Performance) -> None:
    item = {"image_id": 3, "name": "person1", "keypoints": pose(take, 0, 3)}
    path = write(tmp_path / "a.json", annotations=[item, item])
    with pytest.raises(FormatError, match="person1 is annotated twice in frame 3"):
        coco_annotations.load(path, take)
    with pytest.raises(FormatError, match="is no COCO data set: it has no list of annotations"):
        coco_annotations.load(write(tmp_path / "b.json", images=[]), take)

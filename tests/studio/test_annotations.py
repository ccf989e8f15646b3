"""Annotations of a take: saving, the fit of the motion, files in both directions, and requests that are refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import pytest

from bodydouble.data import Performance
from bodydouble.formats import annotations as annotation_files
from bodydouble.formats.performance import load
from bodydouble.geometry import camera
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.skeletons import blazepose, coco
from tests.studio.servers import Answer, Server

WRIST = blazepose.INDEX["left_wrist"]
FIRST, SECOND = 8, 14
"""Keyed frames, less than half a second apart."""
HIGH = {"person": "person1", "frame": FIRST}
WRONG_POSES: dict[str, Any] = {
    "no list": {"frame": 1}, "no object": [7], "unknown key": [HIGH | {"visble": {}}], "no person": [{"frame": 1}],
    "number as person": [{"person": 1, "frame": 1}], "negative frame": [HIGH | {"frame": -1, "absent": ["nose"]}],
    "fraction as frame": [{"person": "person1", "frame": 1.5}], "true as frame": [{"person": "person1", "frame": True}],
    "unknown landmark": [HIGH | {"visible": {"left_tail": [1, 2]}}], "path": [HIGH | {"absent": ["../../x"]}],
    "one number": [HIGH | {"visible": {"nose": [1]}}], "text as place": [HIGH | {"hidden": {"nose": ["1", "2"]}}],
    "huge number": [HIGH | {"visible": {"nose": [1e300, 2]}}], "twice": [HIGH | {"absent": ["nose"]}] * 2,
    "two states": [HIGH | {"visible": {"nose": [1, 2]}, "absent": ["nose"]}], "nothing": None,
}  # fmt: skip
WRONG_FILES = {
    "no JSON": b"{", "list": b"[1, 2]", "number": b"7", "not UTF-8": b'{"format": "\xff"}', "empty": b"",
    "other format": b'{"format": "bodydouble-corrections 1", "corrections": []}', "deep": b"[" * 5_000,
    "COCO without annotations": b'{"images": []}', "COCO of nobody": b'{"images": [], "annotations": []}',
    "COCO with a text": b'{"annotations": [{"image_id": 1, "keypoints": "x"}]}',
    "COCO with two numbers": b'{"annotations": [{"image_id": 1, "keypoints": [1, 2]}]}',
    "COCO of another set": b'{"annotations": [{"image_id": 1, "keypoints": [1, 2, 2, 3, 4, 2]}]}',
}  # fmt: skip


@pytest.fixture
def api(server: Server, take_id: str) -> Iterator[str]:
    """Address of the annotations of a take, which has none before and after a test."""
    address = f"/api/takes/{take_id}/annotations"
    yield address
    version = server.request("GET", address).json()["version"]
    version = server.send_json("PUT", address, {"poses": [], "version": version}).json()["version"]
    assert server.send_json("POST", f"{address}/apply", {"version": version}).status == 200


def put(server: Server, api: str, poses: Any) -> Answer:
    """Saves poses in place of those that are there."""
    version = server.request("GET", api).json()["version"]
    return server.send_json("PUT", api, {"poses": poses, "version": version})


def load_current(server: Server, api: str) -> Performance:
    """Loads the performance that the take offers as a download."""
    take_id = api.split("/")[3]
    with NamedTemporaryFile(suffix=".npz") as file:
        file.write(server.download(take_id, ["npz"]).body)
        file.flush()
        return load(Path(file.name))


def raised_wrist(server: Server, api: str) -> list[dict[str, Any]]:
    """Returns poses in which the left wrist is 5 px up and left of where the network has seen it."""
    person = load_current(server, api).people[0]
    places = {frame: (person.track.keypoints[frame, WRIST, :2] - 5.0).tolist() for frame in (FIRST, SECOND)}
    return [{"person": person.name, "frame": f, "visible": {"left_wrist": place}} for f, place in places.items()]


def test_saved_annotations_come_back_and_change_nothing_else(server: Server, take_id: str, api: str) -> None:
    before = server.request("GET", f"/takes/{take_id}/scene.json").json()["version"]
    assert server.request("GET", api).json() == {"poses": [], "version": ""}
    poses = [
        *raised_wrist(server, api),
        {"person": "Ada", "frame": 3, "hidden": {"nose": [1.5, 2]}, "absent": ["left_hip"]},
    ]
    answer = put(server, api, poses)
    assert answer.status == 200
    assert server.request("GET", api).json()["version"] == answer.json()["version"]
    assert annotation_files.parse_objects(server.request("GET", api).json()["poses"]) == annotation_files.parse_text(
        json.dumps({"format": annotation_files.FORMAT, "poses": _rounded(poses)})
    )
    assert server.request("GET", f"/takes/{take_id}/scene.json").json()["version"] == before


def _rounded(poses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return json.loads(json.dumps(poses), parse_float=lambda text: round(float(text), 3))  # type: ignore[no-any-return]


def test_motion_is_fitted_to_annotations_and_to_corrections_after_them(server: Server, take_id: str, api: str) -> None:
    automatic = load_current(server, api)
    poses = raised_wrist(server, api)
    version = put(server, api, [*poses, {"person": "Ada", "frame": 3, "visible": {"nose": [1, 2]}}]).json()["version"]
    answer = server.send_json("POST", f"{api}/apply", {"version": version})
    assert answer.json() == {"applied": version, "unused": "1 keypoint of Ada, whom the network has not found"}
    fitted = load_current(server, api)
    _check_wrist(fitted, poses)
    assert np.array_equal(fitted.people[1].motion.rotations, automatic.people[1].motion.rotations)

    corrections = f"/api/takes/{take_id}/corrections"
    before = server.request("GET", corrections).json()
    rename = [{"kind": "rename", "person": "person1", "name": "Ada"}]
    after = server.send_json("PUT", corrections, {"corrections": rename, "version": before["version"]})
    assert after.status == 200
    renamed = load_current(server, api)
    assert [person.name for person in renamed.people] == ["Ada", "person2"]
    _check_wrist(renamed, poses)

    server.send_json("PUT", corrections, {"corrections": [], "version": after.json()["version"]})
    put(server, api, [])
    assert server.send_json("POST", f"{api}/apply", {"version": ""}).status == 200
    assert np.array_equal(load_current(server, api).people[0].motion.rotations, automatic.people[0].motion.rotations)


def _check_wrist(fitted: Performance, poses: list[dict[str, Any]]) -> None:
    """Checks that the left wrist of the first person appears where it is keyed, to 2 px."""
    motion, view = fitted.people[0].motion, fitted.camera
    places = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)[:, WRIST]
    for pose in poses:
        frame = pose["frame"]
        seen = camera.project(view.intrinsics, (view.camera_from_world[frame] @ (*places[frame], 1.0))[:3])
        assert np.linalg.norm(seen - pose["visible"]["left_wrist"]) < 2.0


def test_take_tells_whether_its_motion_is_fitted(server: Server, take_id: str, api: str) -> None:
    def read_applied() -> str | None:
        body = server.request("GET", f"/takes/{take_id}/keypoints.bin").body
        size = int.from_bytes(body[:4], "little")
        return json.loads(body[4 : 4 + size])["applied"]  # type: ignore[no-any-return]

    assert read_applied() == ""
    version = put(server, api, raised_wrist(server, api)).json()["version"]
    assert read_applied() is None
    server.send_json("POST", f"{api}/apply", {"version": version})
    assert read_applied() == version


def test_keypoints_are_those_of_the_network(server: Server, take_id: str, api: str) -> None:
    body = server.request("GET", f"/takes/{take_id}/keypoints.bin").body
    size = int.from_bytes(body[:4], "little")
    description, numbers = json.loads(body[4 : 4 + size]), np.frombuffer(body[4 + size :], "<f4")
    for person, own in zip(description["people"], load_current(server, api).people, strict=True):
        offset, shape = person["keypoints"]["offset"], person["keypoints"]["shape"]
        stored = numbers[offset : offset + np.prod(shape)].reshape(shape)
        np.testing.assert_allclose(stored, own.track.keypoints.astype(np.float32))
    assert description["landmarks"] == list(blazepose.LANDMARKS)
    assert [entry["landmarks"] for entry in description["sets"]] == [list(blazepose.LANDMARKS), list(coco.KEYPOINTS)]


@pytest.mark.parametrize("name", ["annotations.json", "annotations_coco.json"])
def test_exported_files_are_imported_again_the_same(server: Server, take_id: str, api: str, name: str) -> None:
    own = {
        "person": "Ada",
        "frame": 3,
        "visible": {"nose": [1.5, 2]},
        "hidden": {"left_hip": [4, 5]},
        "absent": ["left_ear"],
    }
    put(server, api, [*raised_wrist(server, api), own])
    answer = server.request("GET", f"/takes/{take_id}/{name}")
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    read = server.request("POST", f"{api}/import", answer.body, Content_Type="application/json").json()
    assert read["left_out"] == 0
    saved = annotation_files.parse_objects(server.request("GET", api).json()["poses"])
    assert set(annotation_files.parse_objects(read["poses"]).keypoints) == set(saved.keypoints)


def test_coco_file_has_the_set_that_is_asked_for(server: Server, take_id: str, api: str) -> None:
    put(server, api, raised_wrist(server, api))
    content = server.request("GET", f"/takes/{take_id}/annotations_coco.json?set=coco").json()
    assert content["categories"][0]["keypoints"] == list(coco.KEYPOINTS)
    assert server.request("GET", f"/takes/{take_id}/annotations_coco.json?set=../x").status == 400


def test_change_that_is_based_on_another_version_is_refused(server: Server, api: str) -> None:
    poses = raised_wrist(server, api)
    version = put(server, api, poses).json()["version"]
    for outdated in ("", "0" * 16, None, 7, [version]):
        answer = server.send_json("PUT", api, {"poses": [], "version": outdated})
        assert answer.status == 409
        assert answer.json()["error"] == "the annotations were changed in another window"
        assert server.send_json("POST", f"{api}/apply", {"version": outdated}).status == 409
    assert len(server.request("GET", api).json()["poses"]) == len(poses)


@pytest.mark.parametrize("name", WRONG_POSES)
def test_malformed_poses_are_refused_in_one_line(server: Server, api: str, name: str) -> None:
    answer = put(server, api, WRONG_POSES[name])
    assert answer.status == 400
    assert "\n" not in answer.json()["error"]
    assert server.request("GET", api).json()["poses"] == []


@pytest.mark.parametrize("name", WRONG_FILES)
def test_malformed_files_are_refused_in_one_line(server: Server, api: str, name: str, studio_folder: Path) -> None:
    answer = server.request("POST", f"{api}/import", WRONG_FILES[name], Content_Type="application/json")
    assert answer.status == 400, answer.body
    line = answer.json()["error"]
    assert "\n" not in line
    assert str(studio_folder) not in line
    assert list((studio_folder / ".exports").glob("tmp*")) == []


def test_bodies_of_other_types_and_sizes_are_refused(server: Server, api: str) -> None:
    limit = server.studio.settings.limits.annotations_bytes
    for method, address in (("PUT", api), ("POST", f"{api}/import")):
        assert server.request(method, address, b"{}", Content_Type="text/plain").status == 415
        huge = b'{"poses": "' + b"a" * limit + b'"}'
        assert server.request(method, address, huge, Content_Type="application/json").status == 413
        assert (
            server.request(method, address, b"{}", Content_Type="application/json", Origin="http://evil.example").status
            == 403
        )


def test_place_outside_the_picture_leaves_the_motion_as_it_was(server: Server, take_id: str, api: str) -> None:
    before = server.request("GET", f"/takes/{take_id}/scene.json").json()["version"]
    version = put(server, api, [HIGH | {"visible": {"nose": [99_999, 5]}}]).json()["version"]
    answer = server.send_json("POST", f"{api}/apply", {"version": version})
    assert answer.status == 400
    assert "nose of person1 in frame 8" in answer.json()["error"]
    assert server.request("GET", f"/takes/{take_id}/scene.json").json()["version"] == before


def test_draft_that_somebody_has_broken_is_told_in_one_line(
    server: Server, api: str, studio_folder: Path, take_id: str
) -> None:
    draft = studio_folder / take_id / "annotations_draft.json"
    draft.write_text("{")
    answer = server.request("GET", api)
    draft.unlink()
    assert answer.status == 500
    assert answer.json()["error"].startswith(str(draft))

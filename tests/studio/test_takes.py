"""From an upload to its result: library, queue, files, single frames and downloads."""

import io
import json
import time
import zipfile
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bodydouble.errors import RenderingUnavailableError
from bodydouble.formats.keypoint_files import KeypointFormat
from bodydouble.jobs import stages
from bodydouble.jobs.job import Job, JobRequest
from bodydouble.pipeline.progress import Progress
from bodydouble.studio.playback import PLAYBACK_FILE
from bodydouble.studio.settings import LOCALHOST
from bodydouble.studio.titles import clean_title
from bodydouble.studio.worker import run_take
from tests.media_builders import read_number
from tests.studio.servers import Server, run_studio, write_clip


def test_done_take_has_title_people_and_formats(server: Server, take_id: str) -> None:
    take = server.request("GET", f"/api/takes/{take_id}").json()
    assert take["title"] == "My clip"
    assert take["progress"] == 1.0
    assert (take["width"], take["height"], take["frames"]) == (96, 64, 24)
    assert set(take["people"]) == {"person1", "person2"}
    assert {"glb", "bvh", "fbx", "npz", "report"} <= set(take["formats"])
    assert "film" not in take["formats"]


def test_same_video_is_not_taken_twice(server: Server, take_id: str, clip: Path) -> None:
    assert server.upload(clip, "name=other", "like-me").json()["id"] == take_id


def test_scene_describes_its_block_of_numbers(server: Server, take_id: str) -> None:
    scene = server.request("GET", f"/takes/{take_id}/scene.json").json()
    numbers = np.frombuffer(server.request("GET", f"/takes/{take_id}/scene.bin").body, "<f4")
    blocks = [
        scene["camera"],
        *(p[k] for p in scene["people"] for k in ("keypoints", "joints", "sigma", "contacts", "observed")),
    ]
    assert sum(int(np.prod(block["shape"])) for block in blocks) == len(numbers)
    assert np.isfinite(numbers).all()
    person = scene["people"][0]
    start, (frames, joints, _) = person["joints"]["offset"], person["joints"]["shape"]
    assert (frames, joints) == (person["frames"], len(scene["joint_names"]))
    heights = numbers[start : start + 3 * frames * joints].reshape(frames, joints, 3)[..., 1]
    assert heights.max() - heights.min() == pytest.approx(person["stature"], abs=0.5)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_frames_are_exact(server: Server, take_id: str, suffix: str) -> None:
    for index in (0, 1, 11, 12, 13, 23):
        answer = server.request("GET", f"/takes/{take_id}/frames/{index}.{suffix}")
        assert answer.status == 200
        assert read_number(np.asarray(Image.open(io.BytesIO(answer.body)))) == index
    assert server.request("GET", f"/takes/{take_id}/frames/24.{suffix}").status == 404


def test_video_is_sent_by_ranges(server: Server, take_id: str) -> None:
    whole = server.request("GET", f"/takes/{take_id}/video.mp4").body
    answer = server.request("GET", f"/takes/{take_id}/video.mp4", Range="bytes=10-29")
    assert (answer.status, answer.body) == (206, whole[10:30])
    assert answer.headers["content-range"] == f"bytes 10-29/{len(whole)}"
    assert server.request("GET", f"/takes/{take_id}/video.mp4", Range=f"bytes={len(whole)}-").status == 416


def test_model_is_the_character(server: Server, take_id: str) -> None:
    assert server.request("GET", f"/takes/{take_id}/models/person1.glb").body[:4] == b"glTF"
    assert server.request("GET", f"/takes/{take_id}/models/person9.glb").status == 404


def test_download_of_one_format_is_the_file(server: Server, take_id: str, studio_folder: Path) -> None:
    answer = server.download(take_id, ["npz"])
    assert answer.body == (studio_folder / take_id / "performance.npz").read_bytes()
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''My%20clip.npz"


def test_download_of_all_formats_is_a_zip(server: Server, take_id: str) -> None:
    formats = server.request("GET", f"/api/takes/{take_id}").json()["formats"]
    with zipfile.ZipFile(io.BytesIO(server.download(take_id, formats).body)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert all(name.startswith("My clip/My clip") for name in names)
    suffixes = {name.rpartition(".")[2] for name in names}
    other = {"report": "html", "livelink": "csv"} | {str(name): "json" for name in KeypointFormat}
    assert {other.get(name, name) for name in formats} <= suffixes


def test_unknown_formats_are_refused(server: Server, take_id: str) -> None:
    for formats in ([], ["../../x"], ["glb", "exe"]):
        assert server.send_json("POST", f"/api/takes/{take_id}/downloads", {"formats": formats}).status == 400


def test_events_tell_all_takes(server: Server, take_id: str) -> None:
    connection = HTTPConnection(LOCALHOST, server.port, timeout=20)
    connection.request("GET", "/api/events")
    response = connection.getresponse()
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [response.readline().decode().strip() for _ in range(3)]
    connection.close()
    assert lines[:2] == ["id: 1", "event: takes"]
    assert take_id in [take["id"] for take in json.loads(lines[2].removeprefix("data: "))]


def test_rename_and_remove(tmp_path: Path) -> None:
    with run_studio(tmp_path / "studio") as server:
        first = server.upload(write_clip(tmp_path / "a.mp4")).json()["id"]
        server.wait_for_state(first, "done")
        assert server.send_json("PATCH", f"/api/takes/{first}", {"title": " New\n name "}).json()["title"] == "New name"
        assert server.request("DELETE", f"/api/takes/{first}").status == 204
        assert server.request("GET", f"/api/takes/{first}").status == 404
    left = {path.name for path in (tmp_path / "studio").rglob("*") if path.is_file()}
    assert all(name.startswith(("batch.sqlite", "studio.log")) for name in left), left


def test_broken_video_is_refused_and_leaves_nothing(server: Server, take_id: str, studio_folder: Path) -> None:
    before = sorted(studio_folder.rglob("*.*"))
    head = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 20
    answer = server.request("POST", "/api/takes?name=x", head, Content_Type="video/mp4")
    assert answer.status == 415
    assert "cannot be read" in answer.json()["error"]
    assert str(studio_folder) not in answer.json()["error"]
    assert sorted(path for path in studio_folder.rglob("*.*") if "sqlite" not in path.name) == [
        path for path in before if "sqlite" not in path.name
    ]
    assert take_id in [take["id"] for take in server.request("GET", "/api/takes").json()]


def test_crash_of_a_job_ends_no_server(tmp_path: Path) -> None:
    with run_studio(tmp_path / "studio") as server:
        take_id = server.upload(write_clip(tmp_path / "a.mp4"), "name=a&quality=best").json()["id"]
        assert server.wait_for_state(take_id, "done", "failed")["state"] == "done"


def test_job_goes_on_after_a_restart_of_the_server(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    with run_studio(folder) as server:
        take_id = server.upload(write_clip(tmp_path / "a.mp4"), "name=a&quality=fast").json()["id"]
        take = server.wait_for_state(take_id, "running")
        assert take["progress"] < 1.0
    with run_studio(folder) as server:
        (folder / "go").touch()
        assert server.wait_for_state(take_id, "done", "failed")["state"] == "done"


def test_cancel_ends_the_job_and_restart_begins_it_again(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    with run_studio(folder) as server:
        first = server.upload(write_clip(tmp_path / "a.mp4"), "name=a&quality=fast").json()["id"]
        second = server.upload(write_clip(tmp_path / "b.mp4", first=5), "name=b").json()["id"]
        server.wait_for_state(first, "running")
        assert server.request("POST", f"/api/takes/{first}/cancel").json()["state"] == "cancelled"
        assert server.wait_for_state(second, "done", "failed")["state"] == "done"
        assert server.request("GET", f"/api/takes/{first}").json()["state"] == "cancelled"
        (folder / "go").touch()
        server.request("POST", f"/api/takes/{first}/restart")
        assert server.wait_for_state(first, "done", "failed")["state"] == "done"
        assert server.request("POST", f"/api/takes/{first}/cancel").status == 409


def test_take_that_the_queue_has_lost_is_queued_again(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    with run_studio(folder) as server:
        take_id = server.upload(write_clip(tmp_path / "a.mp4"), "name=a&quality=fast").json()["id"]
    for path in folder.glob("batch.sqlite*"):
        path.unlink()
    (folder / "go").touch()
    with run_studio(folder) as server:
        assert server.wait_for_state(take_id, "done", "failed")["state"] == "done"


def test_progress_never_goes_back_and_tells_the_time_left(tmp_path: Path) -> None:
    with run_studio(tmp_path / "studio") as server:
        take_id = server.upload(write_clip(tmp_path / "a.mp4"), "name=a&quality=fast").json()["id"]
        server.wait_for_state(take_id, "running")
        seen: list[dict[str, Any]] = []
        while len(seen) < 60 and not (seen and seen[-1]["seconds_left"]):
            seen.append(server.request("GET", f"/api/takes/{take_id}").json())
            time.sleep(0.25)
        parts = [take["progress"] for take in seen]
        assert parts == sorted(parts)
        assert seen[-1]["seconds_left"] > 0
        assert seen[-1]["stage"] == "Finding people"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("dance.mp4", "dance"), ("../../etc/passwd", "../../etc/passwd"), ("", "Untitled"), (" a \n\t b.MOV", "a b"),
        ("x" * 500, "x" * 120), ("\u202egnp.exe", "gnp.exe"), ("<b>.mkv", "<b>"),
    ],
)  # fmt: skip
def test_titles_are_one_visible_line(text: str, title: str) -> None:
    assert clean_title(text) == title


def test_take_without_a_renderer_has_no_film_but_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(job: Job, _folder: Path, _progress: Progress) -> dict[str, Any]:
        if job.request.options["film"]:
            raise RenderingUnavailableError("there is no OpenGL")
        return {"people": {}}

    monkeypatch.setattr(stages, "run_stages", refuse)
    (tmp_path / PLAYBACK_FILE).touch()
    progress = Progress()
    job = Job("key", JobRequest(tmp_path / "a.mp4", "a", {"film": True}))
    assert run_take(job, tmp_path, progress) == {"people": {}}
    assert progress.warnings == ["no film: there is no OpenGL"]

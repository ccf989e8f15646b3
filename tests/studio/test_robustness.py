"""What goes wrong on real computers: kills, crashes, a second studio. Nothing is lost, and no process stays."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bodydouble.errors import OutputError
from bodydouble.studio.folder_lock import FolderLock
from bodydouble.studio.settings import LOCALHOST
from bodydouble.studio.takes import Library
from tests.studio.chromium import wait_for
from tests.studio.servers import Server, run_studio, write_clip
from tests.studio.test_hostile_requests import MP4_HEAD

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc (Linux)")


@contextmanager
def start_studio(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Server]]:
    """Runs a studio in a process of its own, which is killed at the end."""
    command = [sys.executable, "-m", "tests.studio.fake_server", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, _RemoteServer(int(process.stdout.readline().rpartition(":")[2].strip("/\n")))
        finally:
            process.kill()


class _RemoteServer(Server):
    """A studio of which only the port is known."""

    def __init__(self, port: int) -> None:
        self.port, self.headers = port, {}


def find_descendants(pid: int) -> set[int]:
    """Returns the processes below a process."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(stat.parent.name)] = int(parent)
    found, level = set(), {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level}
        found |= level
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@needs_proc
def test_killed_server_leaves_no_process_and_its_successor_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    with start_studio(folder) as (process, server):
        take_id = server.upload(write_clip(tmp_path / "a.mp4"), "name=a&quality=fast").json()["id"]
        server.wait_for_state(take_id, "running")
        assert wait_for(lambda: server.request("GET", f"/api/takes/{take_id}").json()["stage"] == "Finding people", 60)
        upload = socket.create_connection((LOCALHOST, server.port))
        upload.sendall(
            f"POST /api/takes HTTP/1.1\r\nHost: {LOCALHOST}:{server.port}\r\nOrigin: {server.url}\r\n"
            "Content-Type: video/mp4\r\nContent-Length: 200000\r\n\r\n".encode()
            + MP4_HEAD
        )
        assert wait_for(lambda: bool(list((folder / ".uploads").iterdir())), 10)
        below = find_descendants(process.pid)
        assert len(below) >= 2  # the worker and a helper
        process.kill()
        process.wait()
        upload.close()
        assert wait_for(lambda: not any(is_alive(pid) for pid in below), 20), below
    with start_studio(folder) as (_, server):
        assert list((folder / ".uploads").iterdir()) == []
        assert [take["id"] for take in server.request("GET", "/api/takes").json()] == [take_id]
        (folder / "go").touch()
        take = server.wait_for_state(take_id, "done", "failed")
        assert (take["state"], take["error"]) == ("done", "")


def test_second_studio_on_a_folder_names_the_first_one(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    command = [sys.executable, "-m", "bodydouble", "studio", "--no-browser", "--port", "0", "--folder", str(folder)]
    with start_studio(folder) as (process, server):
        left = folder / ".uploads" / "upload-of-the-first"
        left.touch()
        second = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert second.returncode == 1
        message = re.fullmatch(r"bodydouble: another studio uses (.+): process (\d+) at (\S+);.+\n", second.stderr)
        assert message is not None, second.stderr
        assert message.groups() == (str(folder), str(process.pid), f"{server.url}/")
        assert left.exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
    with start_studio(folder) as (_, server):
        assert server.request("GET", "/api/takes").json() == []


def test_lock_of_a_folder_is_released(tmp_path: Path) -> None:
    taken = pytest.raises(OutputError, match=f"process {os.getpid()} at http://here/")
    with FolderLock(tmp_path, "http://here/"), taken, FolderLock(tmp_path, "x"):
        pass
    with FolderLock(tmp_path, "http://there/"):
        pass


def test_job_that_always_crashes_fails_in_one_line_and_the_next_one_runs(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    with run_studio(folder) as server:
        (folder / "crash").touch()
        first = server.upload(write_clip(tmp_path / "a.mp4"), "name=a&quality=best").json()["id"]
        second = server.upload(write_clip(tmp_path / "b.mp4", first=5), "name=b").json()["id"]
        assert server.wait_for_state(second, "done", "failed")["state"] == "done"
        take = server.wait_for_state(first, "done", "failed")
        assert take["state"] == "failed"
        assert take["error"].startswith("the work on it crashed 5 times")
        assert take["made"] == ""
        (folder / "crash").unlink()
        server.request("POST", f"/api/takes/{first}/restart")
        assert server.wait_for_state(first, "done", "failed")["state"] == "done"


def test_stop_between_the_files_of_a_take_leaves_nothing_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    library = Library(folder)
    half, whole = "0123456789abcdef", "fedcba9876543210"
    for take_id in (half, whole):
        (folder / "videos" / f"{take_id}.mp4").touch()
        (folder / "posters" / f"{take_id}.jpg").touch()
        (folder / take_id).mkdir()
        (folder / take_id / "job.json").touch()
    (folder / "takes" / f"{half}.partial").touch()
    (folder / "takes" / f"{whole}.json").write_text("written by a later version")
    (folder / "takes" / f".{half}.1234.json").touch()
    assert library.list_takes() == []
    Library(folder)
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert left == {
        f"takes/{whole}.json", f"videos/{whole}.mp4", f"posters/{whole}.jpg", f"{whole}/job.json"
    }  # fmt: skip


def test_take_that_is_deleted_while_it_is_sent_and_downloaded(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    with run_studio(folder) as server:
        take_id = server.upload(write_clip(tmp_path / "a.mp4")).json()["id"]
        server.wait_for_state(take_id, "done")
        begun = server.send_json("POST", f"/api/takes/{take_id}/downloads", {"formats": ["fbx", "usdz", "bvh"]}).json()
        assert server.request("DELETE", f"/api/takes/{take_id}").status == 204
        assert server.request("GET", f"/api/downloads/{begun['id']}").status == 404
        for path in (f"/takes/{take_id}/video.mp4", f"/takes/{take_id}/scene.json", f"/takes/{take_id}/frames/0.jpg"):
            answer = server.request("GET", path)
            assert (answer.status, answer.json()) == (404, {"error": "there is no such take"})
        assert server.send_json("PATCH", f"/api/takes/{take_id}", {"title": "x"}).status == 404
        assert wait_for(lambda: not any((folder / ".exports").iterdir()), 20)
        assert server.request("GET", "/api/takes").json() == []

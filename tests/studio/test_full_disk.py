"""A full disk: one clear line, nothing half-written, and everything goes on when there is space again."""

import errno
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bodydouble.studio.takes import TAKES
from bodydouble.studio.web_errors import FULL_DISK
from tests.studio.chromium import Browser, find_browser
from tests.studio.servers import SMALL, Server, run_studio, write_clip

DISK_MB = 24
TO_THE_LAST_BYTE = replace(SMALL, free_bytes=-(10**9))
"""Limits of a studio that begins uploads for which there is no space."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no program mount")
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Fills a disk to its last byte with one file."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC
    return filler


def list_files(folder: Path) -> list[str]:
    found = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith(("batch.sqlite", "studio.log")))


def test_upload_rename_download_and_character_on_a_full_disk(disk: Path, tmp_path: Path) -> None:
    folder = disk / "studio"
    with run_studio(folder, TO_THE_LAST_BYTE) as server:
        take_id = server.upload(write_clip(tmp_path / "a.mp4"), "name=First").json()["id"]
        server.wait_for_state(take_id, "done")
        before = list_files(folder)
        filler = fill(disk)
        large = b"\0\0\0\x20ftypisom" + b"\0" * 200_000
        answer = server.request("POST", "/api/takes?name=x", large, Content_Type="video/mp4")
        assert (answer.status, answer.json()) == (507, {"error": FULL_DISK})
        answer = server.send_json("PATCH", f"/api/takes/{take_id}", {"title": "Second"})
        assert (answer.status, answer.json()) == (507, {"error": FULL_DISK})
        answer = server.add_character(b"glTF\2\0\0\0\0\0\0\0\0\0\0\0JSON" + b"\0" * 100_000)
        assert (answer.status, answer.json()) == (507, {"error": FULL_DISK})
        begun = server.send_json("POST", f"/api/takes/{take_id}/downloads", {"formats": ["npz", "bvh"]})
        download = server.wait_for_download(begun.json()["id"])
        assert (download["state"], download["error"]) == ("failed", FULL_DISK)
        assert list_files(folder) == before
        filler.unlink()
        assert server.send_json("PATCH", f"/api/takes/{take_id}", {"title": "Second"}).json()["title"] == "Second"
        assert server.download(take_id, ["npz", "bvh"]).status == 200


def test_job_on_a_full_disk_waits_for_space(disk: Path, tmp_path: Path) -> None:
    folder = disk / "studio"
    with run_studio(folder) as server:
        take_id = server.upload(write_clip(tmp_path / "a.mp4"), "name=a&quality=fast").json()["id"]
        server.wait_for_state(take_id, "running")
        filler = fill(disk)
        (folder / "go").touch()
        take = _wait_for_error(server, take_id)
        assert take["error"] == "The disk is full or cannot be written; free some space."
        assert not (folder / take_id).exists()
        filler.unlink()
        assert server.wait_for_state(take_id, "done", "failed")["state"] == "done"


def _wait_for_error(server: Server, take_id: str) -> dict[str, str]:
    while True:
        take: dict[str, str] = server.wait_for_state(take_id, "waiting", "running", "failed", "done")
        if take["error"]:
            return take
        assert take["state"] in ("waiting", "running")


def test_disk_that_fills_up_between_the_files_of_a_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "studio"
    write_text = Path.write_text

    def refuse(path: Path, text: str, **options: str) -> int:
        if path.parent.name == TAKES:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_text(path, text, **options)

    with run_studio(folder) as server:
        before = list_files(folder)
        monkeypatch.setattr(Path, "write_text", refuse)
        answer = server.upload(write_clip(tmp_path / "a.mp4"))
        monkeypatch.undo()
        assert (answer.status, answer.json()) == (507, {"error": FULL_DISK})
        assert list_files(folder) == before
        assert server.upload(tmp_path / "a.mp4").status == 201


@pytest.mark.slow
@pytest.mark.skipif(find_browser() is None, reason="Chromium is not installed: apt-get install chromium")
def test_page_shows_the_line(disk: Path, tmp_path: Path) -> None:
    with run_studio(disk / "studio", TO_THE_LAST_BYTE) as server, Browser(tmp_path / "profile") as browser:
        browser.open(server.url)
        browser.wait("document.querySelector('.drop.hero')")
        fill(disk)
        large = tmp_path / "large.mp4"
        large.write_bytes(b"\0\0\0\x20ftypisom" + b"\0" * 200_000)
        browser.choose_files("#files", [large])
        text = browser.wait("document.querySelector('.toast.bad')?.textContent")
        assert text == f"large.mp4: {FULL_DISK}"
        assert browser.evaluate("document.querySelector('.drop.hero') !== null")

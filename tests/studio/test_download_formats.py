"""Formats of downloads: those of ``export``, each with what opens it, all of them written."""

import stat
from pathlib import Path

import pytest

from bodydouble.cli.export import FileFormat
from bodydouble.formats.keypoint_files import KeypointFormat
from bodydouble.jobs.job import JobState
from bodydouble.pipeline import blender_scene
from bodydouble.pipeline.exporting import SUFFIXES
from bodydouble.studio.download_formats import BLENDER, FORMATS, available_formats
from bodydouble.studio.download_queue import MAX_DOWNLOADS
from tests.studio.chromium import wait_for
from tests.studio.servers import Server

ANYWAY = {"film", "npz", "report"}
"""Formats of the files that ``animate`` writes."""
FAKE_BLENDER = """#!/bin/sh
if [ "$1" = "--version" ]; then echo "Blender 5.0.1"; exit 0; fi
while [ "$1" != "--" ]; do shift; done
ls "$5" > "$3"
"""


def test_page_lists_the_formats_of_export() -> None:
    suffixes = {suffix.removeprefix(".") for suffix in (*SUFFIXES, blender_scene.SUFFIX)}
    names = [wanted.name for wanted in FORMATS]
    assert len(names) == len(set(names))
    assert set(names) == suffixes | set(FileFormat) | ANYWAY
    assert set(KeypointFormat) < set(FileFormat)
    for wanted in FORMATS:
        assert wanted.opens, wanted.name
        assert wanted.label, wanted.name


def test_blender_is_offered_where_it_is_found_and_gets_the_characters(
    server: Server, take_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/api/takes/{take_id}"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert BLENDER not in [wanted.name for wanted in available_formats()]
    program = tmp_path / BLENDER
    program.write_text(FAKE_BLENDER)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    helpers = server.studio._viewer, server.studio.downloads._writer
    for helper in helpers:
        helper.stop()  # the next ones find the program
    assert "blend" in server.request("GET", path).json()["formats"]
    answer = server.download(take_id, ["blend"])
    assert answer.body.decode().split() == ["person1.glb", "person2.glb"]
    assert answer.headers["content-disposition"].endswith("My%20clip_scene.blend")
    for helper in helpers:
        helper.stop()


def test_download_tells_how_far_it_is_and_is_cancelled(server: Server, take_id: str, studio_folder: Path) -> None:
    names = [name for name in server.request("GET", f"/api/takes/{take_id}").json()["formats"] if name != "usdz"]
    first = server.send_json("POST", f"/api/takes/{take_id}/downloads", {"formats": names}).json()
    second = server.send_json("POST", f"/api/takes/{take_id}/downloads", {"formats": ["bvh"]}).json()
    assert second["text"] == "Waits for another download"
    seen: list[tuple[float, str]] = []

    def look() -> bool:
        shown = server.request("GET", f"/api/downloads/{first['id']}").json()
        seen.append((shown["progress"], shown["text"]))
        return len({text for _, text in seen}) >= 3

    assert wait_for(look, 120)
    assert [part for part, _ in seen] == sorted(part for part, _ in seen)
    assert all(text == "Starting" or text.startswith("Writing ") for _, text in seen)
    assert server.request("GET", f"/downloads/{first['id']}").status == 404
    assert server.request("DELETE", f"/api/downloads/{first['id']}").status == 204
    assert server.request("GET", f"/api/downloads/{first['id']}").status == 404
    assert server.wait_for_download(second["id"])["state"] == JobState.DONE
    assert wait_for(lambda: len(list((studio_folder / ".exports").iterdir())) <= MAX_DOWNLOADS, 10)
    kept = {download.folder for download in server.studio.downloads._downloads.values()}
    assert wait_for(lambda: set((studio_folder / ".exports").iterdir()) == kept, 10)

"""Another character for a take: what of its results stays, and what is made again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bodydouble.errors import UnknownCharacterError
from bodydouble.jobs.job import Job, JobRequest
from bodydouble.studio.recasting import check_character, take_additions, take_capture

OPTIONS: dict[str, Any] = {"character": "/studio/characters/0/character.glb", "quality": "fast", "film": True}
WARNINGS = ["the video is dark", "/studio/characters/0/character.glb: its fingers are left out", "no film: no OpenGL"]
ADDED = {"corrections.json", "performance_corrected.npz", "annotations.json", "notes/a.txt"}
REMADE = {"person1.glb", "person1.bvh", "person1.toml", "report.html", "film.mp4", "film_0123.mp4", "characters/0a.glb"}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    for name in (*ADDED, *REMADE, "performance.npz", "video.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    record = {"key": "old", "options": OPTIONS, "summary": {"people": {}, "warnings": WARNINGS}}
    (folder / "job.json").write_text(json.dumps(record))
    return folder


def create_job(**options: Any) -> Job:
    return Job("new", JobRequest(Path("a.mp4"), "results", OPTIONS | options))


def list_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_capture_is_taken_and_warnings_of_the_character_are_not(results: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    job = create_job(character="like-me", film="like-me")
    take_capture(job, results, folder)
    assert list_files(folder) == {".captured.npz", ".warnings.json", "video.mp4"}
    assert (folder / ".captured.npz").read_text() == "performance.npz"
    assert json.loads((folder / ".warnings.json").read_text()) == ["the video is dark"]

    (folder / "performance.npz").write_text("new")
    (results / "corrections.json").write_text("changed while the job ran")
    take_additions(job, results, folder)
    assert list_files(folder) == {".captured.npz", ".warnings.json", "performance.npz", "video.mp4"} | ADDED
    assert (folder / "corrections.json").read_text() == "changed while the job ran"
    assert (folder / "performance.npz").read_text() == "new"


def test_nothing_is_taken_from_results_of_other_options(results: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    for other, place in ((create_job(quality="best"), results), (create_job(), tmp_path / "nowhere")):
        take_capture(other, place, folder)
        take_additions(other, place, folder)
    assert list_files(folder) == set()


def test_missing_file_of_a_character_is_named(tmp_path: Path) -> None:
    job = create_job(character=str(tmp_path / "character.glb"))
    with pytest.raises(UnknownCharacterError, match="the file of its character is gone"):
        check_character(job)
    (tmp_path / "character.glb").touch()
    check_character(job)
    check_character(replace(job, request=replace(job.request, options={"character": "anime:girl"})))

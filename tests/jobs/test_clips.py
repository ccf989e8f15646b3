"""Clips of a queue by folder, pattern, list and name; their folders; and the summary."""

import csv
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from bodydouble.errors import InvalidDataError, MediaError
from bodydouble.jobs.batch import read_batch
from bodydouble.jobs.clips import find_clips, name_folders
from bodydouble.jobs.job import Job, JobRequest, JobState
from bodydouble.jobs.summary import describe_states, write_summary


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.mp4", "b.MOV", "notes.txt", ".hidden.mp4", "deep/a.mp4", "deep/er/c.mkv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a.mp4\n# a remark\n\ndeep/a.mp4\n")
    return tmp_path


def test_folders_patterns_lists_and_names_are_expanded(folder: Path) -> None:
    def names(*sources: str) -> list[str]:
        return [str(path.relative_to(folder)) for path in find_clips([str(folder / source) for source in sources])]

    assert names("") == ["a.mp4", "b.MOV", "deep/a.mp4", "deep/er/c.mkv"]
    assert names("*.mp4") == ["a.mp4"]
    assert names("**/*.m*") == ["a.mp4", "deep/a.mp4", "deep/er/c.mkv"]
    assert names("notes.txt") == ["a.mp4", "deep/a.mp4"]
    assert names("b.MOV", "a.mp4", "b.MOV") == ["b.MOV", "a.mp4"]


def test_sources_without_clips_are_refused_by_name(folder: Path) -> None:
    (folder / "empty").mkdir()
    for source, reason in (("nothing.mp4", "does not exist"), ("empty", "has no videos"), ("*.avi", "does not exist")):
        with pytest.raises(MediaError, match=reason):
            find_clips([str(folder / source)])
    (folder / "notes.txt").write_text("missing.mp4\n")
    with pytest.raises(MediaError, match=r"line 1: missing\.mp4 does not exist"):
        find_clips([str(folder / "notes.txt")])


def test_every_clip_has_a_folder_of_its_own() -> None:
    clips = [Path(name) for name in ("/in/a.mp4", "/in/deep/a.mp4", "/in/deep/a.mov", "/in/b.mp4", "/in/B.mp4")]
    names = name_folders(clips)
    assert len({name.casefold() for name in names}) == len(clips)
    assert name_folders([Path("/in/a.mp4"), Path("/in/b.mp4")]) == ["a", "b"]
    assert names[:2] == ["in-a", "in-deep-a"]


def test_the_summary_names_failures_and_links_results(tmp_path: Path) -> None:
    name = "good clip #1 50% ü"
    (tmp_path / name).mkdir()
    (tmp_path / name / "report.html").touch()
    summary = {"frames": 30, "people": {"person1": 1.0, "person2": 0.5}, "warnings": ["dark", "<noisy>"]}
    done = Job("1", JobRequest(Path(f"/in/{name}.mp4"), name), JobState.DONE, summary=summary, seconds=2.0)
    failed = Job("2", JobRequest(Path("/in/<bad>.mp4"), "<bad>"), JobState.FAILED, 3, error="cannot read it")
    table, page = write_summary(tmp_path, [done, failed])
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert rows[0]["lowest coverage"] == "0.50"
    assert rows[1]["error"] == "cannot read it"
    html = page.read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]*)"', html)
    assert [(tmp_path / unquote(link)).is_file() for link in links] == [True]
    assert not set(links[0]) & set(" #ü")
    assert f"<li><b>{name}</b>: dark</li>" in html
    assert f"<li><b>{name}</b>: &lt;noisy&gt;</li>" in html
    assert rows[0]["warnings"] == "dark; <noisy>"
    assert "<li><b>&lt;bad&gt;</b>: cannot read it</li>" in html
    assert "&lt;bad&gt;" in html
    assert "<bad>" not in html
    assert describe_states([done, failed]) == "1 done, 1 failed"


def test_a_folder_without_a_queue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="no output folder of a batch"):
        read_batch(tmp_path)

"""The check of the results of a queue finds what is missing, cut off or left over."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

import pytest

from bodydouble.bench.queue_results import find_defects
from bodydouble.formats import bvh
from bodydouble.formats.performance import save
from bodydouble.jobs.delivery import JOB_FILE, WORK_FOLDER
from bodydouble.jobs.job import JobRequest, compute_key
from tests.builders import performance

FRAMES = 9


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Returns an output folder with the results of one clip."""
    clip = tmp_path / "a.mp4"
    clip.write_bytes(b"video")
    folder = tmp_path / "out" / "a"
    folder.mkdir(parents=True)
    (tmp_path / "out" / WORK_FOLDER).mkdir()
    captured = performance(FRAMES, people=1)
    save(folder / "performance.npz", captured)
    bvh.write(folder / "person1.bvh", captured.people[0].motion)
    (folder / "person1.glb").write_bytes(b"glTF\x02\x00\x00\x00" + (100).to_bytes(4, "little") + bytes(88))
    (folder / "report.html").write_text("<html></html>")
    record = {"key": compute_key(JobRequest(clip, "a", {})), "summary": {"frames": FRAMES}}
    (folder / JOB_FILE).write_text(json.dumps(record))
    return tmp_path / "out"


def test_whole_results_have_no_defect(output: Path) -> None:
    assert find_defects(output, [output.parent / "a.mp4"], {}) == []


@pytest.mark.parametrize("name", ["performance.npz", "person1.glb", "person1.bvh", "report.html", JOB_FILE])
def test_a_file_that_is_cut_off_is_found(output: Path, name: str) -> None:
    path = output / "a" / name
    path.write_bytes(path.read_bytes()[:-15])
    (defect,) = find_defects(output, [output.parent / "a.mp4"], {})
    assert defect.startswith("a: ")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a: has": lambda output: (output / "a" / "person1.glb").unlink(),
    "a: has []": lambda output: rmtree(output / "a"),
    "a: has ['.half": lambda output: (output / "a" / ".half.glb").touch(),
    "left over: .batch": lambda output: (output / ".batch.1.csv").touch(),
    "left over: ": lambda output: (output / WORK_FOLDER / "key").mkdir(),
    "unexpected: ": lambda output: (output / "b").mkdir(),
    "a: job.json is of another clip": lambda output: (output.parent / "a.mp4").write_bytes(b"other"),
}


@pytest.mark.parametrize("start", DAMAGES)
def test_what_is_missing_or_left_over_is_found(output: Path, start: str) -> None:
    DAMAGES[start](output)
    (defect,) = find_defects(output, [output.parent / "a.mp4"], {})
    assert defect.startswith(start)

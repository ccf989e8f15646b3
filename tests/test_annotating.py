"""Annotations on the command line: exchange with other tools, and errors of a capture."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bodydouble.cli import app
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations
from bodydouble.formats import annotations as annotation_files
from bodydouble.formats import performance as performance_files
from tests.motion.corrections.takes import true_take

NOSE = AnnotatedKeypoint("person1", 3, "nose", pixel=(300.0, 200.0))
HEEL = AnnotatedKeypoint("person2", 5, "left_heel", pixel=(700.0, 500.0))


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A performance with annotations beside it."""
    path = tmp_path / "performance.npz"
    performance_files.save(path, true_take(12))
    annotation_files.save(tmp_path / "annotations.json", Annotations((NOSE, HEEL)))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_export_and_import_give_the_same_annotations(capture: Path, tmp_path: Path) -> None:
    coco_file = tmp_path / "coco.json"
    assert run("annotations", "export", capture, "-o", coco_file).exit_code == 0
    target = tmp_path / "new.json"
    outcome = run("annotations", "import", capture, coco_file, "-o", target)
    assert outcome.exit_code == 0, outcome.output
    assert "2 keypoints" in outcome.output
    assert annotation_files.load(target).keypoints == (NOSE, HEEL)
    assert run("annotations", "export", capture, "-o", coco_file, "--keypoints", "17").exit_code == 0
    assert len(json.loads(coco_file.read_text())["annotations"]) == 1


def test_import_keeps_what_the_file_has(capture: Path, tmp_path: Path) -> None:
    coco_file = tmp_path / "coco.json"
    assert run("annotations", "export", capture, "-o", coco_file, "--keypoints", "17").exit_code == 0
    other = AnnotatedKeypoint("person1", 3, "nose", pixel=(1.0, 2.0))
    annotation_files.save(tmp_path / "annotations.json", Annotations((other, HEEL)))
    assert run("annotations", "import", capture, coco_file).exit_code == 0
    assert annotation_files.load(tmp_path / "annotations.json").keypoints == (NOSE, HEEL)


def test_data_sets_of_another_video_are_refused(capture: Path, tmp_path: Path) -> None:
    coco_file = tmp_path / "coco.json"
    coco_file.write_text(json.dumps({"annotations": [{"image_id": 900, "keypoints": [1, 2, 2] * 17}]}))
    before = (tmp_path / "annotations.json").read_bytes()
    outcome = run("annotations", "import", capture, coco_file)
    assert outcome.exit_code == 1
    assert "has no keypoints of the people of" in outcome.stderr
    assert (tmp_path / "annotations.json").read_bytes() == before


def test_evaluate_prints_errors_of_annotations(capture: Path) -> None:
    file = capture.with_name("annotations.json")
    outcome = run("evaluate", capture, "--annotations", file)
    assert outcome.exit_code == 0, outcome.output
    assert [line.split()[0] for line in outcome.output.splitlines()[1:]] == ["all", "nose", "left_heel"]
    facts = json.loads(run("evaluate", capture, "--annotations", file, "--json").stdout)
    assert facts["keypoints"]["count"] == 2
    assert facts["motion_by_landmark"]["nose"]["median_px"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give either TRUTH.npz or --annotations"),
        (("truth.npz", "--annotations", "a.json"), "give either TRUTH.npz or --annotations"),
        (("--annotations", "a.json", "--html", "a.html"), "--html is for TRUTH.npz"),
        (("--annotations", "missing.json"), "missing.json cannot be read"),
    ],
)
def test_evaluate_refuses_other_arguments(capture: Path, arguments: tuple[str, ...], message: str) -> None:
    outcome = run("evaluate", capture, *arguments)
    assert outcome.exit_code == 1
    assert message in outcome.stderr

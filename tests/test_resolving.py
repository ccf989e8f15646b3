"""Corrected performances in files: resolve in Python and on the command line, and what takes them afterwards."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bodydouble
from bodydouble.data import Performance
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations
from bodydouble.data.corrections import Delete, FloorLevel, Keyframe, Rename
from bodydouble.errors import FormatError, InvalidDataError, MediaError, OutputError
from bodydouble.formats import annotations as annotation_files
from bodydouble.formats import corrections as correction_files
from bodydouble.formats import performance as performance_files
from bodydouble.pipeline.annotating import find_annotations
from bodydouble.pipeline.film_source import find_place
from bodydouble.pipeline.resolving import AnimationRequest, default_output, find_corrections, resolve
from bodydouble.skeletons import blazepose
from tests import builders
from tests.clips import write_clip
from tests.motion.corrections.takes import assert_same_person, true_take

CORRECTIONS = (Rename("person1", "Anna"), FloorLevel(0.1))


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """The performance of a capture beside corrections, in the folder that capture writes."""
    path = tmp_path / "clip_bodydouble" / "performance.npz"
    path.parent.mkdir()
    performance_files.save(path, builders.performance())
    correction_files.save(path.with_name("corrections.json"), CORRECTIONS)
    return path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bodydouble", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_resolve_writes_another_file_and_keeps_the_automatic_one(capture: Path) -> None:
    before = capture.read_bytes()
    result = resolve(capture)
    assert result.files == (capture.with_name("performance_corrected.npz"),)
    assert capture.read_bytes() == before
    corrected = performance_files.load(result.files[0])
    assert corrected.corrections == CORRECTIONS
    assert [person.name for person in corrected.people] == ["Anna", "person2"]
    np.testing.assert_array_equal(
        corrected.people[0].motion.root_position, result.performance.people[0].motion.root_position
    )


def test_corrections_survive_the_file(tmp_path: Path) -> None:
    written = (*CORRECTIONS, Keyframe("Anna", "hips", 3, position=(0.0, 1.0, 0.25)))
    take = builders.performance()
    performance_files.save(tmp_path / "a.npz", Performance(take.fps, 12, take.camera, take.people, corrections=written))
    assert performance_files.load(tmp_path / "a.npz").corrections == written


def test_damaged_corrections_in_a_performance_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    performance_files.save(path, builders.performance())
    with np.load(path) as stored:
        np.savez(path, allow_pickle=False, **dict(stored), corrections=np.array("{"))
    with pytest.raises(FormatError, match=r"a\.npz is damaged: its corrections: no valid JSON"):
        performance_files.load(path)


def test_automatic_performances_list_no_corrections(tmp_path: Path) -> None:
    performance_files.save(tmp_path / "a.npz", builders.performance())
    with np.load(tmp_path / "a.npz") as stored:
        assert "corrections" not in stored


@pytest.mark.parametrize(
    ("find", "save", "nothing", "kind"),
    [
        (find_corrections, correction_files.save, (), "corrections"),
        (find_annotations, annotation_files.save, Annotations(), "annotations"),
    ],
)
def test_files_beside_the_performance_are_found(
    tmp_path: Path, find: Callable[[Path], Path | None], save: Callable[[Path, Any], None], nothing: Any, kind: str
) -> None:
    performance = tmp_path / "dance_performance.npz"
    assert find(performance) is None
    save(tmp_path / f"{kind}.json", nothing)
    assert find(performance) == tmp_path / f"{kind}.json"
    save(tmp_path / f"dance_performance_{kind}.json", nothing)
    assert find(performance) == tmp_path / f"dance_performance_{kind}.json"


def test_annotations_are_applied_before_corrections(tmp_path: Path) -> None:
    path = tmp_path / "performance.npz"
    performance_files.save(path, true_take(30))
    keyed = Annotations((AnnotatedKeypoint("person1", 12, "left_wrist", pixel=(300.0, 200.0)),))
    annotation_files.save(tmp_path / "annotations.json", keyed)
    result = resolve(path)
    stored = performance_files.load(result.files[0])
    assert (stored.annotations, stored.corrections) == (keyed, ())
    assert stored.people[0].track.keypoints[12, blazepose.INDEX["left_wrist"]].tolist() == [300.0, 200.0, 1.0]
    correction_files.save(tmp_path / "corrections.json", [Rename("person1", "Anna")])
    stored = performance_files.load(resolve(path).files[0])
    assert [person.name for person in stored.people] == ["Anna", "person2"]
    np.testing.assert_array_equal(stored.people[0].motion.rotations, result.performance.people[0].motion.rotations)
    with pytest.raises(FormatError, match="is corrected already"):
        resolve(result.files[0])
    only = resolve(path, annotations=Annotations(), corrections=(), output=tmp_path / "same.npz").performance
    assert_same_person(only.people[0], performance_files.load(path).people[0])


def test_damaged_annotations_in_a_performance_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    performance_files.save(path, builders.performance())
    with np.load(path) as stored:
        np.savez(path, allow_pickle=False, **dict(stored), annotations=np.array("{"))
    with pytest.raises(FormatError, match=r"a\.npz is damaged: its annotations: no valid JSON"):
        performance_files.load(path)


@pytest.mark.parametrize("name", ["dance_bodydouble/performance.npz", "dance_performance.npz"])
def test_video_of_a_corrected_performance_is_found(tmp_path: Path, name: str) -> None:
    video = tmp_path / "dance.mp4"
    video.touch()
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    for source in (path, default_output(path)):
        source.touch()
        assert find_place(source, None).video == video


def test_corrections_may_be_given_in_python(capture: Path, tmp_path: Path) -> None:
    result = resolve(capture, [Delete("person2")], tmp_path / "new.npz")
    assert result.files == (tmp_path / "new.npz",)
    assert [person.name for person in result.performance.people] == ["person1"]
    assert bodydouble.load_corrections(capture.with_name("corrections.json")) == CORRECTIONS
    assert bodydouble.apply_corrections(builders.performance(), CORRECTIONS).corrections == CORRECTIONS


def test_wrong_files_are_refused(capture: Path) -> None:
    with pytest.raises(OutputError, match="is the automatic performance, which is kept"):
        resolve(capture, output=capture)
    with pytest.raises(InvalidDataError, match=r"a corrected performance is a \.npz file"):
        resolve(capture, output=capture.with_suffix(".bvh"))
    corrected = resolve(capture).files[0]
    with pytest.raises(FormatError, match="is corrected already; give the automatic performance"):
        resolve(corrected, CORRECTIONS)
    with pytest.raises(InvalidDataError, match="correction 1: there is no person 'x'"):
        resolve(capture, [Delete("x")])


def test_nothing_is_written_if_a_correction_does_not_fit(capture: Path) -> None:
    names = {path.name for path in capture.parent.iterdir()}
    with pytest.raises(InvalidDataError):
        resolve(capture, [Rename("person1", "Anna"), Delete("person1")])
    with pytest.raises(MediaError, match=r"preview and report need the video .*--video"):
        resolve(capture, animation=AnimationRequest(capture.parent / "out"))
    assert {path.name for path in capture.parent.iterdir()} == names


def test_command_prints_people_and_files(capture: Path) -> None:
    outcome = run("resolve", capture)
    assert outcome.returncode == 0, outcome.stderr
    assert "Anna" in outcome.stdout
    assert "performance_corrected.npz" in outcome.stdout
    facts = json.loads(run("resolve", capture, "-o", capture.with_name("b.npz"), "--json").stdout)
    assert (facts["corrections"], facts["annotations"]) == (2, 0)
    assert [person["name"] for person in facts["people"]] == ["Anna", "person2"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.write_text("["), "corrections.json: no valid JSON in line 1"),
        (lambda path: path.unlink(), "there are neither corrections nor annotations beside"),
        (lambda path: correction_files.save(path, [Delete("x")]), "correction 1: there is no person 'x'"),
    ],
)
def test_command_fails_with_one_line(capture: Path, change: object, message: str) -> None:
    assert callable(change)
    change(capture.with_name("corrections.json"))
    outcome = run("resolve", capture)
    assert outcome.returncode == 1
    assert message in outcome.stderr.strip().splitlines()[-1]
    assert not capture.with_name("performance_corrected.npz").exists()


def test_options_of_animate_need_it(capture: Path) -> None:
    outcome = run("resolve", capture, "--character", "robot")
    assert outcome.returncode == 1
    assert "--character is for --animate" in outcome.stderr


def test_corrected_performances_go_through_export_and_retarget(tmp_path: Path) -> None:
    source = tmp_path / "performance.npz"
    performance_files.save(source, true_take(30))
    key = Keyframe("person1", "leftHand", 10, position=(-0.6, 1.3, 0.4))
    corrected = resolve(source, [key]).files[0]
    for arguments in (
        ("export", corrected, "-o", tmp_path / "a.bvh"),
        ("export", corrected, "--format", "coco", "-o", tmp_path / "a.json"),
        ("retarget", corrected, "mannequin", "-o", tmp_path / "a.glb"),
        ("inspect", corrected),
    ):
        outcome = run(*arguments)
        assert outcome.returncode == 0, outcome.stderr


@pytest.mark.slow
def test_files_of_animate_are_written_of_the_corrected_motion(capture: Path) -> None:
    take = performance_files.load(capture)
    width, height = take.camera.image_size
    frames = [np.full((height, width, 3), 90, dtype=np.uint8)] * take.frame_count
    video = write_clip(capture.parent.parent / "clip.mp4", frames, take.fps)
    assert video.is_file()
    result = resolve(capture, animation=AnimationRequest(capture.parent / "out"))
    names = {path.name for path in result.files}
    assert {"performance_corrected.npz", "performance.npz", "Anna.glb", "Anna.bvh", "report.html"} <= names
    again = performance_files.load(capture.parent / "out" / "performance.npz")
    assert again.corrections == CORRECTIONS
    shutil.rmtree(capture.parent / "out")

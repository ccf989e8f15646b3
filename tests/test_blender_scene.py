"""Everything about scenes for Blender that needs no Blender: the process, the reader of captures, progress as lines."""

import importlib.util
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bodydouble.blender import axes, capture
from bodydouble.cli.progress import ProgressBars
from bodydouble.errors import BlenderError, BodydoubleError
from bodydouble.formats.performance import save
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.pipeline import blender_scene
from tests import builders

ADD_ON = Path(__file__).parents[1] / "blender_addon"


@pytest.fixture(scope="module")
def performance_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dance_bodydouble") / "performance.npz"
    save(path, builders.performance())
    return path


def write_program(path: Path, version: str, lines: str) -> str:
    """Writes a program that says its version on demand, and otherwise does the given lines."""
    path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{version}"; exit 0; fi\n{lines}\n')
    path.chmod(0o755)
    return str(path)


def test_blender_runs_the_script_without_a_window(performance_file: Path, tmp_path: Path) -> None:
    lines = f'printf "%s\\n" "$@" > "{tmp_path}/arguments"; echo "note: no video"; while [ "$1" != -- ]; do shift; done'
    blender = write_program(tmp_path / "blender", "Blender 5.0.1", f'{lines}; echo scene > "$3"')
    result = blender_scene.write_scene(performance_file, tmp_path / "a.blend", people="person2", blender=blender)
    assert (result.people, result.notes) == (("person2",), ("no video",))
    assert result.path.read_text() == "scene\n"
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[:4] == ["--background", "--factory-startup", "--python-exit-code", "1"]
    assert arguments[4:8] == ["--python", str(blender_scene.SCRIPT), "--", str(performance_file)]
    assert blender_scene.SCRIPT.is_file()


def test_python_with_bpy_takes_the_place_of_blender(tmp_path: Path) -> None:
    python = write_program(tmp_path / "python", "Python 3.11.2", "exit 1")
    assert blender_scene._find_blender(python) == [python]


def test_failures_are_one_line(performance_file: Path, tmp_path: Path) -> None:
    failing = write_program(
        tmp_path / "failing", "Blender 4.2.0", 'echo "bodydouble: no floor" >&2; echo bye >&2; exit 1'
    )
    mute = write_program(tmp_path / "mute", "Blender 4.2.0", "exit 3")
    folder = tmp_path / "out"
    for blender, message in {
        "no-such-blender": "was not found as 'no-such-blender'; install Blender 4.2 or later",
        failing: "Blender failed: no floor$",
        mute: "Blender failed: it ended without a message",
    }.items():
        with pytest.raises(BlenderError, match=message):
            blender_scene.write_scene(performance_file, folder / "a.blend", blender=blender)
    for path, video, message in (
        (tmp_path / "a.bvh", None, "needs a performance.npz"),
        (performance_file, tmp_path / "none.mp4", "there is no such video"),
    ):
        with pytest.raises(BodydoubleError, match=message):
            blender_scene.write_scene(path, folder / "a.blend", video=video, blender=failing)
    assert not list(folder.iterdir())


def test_reader_for_blender_agrees_with_that_of_the_package(performance_file: Path) -> None:
    performance, read = builders.performance(), capture.read_capture(performance_file.parent)
    assert (read.fps, read.frame_count, read.image_size) == (Fraction(30000, 1001), 12, performance.camera.image_size)
    for person, other in zip(performance.people, read.people, strict=True):
        assert (other.name, other.first_frame) == (person.name, person.track.frames[0])
        motion = person.motion
        rest = kinematics.rest_positions(motion.skeleton)
        builders.assert_same(other.rest_positions, np.stack([rest[:, 0], -rest[:, 2], rest[:, 1]], axis=1), 1e-12)
        joints = kinematics.joint_positions(motion)
        builders.assert_same(other.hips_positions @ axes.BLENDER_FROM_WORLD, joints[:, 0], 1e-12)
        builders.assert_same(other.body_positions @ axes.BLENDER_FROM_WORLD, joints, 1e-6)


def test_converted_rotations_turn_converted_vectors() -> None:
    rng = np.random.default_rng(0)
    q, v = builders.random_quaternions(rng, (50,)), rng.normal(size=(50, 3))
    converted = np.roll(axes.convert_quaternions(q), -1, axis=-1)
    expected = axes.convert_positions(rotation.rotate(q, v))
    builders.assert_same(rotation.rotate(converted, axes.convert_positions(v)), expected, 1e-12)


def test_converted_camera_sees_what_it_saw() -> None:
    view = builders.level_camera(1).camera_from_world
    points = np.random.default_rng(1).normal(size=(9, 3))
    in_camera = camera.transform(view, points)[0]
    seen = camera.transform(camera.inverse(axes.convert_camera(view)), axes.convert_positions(points))[0]
    builders.assert_same(seen * [1.0, -1.0, -1.0], in_camera, 1e-12)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no such file"), (b"no zip", "is damaged"), (b"PK\x03\x04 broken", "is damaged")],
)
def test_unreadable_captures_are_refused_in_one_line(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "performance.npz").write_bytes(content)
    with pytest.raises(capture.CaptureError, match=message):
        capture.read_capture(tmp_path)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "performance.npz", format=np.array("bodydouble-performance 3"))
    with pytest.raises(capture.CaptureError, match="has the format 'bodydouble-performance 3'"):
        capture.read_capture(tmp_path)


def test_video_stands_beside_the_default_folder(tmp_path: Path) -> None:
    inside = tmp_path / "my dance_bodydouble" / "performance.npz"
    inside.parent.mkdir()
    for name in ("my dance.txt", "other.mp4"):
        (tmp_path / name).touch()
    assert capture.find_video(inside) is None
    (tmp_path / "my dance.MOV").touch()
    assert capture.find_video(inside) == tmp_path / "my dance.MOV"
    assert capture.find_video(tmp_path / "performance.npz") is None


def test_fingers_follow_the_hands(tmp_path: Path) -> None:
    performance = builders.performance(people=1)
    (person,) = performance.people
    save(tmp_path / "performance.npz", replace(performance, people=(replace(person, hands=builders.hands(12)),)))
    (read,) = capture.read_capture(tmp_path).people
    names = {name: read.joint_names[parent] for name, parent in zip(read.joint_names, read.parents, strict=True)}
    assert len(names) == 52
    assert names["leftThumbMetacarpal"] == "leftHand"
    assert names["rightLittleProximal"] == "rightHand"
    assert names["rightLittleDistal"] == "rightLittleIntermediate"
    assert read.rotations.shape == (12, 52, 4)
    assert all(parent < joint for joint, parent in enumerate(read.parents))


def import_process() -> ModuleType:
    """Imports the module of the add-on that runs bodydouble; the add-on itself needs Blender."""
    spec = importlib.util.spec_from_file_location("add_on_process", ADD_ON / "process.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_add_on_understands_the_progress_of_the_program(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"#!{sys.executable}\n"
        "from bodydouble.cli.progress import ProgressBars\n"
        "with ProgressBars() as progress, progress.stage('loading networks'):\n    pass\n"
        "with ProgressBars() as progress, progress.stage('camera path', 4):\n    list(progress.track(range(3)))\n"
    )
    program.chmod(0o755)
    process = import_process()
    job = process.Job(str(program), [])
    job.wait()
    assert (job.is_running, job.progress, job.fraction) == (False, "camera path: 3 of 4", 0.75)
    with pytest.raises(process.ProgramError, match="install it, and name its program"):
        process.Job(str(tmp_path / "nothing"), [])


def test_progress_is_written_as_lines(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BODYDOUBLE_PROGRESS", "lines")
    with ProgressBars() as progress:
        with progress.stage("perception", 2):
            list(progress.track(range(2)))
        with progress.stage("report"):
            pass
    lines = capfd.readouterr().err.splitlines()
    assert lines == [
        f"progress: {line}" for line in ("perception 0 2", "perception 1 2", "perception 2 2", "report 0 ?")
    ]

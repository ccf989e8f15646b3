"""Command line, run as a separate process."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import bodydouble
from bodydouble.characters.load import BUILTIN
from bodydouble.cli.values import join_point_words, parse_frame_rate, parse_length
from bodydouble.errors import InvalidDataError
from bodydouble.formats import bvh, fbx, performance, vrma
from tests import builders

COMMANDS = (
    "animate",
    "capture",
    "inspect",
    "evaluate",
    "export",
    "user-study",
    "characters",
    "doctor",
    "bench",
    "synth",
    "train",
)
STREET = Path(__file__).parents[1] / "examples" / "street.mp4"
HEAVY = ("numpy", "scipy", "cv2", "onnxruntime", "av", "moderngl", "PIL", "rich")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bodydouble", *arguments], capture_output=True, text=True, check=False)


def test_help_names_every_command() -> None:
    outcome = run("--help")
    assert outcome.returncode == 0
    for command in COMMANDS:
        assert command in outcome.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['bodydouble', '--help']\n"
        "from bodydouble.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert outcome.stdout.strip().endswith("heavy: []")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    outcome = run(command, "--help")
    assert outcome.returncode == 0
    assert "Usage" in outcome.stdout


def test_version() -> None:
    assert run("--version").stdout.strip() == f"bodydouble {bodydouble.__version__}"


def test_characters_lists_the_mannequin_and_the_drawn_ones() -> None:
    assert {"mannequin", "anime:woman", "anime:old-man"} <= set(run("characters").stdout.split())


def test_characters_make_writes_a_look_that_it_reads_again(tmp_path: Path) -> None:
    first, second = tmp_path / "me.toml", tmp_path / "again.toml"
    run("characters", "make", "--like", "boy", "--hair-color", "#3a2a20", "--set", "jaw=1.1", "-o", str(first))
    run("characters", "make", "--like", str(first), "--set", "name=me", "-o", str(second))
    assert first.read_text() == second.read_text()
    assert 'hair_color = "#3a2a20"' in first.read_text()


@pytest.mark.parametrize(
    "arguments", [("--hair", "mohawk"), ("--set", "jaw"), ("--like", "dragon"), ("--top-color", "red")]
)
def test_characters_make_refuses_what_it_does_not_know_in_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "me.toml"
    result = run("characters", "make", *arguments, "-o", str(path))
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert not path.exists()


def test_doctor_reports_the_machine() -> None:
    found = json.loads(run("doctor", "--json").stdout)
    assert found["packages"]["numpy"][0].isdigit()
    assert "CPUExecutionProvider" in found["networks run on"]
    assert found["rendering"].startswith("yes")
    assert "Apache-2.0" in found["licences"].values()
    assert "not installed" not in found["packages"].values()


def test_inspect_describes_a_performance_and_a_bvh(tmp_path: Path) -> None:
    made = builders.performance()
    performance.save(tmp_path / "performance.npz", made)
    bvh.write(tmp_path / "motion.bvh", made.people[0].motion)
    found = json.loads(run("inspect", str(tmp_path / "performance.npz"), "--json").stdout)
    assert found["frames"] == made.frame_count
    assert found["fps"] == str(made.fps)
    assert set(found) >= {person.name for person in made.people}
    found = json.loads(run("inspect", str(tmp_path / "motion.bvh"), "--json").stdout)
    assert found["joints"] == 22
    assert found["unit"] == "cm" and found["up axis"] == "+Y" and found["facing"] == "+Z"
    assert found["rest pose"] == "T-pose" and found["bones found by"] == "names of VRM"
    assert found["bones"]["leftHand"] == "leftHand" and found["missing bones"] == []
    assert 1.5 < found["height, m"] < 2.0


def test_inspect_describes_a_bvh_that_is_no_humanoid(tmp_path: Path) -> None:
    path = tmp_path / "arm.bvh"
    joint = "OFFSET 0 10 0 CHANNELS 3 Zrotation Xrotation Yrotation"
    path.write_text(
        f"HIERARCHY\nROOT a {{ {joint} JOINT b {{ {joint} }} }}\nMOTION\nFrames: 1\nFrame Time: 0.1\n0 0 0 0 0 0\n"
    )
    found = json.loads(run("inspect", str(path), "--json").stdout)
    assert found["joints"] == 2 and found["humanoid"].startswith("no: no humanoid skeleton found")


def test_inspect_shows_the_map_of_a_character_and_obeys_a_map_file(tmp_path: Path) -> None:
    character, bone_map = str(BUILTIN / "mannequin.glb"), tmp_path / "map.toml"
    found = json.loads(run("inspect", character, "--json").stdout)
    assert found["face"] == "52 shapes of ARKit"
    assert found["height, m"] == pytest.approx(1.7, abs=0.01)
    assert (found["rest pose"], found["unit"], found["missing bones"]) == ("T-pose", "m", [])
    assert "  leftHand: leftHand\n" in run("inspect", character).stdout
    bone_map.write_text('chest = ""\n')
    found = json.loads(run("inspect", character, "--map", str(bone_map), "--json").stdout)
    assert found["missing bones"] == ["chest"] and found["bones found by"] == "map file, then names of VRM"
    bone_map.write_text('leftHand = "rightHand"\nrightHand = "leftHand"\n')
    outcome = run("inspect", character, "--map", str(bone_map))
    assert outcome.returncode == 1 and "the map cannot be right: leftHand" in outcome.stderr


def test_animate_refuses_a_wrong_map_at_once(tmp_path: Path) -> None:
    bone_map = tmp_path / "map.toml"
    bone_map.write_text('leftHand = "paw"\n')
    character = ("--character", str(BUILTIN / "mannequin.glb"), "--map", str(bone_map))
    outcome = run("animate", str(STREET), "-o", str(tmp_path / "out"), *character)
    assert outcome.returncode == 1 and "no such joint" in outcome.stderr


def test_inspect_describes_an_fbx_file(tmp_path: Path) -> None:
    character, motion = builders.character(), builders.smooth_motion(frames=7)
    model = fbx.AnimatedModel("boxes", character, motion.rotations, motion.root_position)
    fbx.write(tmp_path / "boxes.fbx", [model], motion.fps, "take")
    found = json.loads(run("inspect", str(tmp_path / "boxes.fbx"), "--json").stdout)
    assert found["kind"] == "character"
    assert (found["joints"], found["frames"], found["fps"]) == (23, 7, "30")
    assert found["animations"] == {"take": "7 frames, 0.233 s, 30 frames/s"}
    assert (found["unit"], found["up axis"], found["facing"]) == ("cm", "+Y", "+Z")


def test_inspect_describes_an_fbx_motion_without_a_mesh(tmp_path: Path) -> None:
    character, motion = replace(builders.character(), meshes=()), builders.smooth_motion(frames=7, fps=Fraction(25))
    model = fbx.AnimatedModel("boxes", character, motion.rotations, motion.root_position)
    fbx.write(tmp_path / "dance.fbx", [model], motion.fps, "dance")
    found = json.loads(run("inspect", str(tmp_path / "dance.fbx"), "--json").stdout)
    assert (found["kind"], found["frames"], found["seconds"]) == ("FBX motion", 7, 0.28)
    assert found["animations"] == {"dance": "7 frames, 0.280 s, 25 frames/s"}
    assert found["bones"]["leftHand"] == "leftHand" and found["missing bones"] == []
    assert (found["rest pose"], found["up axis"]) == ("T-pose", "+Y")
    assert found["height, m"] == pytest.approx(1.75, abs=0.1)


def test_inspect_describes_a_vrm_animation(tmp_path: Path) -> None:
    vrma.write(tmp_path / "dance.vrma", builders.smooth_motion(frames=7), "dance")
    found = json.loads(run("inspect", str(tmp_path / "dance.vrma"), "--json").stdout)
    assert found["kind"] == "VRM animation"
    assert found["animations"] == {"dance": "7 frames, 0.233 s, 30 frames/s"}
    assert (found["bones found by"], found["humanoid bones"], found["missing bones"]) == ("VRM animation", 22, [])
    assert (found["rest pose"], found["up axis"], found["facing"]) == ("T-pose", "+Y", "+Z")
    assert found["height, m"] == pytest.approx(1.75, abs=0.1)


def test_inspect_refuses_a_file_that_is_no_vrm_animation(tmp_path: Path) -> None:
    shutil.copy(BUILTIN / "mannequin.glb", tmp_path / "a.vrma")
    outcome = run("inspect", str(tmp_path / "a.vrma"))
    assert outcome.returncode == 1 and outcome.stderr.count("\n") == 1


def test_performance_has_no_error_with_respect_to_itself(tmp_path: Path) -> None:
    made = builders.performance()
    path = str(tmp_path / "performance.npz")
    performance.save(Path(path), made)
    outcome = run("evaluate", path, path, "--html", str(tmp_path / "page.html"))
    assert outcome.returncode == 0, outcome.stderr
    assert "MPJPE" in outcome.stdout
    assert "MPJPE" in (tmp_path / "page.html").read_text()
    assert json.loads(run("evaluate", path, path, "--json").stdout)["pose"]["mpjpe_mm"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "fps"),
    [("60", Fraction(60)), ("30000/1001", Fraction(30000, 1001)), ("12.5", Fraction(25, 2)), (" 24 ", Fraction(24))],
)
def test_frame_rates_are_exact(text: str, fps: Fraction) -> None:
    assert parse_frame_rate(text) == fps


@pytest.mark.parametrize("text", ["fast", "", "30fps", "1/0", "nan", "inf", "-30", "0", "1001"])
def test_rejects_text_that_is_not_a_frame_rate(text: str) -> None:
    with pytest.raises(InvalidDataError, match="--fps"):
        parse_frame_rate(text)


@pytest.mark.parametrize(
    ("text", "metres"), [("5mm", 0.005), ("5", 0.005), ("0.5cm", 0.005), (" 2.5 MM ", 0.0025), (".1m", 0.1)]
)
def test_lengths_are_converted_to_metres(text: str, metres: float) -> None:
    assert parse_length(text) == pytest.approx(metres)


@pytest.mark.parametrize("text", ["", "mm", "five", "5in", "5 5", "-5mm", "0", "0.01mm", "2m", "nan", "1e9"])
def test_rejects_text_that_is_not_a_length(text: str) -> None:
    with pytest.raises(InvalidDataError, match="--keyframe-tolerance"):
        parse_length(text)


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [("animate", "--fps", "fast"), ("capture", "--fps", "0"), ("animate", "--keyframe-tolerance", "5in")],
)
def test_bad_value_is_reported_in_one_line_before_any_work(
    command: str, option: str, value: str, tmp_path: Path
) -> None:
    outcome = run(command, str(tmp_path / "nothing.mp4"), option, value)
    assert outcome.returncode == 1
    assert outcome.stderr.startswith(f"bodydouble: {option} ")
    assert value in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        ("a.mp4 --people at 3,4,5 --json", ["a.mp4", "--people", "at 3,4,5", "--json"]),
        ("--people=at 3.5,-4,5 a.mp4", ["--people=at 3.5,-4,5", "a.mp4"]),
        ("--people at 3,4,5", ["--people", "at 3,4,5"]),
        ("--people at a.mp4", ["--people", "at", "a.mp4"]),
        ("--people main 1.mp4", ["--people", "main", "1.mp4"]),
        ("at 1.mp4 --people all", ["at", "1.mp4", "--people", "all"]),
    ],
)
def test_point_of_two_words_is_one_value(words: str, joined: list[str]) -> None:
    assert join_point_words(words.split()) == joined


@pytest.mark.parametrize("command", ["animate", "capture"])
def test_help_states_that_frames_count_from_0(command: str) -> None:
    assert "at X,Y,FRAME: the person at a pixel of a frame, counted from 0" in " ".join(
        run(command, "--help").stdout.split()
    )


def test_inspect_rejects_damaged_files_in_one_line(tmp_path: Path) -> None:
    for name in ("bad.npz", "bad.bvh", "bad.glb", "bad.mp4"):
        (tmp_path / name).write_bytes(b"nonsense")
        outcome = run("inspect", str(tmp_path / name))
        assert outcome.returncode == 1
        assert outcome.stderr.startswith("bodydouble: ")
        assert len(outcome.stderr.splitlines()) == 1


def test_python_names_can_all_be_imported() -> None:
    for name in bodydouble.__all__:
        assert getattr(bodydouble, name) is not None
    assert set(bodydouble.__all__) <= set(dir(bodydouble))
    with pytest.raises(AttributeError):
        _ = bodydouble.dance


def test_a_reader_that_ends_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "bodydouble", "motions", "--json"]
    with os.fdopen(writing, "w") as closed:
        outcome = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert outcome.stderr == ""

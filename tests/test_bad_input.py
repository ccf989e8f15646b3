"""Invalid input gives one clear line and exit status 1, and leaves no incomplete files."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bodydouble.data import RgbImage
from tests.clips import EXAMPLE, read_example_frames, write_clip
from tests.media_builders import beep, write_sound, write_video

pytestmark = pytest.mark.slow


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bodydouble", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def assert_fails(outcome: subprocess.CompletedProcess[str], folder: Path, *words: str) -> None:
    """Asserts status 1, one line with all of the words, no traceback, and no output folder."""
    lines = [line for line in outcome.stderr.splitlines() if line.startswith("bodydouble: ")]
    assert outcome.returncode == 1, outcome.stderr
    assert len(lines) == 1, outcome.stderr
    assert "Traceback" not in outcome.stderr
    for word in words:
        assert word in lines[0]
    assert not folder.exists()


def plain_frames(count: int, size: tuple[int, int] = (320, 240)) -> list[RgbImage]:
    width, height = size
    ramp = np.linspace(40, 200, width, dtype=np.uint8)
    return [np.broadcast_to(np.roll(ramp, n)[None, :, None], (height, width, 3)).copy() for n in range(count)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_no_such_file(tmp_path: Path, out: Path) -> None:
    assert_fails(run("animate", tmp_path / "nothing.mp4", "-o", out), out, "nothing.mp4")


def test_folder_without_images(tmp_path: Path, out: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_fails(run("animate", tmp_path / "empty", "-o", out), out, "empty")


def test_a_text_file_named_mp4(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("this is not a video\n" * 50)
    assert_fails(run("animate", path, "-o", out), out, "text.mp4")


def test_mp4_without_its_index(tmp_path: Path, out: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", plain_frames(20)).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    assert_fails(run("animate", path, "-o", out), out, "cut.mp4")


def test_audio_only(tmp_path: Path, out: Path) -> None:
    path = write_sound(tmp_path / "sound.m4a", beep(1.0, 0.2))
    assert_fails(run("animate", path, "-o", out), out, "sound.m4a")


def test_empty_file(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    assert_fails(run("animate", path, "-o", out), out, "empty.mp4")


def test_a_clip_without_people(tmp_path: Path, out: Path) -> None:
    path = write_video(tmp_path / "nobody.mp4", plain_frames(20))
    assert_fails(run("animate", path, "-o", out), out, "nobody", "nobody.mp4")


def test_eight_by_eight_pixels(tmp_path: Path, out: Path) -> None:
    path = write_video(tmp_path / "tiny.mp4", plain_frames(10, (8, 8)), pixel_format="yuv444p")
    assert_fails(run("animate", path, "-o", out), out, "nobody")


@pytest.mark.slow
def test_people_who_are_visible_for_three_frames(tmp_path: Path, out: Path) -> None:
    people = read_example_frames(60, 3, 640)
    height, width = people[0].shape[:2]
    blank = plain_frames(27, (width, height))
    path = write_clip(tmp_path / "blink.mp4", [*blank[:12], *people, *blank[12:]])
    assert_fails(run("animate", path, "-o", out), out, "nobody")


def test_output_folder_that_is_a_file(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    outcome = run("animate", EXAMPLE, "-o", taken)
    assert outcome.returncode == 1
    assert "taken" in outcome.stderr
    assert taken.read_text() == "mine"


def test_output_folder_that_is_not_writable(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    # Permissions do not bind root, but nobody may make folders in /sys.
    out = (locked if os.geteuid() else Path("/sys")) / "out"
    assert_fails(run("animate", EXAMPLE, "-o", out), out, str(out), "-o")


def test_an_unknown_character_is_an_error_that_lists_the_built_in_ones(out: Path) -> None:
    assert_fails(run("animate", EXAMPLE, "-o", out, "--character", "robo"), out, "robo", "mannequin")


@pytest.mark.parametrize("people", ["nobody", "0", "-3", "person1+person2", "at 3,4"])
def test_invalid_selection_of_people(out: Path, people: str) -> None:
    assert_fails(run("animate", EXAMPLE, "-o", out, "--people", people), out, people, "main")


@pytest.mark.parametrize(
    ("command", "point", "words"),
    [("animate", "99999,3,0", "outside the image"), ("capture", "3,3,180", "no frame 180")],
)
def test_a_point_outside_the_clip(command: str, point: str, words: str, out: Path) -> None:
    assert_fails(run(command, EXAMPLE, "-o", out, "--people", "at", point), out, words)


def test_unknown_option_is_bad_usage(out: Path) -> None:
    assert run("animate", EXAMPLE, "-o", out, "--sideways").returncode == 2
    assert run("animate").returncode == 2


def _small_files_only() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@pytest.mark.slow
def test_disk_full_while_writing(tmp_path: Path, out: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", read_example_frames(60, 15, 640))
    outcome = run("animate", path, "-o", out, "--quality", "fast", preexec_fn=_small_files_only)
    assert_fails(outcome, out, "performance.npz", "-o")


@pytest.mark.slow
def test_interrupt_during_capture(out: Path) -> None:
    command = [sys.executable, "-m", "bodydouble", "animate", str(EXAMPLE), "-o", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not out.exists():
        time.sleep(0.02)
        assert process.poll() is None
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert not out.exists()


@pytest.mark.slow
def test_a_truncated_clip_is_captured_up_to_its_end(tmp_path: Path, out: Path) -> None:
    frames = read_example_frames(60, 40, 640)
    whole = write_clip(tmp_path / "whole.mp4", frames).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    outcome = run("capture", path, "-o", out, "--quality", "fast")
    assert outcome.returncode == 0, outcome.stderr
    assert (out / "performance.npz").exists()
    assert "note:" in outcome.stdout

"""The command ``film`` on a part of the real clip, and a second film of the performance that it keeps."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.formats.media import FrameReader, probe
from tests.clips import read_example_frames, write_clip

pytestmark = pytest.mark.slow

FRAMES = 24


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bodydouble", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Makes a film of a part of the clip; returns what the command prints."""
    clip = write_clip(tmp_path_factory.mktemp("clip") / "street.mp4", read_example_frames(60, FRAMES, 640))
    done = run("film", str(clip), "--character", "anime", "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)) | {"clip": clip}


def test_people_are_replaced_and_the_rest_stays_as_it_is(film: dict[str, Any]) -> None:
    clip, path = film["clip"], film["clip"].with_name("street_film.mp4")
    assert film["files"] == [str(path), str(path.with_name("street_performance.npz"))]
    assert [person["name"] for person in film["people"]] == ["person1", "person2"]
    assert (probe(path).image_size, probe(path).frame_count) == (probe(clip).image_size, FRAMES)
    with FrameReader(clip) as source, FrameReader(path) as drawn:
        pairs = zip(source, drawn, strict=True)
        difference = np.mean([np.abs(before.astype(int) - after).mean(axis=-1) for before, after in pairs], axis=0)
    # The people cover a few percent of the picture.
    assert (difference > 40).mean() > 0.005
    assert np.median(difference) < 6


def test_a_second_film_needs_no_capture_and_finds_the_video(film: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "both.gif"
    size = ("--layout", "side-by-side", "--size", "480x136")
    done = run("film", film["files"][1], "--character", "mannequin", *size, "-o", str(path))
    assert done.returncode == 0, done.stderr
    assert "perception" not in done.stderr
    assert probe(path).image_size == (480, 136)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("film", "missing.mp4"), "missing.mp4"),
        (("film", "missing.npz"), "missing.npz"),
        (("film", "missing.npz", "--quality", "best"), "--quality is for videos"),
        (("film", "missing.mp4", "--size", "huge"), "no size of a film"),
        (("film", "missing.mp4", "--fps", "0"), "--fps"),
        (("film", "missing.mp4", "--background-color", "red"), "no colour"),
        (("film", "missing.mp4", "--character", "dragon"), "unknown character 'dragon'"),
        (("render", "missing.npz", "-o", "still.jpg"), ".png"),
        (("render", "missing.npz", "-o", "still.png", "--layout", "sheet"), "has no frames"),
    ],
)
def test_bad_input_gives_one_line(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bodydouble", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert message in line
    assert list(tmp_path.iterdir()) == []

"""The example clips are those that the licence file names."""

import hashlib
from pathlib import Path

import pytest

from bodydouble.formats.media import FrameReader

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize(("name", "frames"), [("street.mp4", 180), ("walk.mp4", 90)])
def test_examples_match_their_licence_file(name: str, frames: int) -> None:
    clip = EXAMPLES / name
    licence = (EXAMPLES / "LICENSE-sports2d.txt").read_text()
    assert f"sha256 of {name}: {hashlib.sha256(clip.read_bytes()).hexdigest()}" in licence
    assert "BSD 3-Clause License" in licence
    with FrameReader(clip) as reader:
        shapes = [frame.shape for frame in reader]
    assert shapes == [(720, 1280, 3)] * frames
    assert reader.clip.fps == 30

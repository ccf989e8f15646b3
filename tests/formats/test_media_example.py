"""The example clip is the one that its licence speaks of."""

import hashlib
from pathlib import Path

import pytest

from bodydouble.formats.media import FrameReader

EXAMPLE = Path(__file__).parents[2] / "examples" / "street.mp4"


@pytest.mark.skipif(not EXAMPLE.exists(), reason="installed without the examples")
def test_the_example_is_the_licensed_one() -> None:
    licence = EXAMPLE.with_name("LICENSE-street.txt").read_text()
    assert f"sha256 of street.mp4: {hashlib.sha256(EXAMPLE.read_bytes()).hexdigest()}" in licence
    assert "BSD 3-Clause License" in licence
    with FrameReader(EXAMPLE) as reader:
        shapes = [frame.shape for frame in reader]
    assert shapes == [(720, 1280, 3)] * 180
    assert reader.clip.fps == 30

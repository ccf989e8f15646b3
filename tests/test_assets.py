"""NOTICE has the checksum of every committed asset."""

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PATTERNS = ("src/**/*.onnx", "src/**/*.glb", "src/**/*.npz", "src/**/vendor/*", "examples/*.mp4")
ASSETS = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern))


def test_networks_characters_and_clips_are_committed() -> None:
    assert {path.suffix for path in ASSETS} == {".onnx", ".glb", ".npz", ".mp4", ".js", ".txt"}


@pytest.mark.parametrize("asset", ASSETS, ids=lambda path: path.name)
def test_notice_has_the_checksum(asset: Path) -> None:
    assert hashlib.sha256(asset.read_bytes()).hexdigest() in (ROOT / "NOTICE").read_text()


def test_example_clips_are_small() -> None:
    for path in ROOT.glob("examples/*.mp4"):
        assert path.stat().st_size < 3_000_000

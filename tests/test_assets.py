"""NOTICE has the checksum of every committed asset."""

import hashlib
import tomllib
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


def test_every_file_that_the_program_reads_is_installed_with_it() -> None:
    package = ROOT / "src" / "bodydouble"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["bodydouble"]
    installed = {path for pattern in patterns for path in package.glob(pattern) if path.is_file()}
    needed = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert needed == {path for path in installed if path.suffix not in (".py", ".pyc")}

"""Captures that the tests of the benchmarks share."""

from pathlib import Path

import pytest

from bodydouble.bench.capture_cache import BenchCapture, capture_clips
from tests.bench import clips
from tests.synthetic import motions


@pytest.fixture(scope="session")
def captures(tmp_path_factory: pytest.TempPathFactory) -> list[BenchCapture]:
    """A clip with a static and one with a moving camera, captured at quality fast."""
    folder = tmp_path_factory.mktemp("truth")
    return capture_clips(clips.factories(folder), quality="fast", cache_dir=folder / "clips")


@pytest.fixture(scope="session")
def squat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motion capture file of squats."""
    return motions.write(tmp_path_factory.mktemp("motion") / "squat.txt", motions.squats())

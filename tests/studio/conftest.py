"""A studio with one take that is done, shared by the tests that change nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.studio.servers import Server, run_studio, write_clip


@pytest.fixture(scope="package")
def studio_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / "studio"


@pytest.fixture(scope="package")
def server(studio_folder: Path) -> Iterator[Server]:
    with run_studio(studio_folder) as running:
        yield running


@pytest.fixture(scope="package")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video; encoding it again may give other bytes."""
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


@pytest.fixture(scope="package")
def take_id(server: Server, clip: Path) -> str:
    answer = server.upload(clip, "name=My%20clip.mp4", "like-me")
    assert answer.status == 201, answer.body
    take = server.wait_for_state(answer.json()["id"], "done", "failed")
    assert take["state"] == "done", take
    return str(take["id"])

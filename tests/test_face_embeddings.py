"""Biometric data is written on request only."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bodydouble import pipeline
from bodydouble.cli import app
from bodydouble.data import FACE_EMBEDDING_DIM, Observation, RgbImage
from bodydouble.perception.appearance.faces import FaceEmbedder
from tests.clips import read_example_frames, write_clip

pytestmark = pytest.mark.slow


@pytest.fixture
def embeddings(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Face embeddings that the network computes in a test."""
    recorded: list[np.ndarray] = []
    read = FaceEmbedder.embed_people

    def record(self: FaceEmbedder, frame: RgbImage, people: tuple[Observation, ...]) -> tuple[Observation, ...]:
        observed = read(self, frame, people)
        recorded.extend(one.face_embedding for one in observed if one.face_embedding is not None)
        return observed

    monkeypatch.setattr(FaceEmbedder, "embed_people", record)
    return recorded


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "man.mp4", read_example_frames(0, 24, 1768))


def test_no_face_embedding_is_written_by_default(clip: Path, tmp_path: Path, embeddings: list[np.ndarray]) -> None:
    result = pipeline.animate(clip, tmp_path, preview=False, quality="fast")
    assert embeddings
    assert pipeline.FACE_EMBEDDINGS_FILE not in {path.name for path in (*result.files, *tmp_path.iterdir())}
    with np.load(tmp_path / pipeline.PERFORMANCE_FILE) as stored:
        assert all(FACE_EMBEDDING_DIM not in stored[key].shape for key in stored)
    for written in result.files:
        content = written.read_bytes()
        assert not any(face.tobytes()[:32] in content for face in embeddings)


def test_face_embeddings_are_written_on_request(clip: Path, tmp_path: Path, embeddings: list[np.ndarray]) -> None:
    command = ["capture", str(clip), "-o", str(tmp_path), "--quality", "fast", "--save-face-embeddings"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == {pipeline.FACE_EMBEDDINGS_FILE, pipeline.PERFORMANCE_FILE}
    with np.load(tmp_path / pipeline.FACE_EMBEDDINGS_FILE, allow_pickle=False) as stored:
        vectors = np.concatenate([stored[key] for key in stored if key.endswith("/face_embeddings")])
        assert all(np.diff(stored[key]).min(initial=10) >= 10 for key in stored if key.endswith("/frames"))
    assert len(vectors) > 0
    assert {vector.tobytes() for vector in vectors} <= {face.tobytes() for face in embeddings}

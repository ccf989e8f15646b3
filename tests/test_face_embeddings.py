"""Nothing biometric is written unless it is asked for."""

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
def faces(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The vectors of all faces that are looked at."""
    found: list[np.ndarray] = []
    read = FaceEmbedder.embed_people

    def noted(self: FaceEmbedder, frame: RgbImage, people: tuple[Observation, ...]) -> tuple[Observation, ...]:
        seen = read(self, frame, people)
        found.extend(one.face_embedding for one in seen if one.face_embedding is not None)
        return seen

    monkeypatch.setattr(FaceEmbedder, "embed_people", noted)
    return found


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "man.mp4", read_example_frames(0, 24, 1768))


def test_nothing_of_a_face_is_written(clip: Path, tmp_path: Path, faces: list[np.ndarray]) -> None:
    made = pipeline.animate(clip, tmp_path, preview=False, quality="fast")
    assert faces
    assert pipeline.FACE_EMBEDDINGS_FILE not in {path.name for path in (*made.files, *tmp_path.iterdir())}
    with np.load(tmp_path / pipeline.PERFORMANCE_FILE) as stored:
        assert all(FACE_EMBEDDING_DIM not in stored[key].shape for key in stored)
    for written in made.files:
        content = written.read_bytes()
        assert not any(face.tobytes()[:32] in content for face in faces)


def test_what_is_asked_for_is_written(clip: Path, tmp_path: Path, faces: list[np.ndarray]) -> None:
    command = ["capture", str(clip), "-o", str(tmp_path), "--quality", "fast", "--save-face-embeddings"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == {pipeline.FACE_EMBEDDINGS_FILE, pipeline.PERFORMANCE_FILE}
    with np.load(tmp_path / pipeline.FACE_EMBEDDINGS_FILE, allow_pickle=False) as stored:
        kept = np.concatenate([stored[key] for key in stored if key.endswith("/vectors")])
        assert all(np.diff(stored[key]).min(initial=10) >= 10 for key in stored if key.endswith("/frames"))
    assert len(kept) > 0
    assert {vector.tobytes() for vector in kept} <= {face.tobytes() for face in faces}

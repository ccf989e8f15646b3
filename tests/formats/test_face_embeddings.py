"""Face embeddings can be read without pickle."""

from pathlib import Path

import numpy as np

from bodydouble.data import FACE_EMBEDDING_DIM
from bodydouble.formats import face_embeddings


def test_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    faces = {
        "person1": (np.array([3, 13]), rng.normal(size=(2, FACE_EMBEDDING_DIM))),
        "person2": (np.zeros(0, int), np.zeros((0, FACE_EMBEDDING_DIM))),
    }
    face_embeddings.save(tmp_path / "embeddings.npz", faces)
    with np.load(tmp_path / "embeddings.npz", allow_pickle=False) as stored:
        assert set(stored) == {f"{name}/{key}" for name in faces for key in ("frames", "face_embeddings")}
        for name, (frames, vectors) in faces.items():
            np.testing.assert_array_equal(stored[f"{name}/frames"], frames)
            np.testing.assert_array_equal(stored[f"{name}/face_embeddings"], vectors)

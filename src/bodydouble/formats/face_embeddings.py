"""embeddings.npz: face embeddings per person -> compressed .npz file.

Face embeddings are biometric data and are written on demand only (``--save-face-embeddings``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray, IntArray
from bodydouble.formats.atomic import atomic_write


def save(path: Path, embeddings: Mapping[str, tuple[IntArray, FloatArray]]) -> None:
    """Writes the face embeddings of people.

    Args:
        path: the .npz file to write; it appears only when it is complete. It holds ``NAME/frames`` (N,) and
            ``NAME/face_embeddings`` (N, 1024) for each person.
        embeddings: per name of a person, frames (N,) and unit vectors (N, 1024).

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, (frames, person_embeddings) in embeddings.items():
        arrays |= {f"{name}/frames": frames, f"{name}/face_embeddings": person_embeddings}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)

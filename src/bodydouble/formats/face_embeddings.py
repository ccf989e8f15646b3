"""embeddings.npz: vectors of people's faces. They are biometric data and written on demand only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray, IntArray
from bodydouble.formats.atomic import atomic_write


def save(path: Path, faces: Mapping[str, tuple[IntArray, FloatArray]]) -> None:
    """Write the faces of people.

    Args:
        path: the .npz file to write; it appears only when it is complete. It holds ``NAME/frames`` (N,) and
            ``NAME/vectors`` (N, 1024) for each person.
        faces: name -> frames (N,) and unit vectors (N, 1024).

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, (frames, vectors) in faces.items():
        arrays |= {f"{name}/frames": frames, f"{name}/vectors": vectors}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)

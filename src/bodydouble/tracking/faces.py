"""The faces that were looked at, by person."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FACE_EMBEDDING_DIM, FloatArray, IntArray, Observation, Track


def collect_face_embeddings(track: Track, observations: Sequence[Sequence[Observation]]) -> tuple[IntArray, FloatArray]:
    """The vectors of a person's face.

    Args:
        track: the person.
        observations: what was seen in each frame of the clip; the track was made of it.

    Returns:
        The frames in which the face was looked at (N,), and its vectors (N, 1024), unit, float32.
    """
    found = [
        (frame, one.face_embedding)
        for frame, box in zip(track.frames[track.observed].tolist(), track.boxes[track.observed], strict=True)
        for one in observations[frame]
        if one.face_embedding is not None and np.array_equal(one.box, box)
    ]
    frames = np.array([frame for frame, _ in found], dtype=np.int64)
    return frames, np.array([face for _, face in found], dtype=np.float32).reshape(-1, FACE_EMBEDDING_DIM)

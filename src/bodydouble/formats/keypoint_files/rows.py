"""Table of 2D keypoints: one row per person and frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import FloatArray, IntArray
from bodydouble.errors import InvalidDataError

HALF_PIXEL = 0.5
"""Coordinate of the centre of the first pixel inside bodydouble; 0 in the files."""


@dataclass(frozen=True, slots=True)
class KeypointRows:
    """2D keypoints of people in the frames of a clip: N rows, one per person and frame, in the order of frames."""

    keypoint_names: tuple[str, ...]
    """(K,) names of the keypoints: those of one of the sets in ``skeletons``, or others that the file declares."""
    frames: IntArray
    """(N,) frame indices, ascending."""
    track_ids: IntArray
    """(N,) identity of the person; -1 where it is unknown."""
    keypoints: FloatArray
    """(N, K, 3) x px, y px, confidence; NaN, NaN, 0 where not observed."""
    boxes: FloatArray
    """(N, 4) x_min, y_min, x_max, y_max, px; NaN where unknown."""
    first_frame: int = 0
    """Number of the first frame in the file, with or without people."""

    def __post_init__(self) -> None:
        count = len(self.frames)
        shapes = (self.track_ids.shape, self.keypoints.shape, self.boxes.shape)
        expected = ((count,), (count, len(self.keypoint_names), 3), (count, 4))
        if shapes != expected:
            raise InvalidDataError(f"KeypointRows: track_ids, keypoints and boxes are {shapes}, expected {expected}")

    def count_from_zero(self) -> "KeypointRows":
        """Returns the same rows, earlier by the number of the first frame."""
        return replace(self, frames=self.frames - self.first_frame, first_frame=0)


def sort_by_frame(
    keypoint_names: tuple[str, ...],
    frames: Sequence[IntArray],
    track_ids: Sequence[IntArray],
    keypoints: Sequence[FloatArray],
    boxes: Sequence[FloatArray],
) -> KeypointRows:
    """Concatenates arrays of several people and sorts the rows by frame; within a frame the order is kept."""
    all_frames = np.concatenate([np.zeros(0, dtype=np.int64), *frames])
    order = np.argsort(all_frames, kind="stable")
    return KeypointRows(
        keypoint_names,
        all_frames[order],
        np.concatenate([np.zeros(0, dtype=np.int64), *track_ids])[order],
        np.concatenate([np.zeros((0, len(keypoint_names), 3)), *keypoints])[order],
        np.concatenate([np.zeros((0, 4)), *boxes])[order],
    )

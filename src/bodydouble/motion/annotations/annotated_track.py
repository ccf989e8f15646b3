"""Interpolation between keyed frames: the ``AnnotatedKeypoint``s of a person -> ``AnnotatedTrack`` in all frames.

Places are interpolated by a monotone cubic: it passes through the keys, and goes nowhere beyond them. A state holds
from its key to the next one. Nothing is interpolated between a place and a key that says that the landmark is absent,
over a cut, or over more than MAX_GAP_SECONDS.

Source: F. N. Fritsch, J. Butland, "A method for constructing local monotone piecewise cubic interpolants" (1984).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.interpolate import PchipInterpolator

from bodydouble.data import LANDMARK_COUNT, BoolArray, FloatArray, IntArray
from bodydouble.data.annotations import AnnotatedKeypoint, KeypointState
from bodydouble.skeletons import blazepose

MAX_GAP_SECONDS = 0.5
"""Maximum time in s between two keys of a landmark between which it is interpolated."""

DECIMALS = 6
"""Decimals of px that count."""


@dataclass(frozen=True, slots=True)
class AnnotatedTrack:
    """Annotated landmarks of a person in T frames, keyed or interpolated."""

    pixels: FloatArray
    """(T, 33, 2) px; NaN where no place is annotated."""
    is_keyed: BoolArray
    """(T, 33) keys, with a place or absent; all others are interpolated or not annotated."""
    is_hidden: BoolArray
    """(T, 33) places of occluded landmarks."""
    is_absent: BoolArray
    """(T, 33) landmarks that are not to be used."""

    @property
    def is_placed(self) -> BoolArray:
        """(T, 33) landmarks with a place."""
        return np.isfinite(self.pixels[..., 0])


def interpolate_annotations(
    keypoints: Sequence[AnnotatedKeypoint], frames: IntArray, fps: float, shot_starts: Sequence[int] = ()
) -> AnnotatedTrack:
    """Interpolates the annotations of a person.

    Args:
        keypoints: of one person, in any order; those outside the frames are left out.
        frames: (T,) contiguous frames of the clip.
        fps: frames per second.
        shot_starts: first frame of every shot but the first.
    """
    shape = len(frames), LANDMARK_COUNT
    track = AnnotatedTrack(
        np.full((*shape, 2), np.nan), *(np.zeros(shape, dtype=bool) for _ in ("keyed", "hidden", "absent"))
    )
    by_landmark: dict[int, list[AnnotatedKeypoint]] = {}
    for key in sorted(keypoints, key=lambda k: k.frame):
        if frames[0] <= key.frame <= frames[-1]:
            by_landmark.setdefault(blazepose.INDEX[key.landmark], []).append(key)
    for column, keys in by_landmark.items():
        for run in _split_into_runs(keys, MAX_GAP_SECONDS * fps, shot_starts):
            _fill_run(track, column, run, int(frames[0]))
    return track


def _split_into_runs(
    keys: Sequence[AnnotatedKeypoint], max_gap: float, shot_starts: Sequence[int]
) -> Iterator[list[AnnotatedKeypoint]]:
    """Splits the keys of a landmark, in order, into runs within which it is interpolated."""
    run = [keys[0]]
    for before, after in pairwise(keys):
        is_same_kind = (before.pixel is None) == (after.pixel is None)
        is_cut = any(before.frame < start <= after.frame for start in shot_starts)
        if not is_same_kind or is_cut or after.frame - before.frame > max_gap:
            yield run
            run = []
        run.append(after)
    yield run


def _fill_run(track: AnnotatedTrack, column: int, run: Sequence[AnnotatedKeypoint], first_frame: int) -> None:
    """Fills the rows of a run, whose keys all have places or are all absent."""
    rows = [key.frame - first_frame for key in run]
    span = slice(rows[0], rows[-1] + 1)
    track.is_keyed[rows, column] = True
    pixels = np.round([key.pixel for key in run if key.pixel is not None], DECIMALS)
    if not len(pixels):
        track.is_absent[span, column] = True
        return
    track.pixels[span, column] = (
        pixels if len(run) == 1 else PchipInterpolator(rows, pixels)(np.arange(rows[0], rows[-1] + 1))
    )
    for key, row in zip(run, rows, strict=True):
        track.is_hidden[row : span.stop, column] = key.state is KeypointState.HIDDEN

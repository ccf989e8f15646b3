"""Clips of markers: reading, filling of short gaps, and division at long ones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import label as label_runs

from bodydouble.data import BoolArray, FloatArray
from bodydouble.errors import FormatError

ALIASES = {
    "RBAC": "RBAK", "LFWT": "LASI", "RFWT": "RASI", "LSHN": "LTIB", "RSHN": "RTIB",
}  # fmt: skip
"""Names of ACCAD -> those of Plug-in Gait at the same places."""
MISSING_MM = -9000.0
"""Coordinates below this one stand for a gap."""
MAX_GAP = 0.2
"""Maximum duration in s of a gap that is filled."""
MIN_SECONDS = 0.7
"""Minimum duration in s of a part between long gaps."""
GROUPS = (
    ("LFHD", "RFHD", "LBHD", "RBHD"),
    ("C7", "T10", "CLAV", "STRN"),
    ("LASI", "RASI", "LPSI", "RPSI", "LBWT", "RBWT"),
    *(tuple(side + m for m in ("SHO", "UPA", "ELB", "WRA", "WRB")) for side in "LR"),
    *(tuple(side + m for m in ("KNE", "TIB", "ANK", "HEE", "TOE")) for side in "LR"),
)
"""Markers of which at least MIN_VISIBLE must be seen."""
MIN_VISIBLE = 0.6


@dataclass(frozen=True)
class MarkerClip:
    """Clip of M markers over T frames."""

    name: str
    subject: str
    fps: Fraction
    labels: tuple[str, ...]
    positions: FloatArray
    """(T, M, 3) m, +Y up; NaN where not seen."""


def read_archive(path: Path, find_subject: Callable[[str], str], step: int = 1) -> Iterator[MarkerClip]:
    """Yields the clips of an archive of markers, every step-th frame."""
    with np.load(path, allow_pickle=False) as stored:
        labels = tuple(ALIASES.get(label, label) for label in stored["labels"].tolist())
        fps, starts, markers = Fraction(int(stored["fps"]), step), stored["starts"], stored["markers_mm"]
        for name, start, stop in zip(stored["names"].tolist(), starts[:-1], starts[1:], strict=True):
            positions = _to_metres(markers[start:stop:step].astype(np.float64))
            yield MarkerClip(name, find_subject(name), fps, labels, positions)


def read_text(path: Path, subject: str, labels: tuple[str, ...]) -> MarkerClip:
    """Reads a tab-separated table of markers: frame, time in s, and X, Y, Z in mm of each marker.

    Args:
        path: the file.
        subject: performer.
        labels: markers of the result; those that the file lacks are NaN.
    """
    with path.open(encoding="utf-8") as file:
        head = file.readline().split("\t")
        rows = np.genfromtxt(file, delimiter="\t", filling_values=np.nan)
    columns = {name.split(":")[-2]: i for i, name in enumerate(head) if name.strip().endswith(":X")}
    columns = {ALIASES.get(name, name): i for name, i in columns.items()}
    if not columns or rows.ndim != 2:
        raise FormatError(f"{path} is no table of markers")
    positions = np.full((len(rows), len(labels), 3), np.nan)
    for marker, label in enumerate(labels):
        if label in columns:
            positions[:, marker] = rows[:, columns[label] : columns[label] + 3]
    fps = Fraction(round(1 / float(np.median(np.diff(rows[:, 1])))))
    return MarkerClip(path.stem, subject, fps, labels, _to_metres(positions))


def _to_metres(positions: FloatArray) -> FloatArray:
    """Converts mm with +Z up to m with +Y up."""
    metres = np.where(positions < MISSING_MM, np.nan, positions) / 1000.0
    metres[np.isnan(metres).any(axis=-1)] = np.nan
    return metres[..., [1, 2, 0]]


def split_at_gaps(clip: MarkerClip) -> list[MarkerClip]:
    """Returns the parts of a clip in which the body is seen, with short gaps of markers filled."""
    filled = replace(clip, positions=fill_gaps(clip.positions, round(MAX_GAP * clip.fps)))
    min_frames = MIN_SECONDS * clip.fps
    runs = [run for run in _runs(is_body_seen(filled)) if run.stop - run.start >= min_frames]
    return [replace(filled, positions=filled.positions[run]) for run in runs]


def fill_gaps(positions: FloatArray, max_frames: int) -> FloatArray:
    """Interpolates gaps of at most some frames in positions (T, M, 3)."""
    filled = positions.copy()
    for marker in range(positions.shape[1]):
        seen = np.isfinite(positions[:, marker, 0])
        gaps = [gap for gap in _runs(~seen) if gap.stop - gap.start <= max_frames]
        inside = [gap for gap in gaps if gap.start > 0 and gap.stop < len(seen)]
        if inside and seen.sum() > 1:
            frames = np.concatenate([np.arange(gap.start, gap.stop) for gap in inside])
            times = np.flatnonzero(seen)
            filled[frames, marker] = CubicSpline(times, positions[times, marker])(frames)
    return filled


def is_body_seen(clip: MarkerClip) -> BoolArray:
    """Returns the frames (T,) in which enough markers of all parts of the body are seen."""
    seen = np.isfinite(clip.positions[..., 0])
    used = seen.any(axis=0)
    columns = [[i for i, label in enumerate(clip.labels) if label in group and used[i]] for group in GROUPS]
    return np.all([seen[:, group].mean(axis=1) >= MIN_VISIBLE for group in columns if group], axis=0)


def _runs(mask: BoolArray) -> list[slice]:
    """Returns the runs of True."""
    numbers, count = label_runs(mask)
    frames = [np.flatnonzero(numbers == i) for i in range(1, count + 1)]
    return [slice(int(run[0]), int(run[-1]) + 1) for run in frames]

"""Tracks, cut into pieces within which nobody is mixed up with somebody else."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bodydouble.data import LOOK_PARTS, BoolArray, FloatArray, Observation
from bodydouble.geometry.similarity import box_area, box_intersection, pose_center, pose_extent
from bodydouble.skeletons import coco

_COCO = list(coco.FROM_BLAZEPOSE)


@dataclass(slots=True)
class Sequel:
    """One person, or a part of one's time: source frames, ascending, and what was seen in them."""

    frames: list[int]
    seen: list[Observation]


@dataclass(frozen=True, slots=True)
class PieceOptions:
    """Where tracks are cut."""

    hidden: float = 0.08
    """Who is covered by others by more than this share of the box may be mixed up with them."""
    least: float = 0.1
    """s; shorter meetings and gaps do not cut."""
    meeting: float = 0.2
    """s; while people meet, a piece is no longer."""
    velocity_window: float = 0.3
    """s at either end of a piece from which its velocity is estimated."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a track, and what is known about its ends."""

    track: int
    frames: list[int]
    seen: list[Observation]
    look: FloatArray
    """(8, 3)."""
    face: FloatArray | None
    """(1024,) unit vector; None where no face was clear."""
    size: float
    """px, half the height of the body."""
    first: FloatArray
    """(2,) px, where it begins ..."""
    last: FloatArray
    """... and ends."""
    velocity: FloatArray
    """(2,) px/s at the end."""


def cut(tracks: Sequence[Sequel], fps: float, options: PieceOptions) -> list[Piece]:
    """All tracks, cut at each gap, often while people meet, and where somebody met is lost or appears."""
    return [piece for number in range(len(tracks)) for piece in _pieces(tracks, number, fps, options)]


def whole(tracks: Sequence[Sequel], fps: float, options: PieceOptions) -> list[Piece]:
    """Every track as one piece."""
    return [
        _piece(number, track, slice(None), _covered(tracks, number) > options.hidden, fps, options)
        for number, track in enumerate(tracks)
    ]


def usual_look(seen: Sequence[Observation]) -> FloatArray:
    """(8, 3) median of the looks; NaN where a part is never known."""
    looks = np.stack([one.look for one in seen])
    found = np.full((LOOK_PARTS, 3), np.nan)
    for part in range(LOOK_PARTS):
        known = looks[np.isfinite(looks[:, part, 0]), part]
        if len(known):
            found[part] = np.median(known, axis=0)
    return found


def _pieces(tracks: Sequence[Sequel], number: int, fps: float, options: PieceOptions) -> list[Piece]:
    track = tracks[number]
    covered = _covered(tracks, number) > options.hidden
    least, longest = max(options.least * fps, 1.0), max(options.meeting * fps, 1.0)
    frames = np.asarray(track.frames)
    cuts = {int(i) + 1 for i in np.flatnonzero(np.diff(frames) > least)}
    edges = np.flatnonzero(np.diff(np.r_[False, covered, False].astype(int)))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if stop - start >= least and start > 0 and stop < len(frames):
            # One of the cuts is in the middle, where they are closest.
            cuts.update(np.linspace(start, stop, 2 * int(np.ceil((stop - start) / (2 * longest))) + 1).astype(int))
    cuts |= _turnovers(tracks, number, options.hidden)
    bounds = [0, *sorted(cuts), len(frames)]
    return [_piece(number, track, slice(a, b), covered, fps, options) for a, b in pairwise(bounds) if b > a]


def _covered(tracks: Sequence[Sequel], number: int) -> FloatArray:
    """(T,) share of a person's box that the box of somebody else covers, in each frame that the person is seen."""
    own = tracks[number]
    row = {frame: i for i, frame in enumerate(own.frames)}
    found = np.zeros(len(own.frames))
    for other, track in enumerate(tracks):
        if other == number or track.frames[-1] < own.frames[0] or track.frames[0] > own.frames[-1]:
            continue
        shared = [(row[frame], one.box) for frame, one in zip(track.frames, track.seen, strict=True) if frame in row]
        if not shared:
            continue
        rows = np.array([i for i, _ in shared])
        mine, theirs = np.stack([own.seen[i].box for i in rows]), np.stack([box for _, box in shared])
        np.maximum.at(found, rows, box_intersection(mine, theirs) / np.maximum(box_area(mine), 1.0))
    return found


def _turnovers(tracks: Sequence[Sequel], number: int, hidden: float) -> set[int]:
    """Rows of a track at which somebody who overlaps it ends or begins: who goes on may be either of the two."""
    own = tracks[number]
    rows = set()
    for other in (track for i, track in enumerate(tracks) if i != number):
        for row, box in (
            (bisect_right(own.frames, other.frames[-1]), other.seen[-1].box),
            (bisect_left(own.frames, other.frames[0]), other.seen[0].box),
        ):
            if 0 < row < len(own.frames):
                mine = np.stack([own.seen[row - 1].box, own.seen[row].box])
                least = np.maximum(np.minimum(box_area(mine), box_area(box)), 1.0)
                if (box_intersection(mine, box) > hidden * least).any():
                    rows.add(row)
    return rows


def _piece(number: int, track: Sequel, rows: slice, covered: BoolArray, fps: float, options: PieceOptions) -> Piece:
    frames, seen = track.frames[rows], track.seen[rows]
    alone = np.flatnonzero(~covered[rows])
    shown = [seen[i] for i in (alone if len(alone) else range(len(seen)))]
    poses = np.stack([one.keypoints[_COCO, :2] for one in seen])
    centers = pose_center(poses)
    late = int(np.searchsorted(frames, frames[-1] - options.velocity_window * fps))
    elapsed = (frames[-1] - frames[late]) / fps
    velocity = (centers[-1] - centers[late]) / elapsed if elapsed else np.zeros(2)
    size = max(float(np.median(pose_extent(poses))), 1.0)
    look, face = usual_look(shown), _mean_face(shown)
    return Piece(number, frames, seen, look, face, size, centers[0], centers[-1], velocity)


def _mean_face(seen: Sequence[Observation]) -> FloatArray | None:
    faces = [one.face for one in seen if one.face is not None]
    mean = np.mean(faces, axis=0) if faces else np.zeros(1)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 0 else None

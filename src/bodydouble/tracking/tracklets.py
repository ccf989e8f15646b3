"""Tracks, cut into pieces within which nobody is mixed up with somebody else."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bodydouble.data import APPEARANCE_PARTS, BoolArray, FloatArray, Observation
from bodydouble.geometry.similarity import box_area, box_intersection, pose_center, pose_extent
from bodydouble.skeletons import coco

_COCO = list(coco.FROM_BLAZEPOSE)


@dataclass(slots=True)
class Tracklet:
    """One person, or a part of one's time: source frames, ascending, and what was seen in them."""

    frames: list[int]
    observations: list[Observation]


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """Where tracks are cut."""

    min_overlap: float = 0.08
    """Who is covered by others by more than this share of the box may be mixed up with them."""
    min_duration: float = 0.1
    """s; shorter meetings and gaps do not cut."""
    max_overlap_duration: float = 0.2
    """s; while people meet, a piece is no longer."""
    velocity_window: float = 0.3
    """s at either end of a piece from which its velocity is estimated."""


@dataclass(frozen=True, slots=True)
class TrackletSegment:
    """A part of a track, and what is known about its ends."""

    tracklet_index: int
    frames: list[int]
    observations: list[Observation]
    appearance: FloatArray
    """(8, 3)."""
    face_embedding: FloatArray | None
    """(1024,) unit vector; None where no face was clear."""
    half_height: float
    """px, half the height of the body."""
    start_position: FloatArray
    """(2,) px, where it begins ..."""
    end_position: FloatArray
    """... and ends."""
    velocity: FloatArray
    """(2,) px/s at the end."""


def split_tracklets(tracklets: Sequence[Tracklet], fps: float, options: SplitOptions) -> list[TrackletSegment]:
    """All tracks, cut at each gap, often while people meet, and where somebody met is lost or appears."""
    return [segment for index in range(len(tracklets)) for segment in _split_tracklet(tracklets, index, fps, options)]


def as_single_segments(tracklets: Sequence[Tracklet], fps: float, options: SplitOptions) -> list[TrackletSegment]:
    """Every track as one piece."""
    return [
        _make_segment(
            index, tracklet, slice(None), _overlap_fractions(tracklets, index) > options.min_overlap, fps, options
        )
        for index, tracklet in enumerate(tracklets)
    ]


def median_appearance(observations: Sequence[Observation]) -> FloatArray:
    """(8, 3) median of the looks; NaN where a part is never known."""
    appearances = np.stack([observation.appearance for observation in observations])
    median = np.full((APPEARANCE_PARTS, 3), np.nan)
    for part in range(APPEARANCE_PARTS):
        colors = appearances[np.isfinite(appearances[:, part, 0]), part]
        if len(colors):
            median[part] = np.median(colors, axis=0)
    return median


def _split_tracklet(
    tracklets: Sequence[Tracklet], index: int, fps: float, options: SplitOptions
) -> list[TrackletSegment]:
    tracklet = tracklets[index]
    overlapped = _overlap_fractions(tracklets, index) > options.min_overlap
    min_length, max_length = max(options.min_duration * fps, 1.0), max(options.max_overlap_duration * fps, 1.0)
    frames = np.asarray(tracklet.frames)
    split_rows = {int(i) + 1 for i in np.flatnonzero(np.diff(frames) > min_length)}
    edges = np.flatnonzero(np.diff(np.r_[False, overlapped, False].astype(int)))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if stop - start >= min_length and start > 0 and stop < len(frames):
            # One of the cuts is in the middle, where they are closest.
            split_rows.update(
                np.linspace(start, stop, 2 * int(np.ceil((stop - start) / (2 * max_length))) + 1).astype(int)
            )
    split_rows |= _handover_rows(tracklets, index, options.min_overlap)
    bounds = [0, *sorted(split_rows), len(frames)]
    return [_make_segment(index, tracklet, slice(a, b), overlapped, fps, options) for a, b in pairwise(bounds) if b > a]


def _overlap_fractions(tracklets: Sequence[Tracklet], index: int) -> FloatArray:
    """(T,) share of a person's box that the box of somebody else covers, in each frame that the person is seen."""
    tracklet = tracklets[index]
    row = {frame: i for i, frame in enumerate(tracklet.frames)}
    fractions = np.zeros(len(tracklet.frames))
    for other, track in enumerate(tracklets):
        if other == index or track.frames[-1] < tracklet.frames[0] or track.frames[0] > tracklet.frames[-1]:
            continue
        shared = [
            (row[frame], one.box) for frame, one in zip(track.frames, track.observations, strict=True) if frame in row
        ]
        if not shared:
            continue
        rows = np.array([i for i, _ in shared])
        mine, theirs = np.stack([tracklet.observations[i].box for i in rows]), np.stack([box for _, box in shared])
        np.maximum.at(fractions, rows, box_intersection(mine, theirs) / np.maximum(box_area(mine), 1.0))
    return fractions


def _handover_rows(tracklets: Sequence[Tracklet], index: int, min_overlap: float) -> set[int]:
    """Rows of a track at which somebody who overlaps it ends or begins: who goes on may be either of the two."""
    tracklet = tracklets[index]
    rows = set()
    for other in (track for i, track in enumerate(tracklets) if i != index):
        for row, box in (
            (bisect_right(tracklet.frames, other.frames[-1]), other.observations[-1].box),
            (bisect_left(tracklet.frames, other.frames[0]), other.observations[0].box),
        ):
            if 0 < row < len(tracklet.frames):
                mine = np.stack([tracklet.observations[row - 1].box, tracklet.observations[row].box])
                smaller_area = np.maximum(np.minimum(box_area(mine), box_area(box)), 1.0)
                if (box_intersection(mine, box) > min_overlap * smaller_area).any():
                    rows.add(row)
    return rows


def _make_segment(
    index: int, tracklet: Tracklet, rows: slice, overlapped: BoolArray, fps: float, options: SplitOptions
) -> TrackletSegment:
    frames, observations = tracklet.frames[rows], tracklet.observations[rows]
    clear_rows = np.flatnonzero(~overlapped[rows])
    clear = [observations[i] for i in (clear_rows if len(clear_rows) else range(len(observations)))]
    poses = np.stack([one.keypoints[_COCO, :2] for one in observations])
    centers = pose_center(poses)
    window_start = int(np.searchsorted(frames, frames[-1] - options.velocity_window * fps))
    elapsed = (frames[-1] - frames[window_start]) / fps
    velocity = (centers[-1] - centers[window_start]) / elapsed if elapsed else np.zeros(2)
    half_height = max(float(np.median(pose_extent(poses))), 1.0)
    appearance, face_embedding = median_appearance(clear), _mean_face_embedding(clear)
    return TrackletSegment(
        index, frames, observations, appearance, face_embedding, half_height, centers[0], centers[-1], velocity
    )


def _mean_face_embedding(observations: Sequence[Observation]) -> FloatArray | None:
    embeddings = [one.face_embedding for one in observations if one.face_embedding is not None]
    mean = np.mean(embeddings, axis=0) if embeddings else np.zeros(1)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 0 else None

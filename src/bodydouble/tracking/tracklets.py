"""Tracklets, and their division into segments that each show a single person.

``Tracklet``s of frame-by-frame tracking -> ``TrackletSegment``s with position, velocity and appearance at their ends.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bodydouble.data import APPEARANCE_PARTS, BoolArray, FloatArray, Observation
from bodydouble.geometry.similarity import box_area, box_intersection, pose_center, pose_extent
from bodydouble.skeletons import coco

_COCO = list(coco.BLAZEPOSE_INDICES)


@dataclass(slots=True)
class Tracklet:
    """Observations of one person, at most one per frame."""

    frames: list[int]
    """Source frame indices, ascending."""
    observations: list[Observation]
    """One per frame of ``frames``."""


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """Thresholds that decide where tracklets are split."""

    min_overlap: float = 0.08
    """Fraction of a person's box that other boxes must cover for an identity switch to be possible."""
    min_duration: float = 0.1
    """Minimum duration in s of an overlap or a gap that splits a tracklet."""
    max_overlap_duration: float = 0.2
    """Maximum duration in s of a segment while people overlap."""
    velocity_window: float = 0.3
    """Duration in s at the end of a segment from which its velocity is estimated."""


@dataclass(frozen=True, slots=True)
class TrackletSegment:
    """Part of a tracklet, with the position, velocity and appearance that re-identification compares."""

    tracklet_index: int
    frames: list[int]
    """Source frame indices, ascending."""
    observations: list[Observation]
    """One per frame of ``frames``."""
    appearance: FloatArray
    """(8, 3) CIELAB colours of the body parts, as in ``Observation``."""
    face_embedding: FloatArray | None
    """(1024,) unit vector; None if no clear face was observed."""
    half_height: float
    """Half the height of the body in px."""
    start_position: FloatArray
    """(2,) px, centre of the pose in the first frame."""
    end_position: FloatArray
    """(2,) px, centre of the pose in the last frame."""
    velocity: FloatArray
    """(2,) px/s at the end."""


def split_tracklets(tracklets: Sequence[Tracklet], fps: float, options: SplitOptions) -> list[TrackletSegment]:
    """Splits tracklets at gaps, during overlaps, and where an overlapping tracklet starts or ends."""
    return [segment for index in range(len(tracklets)) for segment in _split_tracklet(tracklets, index, fps, options)]


def as_single_segments(tracklets: Sequence[Tracklet], fps: float, options: SplitOptions) -> list[TrackletSegment]:
    """Converts every tracklet into one segment."""
    return [
        _make_segment(index, tracklet, slice(None), _is_overlapped(tracklets, index, options), fps, options)
        for index, tracklet in enumerate(tracklets)
    ]


def median_appearance(observations: Sequence[Observation]) -> FloatArray:
    """Returns the median (8, 3) of the appearances; NaN for parts that are never observed."""
    appearances = np.stack([observation.appearance for observation in observations])
    median = np.full((APPEARANCE_PARTS, 3), np.nan)
    for part in range(APPEARANCE_PARTS):
        colors = appearances[np.isfinite(appearances[:, part, 0]), part]
        if len(colors):
            median[part] = np.median(colors, axis=0)
    return median


def unit_vector(vector: FloatArray) -> FloatArray | None:
    """Scales a vector (N,) to length 1; returns None for the zero vector."""
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else None


def _split_tracklet(
    tracklets: Sequence[Tracklet], index: int, fps: float, options: SplitOptions
) -> list[TrackletSegment]:
    tracklet = tracklets[index]
    overlapped = _is_overlapped(tracklets, index, options)
    split_rows = _gap_rows(tracklet, fps, options) | _overlap_rows(overlapped, fps, options)
    split_rows |= _handover_rows(tracklets, index, options.min_overlap)
    bounds = [0, *sorted(split_rows), len(tracklet.frames)]
    return [_make_segment(index, tracklet, slice(a, b), overlapped, fps, options) for a, b in pairwise(bounds) if b > a]


def _gap_rows(tracklet: Tracklet, fps: float, options: SplitOptions) -> set[int]:
    """Returns the first row after each gap."""
    min_length = max(options.min_duration * fps, 1.0)
    return {int(i) + 1 for i in np.flatnonzero(np.diff(np.asarray(tracklet.frames)) > min_length)}


def _overlap_rows(overlapped: BoolArray, fps: float, options: SplitOptions) -> set[int]:
    """Returns the rows at which a tracklet is split during overlaps (T,) that neither start nor end the tracklet."""
    min_length, max_length = max(options.min_duration * fps, 1.0), max(options.max_overlap_duration * fps, 1.0)
    edges = np.flatnonzero(np.diff(np.r_[False, overlapped, False].astype(int)))
    rows: set[int] = set()
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if stop - start >= min_length and start > 0 and stop < len(overlapped):
            # An even number of parts: one split is in the middle, where the people are closest.
            rows.update(np.linspace(start, stop, 2 * int(np.ceil((stop - start) / (2 * max_length))) + 1).astype(int))
    return rows


def _is_overlapped(tracklets: Sequence[Tracklet], index: int, options: SplitOptions) -> BoolArray:
    """(T,) True where another person's box covers enough of the box for an identity switch."""
    return np.asarray(_overlap_fractions(tracklets, index) > options.min_overlap)


def _overlap_fractions(tracklets: Sequence[Tracklet], index: int) -> FloatArray:
    """(T,) largest fraction of the person's box that one other box covers, per observed frame."""
    tracklet = tracklets[index]
    row_of_frame = {frame: row for row, frame in enumerate(tracklet.frames)}
    fractions = np.zeros(len(tracklet.frames))
    for i, other in enumerate(tracklets):
        if i == index or other.frames[-1] < tracklet.frames[0] or other.frames[0] > tracklet.frames[-1]:
            continue
        shared = [
            (row_of_frame[frame], observation.box)
            for frame, observation in zip(other.frames, other.observations, strict=True)
            if frame in row_of_frame
        ]
        if not shared:
            continue
        rows = np.array([row for row, _ in shared])
        boxes, other_boxes = np.stack([tracklet.observations[r].box for r in rows]), np.stack([b for _, b in shared])
        np.maximum.at(fractions, rows, box_intersection(boxes, other_boxes) / np.maximum(box_area(boxes), 1.0))
    return fractions


def _handover_rows(tracklets: Sequence[Tracklet], index: int, min_overlap: float) -> set[int]:
    """Returns the rows at which an overlapping tracklet ends or starts: either person may be the one that continues."""
    tracklet = tracklets[index]
    rows = set()
    for other in (other for i, other in enumerate(tracklets) if i != index):
        for row, box in (
            (bisect_right(tracklet.frames, other.frames[-1]), other.observations[-1].box),
            (bisect_left(tracklet.frames, other.frames[0]), other.observations[0].box),
        ):
            if 0 < row < len(tracklet.frames):
                boxes = np.stack([tracklet.observations[row - 1].box, tracklet.observations[row].box])
                smaller_area = np.maximum(np.minimum(box_area(boxes), box_area(box)), 1.0)
                if (box_intersection(boxes, box) > min_overlap * smaller_area).any():
                    rows.add(row)
    return rows


def _make_segment(
    index: int, tracklet: Tracklet, rows: slice, overlapped: BoolArray, fps: float, options: SplitOptions
) -> TrackletSegment:
    """Measures a segment; its appearance is taken from frames without overlap if there are any."""
    frames, observations = tracklet.frames[rows], tracklet.observations[rows]
    clear_rows = np.flatnonzero(~overlapped[rows])
    clear = [observations[i] for i in (clear_rows if len(clear_rows) else range(len(observations)))]
    poses = np.stack([observation.keypoints[_COCO, :2] for observation in observations])
    centers = pose_center(poses)
    window_start = int(np.searchsorted(frames, frames[-1] - options.velocity_window * fps))
    elapsed = (frames[-1] - frames[window_start]) / fps
    return TrackletSegment(
        tracklet_index=index,
        frames=frames,
        observations=observations,
        appearance=median_appearance(clear),
        face_embedding=_mean_face_embedding(clear),
        half_height=max(float(np.median(pose_extent(poses))), 1.0),
        start_position=centers[0],
        end_position=centers[-1],
        velocity=(centers[-1] - centers[window_start]) / elapsed if elapsed else np.zeros(2),
    )


def _mean_face_embedding(observations: Sequence[Observation]) -> FloatArray | None:
    embeddings = [o.face_embedding for o in observations if o.face_embedding is not None]
    return unit_vector(np.mean(embeddings, axis=0)) if embeddings else None

"""Runs of frames in which a person has a low confidence or is not observed.

In: a ``Track``. Out: ``Span``, the worst first.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Track
from bodydouble.evaluation.html import find_gaps
from bodydouble.skeletons import blazepose

_BODY_SUFFIXES = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index")
BODY_LANDMARKS = tuple(i for i, name in enumerate(blazepose.LANDMARKS) if name.endswith(_BODY_SUFFIXES))
"""Indices of the landmarks of trunk, limbs and feet, without face and fingers."""
MIN_CONFIDENCE = 0.5
"""Minimum confidence of a visible keypoint or pose."""
MAX_MERGE_GAP_S = 0.2
"""Maximum gap in s between spans that are merged."""
MAX_SPANS = 6
"""Maximum number of spans of a person."""

RowRange = tuple[int, int]
"""First row of a run, and the row after its last one."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of frames with low confidence."""

    first_frame: int
    """Source frame index of the first frame."""
    last_frame: int
    """Source frame index of the last frame."""
    worst_frame: int
    """Source frame index of the lowest confidence."""
    confidence: float
    """Mean confidence over the span, 0 to 1; frames that were not observed have 0."""
    observed_fraction: float
    """Fraction of the frames in which the person was observed."""


def find_runs(mask: BoolArray) -> list[RowRange]:
    """Returns the runs of True in an array (T,)."""
    edges = find_gaps(np.arange(len(mask)), ~mask)
    return [(round(start + 0.5), round(end + 0.5)) for start, end in edges]


def body_confidence(track: Track) -> FloatArray:
    """Returns the mean confidence (T,) of the body's keypoints; 0 where the person was not observed."""
    return np.where(track.observed, track.keypoints[:, BODY_LANDMARKS, 2].mean(axis=1), 0.0)


def find_low_confidence_spans(track: Track, fps: Fraction, max_spans: int = MAX_SPANS) -> tuple[Span, ...]:
    """Finds spans with a mean confidence below MIN_CONFIDENCE, or without an observation.

    Args:
        track: track of the person.
        fps: frames per second.
        max_spans: maximum number of spans.

    Returns:
        The spans, sorted by their lack of confidence summed over frames, the worst first.
    """
    confidence = body_confidence(track)
    merged = _merge(find_runs(confidence < MIN_CONFIDENCE), float(fps) * MAX_MERGE_GAP_S)
    lack = np.maximum(MIN_CONFIDENCE - confidence, 0.0)
    worst = sorted(merged, key=lambda rows: -lack[slice(*rows)].sum())[:max_spans]
    return tuple(_build_span(track, confidence, *rows) for rows in worst)


def _merge(ordered: list[RowRange], max_gap: float) -> list[RowRange]:
    merged: list[RowRange] = []
    for start, end in ordered:
        if merged and start - merged[-1][1] <= max_gap:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _build_span(track: Track, confidence: FloatArray, start: int, end: int) -> Span:
    span_confidence = confidence[start:end]
    # Among equal frames, such as those of a gap, the middle one is chosen.
    from_middle = np.abs(np.arange(len(span_confidence)) - len(span_confidence) // 2)
    worst = np.lexsort((from_middle, span_confidence))[0]
    return Span(
        first_frame=int(track.frames[start]),
        last_frame=int(track.frames[end - 1]),
        worst_frame=int(track.frames[start + worst]),
        confidence=float(span_confidence.mean()),
        observed_fraction=float(track.observed[start:end].mean()),
    )
